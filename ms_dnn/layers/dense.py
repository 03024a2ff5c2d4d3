"""The dense layer a = σ(x Wᵀ + b)."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from numpy.typing import NDArray

from ms_dnn.errors import ShapeError
from ms_dnn.layers.layer import Layer, OnnxGraph, Plain, as_float64
from ms_dnn.maths.activations import ACTIVATIONS, Activation
from ms_dnn.maths.affine import affine, affine_vjp, linear, linear_vjp
from ms_dnn.presentation.notation import named

DenseCache = tuple[Tensor, Tensor, Tensor]


def dense(x: Tensor, W: Tensor, b: Tensor | None, activate: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Return z = x Wᵀ + b and a = σ(z), both (N, O): the one forward that every route differentiates."""
    z = linear(x, W) if b is None else affine(x, W, b)
    return z, activate(z)


def check_units(dtype: Any, **sizes: Any) -> None:
    """Raise a ShapeError unless all sizes are whole numbers of at least 1, a ConfigError for another dtype."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, Integral) or size < 1:
            raise ShapeError(f"{name}: got {size!r}, expected a whole number of at least 1")
    named({name: name for name in ("float16", "float32", "float64")}, "dtype", dtype)


class Dense(Layer):
    """One layer of a network, a = σ(x Wᵀ + b) for x (N, I): weight W (O, I), bias b (O,) or none, activation σ.

    Args:
        weight: starting value of W, shape (O, I); its dtype is the layer's.
        bias: starting value of b, shape (O,), same dtype; None where a normalisation that follows takes it away.
        activation: a name of :data:`ms_dnn.maths.activations.ACTIVATIONS`.

    Raises:
        ShapeError: when W is not a matrix or b does not have one number a row of W.
        ConfigError: when there is no activation of that name.

    Examples:
        >>> layer = ms_dnn.Dense(np.array([[1.0, 2.0]]), np.array([0.5]), "identity")
        >>> a, cache = layer.forward(ms.Tensor([[3.0, 4.0]], ms.float64))
        >>> dx, (dW, db) = layer.backward(cache, ms.Tensor([[1.0]], ms.float64))
        >>> print(a, dx, dW, db)  # a = 1 · 3 + 2 · 4 + 0.5; dx = W; dW = x
        [[11.5]] [[1. 2.]] [[3. 4.]] [1.]
    """

    activation: Activation
    mixed_precision = True

    def __init__(
        self, weight: NDArray[np.floating[Any]], bias: NDArray[np.floating[Any]] | None, activation: str
    ) -> None:
        super().__init__()
        shape, of_bias = np.shape(weight), None if bias is None else np.shape(bias)
        if len(shape) != 2 or of_bias not in (None, shape[:1]):
            also = "" if bias is None else f" and a bias of shape {of_bias}"
            raise ShapeError(f"dense layer: got a weight of shape {shape}{also}, expected (O, I) and (O,)")
        self.weight = Parameter(Tensor(weight), name="weight")
        self.bias = None if bias is None else Parameter(Tensor(bias), name="bias")
        self.activation = named(ACTIVATIONS, "activation", activation)
        self._activate = self.activation.function
        self._activation_vjp: Any = self.activation.vjp

    @property
    def inputs(self) -> int:
        """I, the number of inputs."""
        return int(self.weight.shape[1])

    @property
    def units(self) -> int:
        """O, the number of outputs."""
        return int(self.weight.shape[0])

    @property
    def is_dense(self) -> bool:
        """Whether it has a bias."""
        return self.bias is not None

    def __str__(self) -> str:
        return f"{self.units} {self.activation.name}"

    def misfit(self, units: int) -> tuple[str, str]:
        """Return what the layer expects and how to fix it, where ``units`` is not the number of its inputs."""
        expected = f"its weight has shape {self.weight.shape} and so expects {self.inputs} inputs"
        return expected, f"make the weight ({self.units}, {units})"

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

    def tensors(self, cache: DenseCache) -> tuple[tuple[str, Tensor], ...]:
        """Return what the forward pass computed, by name."""
        return ("weighted sum", cache[1]), ("activation", cache[2])

    def function(self) -> nn.Cell:
        """Return (x, W, b) → a, or (x, W) → a without a bias, differentiated by hand."""
        return LinearFunction(self.activation) if self.bias is None else DenseFunction(self.activation)

    def plain(self) -> Plain:
        """Return weight, bias and activation for the formula "affine"."""
        bias = None if self.bias is None else as_float64(self.bias)
        return "affine", {"weight": as_float64(self.weight), "bias": bias, "activation": self.activation.name}

    def onnx(self, graph: OnnxGraph, place: str, x: str) -> str:
        """Add a Gemm and the activation, and return the name of a."""
        names = ("weight",) if self.bias is None else ("weight", "bias")
        z = graph.add("Gemm", x, *graph.parameters(place, self, *names), transB=1)
        return graph.activate(self.activation.name, z)

    def _rounded(self, parameter: Any) -> Any:
        if self.compute_dtype is None or parameter is None:
            return parameter
        return ops.cast(parameter, self.compute_dtype)

    def _widened(self, gradient: Tensor) -> Tensor:
        return gradient if self.compute_dtype is None else ops.cast(gradient, self.weight.dtype)


class DenseFunction(nn.Cell):
    """(x, W, b) → a = σ(x Wᵀ + b), differentiated by hand; it owns no Parameter.

    Args:
        activation: σ.

    Raises:
        NoDerivativeError: σ has no derivative.
    """

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        self._activate, self._activation_vjp = activation.function, activation.derivative()

    def construct(self, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        """Return a (N, O) for x (N, I), W (O, I), b (O,)."""
        return dense(x, W, b, self._activate)[1]

    def bprop(self, x: Tensor, W: Tensor, b: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, ...]:
        """Return (dx, dW, db) for the cotangent dout = ∂J/∂a."""
        return affine_vjp(x, W, self._activation_vjp(affine(x, W, b), out, dout))


class LinearFunction(DenseFunction):
    """(x, W) → a = σ(x Wᵀ), differentiated by hand; it owns no Parameter."""

    def construct(self, x: Tensor, W: Tensor) -> Tensor:  # type: ignore[override]
        """Return a (N, O) for x (N, I), W (O, I)."""
        return dense(x, W, None, self._activate)[1]

    def bprop(self, x: Tensor, W: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        """Return (dx, dW) for the cotangent dout = ∂J/∂a."""
        return linear_vjp(x, W, self._activation_vjp(linear(x, W), out, dout))
