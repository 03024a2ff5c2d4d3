"""The independent witness for networks of any layers: each layer's forward pass in NumPy, float64 or complex128.

As :mod:`ms_dnn.gradients.reference`, whose activations, losses and penalty it uses, it knows no MindSpore and none of
:mod:`ms_dnn.maths`, and is analytic off the kinks: ∂J/∂θ = Im J(θ + ih) / h for any number θ of any layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ms_dnn.gradients.reference import NO_PENALTY, REDUCTIONS, Array, ReferencePenalty, activate, losses

LayerFormula: TypeAlias = tuple[str | Callable[..., Array], Mapping[str, Any]]
"""A formula, by its name in :data:`FORMULAS` or as a function of its own, and its arguments beside x.

Parameters are the arguments that are arrays: float64, or complex128 where one is moved by ih.
"""


def dense_output(x: Array, weight: Array, bias: Array | None, activation: str) -> Array:
    """Return a = σ(x Wᵀ + b), (N, O), for x (N, I), weight (O, I), bias (O,) or None."""
    z = x @ weight.T
    return activate(activation, z if bias is None else z + bias)


def normalized(x: Array, scale: Array, shift: Array, activation: str, axis: int, epsilon: float) -> Array:
    """Return a = σ(γ (x − μ) / √(σ² + ε) + β), (N, O), for x (N, O), γ and β (O,).

    μ and σ² are those along the axis: 0 over the samples, 1 over the units.
    """
    centred = x - x.mean(axis=axis, keepdims=True)
    variance = (centred * centred).mean(axis=axis, keepdims=True)
    return activate(activation, scale * (centred / np.sqrt(variance + epsilon)) + shift)


def masked(x: Array, rate: float, key: int, step: int) -> Array:
    """Return a = x ⊙ factors, (N, O), for x (N, O): dropout at one step."""
    return np.asarray(x * dropout_factors(x.shape[0], x.shape[1], rate, key, step))


FORMULAS: Mapping[str, Callable[..., Array]] = {"affine": dense_output, "normalized": normalized, "masked": masked}


def dropout_factors(samples: int, units: int, rate: float, key: int, step: int) -> Array:
    """Return 1 / (1 − rate) where dropout keeps a number, else 0, (samples, units), in unsigned arithmetic.

    The generator's definition stands in :mod:`ms_dnn.maths.dropout`.
    """
    start = (step * 0x9E3779B9 + key) % 2**32
    counters = ((np.arange(2 * (samples + units)) + start) % 2**32).astype(np.uint32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        counters = (counters ^ (counters >> np.uint32(shift))) * np.uint32(factor)
    u, v, w, t = np.split(counters, [samples, 2 * samples, 2 * samples + units])
    h = (np.outer(u, w) + v[:, np.newaxis]) ** 2 + t
    kept = (h.astype(np.int64) + 2**31) % 2**32 >= round(rate * 2**32)
    return np.where(kept, 1.0 / (1.0 - rate), 0.0)


def output(layers: Sequence[LayerFormula], x: Array) -> Array:
    """Return what the last layer makes of x (N, I)."""
    for formula, arguments in layers:
        x = (FORMULAS[formula] if isinstance(formula, str) else formula)(x, **arguments)
    return x


def chain_cost(
    layers: Sequence[LayerFormula],
    loss: str,
    reduction: str,
    x: Array,
    y: Array,
    penalty: ReferencePenalty = NO_PENALTY,
    weights: Array | float = 1.0,
) -> Any:
    """Return J for x (N, I), y (N, O): a float, or a complex number where a number of a layer is complex.

    ``weights`` (N,) multiply the losses of the samples.
    """
    parameters = [value for _, arguments in layers for value in arguments.values() if isinstance(value, np.ndarray)]
    matrices, vectors = ([value for value in parameters if value.ndim == axes] for axes in (2, 1))
    per_sample = weights * losses(loss, output(layers, x), y)
    return REDUCTIONS[reduction](per_sample)[()] + penalty.of(matrices, vectors)
