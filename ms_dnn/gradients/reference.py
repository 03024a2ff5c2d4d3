"""An independent witness: the DNN's forward pass in NumPy, and its gradient by the complex step.

Nothing here knows MindSpore or :mod:`ms_dnn.maths`. The network is plain data: ``weights`` a list of (O, I)
arrays, ``biases`` of (O,) arrays, ``activations`` one name a layer, and the name of the loss. Rows are
samples.

    z = x Wᵀ + b        x (N, I), W (O, I), b (O,), z (N, O)
    a = σ(z)            a (N, O)
    J = mean or sum over the N samples of loss(a, y)

Every function takes float64 or complex128 and is analytic off its kinks: branches look at the real part and
nothing takes a modulus. So ∂J/∂θ = Im J(θ + ih) / h, where no difference of two costs is ever taken (Squire
and Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40, 1998). No
derivative is written by hand. NumPy's and SciPy's functions are used where their complex forms are precise.
Not ``np.log1p``: it rounds its 1 + z, and softplus(−30) would keep three digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ms_dnn.errors import ConfigError, NoDerivativeError, ShapeError

Array = NDArray[Any]
"""float64 or complex128; leading axes before (N, O) are allowed and kept."""
PerLayer = Sequence[ArrayLike]
"""One array a layer, first layer first."""
Gradients = list[tuple[Array, Array]]
"""(dW, db) of each layer, first layer first; float64, each shaped as its parameter."""

STEP = 1e-30
"""h of the complex step. Its error is of order h², so any h below 1e-9 would do. A smaller one loses
gradients: an imaginary part below 2e-308 / h is not a normal number. Sigmoid with binary cross-entropy, of
slope −1 at z = −600, passes through a = 1e-261, which h = 1e-200 turns into 0. Nor may h come near a
singularity: log a is followed down to a = 1e-22."""

LEAK = 0.01
"""Slope of leaky ReLU for z ≤ 0."""
SMALLEST_PROBABILITY = float(np.finfo(np.float64).tiny)
LARGEST_PROBABILITY = 1.0 - float(np.finfo(np.float64).eps) / 2

BLOCK = 2**15
"""Numbers in the widest array of one block of perturbed networks: small enough to stay in cache."""


class LayerValues(NamedTuple):
    """What one layer computed: z before the activation, a after it, both (N, O)."""

    z: Array
    a: Array


class ReferencePenalty(NamedTuple):
    """R(θ) = Σ λ₁ |w| + λ₂/2 w² over the weights, and over the biases if asked."""

    l1: float = 0.0
    l2: float = 0.0
    biases: bool = False

    def terms(self, w: ArrayLike) -> Array:
        """Return what each number of a parameter adds, shaped as it; |w| by the sign of Re w, with slope 0 at 0."""
        w = _numbers(w)
        return self.l1 * np.sign(w.real) * w + self.l2 / 2 * w * w

    def of(self, weights: PerLayer, biases: PerLayer) -> Any:
        """Return R, a float, or a complex number where a parameter is complex."""
        penalised = [*weights, *biases] if self.biases else weights
        return sum(np.sum(self.terms(w)) for w in penalised)

    def slopes(self, w: ArrayLike, bias: bool) -> Array:
        """Return ∂R/∂w by the complex step, shaped as w."""
        if bias and not self.biases:
            return np.zeros(np.shape(w))
        return np.asarray(self.terms(_numbers(w) + 1j * STEP).imag / STEP)


NO_PENALTY = ReferencePenalty()


# Activations ---------------------------------------------------------------------------------------


def _fold(z: Array) -> Array:
    """−z where Re z ≥ 0, else z: the side of the axis on which exp cannot overflow."""
    return np.where(z.real >= 0, -z, z)


def _sigmoid(z: Array) -> Array:
    """1 / (1 + e⁻ᶻ), or eᶻ / (1 + eᶻ) where Re z < 0."""
    decay = np.exp(_fold(z))
    return np.asarray(np.where(z.real >= 0, 1.0, decay) / (1.0 + decay))


def _relu(z: Array) -> Array:
    """z where z > 0, else 0; the slope at 0 is 0, as MindSpore has it."""
    return np.where(z.real > 0, z, 0.0)


def _elu(z: Array) -> Array:
    """z where z > 0, else eᶻ − 1 (α = 1)."""
    return np.where(z.real > 0, z, special.expm1(np.where(z.real > 0, 0.0, z)))


def _softplus(z: Array) -> Array:
    """log(1 + eᶻ) = max(z, 0) + log(1 + e^−|z|)."""
    return np.asarray(np.where(z.real >= 0, z, 0.0) + special.log1p(np.exp(_fold(z))))


def _gelu(z: Array) -> Array:
    """z Φ(z), Φ the normal distribution's (Hendrycks and Gimpel, 2016), not its tanh approximation.

    Φ(z) for z ≪ 0 is right to z² roundings: so much does it change when z changes by one.
    """
    return np.asarray(z * special.ndtr(z))


def _relative_to_largest(z: Array) -> tuple[Array, Array]:
    """z less the row's entry of largest real part, (…, C), and which entry that is, (…, 1).

    The entry is subtracted with its imaginary part: it becomes exactly 0, and no digit of the others is lost.
    """
    largest = np.argmax(z.real, axis=-1)[..., np.newaxis]
    return z - np.take_along_axis(z, largest, axis=-1), largest


def _softmax(z: Array) -> Array:
    """e^{z_c} / Σ_k e^{z_k} along the last axis."""
    powers = np.exp(_relative_to_largest(z)[0])
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "identity": lambda z: z,
    "sign": lambda z: np.where(z.real > 0, 1.0, -1.0),  # real: there is nothing to differentiate
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": _relu,
    "leaky_relu": lambda z: np.where(z.real > 0, z, LEAK * z),  # slope LEAK at 0
    "elu": _elu,
    "softplus": _softplus,
    "silu": lambda z: z * _sigmoid(z),  # Swish with β = 1
    "gelu": _gelu,
    "softmax": _softmax,
}

# Losses, entry by entry: (…, N, O) and (N, O) to (…, N, O) -----------------------------------------


def _binary_cross_entropy(a: Array, y: Array) -> Array:
    """−y log a − (1 − y) log(1 − a), a clipped to [2.2e-308, 1 − 1.1e-16]; slope 0 where clipped."""
    p = np.where(a.real < SMALLEST_PROBABILITY, SMALLEST_PROBABILITY, a)
    p = np.where(a.real > LARGEST_PROBABILITY, LARGEST_PROBABILITY, p)
    return np.asarray(-y * np.log(p) - (1.0 - y) * special.log1p(-p))


def _binary_cross_entropy_with_logits(z: Array, y: Array) -> Array:
    """softplus(z) − y z, written (1 − y) softplus(z) + y softplus(−z), which cancels nothing."""
    return np.asarray((1.0 - y) * _softplus(z) + y * _softplus(-z))


def _softmax_cross_entropy(z: Array, y: Array) -> Array:
    """−y log softmax(z), z logits; y one-hot or soft rows that sum to 1.

    log softmax(z) = d − log(1 + Σ' e^d), d = z less its largest entry, Σ' over the other entries.
    """
    below, largest = _relative_to_largest(z)
    others = np.exp(below)
    np.put_along_axis(others, largest, 0.0, axis=-1)
    return np.asarray(y * (special.log1p(others.sum(axis=-1, keepdims=True)) - below))


LOSSES: Mapping[str, Callable[[Array, Array], Array]] = {
    "squared_error": lambda a, y: 0.5 * (a - y) * (a - y),  # note the ½, and that outputs are summed, not averaged
    "binary_cross_entropy": _binary_cross_entropy,
    "binary_cross_entropy_with_logits": _binary_cross_entropy_with_logits,
    "softmax_cross_entropy": _softmax_cross_entropy,
    "hinge": lambda z, y: _relu(1.0 - y * z),  # y ∈ {−1, +1}; slope 0 at y z = 1
    "perceptron": lambda z, y: _relu(-y * z),  # y ∈ {−1, +1}; slope 0 at z = 0
}

REDUCTIONS: Mapping[str, Callable[[Array], Array]] = {
    "mean": lambda per_sample: np.mean(per_sample, axis=-1),
    "sum": lambda per_sample: np.sum(per_sample, axis=-1),
}

# The network ---------------------------------------------------------------------------------------


def _named(table: Mapping[str, Any], name: str, kind: str) -> Any:
    if name not in table:
        raise ConfigError(f"{kind} {name!r} is not known here; choose one of {', '.join(table)}.")
    return table[name]


def _numbers(values: ArrayLike) -> Array:
    array = np.asarray(values)
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64, copy=False)


def activate(name: str, z: ArrayLike) -> Array:
    """Return a = σ(z), shaped as z; raise :class:`ConfigError` on an unknown name."""
    activation: Callable[[Array], Array] = _named(ACTIVATIONS, name, "activation")
    return np.asarray(activation(_numbers(z)))


def losses(name: str, a: ArrayLike, y: ArrayLike) -> Array:
    """Return the loss of each sample, summed over its outputs: a (…, N, O) and y (N, O) to (…, N).

    ``a`` is the last layer's output, logits for the losses on logits. Raises :class:`ConfigError` on an
    unknown name and :class:`ShapeError` where y does not fit: NumPy would broadcast (N,) against (N, 1)
    to (N, N).
    """
    loss: Callable[[Array, Array], Array] = _named(LOSSES, name, "loss")
    output, labels = _numbers(a), _numbers(y)
    if output.shape[-2:] != labels.shape:
        raise ShapeError(f"loss {name}: labels are {labels.shape}, expected the output's {output.shape}.")
    return np.asarray(loss(output, labels).sum(axis=-1))


def check_parameter_shapes(weights: PerLayer, biases: PerLayer, activations: Sequence[str], inputs: int) -> None:
    """Raise :class:`ShapeError`, naming the layer, unless the parameters chain on from ``inputs``."""
    if not len(weights) == len(biases) == len(activations) > 0:
        raise ShapeError(
            f"got {len(weights)} weights, {len(biases)} biases and {len(activations)} activations; "
            "expected one of each for every layer, and at least one layer."
        )
    for number, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        shape = np.shape(w)
        if len(shape) != 2 or shape[1] != inputs:
            raise ShapeError(f"layer {number}: weight is {shape}, expected (outputs, {inputs}).")
        if np.shape(b) != shape[:1]:
            raise ShapeError(f"layer {number}: bias is {np.shape(b)}, expected {shape[:1]}.")
        inputs = shape[0]


def forward(weights: PerLayer, biases: PerLayer, activations: Sequence[str], x: ArrayLike) -> list[LayerValues]:
    """Return (z, a) of every layer for x (…, N, I): float64, or complex128 from where a number is complex.

    Raises :class:`ShapeError` naming the layer that does not fit, :class:`ConfigError` on an unknown name.
    """
    a = _numbers(x)
    if a.ndim < 2:
        raise ShapeError(f"x is {a.shape}, expected rows of samples (N, I).")
    check_parameter_shapes(weights, biases, activations, a.shape[-1])
    layers = []
    for w, b, name in zip(weights, biases, activations, strict=True):
        z = a @ _numbers(w).T + _numbers(b)
        a = activate(name, z)
        layers.append(LayerValues(z, a))
    return layers


def cost(
    weights: PerLayer,
    biases: PerLayer,
    activations: Sequence[str],
    loss: str,
    reduction: str,
    x: ArrayLike,
    y: ArrayLike,
    penalty: ReferencePenalty = NO_PENALTY,
) -> Any:
    """Return J, the ``"mean"`` or ``"sum"`` of the samples' losses, for x (N, I), y (N, O), with its penalty.

    A float, or a complex number where a parameter is complex: with ih v added to it, ∂J/∂θ·v = Im J / h.
    """
    per_sample = losses(loss, forward(weights, biases, activations, x)[-1].a, y)
    reduce: Callable[[Array], Array] = _named(REDUCTIONS, reduction, "reduction")
    return reduce(per_sample)[()] + penalty.of(weights, biases)


def complex_step_gradient(
    weights: PerLayer,
    biases: PerLayer,
    activations: Sequence[str],
    loss: str,
    reduction: str,
    x: ArrayLike,
    y: ArrayLike,
    penalty: ReferencePenalty = NO_PENALTY,
) -> Gradients:
    """∂J/∂θ = Im J(θ + ih) / h, one complex network for every element θ of every W and b.

    Adding ih to W[o, i] adds ih x[:, i] to column o of that layer's z, and adding it to b[o] adds ih. So
    the layers below are run once, and the layers above for a block of K elements at a time on arrays
    (K, N, O). No element of a block touches another; nothing of backpropagation is used.

    Args:
        weights: (O, I) of each layer, real.
        biases: (O,) of each layer, real.
        activations: one name of :data:`ACTIVATIONS` for each layer, not ``"sign"``.
        loss: a name of :data:`LOSSES`.
        reduction: ``"mean"`` or ``"sum"`` over the samples.
        x: (N, I), real.
        y: (N, O), real.
        penalty: R, which is part of J.

    Returns:
        (dW, db) of each layer, float64, shaped as W and b.

    Raises:
        NoDerivativeError, ConfigError, ShapeError: an activation is sign, a name is unknown, two shapes do not fit.
    """
    if "sign" in activations:
        raise NoDerivativeError("sign has no useful derivative: use identity with the perceptron loss.")
    if np.ndim(x) != 2:
        raise ShapeError(f"x is {np.shape(x)}, expected rows of samples (N, I).")
    layers = forward(weights, biases, activations, x)
    losses(loss, layers[-1].a, y)  # the labels are checked once, before they are broadcast against a block
    reduce: Callable[[Array], Array] = _named(REDUCTIONS, reduction, "reduction")

    def slopes(level: int, columns: Array, directions: Array) -> Array:
        """Return Im J / h for z[:, columns[k]] + ih directions[k] at this level; (K,) and (K, N) to (K,)."""
        z = np.repeat(layers[level].z[np.newaxis].astype(np.complex128), len(columns), axis=0)
        z[np.arange(len(columns)), :, columns] += 1j * STEP * directions
        a = activate(activations[level], z)
        if level + 1 < len(layers):
            above = slice(level + 1, None)
            a = forward(weights[above], biases[above], activations[above], a)[-1].a
        return np.asarray(reduce(losses(loss, a, y)).imag / STEP)

    widest = max(layer.z.size for layer in layers)
    gradients: Gradients = []
    for level, (w, b) in enumerate(zip(weights, biases, strict=True)):
        below = _numbers(x) if level == 0 else layers[level - 1].a
        places = (np.divmod(block, np.shape(w)[1]) for block in _blocks(np.size(w), widest))
        of_w = [slopes(level, columns, below[:, inputs].T) for columns, inputs in places]
        of_b = [slopes(level, block, np.ones((1, len(below)))) for block in _blocks(np.size(b), widest)]
        dw, db = np.concatenate(of_w).reshape(np.shape(w)), np.concatenate(of_b)
        gradients.append((dw + penalty.slopes(w, bias=False), db + penalty.slopes(b, bias=True)))
    return gradients


def _blocks(count: int, widest: int) -> list[Array]:
    """Return 0, …, count − 1 in pieces that are small enough."""
    length = max(1, BLOCK // widest)
    return [np.arange(start, min(start + length, count)) for start in range(0, count, length)]
