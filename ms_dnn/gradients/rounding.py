"""How much rounding a right backward pass may show: an error analysis of the network, in NumPy.

A gradient may cancel: the terms of a bias gradient can be 1e-2 and their sum 1e-17, all of it rounding. Relative to
such a sum every two correct results disagree. What they have in common is the scale of the terms, so this module
measures that: the error, in units of one rounding ε, that δ[L] … δ[1], dW and db pick up when each operation rounds
once. The roundings of a sum are taken as independent, so squares add up (Higham and Mary, "A new approach to
probabilistic rounding error analysis", SIAM J. Sci. Comput. 41, 2019); the worst case would grow with N and O.

    e(δ[l])  = e(∂J/∂a[l]) |σ′| + |∂J/∂a[l]| e(σ′)
    e(dW)²   = (e(δ)² + δ²)ᵀ x²,   e(db)² = Σ_n e(δ)² + δ²,   e(∂J/∂a[l−1])² = (e(δ)² + δ²) W²

A penalty adds (∂R/∂θ)² to e(dW)² and e(db)². Where nothing cancels, e is a small multiple of the gradient itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ms_dnn.gradients import reference
from ms_dnn.gradients.blog import LOSS_SLOPES, SLOPES, through_activation

Array = NDArray[Any]


def gradient_roundings(
    weights: Sequence[Array],
    biases: Sequence[Array],
    activations: Sequence[str],
    loss: str,
    reduction: str,
    x: Array,
    y: Array,
    penalty: reference.ReferencePenalty = reference.NO_PENALTY,
) -> list[float]:
    """Return max e(dW), max e(db) of each layer, first layer first: multiply by ε for the error of one correct result.

    Arguments as for :func:`ms_dnn.gradients.reference.complex_step_gradient`, all float64.
    """
    layers = reference.forward(weights, biases, activations, x)
    weight = 1.0 / len(x) if reduction == "mean" else 1.0
    a = layers[-1].a
    da: Array = weight * np.stack([LOSS_SLOPES[loss](*sample) for sample in zip(a, y, strict=True)])
    e: Array = weight * _loss_slope_error(loss, a, y)
    found: list[float] = []
    for level in range(len(layers) - 1, -1, -1):
        z, a = layers[level]
        below = layers[level - 1].a if level else x
        dz = np.stack([through_activation(activations[level], *sample) for sample in zip(z, da, strict=True)])
        e = _through_activation_error(activations[level], z, a, da, e)
        squares = e**2 + dz**2
        of_w = squares.T @ below**2 + penalty.slopes(weights[level], bias=False) ** 2
        of_b = squares.sum(axis=0) + penalty.slopes(biases[level], bias=True) ** 2
        found = [_root_of_max(of_w), _root_of_max(of_b), *found]
        e = np.sqrt(squares @ weights[level] ** 2)
        da = dz @ weights[level]
    return found


def cost_rounding(a: Array, y: Array, loss: str, reduction: str) -> float:
    """Return the error of J in units of ε, for the prediction a (N, n[L]) and the target y: the scale of its terms."""
    terms: Array = np.abs(a) + np.abs(a * y) + 1.0
    if loss == "squared_error":
        terms = a**2 + y**2
    if loss == "binary_cross_entropy":
        p = np.clip(a, reference.SMALLEST_PROBABILITY, reference.LARGEST_PROBABILITY)
        terms = y * (1.0 - np.log(p)) + (1.0 - y) / (1.0 - p)
    total = float(np.sum(terms))
    return total / len(a) if reduction == "mean" else total


def _root_of_max(squares: Array) -> float:
    return float(np.sqrt(np.max(squares)))


def _loss_slope_error(loss: str, a: Array, y: Array) -> Array:
    """Return e(∂ℓ/∂a): the magnitudes of what the formula subtracts."""
    if loss == "squared_error":
        return np.abs(a) + np.abs(y)
    if loss == "binary_cross_entropy":
        p = np.clip(a, reference.SMALLEST_PROBABILITY, reference.LARGEST_PROBABILITY)
        return y / p + (1.0 - y) / (1.0 - p) ** 2  # 1 − p is off by ε, and so by ε / (1 − p) of itself
    if loss == "binary_cross_entropy_with_logits":
        return special.expit(a) + y
    if loss == "softmax_cross_entropy":
        return special.softmax(a, axis=-1) + y
    return np.abs(y)


def _through_activation_error(name: str, z: Array, a: Array, da: Array, e: Array) -> Array:
    if name == "softmax":
        absolute = np.abs(da) + e
        return np.asarray(a * (absolute + np.sum(a * absolute, axis=-1, keepdims=True)))
    return np.asarray(e * np.abs(SLOPES[name](z)) + np.abs(da) * _slope_error(name, z, a))


def _slope_error(name: str, z: Array, a: Array) -> Array:
    """Return e(σ′). Formulas in a subtract from 1 what may be 1: a (1 − a) is off by ε a, however small it is."""
    if name == "sigmoid":
        return a
    if name in ("tanh", "elu", "gelu"):
        return np.ones_like(a)
    if name == "silu":
        return special.expit(z) * (1.0 + np.abs(z))
    return np.abs(SLOPES[name](z))
