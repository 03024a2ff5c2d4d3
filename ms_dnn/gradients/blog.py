"""The training algorithm of the MindSpore blog post on deep networks, literally: loops, NumPy, no shortcut.

One sample is a column here, as in the post: x = a[0] (I,), z[l] = W[l] a[l−1] + b[l], a[l] = σ(z[l]) (O,).
Activations and losses come from :mod:`ms_dnn.gradients.reference`; every derivative is written by hand here,
so that the complex step can judge it. Slow on purpose: samples are visited one by one.

    δ[L] = ∂J/∂a[L] ⊙ σ′(z[L])                       (softmax: its Jacobian in place of ⊙ σ′)
    δ[l] = W[l+1]ᵀ δ[l+1] ⊙ σ′(z[l])
    ∂J/∂W[l] = δ[l] a[l−1]ᵀ,   ∂J/∂b[l] = δ[l]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ms_dnn.errors import ConfigError, DivergenceError, NoDerivativeError, ShapeError
from ms_dnn.gradients import reference
from ms_dnn.gradients.reference import Array, Gradients, LayerValues, PerLayer

# Derivatives, each taken at z ---------------------------------------------------------------------------


def _sigmoid_slope(z: Array) -> Array:
    """σ(z) σ(−z), which is σ (1 − σ) without the difference."""
    return np.asarray(special.expit(z) * special.expit(-z))


def _gelu_slope(z: Array) -> Array:
    """Φ(z) + z φ(z)."""
    return np.asarray(special.ndtr(z) + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi))


SLOPES: Mapping[str, Callable[[Array], Array]] = {
    "identity": np.ones_like,
    "sigmoid": _sigmoid_slope,
    "tanh": lambda z: 4.0 * _sigmoid_slope(2.0 * z),  # 1 − tanh²
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),
    "leaky_relu": lambda z: np.where(z > 0, 1.0, reference.LEAK),
    "elu": lambda z: np.exp(np.minimum(z, 0.0)),
    "softplus": special.expit,
    "silu": lambda z: special.expit(z) + z * _sigmoid_slope(z),
    "gelu": _gelu_slope,
}
"""σ′(z) of the activations that work entry by entry."""


def through_activation(name: str, z: Array, da: Array) -> Array:
    """δ = ∂J/∂z from da = ∂J/∂a, for one sample, z and da (O,).

    Softmax mixes its entries: δ_i = Σ_k da_k ∂a_k/∂z_i = a_i (da_i − Σ_k a_k da_k). Raises
    :class:`NoDerivativeError` for sign and :class:`ConfigError` for an unknown name.
    """
    if name == "sign":
        raise NoDerivativeError("sign has no useful derivative: use identity with the perceptron loss.")
    if name == "softmax":
        a = reference.activate(name, z)
        return np.asarray(a * (da - a @ da))
    if name not in SLOPES:
        raise ConfigError(f"activation {name!r} is not known here; choose one of {', '.join(SLOPES)}, softmax.")
    return np.asarray(da * SLOPES[name](z))


def _binary_cross_entropy_slope(a: Array, y: Array) -> Array:
    """−y/a + (1 − y)/(1 − a), and 0 where the loss clips a."""
    p = np.clip(a, reference.SMALLEST_PROBABILITY, reference.LARGEST_PROBABILITY)
    return np.where(p == a, -y / p + (1.0 - y) / (1.0 - p), 0.0)


def _softmax_cross_entropy_slope(z: Array, y: Array) -> Array:
    """Return p Σy − y, p = softmax(z), as p_i Σ_{k≠i} y_k − y_i Σ_{k≠i} p_k: precise where p_i ≈ 1."""
    p, others = reference.activate("softmax", z), 1.0 - np.eye(len(z))
    return np.asarray(p * (others @ y) - y * (others @ p))


LOSS_SLOPES: Mapping[str, Callable[[Array, Array], Array]] = {
    "squared_error": lambda a, y: a - y,
    "binary_cross_entropy": _binary_cross_entropy_slope,
    "binary_cross_entropy_with_logits": lambda z, y: (1.0 - y) * special.expit(z) - y * special.expit(-z),
    "softmax_cross_entropy": _softmax_cross_entropy_slope,
    "hinge": lambda z, y: np.where(y * z < 1.0, -y, 0.0),
    "perceptron": lambda z, y: np.where(y * z < 0.0, -y, 0.0),
}
"""∂loss/∂a[L] of one sample, a[L] and y (O,)."""

# Forward ------------------------------------------------------------------------------------------------


def element_forward(weights: PerLayer, biases: PerLayer, activations: Sequence[str], x: ArrayLike) -> list[LayerValues]:
    """Return (z, a) of every layer for one sample x (I,), by explicit sums: a_j = σ(Σ_k w_jk a_k + b_j).

    Raises :class:`ShapeError` where a layer does not fit, :class:`ConfigError` on an unknown activation.
    """
    a = _sample(x)
    reference.check_parameter_shapes(weights, biases, activations, len(a))
    layers = []
    for w, b, name in zip(weights, biases, activations, strict=True):
        w, b = np.asarray(w, dtype=np.float64), np.asarray(b, dtype=np.float64)
        z = np.zeros(len(b))
        for j in range(len(b)):
            for k in range(len(a)):
                z[j] += w[j, k] * a[k]
            z[j] += b[j]
        a = reference.activate(name, z)
        layers.append(LayerValues(z, a))
    return layers


def matrix_forward(weights: PerLayer, biases: PerLayer, activations: Sequence[str], x: ArrayLike) -> list[LayerValues]:
    """Return (z, a) of every layer in the post's columns, a = σ(W a + b): x (I,), or (I, m) for m samples.

    z and a are (O,) or (O, m), the transposes of what :func:`ms_dnn.gradients.reference.forward` returns.
    Raises as :func:`element_forward`.
    """
    a = np.asarray(x, dtype=np.float64)
    if a.ndim not in (1, 2):
        raise ShapeError(f"x is {a.shape}, expected one sample (I,) or columns of samples (I, m).")
    reference.check_parameter_shapes(weights, biases, activations, len(a))
    layers = []
    for w, b, name in zip(weights, biases, activations, strict=True):
        bias = np.asarray(b, dtype=np.float64)
        z = np.asarray(w, dtype=np.float64) @ a + (bias if a.ndim == 1 else bias[:, np.newaxis])
        a = reference.activate(name, z.T).T
        layers.append(LayerValues(z, a))
    return layers


def _sample(x: ArrayLike) -> Array:
    sample = np.asarray(x, dtype=np.float64)
    if sample.ndim != 1:
        raise ShapeError(f"x is {sample.shape}, expected one sample (I,).")
    return sample


# Backward -----------------------------------------------------------------------------------------------


def sample_gradients(
    weights: PerLayer, biases: PerLayer, activations: Sequence[str], loss: str, x: ArrayLike, y: ArrayLike
) -> Gradients:
    """Return (∂J/∂W[l], ∂J/∂b[l]), (O, I) and (O,), of every layer for one sample x (I,), y (O,), float64.

    Raises :class:`NoDerivativeError` for sign, :class:`ShapeError` where a layer or y does not fit, and
    :class:`ConfigError` on an unknown name.
    """
    sample, label = _sample(x), np.asarray(y, dtype=np.float64)
    layers = matrix_forward(weights, biases, activations, sample)
    reference.losses(
        loss, layers[-1].a[np.newaxis], label[np.newaxis]
    )  # raises on an unknown loss and labels that do not fit
    inputs = [sample, *(layer.a for layer in layers[:-1])]

    delta = through_activation(activations[-1], layers[-1].z, LOSS_SLOPES[loss](layers[-1].a, label))
    gradients = [(np.outer(delta, inputs[-1]), delta)]
    for level in reversed(range(len(layers) - 1)):
        da = np.asarray(weights[level + 1], dtype=np.float64).T @ delta
        delta = through_activation(activations[level], layers[level].z, da)
        gradients.append((np.outer(delta, inputs[level]), delta))
    return gradients[::-1]


def looped_gradients(
    weights: PerLayer,
    biases: PerLayer,
    activations: Sequence[str],
    loss: str,
    reduction: str,
    x: ArrayLike,
    y: ArrayLike,
) -> Gradients:
    """Return the ``"mean"`` or ``"sum"`` of :func:`sample_gradients` over the rows of x (N, I) and y (N, O).

    Raises as :func:`sample_gradients`; :class:`ShapeError` too where x and y differ in length or are empty.
    """
    samples, labels = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(samples) != len(labels) or len(samples) == 0:
        raise ShapeError(f"got {len(samples)} samples and {len(labels)} labels, expected one label a sample.")
    if reduction not in reference.REDUCTIONS:
        raise ConfigError(f"reduction {reduction!r} is not known here; choose mean or sum.")
    share = 1.0 / len(samples) if reduction == "mean" else 1.0
    totals = [(np.zeros(np.shape(w)), np.zeros(np.shape(b))) for w, b in zip(weights, biases, strict=True)]
    for sample, label in zip(samples, labels, strict=True):
        one = sample_gradients(weights, biases, activations, loss, sample, label)
        totals = [(dW + dw, db + d) for (dW, db), (dw, d) in zip(totals, one, strict=True)]
    return [(share * dW, share * db) for dW, db in totals]


# Training -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BatchGradientDescent:
    """What the algorithm puts out, and how it came to its end."""

    weights: list[Array]
    biases: list[Array]
    iterations: int
    """Updates that were made, 1 … MAX."""
    stop_reason: Literal["max_iterations", "tolerance"]
    """``"tolerance"`` also where the last permitted iteration was the first below ε."""
    costs: list[float]
    """Mean cost before the first update and after each: ``iterations + 1`` numbers."""
    largest_change: float
    """max |Δθ| of the last update, over every W and b."""


def batch_gradient_descent(
    weights: PerLayer,
    biases: PerLayer,
    activations: Sequence[str],
    loss: str,
    x: ArrayLike,
    y: ArrayLike,
    learning_rate: float,
    max_iterations: int,
    tolerance: float,
) -> BatchGradientDescent:
    """Train by the post's algorithm; the random start is the caller's, and is not written to.

    For iter = 1 … MAX: for every sample forward, δ[L], δ[l]; then W[l] ← W[l] − α mean ∂J/∂W[l], b[l]
    likewise; stop when every change of W and b is below ε in magnitude. The change is α times the gradient:
    with a smaller α the same ε stops farther from the minimum.

    Args:
        weights: (O, I) of each layer.
        biases: (O,) of each layer.
        activations: one name a layer.
        loss: a name of :data:`LOSS_SLOPES`.
        x: (N, I).
        y: (N, O).
        learning_rate: α > 0.
        max_iterations: MAX ≥ 1.
        tolerance: ε ≥ 0; with 0 only MAX stops.

    Raises:
        ConfigError: a number is out of its range, or a name is unknown.
        ShapeError, NoDerivativeError: as :func:`sample_gradients`.
        DivergenceError: a cost or a parameter is not finite.

    """
    if not (0 < learning_rate < np.inf and max_iterations >= 1 and tolerance >= 0):
        raise ConfigError(
            f"got learning_rate {learning_rate}, max_iterations {max_iterations}, tolerance {tolerance}; "
            "expected a finite learning_rate > 0, max_iterations ≥ 1 and tolerance ≥ 0."
        )
    W = [np.array(w, dtype=np.float64) for w in weights]
    b = [np.array(bias, dtype=np.float64) for bias in biases]
    costs = [reference.cost(W, b, activations, loss, "mean", x, y)]
    largest_change = np.inf
    iteration = 0
    while iteration < max_iterations and not largest_change < tolerance:
        iteration += 1
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, with the iteration
            gradients = looped_gradients(W, b, activations, loss, "mean", x, y)
            changes = [(-learning_rate * dW, -learning_rate * db) for dW, db in gradients]
            W = [w + dW for w, (dW, _) in zip(W, changes, strict=True)]
            b = [bias + db for bias, (_, db) in zip(b, changes, strict=True)]
            costs.append(reference.cost(W, b, activations, loss, "mean", x, y))
        largest_change = max(float(np.abs(change).max()) for layer in changes for change in layer)
        if not np.isfinite([costs[-1], largest_change]).all():
            raise DivergenceError(
                f"iteration {iteration}: the cost or a parameter is not finite; lower the learning rate."
            )
    converged = largest_change < tolerance
    return BatchGradientDescent(W, b, iteration, "tolerance" if converged else "max_iterations", costs, largest_change)
