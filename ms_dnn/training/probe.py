"""What the layers hold and do for samples that stay the same: weights, gradients, activations."""

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
    """Measures a network in PyNative, outside of the compiled loop; changes nothing in it.

    Args:
        network: the network.
        cost: the cost J of the gradients, always the hand-written ones.
        x: inputs of the training samples, (M, n[0]), of which at most :data:`MOST_SAMPLES` are chosen, once.
        y: their targets, (M, n[L]), all weighing 1.
        seed: of that choice.
    """

    def __init__(self, network: DNN, cost: Cost, x: Rows, y: Rows, seed: int) -> None:
        taken = np.sort(stream(seed, "probe").permutation(len(x))[:MOST_SAMPLES])
        dtype = network.trainable_params()[0].dtype
        self.network = network
        self.gradient = HandwrittenGradient(network, cost)
        self.x, self.y = Tensor(x[taken], dtype), Tensor(y[taken], dtype)

    def __call__(self) -> LayerNumbers:
        """Return the numbers of now, as copies."""
        shared_with = self.network.workers
        self.network.shard_batch(ALONE)  # the other workers take no part
        _, gradients = self.gradient(self.x, self.y)
        self.network.shard_batch(shared_with)
        names = self.network.parameter_names
        return LayerNumbers(
            {n: p.asnumpy().copy() for n, p in zip(names, self.network.trainable_params(), strict=True)},
            {n: gradient.asnumpy() for n, gradient in zip(names, gradients, strict=True)},
            {f"layers.{i}": a.asnumpy() for i, a in enumerate(self.network.activations(self.x))},
        )
