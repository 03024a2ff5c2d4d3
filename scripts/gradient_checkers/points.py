"""The points at which gradients are judged: a network, its data, and weights at the start or after some training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.dnn import DNN, build_dnn
from ms_dnn.gradients.burn_in import train_briefly
from ms_dnn.layers.cost import Cost

Array = NDArray[Any]
Problem = tuple[DNN, Cost, Tensor, Tensor]

STEPS = 300
"""Of gradient descent, before a trained point is judged."""


@dataclass(frozen=True)
class Architecture:
    """Sizes, activations (the hidden ones, the last one), loss, reduction and samples."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    reduction: str
    samples: int

    def __str__(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        hidden = "/".join(dict.fromkeys(self.activations[:-1])) or self.activations[-1]
        return f"{sizes} {hidden}, {self.loss}, {self.reduction} of {self.samples}"


def _same(sizes: tuple[int, ...], hidden: str, last: str, loss: str, reduction: str, samples: int) -> Architecture:
    return Architecture(sizes, (*[hidden] * (len(sizes) - 2), last), loss, reduction, samples)


ARCHITECTURES = (
    _same((12, 16, 16, 4), "tanh", "identity", "softmax_cross_entropy", "mean", 6),
    _same((12, 16, 16, 4), "relu", "identity", "softmax_cross_entropy", "mean", 6),
    _same((8, 10, 10, 10, 3), "sigmoid", "identity", "softmax_cross_entropy", "mean", 7),
    _same((8, 10, 10, 10, 3), "gelu", "identity", "squared_error", "mean", 7),
    _same((5, 6, 6, 6, 6, 6, 2), "tanh", "identity", "binary_cross_entropy_with_logits", "mean", 9),
    _same((10, 12, 12, 2), "leaky_relu", "sigmoid", "binary_cross_entropy", "mean", 8),
    _same((7, 9, 9, 3), "silu", "identity", "squared_error", "sum", 9),
    Architecture((6, 8, 8, 8, 4), ("elu", "softmax", "softplus", "identity"), "squared_error", "mean", 5),
)
HIDDEN = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", "softmax")
LAST = {
    "squared_error": ("identity", "tanh", "softmax"),
    "binary_cross_entropy": ("sigmoid",),
    "binary_cross_entropy_with_logits": ("identity",),
    "softmax_cross_entropy": ("identity",),
}


@dataclass(frozen=True)
class Point:
    """Everything that is needed to build the same problem in any precision, and in any framework.

    Attributes:
        architecture: what it is a point of.
        state: "start" or "trained".
        weights: one (O, I) a layer, float64, exact in float32.
        biases: one (O,) a layer, likewise.
        x: inputs (N, n[0]), likewise.
        y: targets (N, n[L]), likewise.
    """

    architecture: Architecture
    state: str
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    x: Array
    y: Array

    @property
    def parameters(self) -> list[Array]:
        """W[1], b[1], W[2], …: in the order of ``network.parameter_names``."""
        return [array for pair in zip(self.weights, self.biases, strict=True) for array in pair]

    def problem(self, dtype: str = "float64") -> Problem:
        """Return (network, cost, x, y) on the device."""
        network = build_dnn(self.architecture.sizes, self.architecture.activations, dtype=dtype)
        for parameter, value in zip(network.trainable_params(), self.parameters, strict=True):
            parameter.set_data(Tensor(value.astype(dtype)))
        cost = Cost(self.architecture.loss, self.architecture.reduction)
        return network, cost, Tensor(self.x.astype(dtype)), Tensor(self.y.astype(dtype))


def make_point(architecture: Architecture, seed: int, state: str) -> Point:
    """Return a point with drawn weights, biases that are not 0, inputs and targets; trained if it is to be."""
    generator = np.random.default_rng([seed, 7])
    sizes, samples = architecture.sizes, architecture.samples
    network = build_dnn(sizes, architecture.activations, seed=seed, dtype="float64")
    point = Point(
        architecture,
        state,
        tuple(_rounded(layer.weight.asnumpy()) for layer in network.layers),
        tuple(_rounded(generator.normal(0.0, 0.3, size)) for size in sizes[1:]),
        _rounded(generator.normal(size=(samples, sizes[0]))),
        _rounded(_targets(architecture.loss, samples, sizes[-1], generator)),
    )
    return _trained(point) if state == "trained" else point


def points(count: int, first_seed: int = 0) -> list[tuple[Architecture, int, str]]:
    """Return (architecture, seed, state) of so many points: each architecture in both states, then further seeds."""
    found = []
    for number in range(count):
        round_, place = divmod(number, 2 * len(ARCHITECTURES))
        architecture, state = ARCHITECTURES[place // 2], ("start", "trained")[place % 2]
        found.append((architecture, first_seed + 100 * round_ + place // 2, state))
    return found


def random_point(seed: int, small: bool = False) -> tuple[Architecture, int, str]:
    """Return (architecture, seed, state) of a network that nobody chose."""
    generator = np.random.default_rng([seed, 11])
    depth = int(generator.integers(1, 3 if small else 5))
    sizes = tuple(int(size) for size in generator.integers(1, 12, depth + 1))
    loss = str(generator.choice(list(LAST)))
    hidden = [str(name) for name in generator.choice(HIDDEN, depth - 1)]
    last = str(generator.choice(LAST[loss]))
    reduction = str(generator.choice(["mean", "mean", "sum"]))
    architecture = Architecture(sizes, (*hidden, last), loss, reduction, int(generator.integers(2, 12)))
    return architecture, seed, ("start", "trained")[seed % 2]


def _trained(point: Point) -> Point:
    network, cost, x, y = point.problem()
    train_briefly(network, cost, x, y, STEPS)
    arrays = [_rounded(parameter.asnumpy()) for parameter in network.trainable_params()]
    return replace(point, weights=tuple(arrays[::2]), biases=tuple(arrays[1::2]))


def _rounded(array: Array) -> Array:
    """Return the array as float32 can hold it, so that both precisions judge the same point."""
    return array.astype(np.float32).astype(np.float64)


def _targets(loss: str, samples: int, outputs: int, generator: np.random.Generator) -> Array:
    if loss == "squared_error":
        return generator.normal(size=(samples, outputs))
    if loss == "softmax_cross_entropy":
        return np.eye(outputs)[generator.integers(0, outputs, samples)]
    return generator.integers(0, 2, (samples, outputs)).astype(np.float64)
