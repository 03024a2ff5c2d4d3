"""The deep neural network: a chain of layers, walked forward with caches and backward in reverse.

The network knows its layers only by their protocol: ``construct(x)``, ``forward(x) -> (a, cache)`` and
``backward(cache, da) -> (dx, gradients)``, with the gradients in the order of the layer's parameters.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from mindspore import Tensor, nn

from ms_dnn.errors import ShapeError
from ms_dnn.layers.dense import Dense
from ms_dnn.maths.initializers import INITIALIZERS
from ms_dnn.runtime.seeding import stream


class DNN(nn.Cell):
    """A deep neural network x → a[1] → … → a[L].

    Args:
        layers: the layers in order; each accepts what the one before it returns.

    Attributes:
        parameter_names: ``layers.0.weight``, ``layers.0.bias``, …: the order of the gradients of :meth:`backward`.

    Raises:
        ShapeError: when two neighbours do not fit; the message names the layer.
    """

    def __init__(self, layers: Sequence[nn.Cell]) -> None:
        super().__init__()
        check_chain(layers)
        self.layers = nn.CellList(list(layers))
        # Kept, because a parameter's own name grows a prefix when a Cell around the network adopts it.
        self.parameter_names = tuple(parameter.name for parameter in self.trainable_params())

    @property
    def sizes(self) -> tuple[int, ...]:
        """n[0], …, n[L]: the number of inputs and of the units of each layer."""
        return (self.layers[0].weight.shape[1], *(layer.weight.shape[0] for layer in self.layers))

    def construct(self, x: Tensor) -> Tensor:
        """Return the prediction a[L], shape (N, n[L]), for x (N, n[0])."""
        for layer in self.layers:
            x = layer(x)
        return x

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Any, ...]]:
        """Return a[L] and one cache a layer."""
        caches: tuple[Any, ...] = ()
        for layer in self.layers:
            x, cache = layer.forward(x)
            caches += (cache,)
        return x, caches

    def backward(self, caches: tuple[Any, ...], da: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return ∂J/∂x (N, n[0]) and the gradients of all parameters for da = ∂J/∂a[L].

        δ[l] = W[l+1]ᵀ δ[l+1] ⊙ σ′(z[l]): each layer hands its dx to the one below as that one's da.
        """
        gradients: tuple[Tensor, ...] = ()
        for i in range(len(self.layers) - 1, -1, -1):
            da, of_layer = self.layers[i].backward(caches[i], da)
            gradients = of_layer + gradients
        return da, gradients

    def require_derivative(self) -> None:
        """Raise a NoDerivativeError when no gradient can pass through some layer."""
        for layer in self.layers:
            layer.require_derivative()

    def check_input(self, x: Tensor) -> None:
        """Raise a ShapeError unless x is (N, n[0]) in the dtype of the parameters."""
        first = self.layers[0].weight
        if x.ndim != 2 or x.shape[1] != first.shape[1] or x.dtype != first.dtype:
            raise ShapeError(
                f"input of the network: got {x.dtype} of shape {x.shape}, expected {first.dtype} of shape "
                f"(N, {first.shape[1]}), one row a sample"
            )


def check_chain(layers: Sequence[Any]) -> None:
    """Raise a ShapeError unless there is a layer and each takes as many inputs as the one before has units."""
    if not layers:
        raise ShapeError("network: got no layer, expected at least one")
    for number, (below, layer) in enumerate(pairwise(layers), start=2):
        units, inputs = below.weight.shape[0], layer.weight.shape[1]
        if units != inputs:
            raise ShapeError(
                f"layer {number}: its weight has shape {layer.weight.shape} and so wants {inputs} inputs, but "
                f"layer {number - 1} has {units} units: make the weight ({layer.weight.shape[0]}, {units})"
            )


def build_dnn(
    sizes: Sequence[int],
    activations: Sequence[str],
    initializers: Sequence[str] | str = "xavier",
    seed: int = 0,
    dtype: str = "float32",
) -> DNN:
    """Return a network of dense layers with drawn weights and zero biases.

    Args:
        sizes: n[0], …, n[L], all at least 1.
        activations: one name a layer.
        initializers: one name a layer, or one for all.
        seed: draws are a function of the seed and the layer's number alone.
        dtype: "float16", "float32" or "float64"; drawn in float64, then rounded.

    Raises:
        ShapeError: when the numbers of sizes and activations do not fit, or a size is below 1.
    """
    names = [initializers] * len(activations) if isinstance(initializers, str) else list(initializers)
    if len(sizes) != len(activations) + 1 or len(names) != len(activations) or min(sizes) < 1:
        raise ShapeError(
            f"network: got sizes {tuple(sizes)}, {len(activations)} activations and {len(names)} initializers, "
            "expected L + 1 sizes of at least 1 and L of the others"
        )
    layers = []
    for i, (activation, name) in enumerate(zip(activations, names, strict=True)):
        weight = INITIALIZERS[name]((sizes[i + 1], sizes[i]), stream(seed, "initial weight", i))
        layers.append(Dense(weight.astype(dtype), np.zeros(sizes[i + 1], dtype), activation))
    return DNN(layers)
