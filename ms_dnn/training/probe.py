"""A look into the layers on samples that stay the same: weights, gradients, activations."""

import numpy as np
from mindspore import Tensor

from ms_dnn.data.lazy_rows import Rows
from ms_dnn.dnn import DNN
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.distributed import ALONE
from ms_dnn.runtime.seeding import stream
from ms_dnn.training.state import LayerNumbers

MOST_SAMPLES = 256


class Probe:
    """Looks into a network, in PyNative and outside of the compiled loop; changes nothing in it.

    Args:
        network: whose layers to look into.
        cost: the cost J of the gradients, which are the hand-written ones whoever trains.
        x: inputs of the training samples, (M, n[0]), of which at most :data:`MOST_SAMPLES` are drawn, once.
        y: their targets, (M, n[L]), all weighing 1.
        seed: of the draw.
    """

    def __init__(self, network: DNN, cost: Cost, x: Rows, y: Rows, seed: int) -> None:
        drawn = np.sort(stream(seed, "probe").permutation(len(x))[:MOST_SAMPLES])
        dtype = network.trainable_params()[0].dtype
        self.network = network
        self.gradient = HandwrittenGradient(network, cost)
        self.x, self.y = Tensor(x[drawn], dtype), Tensor(y[drawn], dtype)

    def __call__(self) -> LayerNumbers:
        """Return the numbers of now, as copies."""
        shared_with = self.network.workers
        self.network.shard_batch(ALONE)  # the other workers do not look
        _, gradients = self.gradient(self.x, self.y)
        self.network.shard_batch(shared_with)
        names = self.network.parameter_names
        return LayerNumbers(
            {n: p.asnumpy().copy() for n, p in zip(names, self.network.trainable_params(), strict=True)},
            {n: gradient.asnumpy() for n, gradient in zip(names, gradients, strict=True)},
            {f"layers.{i}": a.asnumpy() for i, a in enumerate(self.network.activations(self.x))},
        )
