"""The dense layer a = σ(x Wᵀ + b)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from numpy.typing import NDArray

from ms_dnn.errors import ShapeError
from ms_dnn.maths.activations import ACTIVATIONS
from ms_dnn.maths.affine import affine, affine_vjp, linear, linear_vjp
from ms_dnn.runtime.distributed import Workers

DenseCache = tuple[Tensor, Tensor, Tensor]


def dense(x: Tensor, W: Tensor, b: Tensor | None, activate: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Return z = x Wᵀ + b and a = σ(z), both (N, O): the one forward that every route differentiates."""
    z = linear(x, W) if b is None else affine(x, W, b)
    return z, activate(z)


class Dense(nn.Cell):
    """One layer of a network: weight W (O, I), bias b (O,) or none, activation σ.

    Args:
        weight: starting value of W, shape (O, I); its dtype is the layer's.
        bias: starting value of b, shape (O,), same dtype; None where a normalisation that follows takes it away.
        activation: a name of :data:`ms_dnn.maths.activations.ACTIVATIONS`.

    Raises:
        ShapeError: when W is not a matrix or b does not have one number a row of W.
    """

    def __init__(
        self, weight: NDArray[np.floating[Any]], bias: NDArray[np.floating[Any]] | None, activation: str
    ) -> None:
        super().__init__()
        if weight.ndim != 2 or (bias is not None and bias.shape != weight.shape[:1]):
            of_bias = "" if bias is None else f" and a bias of shape {bias.shape}"
            raise ShapeError(f"dense layer: got a weight of shape {weight.shape}{of_bias}, expected (O, I) and (O,)")
        self.weight = Parameter(Tensor(weight), name="weight")
        self.bias = None if bias is None else Parameter(Tensor(bias), name="bias")
        self.activation = ACTIVATIONS[activation]
        self._activate = self.activation.function
        self._activation_vjp: Any = self.activation.vjp
        self.compute_dtype: Any = None

    @property
    def units(self) -> int:
        """O, the number of outputs."""
        return int(self.weight.shape[0])

    @property
    def state(self) -> tuple[Parameter, ...]:
        """What training changes besides the parameters: nothing."""
        return ()

    def __str__(self) -> str:
        return f"{self.units} {self.activation.name}"

    def shard_batch(self, workers: Workers) -> None:
        """Do nothing: the samples do not meet in this layer."""

    def require_derivative(self) -> None:
        """Raise a NoDerivativeError when no gradient can pass through the activation."""
        self.activation.derivative()

    def construct(self, x: Tensor) -> Tensor:
        """Return a, shape (N, O), for x (N, I), in the dtype of the weights."""
        return dense(x, self.weight, self.bias, self._activate)[1]

    def forward(self, x: Tensor) -> tuple[Tensor, DenseCache]:
        """Return a (N, O) and what the backward pass needs: the input x, the weighted sum z and a.

        In ``compute_dtype`` where that is set (mixed precision); x is given in it, and W and b are rounded to it.
        """
        z, a = dense(x, self._rounded(self.weight), self._rounded(self.bias), self._activate)
        return a, (x, z, a)

    def backward(self, cache: DenseCache, da: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return dx (N, I) and the gradients (dW, db), or (dW,) without a bias, in the order of the parameters.

        dW = δᵀ x; db = Σ_n δ_n; dx = δ W.
        """
        dz = self.delta(cache, da)
        if self.bias is None:
            dx, dW = linear_vjp(cache[0], self._rounded(self.weight), dz)
            return dx, (self._widened(dW),)
        dx, dW, db = affine_vjp(cache[0], self._rounded(self.weight), dz)
        return dx, (self._widened(dW), self._widened(db))

    def delta(self, cache: DenseCache, da: Tensor) -> Tensor:
        """Return δ = dz = da ⊙ σ′(z), (N, O)."""
        _, z, a = cache
        return self._activation_vjp(z, a, da)

    def next_state(self, cache: DenseCache) -> tuple[Tensor, ...]:
        """Return what :attr:`state` is after the step of the cache."""
        return ()

    def tensors(self, cache: DenseCache) -> tuple[tuple[str, Tensor], ...]:
        """Return what the forward pass computed, by name."""
        return ("weighted sum", cache[1]), ("activation", cache[2])

    def _rounded(self, parameter: Any) -> Any:
        if self.compute_dtype is None or parameter is None:
            return parameter
        return ops.cast(parameter, self.compute_dtype)

    def _widened(self, gradient: Tensor) -> Tensor:
        return gradient if self.compute_dtype is None else ops.cast(gradient, self.weight.dtype)
