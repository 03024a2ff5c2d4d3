"""A look into the layers on samples that stay the same: weights, gradients, activations."""

from dataclasses import dataclass

import numpy as np
from mindspore import Tensor, ops

from ms_dnn.dnn import DNN
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.seeding import stream
from ms_dnn.training.checkpoints import Arrays
from ms_dnn.training.trainer import Samples

MOST_SAMPLES = 256


@dataclass(frozen=True)
class LayerNumbers:
    """What the layers hold at one moment.

    Attributes:
        weights: by parameter name, ``layers.0.weight``, …
        gradients: ∂J/∂θ of the probe's samples, by the same names.
        activations: what each layer answers to them, (N, n[l]), by ``layers.0``, …
    """

    weights: Arrays
    gradients: Arrays
    activations: Arrays


class Probe:
    """Looks into a network, in PyNative and outside of the compiled loop; changes nothing in it.

    Args:
        network: whose layers to look into.
        cost: the cost J of the gradients, which are the hand-written ones whoever trains.
        samples: the training samples; at most :data:`MOST_SAMPLES` of them are drawn, once.
        seed: of the draw.
    """

    def __init__(self, network: DNN, cost: Cost, samples: Samples, seed: int) -> None:
        drawn = np.sort(stream(seed, "probe").permutation(samples.x.shape[0])[:MOST_SAMPLES]).astype(np.int32)
        self.network = network
        self.gradient = HandwrittenGradient(network, cost)
        picked = Tensor(drawn)
        self.samples = Samples(ops.gather(samples.x, picked, 0), ops.gather(samples.y, picked, 0))

    def __call__(self) -> LayerNumbers:
        """Return the numbers of now, as copies."""
        _, gradients = self.gradient(self.samples.x, self.samples.y)
        names = self.network.parameter_names
        return LayerNumbers(
            {n: p.asnumpy().copy() for n, p in zip(names, self.network.trainable_params(), strict=True)},
            {n: gradient.asnumpy() for n, gradient in zip(names, gradients, strict=True)},
            {f"layers.{i}": a.asnumpy() for i, a in enumerate(self.network.activations(self.samples.x))},
        )
