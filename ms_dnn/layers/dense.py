"""The dense layer a = σ(x Wᵀ + b)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn
from numpy.typing import NDArray

from ms_dnn.errors import ShapeError
from ms_dnn.maths.activations import ACTIVATIONS
from ms_dnn.maths.affine import affine, affine_vjp

DenseCache = tuple[Tensor, Tensor, Tensor]


def dense(x: Tensor, W: Tensor, b: Tensor, activate: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Return z = x Wᵀ + b and a = σ(z), both (N, O): the one forward that every route differentiates."""
    z = affine(x, W, b)
    return z, activate(z)


class Dense(nn.Cell):
    """One layer of a network: weight W (O, I), bias b (O,), activation σ.

    Args:
        weight: starting value of W, shape (O, I); its dtype is the layer's.
        bias: starting value of b, shape (O,), same dtype.
        activation: a name of :data:`ms_dnn.maths.activations.ACTIVATIONS`.

    Raises:
        ShapeError: when W is not a matrix or b does not have one number a row of W.
    """

    def __init__(self, weight: NDArray[np.floating[Any]], bias: NDArray[np.floating[Any]], activation: str) -> None:
        super().__init__()
        if weight.ndim != 2 or bias.shape != weight.shape[:1]:
            raise ShapeError(
                f"dense layer: got a weight of shape {weight.shape} and a bias of shape {bias.shape}, "
                "expected (O, I) and (O,)"
            )
        self.weight = Parameter(Tensor(weight), name="weight")
        self.bias = Parameter(Tensor(bias), name="bias")
        self.activation = ACTIVATIONS[activation]
        self._activate = self.activation.function
        self._activation_vjp: Any = self.activation.vjp

    def require_derivative(self) -> None:
        """Raise a NoDerivativeError when no gradient can pass through the activation."""
        self.activation.derivative()

    def construct(self, x: Tensor) -> Tensor:
        """Return a, shape (N, O), for x (N, I)."""
        return self.forward(x)[0]

    def forward(self, x: Tensor) -> tuple[Tensor, DenseCache]:
        """Return a (N, O) and what the backward pass needs: the input x, the weighted sum z and a."""
        z, a = dense(x, self.weight, self.bias, self._activate)
        return a, (x, z, a)

    def evaluate(self, x: Tensor, parameters: tuple[Tensor, ...]) -> Tensor:
        """Return a (N, O) for x (N, I), with ``parameters`` (W, b) in place of the layer's own, of any one dtype."""
        return dense(x, parameters[0], parameters[1], self._activate)[1]

    def backward(self, cache: DenseCache, da: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return dx (N, I) and the gradients (dW, db), in the order of the parameters.

        dW = δᵀ x; db = Σ_n δ_n; dx = δ W.
        """
        dx, dW, db = affine_vjp(cache[0], self.weight, self.delta(cache, da))
        return dx, (dW, db)

    def delta(self, cache: DenseCache, da: Tensor) -> Tensor:
        """Return δ = dz = da ⊙ σ′(z), (N, O)."""
        _, z, a = cache
        return self._activation_vjp(z, a, da)
