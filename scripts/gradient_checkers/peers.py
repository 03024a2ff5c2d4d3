"""The peers: other packages' gradient checkers, each asked in its own way about the same gradients.

The packages' own code decides: ``torch.autograd.gradcheck``, ``jax.test_util.check_grads`` and
``scipy.optimize.check_grad``, on a forward pass written in that package, whose backward pass returns the cotangent
times the gradients under test. Rules that no package exports are re-stated:

* MindSpore's test helper (``tests/mindspore_test_framework/utils/check_gradient.py``, ``OperationGradChecker``):
  central differences with δ = 1e-3; both sides times δ, compared at an absolute 1e-3; elements whose difference is 0
  passed over.
* Stanford's cs231n: |g − n| / max(1e-8, |g| + |n|) < 1e-4 for every element, n by central differences with h = 1e-5.
* msprobe, MindSpore's tool for precision, compares a dumped tensor with the same one of another framework, here torch's
  autograd in the same precision. Its documented rule is that a tensor does not reach the accuracy where the cosine is
  below 0.9, or the largest error above 1, or the cosine below 0.99 and the largest error above 1e-3. A stricter one in
  use asks for a cosine above 0.99 and a largest error below 1e-4.

``torch.autograd.gradgradcheck`` judges the derivative of a backward pass, not the backward pass: see
:mod:`gradient_checkers.second_order`.

scipy's ``check_grad`` returns a length and leaves the decision to the caller. Two usual ones are taken: below 1e-5, and
below 1e-4 of ‖g‖₂.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax.test_util import check_grads
from numpy.typing import NDArray
from scipy.optimize import check_grad

from gradient_checkers.points import Point
from ms_dnn.gradients import reference
from ms_dnn.judge.routes.base import STOPPED
from ms_dnn.maths.activations import LEAKY_SLOPE

Array = NDArray[Any]
Supply = Callable[[], list[Array | None]]
"""Runs the backward pass under test: one gradient a parameter, None for a missing one; or raises."""

TORCH_SLOW, TORCH_FAST = "torch gradcheck, slow", "torch gradcheck, fast"
JAX_64, JAX_32 = "JAX check_grads, float64", "JAX check_grads, float32"
SCIPY_RELATIVE, SCIPY_ABSOLUTE = "scipy check_grad < 1e-4 ‖g‖", "scipy check_grad < 1e-5"
MINDSPORE, CS231N = "MindSpore's internal rule", "cs231n, relative error < 1e-4"
MSPROBE, MSPROBE_STRICT = "msprobe compare, as documented", "msprobe, cosine > 0.99 and < 1e-4"
MSPROBE_32, MSPROBE_STRICT_32 = f"{MSPROBE}, float32", f"{MSPROBE_STRICT}, float32"
IN_FLOAT64 = (
    TORCH_SLOW, TORCH_FAST, JAX_64, SCIPY_RELATIVE, SCIPY_ABSOLUTE, MINDSPORE, CS231N, MSPROBE, MSPROBE_STRICT,
)  # fmt: skip
IN_FLOAT32 = (JAX_32, MSPROBE_32, MSPROBE_STRICT_32)

torch.set_num_threads(1)
jax.config.update("jax_enable_x64", True)


class Peers:
    """All peers at one point.

    Args:
        point: where; its arrays are the parameters that the peers move.
    """

    def __init__(self, point: Point) -> None:
        self.point = point
        self.sizes = [array.size for array in point.parameters]
        self.shapes = [array.shape for array in point.parameters]
        self.flat = np.concatenate([array.ravel() for array in point.parameters])
        self.by_h = {h: self._central_differences(h) for h in (1e-3, 1e-5)}
        self.torch_cost = {dtype: _torch_cost(point, dtype) for dtype in ("float64", "float32")}
        self.torch_gradients = {dtype: self._torch_gradients(dtype) for dtype in ("float64", "float32")}
        self.jax_cost = {dtype: jax.jit(_jax_cost(point, dtype)) for dtype in ("float64", "float32")}

    def refuse(self, supply: Supply) -> dict[str, bool]:
        """Return which of the peers that compute in float64 refuse the gradients."""
        scipy_relative, scipy_absolute = self._by_scipy(supply)
        msprobe, msprobe_strict = self._by_msprobe(supply, "float64")
        return {
            TORCH_SLOW: self._by_torch(supply, fast=False),
            TORCH_FAST: self._by_torch(supply, fast=True),
            JAX_64: self._by_jax(supply, "float64"),
            SCIPY_RELATIVE: scipy_relative,
            SCIPY_ABSOLUTE: scipy_absolute,
            MINDSPORE: self._by_rule(supply, 1e-3, lambda g, n: bool(np.any(np.abs(g - n)[n != 0] * 1e-3 > 1e-3))),
            CS231N: self._by_rule(supply, 1e-5, _relative_error_too_large),
            MSPROBE: msprobe,
            MSPROBE_STRICT: msprobe_strict,
        }

    def forbid_float32(self, supply: Supply) -> dict[str, bool]:
        """Return which of the peers that compute in float32 refuse the gradients."""
        msprobe, msprobe_strict = self._by_msprobe(supply, "float32")
        return {JAX_32: self._by_jax(supply, "float32"), MSPROBE_32: msprobe, MSPROBE_STRICT_32: msprobe_strict}

    def _by_torch(self, supply: Supply, fast: bool) -> bool:
        parameters = [torch.tensor(array, requires_grad=True) for array in self.point.parameters]
        cost = self.torch_cost["float64"]

        class UnderTest(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *arguments: Any) -> Any:
                return cost(arguments)

            @staticmethod
            def backward(ctx: Any, *cotangents: Any) -> Any:
                gradients = [None if g is None else torch.tensor(g) for g in supply()]
                return tuple(None if g is None else (cotangents[0] * g).to(g.dtype) for g in gradients)

        # GradcheckError is a RuntimeError; a backward pass that stops, or returns too little, is refused as well.
        try:
            torch.autograd.gradcheck(UnderTest.apply, parameters, fast_mode=fast)
        except STOPPED:
            return True
        return False

    def _by_jax(self, supply: Supply, dtype: str) -> bool:
        cost = self.jax_cost[dtype]
        under_test = jax.custom_vjp(lambda *parameters: cost(parameters))

        def forward(*parameters: Any) -> Any:
            return cost(parameters), None

        def backward(nothing: Any, cotangent: Any) -> Any:
            return tuple(None if g is None else (cotangent * jnp.asarray(g)).astype(g.dtype) for g in supply())

        under_test.defvjp(forward, backward)
        arguments = [jnp.asarray(array.astype(dtype)) for array in self.point.parameters]
        try:
            check_grads(under_test, arguments, order=1, modes=["rev"])
        except (AssertionError, *STOPPED):
            return True
        return False

    def _by_scipy(self, supply: Supply) -> tuple[bool, bool]:
        try:
            flat = self._flattened(supply)
            distance = float(check_grad(self._cost, lambda parameters: flat, self.flat))
        except STOPPED:
            return True, True
        return not distance < 1e-4 * float(np.linalg.norm(flat)), not distance < 1e-5

    def _by_rule(self, supply: Supply, h: float, refuses: Callable[[Array, Array], bool]) -> bool:
        try:
            flat = self._flattened(supply)
            return bool(not np.all(np.isfinite(flat)) or refuses(flat, self.by_h[h]))
        except STOPPED:
            return True

    def _by_msprobe(self, supply: Supply, dtype: str) -> tuple[bool, bool]:
        """Return whether the documented rule refuses some tensor, and whether the stricter one does."""
        try:
            found, rights = supply(), self.torch_gradients[dtype]
        except STOPPED:
            return True, True
        compared = [
            (_cosine(g, right), float(np.max(np.abs(g - right))))
            for g, right in zip(found, rights, strict=True)
            if g is not None and g.shape == right.shape and np.all(np.isfinite(g))
        ]
        if len(compared) < len(rights):
            return True, True
        documented = any(cosine < 0.9 or error > 1 or (cosine < 0.99 and error > 1e-3) for cosine, error in compared)
        return documented, any(not (cosine > 0.99 and error < 1e-4) for cosine, error in compared)

    def _torch_gradients(self, dtype: str) -> list[Array]:
        parameters = [torch.tensor(array.astype(dtype), requires_grad=True) for array in self.point.parameters]
        return [gradient.numpy() for gradient in torch.autograd.grad(self.torch_cost[dtype](parameters), parameters)]

    def _flattened(self, supply: Supply) -> Array:
        found = supply()
        parts = [np.zeros(size) if g is None else np.ravel(g) for g, size in zip(found, self.sizes, strict=True)]
        return np.concatenate(parts).astype(np.float64)

    def _cost(self, flat: Array) -> float:
        arrays, start = [], 0
        for shape, size in zip(self.shapes, self.sizes, strict=True):
            arrays.append(flat[start : start + size].reshape(shape))
            start += size
        of = self.point.architecture
        value = reference.cost(
            arrays[::2], arrays[1::2], list(of.activations), of.loss, of.reduction, self.point.x, self.point.y
        )
        return float(np.real(value))

    def _central_differences(self, h: float) -> Array:
        found = np.zeros(self.flat.size)
        for place in range(self.flat.size):
            step = np.zeros(self.flat.size)
            step[place] = h
            found[place] = (self._cost(self.flat + step) - self._cost(self.flat - step)) / (2 * h)
        return found


def _relative_error_too_large(gradient: Array, numeric: Array) -> bool:
    error = np.abs(gradient - numeric) / np.maximum(1e-8, np.abs(gradient) + np.abs(numeric))
    return bool(np.max(error) >= 1e-4)


def _cosine(gradient: Array, right: Array) -> float:
    """Return the cosine of the angle between two tensors; 1 where both are 0, and 0 where one is."""
    lengths = float(np.linalg.norm(gradient) * np.linalg.norm(right))
    return float(np.vdot(gradient, right)) / lengths if lengths else float(np.array_equal(gradient, right))


# The same J in each package ----------------------------------------------------------------------------------

_TORCH: dict[str, Any] = {
    "identity": lambda z: z, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu,
    "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, LEAKY_SLOPE), "elu": torch.nn.functional.elu,
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)), "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu, "softmax": lambda z: torch.softmax(z, -1),
}  # fmt: skip
_TORCH_LOSSES: dict[str, Any] = {
    "squared_error": lambda a, y: 0.5 * ((a - y) ** 2).sum(),
    "binary_cross_entropy": lambda a, y: -(y * torch.log(a) + (1 - y) * torch.log(1 - a)).sum(),
    "binary_cross_entropy_with_logits": lambda z, y: (torch.logaddexp(z, torch.zeros_like(z)) - y * z).sum(),
    "softmax_cross_entropy": lambda z, y: -(y * torch.log_softmax(z, -1)).sum(),
}
_JAX: dict[str, Any] = {
    "identity": lambda z: z, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "relu": jax.nn.relu,
    "leaky_relu": lambda z: jax.nn.leaky_relu(z, LEAKY_SLOPE), "elu": jax.nn.elu, "softplus": jax.nn.softplus,
    "silu": jax.nn.silu, "gelu": lambda z: z * 0.5 * (1 + jax.lax.erf(z * math.sqrt(0.5))),
    "softmax": lambda z: jax.nn.softmax(z, -1),
}  # fmt: skip
_JAX_LOSSES: dict[str, Any] = {
    "squared_error": lambda a, y: 0.5 * ((a - y) ** 2).sum(),
    "binary_cross_entropy": lambda a, y: -(y * jnp.log(a) + (1 - y) * jnp.log(1 - a)).sum(),
    "binary_cross_entropy_with_logits": lambda z, y: (jax.nn.softplus(z) - y * z).sum(),
    "softmax_cross_entropy": lambda z, y: -(y * jax.nn.log_softmax(z, -1)).sum(),
}


def _torch_cost(point: Point, dtype: str) -> Callable[[Any], Any]:
    x, y, of = torch.tensor(point.x.astype(dtype)), torch.tensor(point.y.astype(dtype)), point.architecture
    weight = 1.0 / of.samples if of.reduction == "mean" else 1.0

    def cost(parameters: Any) -> Any:
        a = x
        for activation, W, b in zip(of.activations, parameters[::2], parameters[1::2], strict=True):
            a = _TORCH[activation](a @ W.T + b)
        return weight * _TORCH_LOSSES[of.loss](a, y)

    return cost


def _jax_cost(point: Point, dtype: str) -> Callable[[Any], Any]:
    x, y, of = jnp.asarray(point.x.astype(dtype)), jnp.asarray(point.y.astype(dtype)), point.architecture
    weight = 1.0 / of.samples if of.reduction == "mean" else 1.0

    def cost(parameters: Any) -> Any:
        a = x
        for activation, W, b in zip(of.activations, parameters[::2], parameters[1::2], strict=True):
            a = _JAX[activation](a @ W.T + b)
        return weight * _JAX_LOSSES[of.loss](a, y)

    return cost
