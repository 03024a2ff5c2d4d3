"""The catalogue of planted faults: every way to get a gradient wrong that we know of, most of them from real code.

:data:`FAULTS` is made of lists: errors that can occur in any tensor (a sign, a factor, one element), errors of
one formula (σ′ at a instead of z, the transposed weight, the missing 1/N), errors of the penalty, in
:mod:`gradient_checkers.planted.penalty`, and errors between the layers, in
:mod:`gradient_checkers.planted.between_layers`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, ops

from gradient_checkers.planted.between_layers import BETWEEN_LAYERS
from gradient_checkers.planted.penalty import OF_PENALTY
from gradient_checkers.planted.planting import Part, Place, PlantedFault, Seen, rolled
from ms_dnn.judge.faults import names
from ms_dnn.maths.activations import ACTIVATIONS

LOGITS = ("binary_cross_entropy_with_logits", "softmax_cross_entropy")
OTHER_ACTIVATION = {
    "sigmoid": "tanh", "tanh": "sigmoid", "relu": "leaky_relu", "leaky_relu": "relu", "elu": "relu",
    "softplus": "relu", "silu": "gelu", "gelu": "silu", "identity": "tanh", "softmax": "sigmoid",
}  # fmt: skip
"""The activation whose derivative is taken by mistake."""


def times(tensor: Tensor, factor: float) -> Tensor:
    """Return factor · tensor, the factor rounded to the tensor's dtype and not to float32."""
    return tensor * Tensor(factor, tensor.dtype)


def _scaled_at(tensor: Tensor, place: Any, factor: float) -> Tensor:
    mask = np.ones(tensor.shape)
    mask[place] = factor
    return tensor * Tensor(mask, tensor.dtype)


def _middle(seen: Seen) -> tuple[int, ...]:
    return tuple(size // 2 for size in seen.right.shape)


def _noise(seen: Seen, size: float, seed: int | None = 0) -> Tensor:
    drawn = np.random.default_rng(seed).normal(size=seen.right.shape)
    return seen.right * Tensor(1 + size * drawn, seen.right.dtype)


def _swapped(tensor: Tensor, axis: int) -> Tensor:
    order = np.arange(tensor.shape[axis])
    order[[0, -1]] = order[[-1, 0]]
    return ops.gather(tensor, Tensor(order), axis)


def _in_float16(tensor: Tensor) -> Tensor:
    return ops.cast(ops.cast(tensor, ms.float16), tensor.dtype)


def _clipped(tensor: Tensor) -> Tensor:
    limit = 0.5 * float(ops.abs(tensor).max().asnumpy())
    return ops.clip_by_value(tensor, Tensor(-limit, tensor.dtype), Tensor(limit, tensor.dtype))


def _of_unit_length(tensor: Tensor) -> Tensor:
    return tensor / ops.sqrt((tensor * tensor).sum() + Tensor(1e-300, ms.float64).astype(tensor.dtype))


def _sample(seen: Seen, number: int) -> Tensor:
    """Return what one sample adds to dW or db; of da and dz, that sample's row among zeros."""
    if seen.dW is None:
        mask = np.zeros(seen.right.shape)
        mask[number] = 1.0
        return seen.right * Tensor(mask, seen.right.dtype)
    dz, x = seen.dz[number : number + 1], seen.x[number : number + 1]
    return dz[0] if len(seen.right.shape) == 1 else ops.matmul(dz.T, x)


# Errors of any tensor ----------------------------------------------------------------------------------------

Anywhere = tuple[str, str, Callable[[Seen], Any], str, tuple[str, ...], str]
_ANYWHERE: list[Anywhere] = [
    # name, what, change, expected, also, parts
    ("sign", "the sign is wrong", lambda s: -s.right, names.SIGN_FLIPPED, (names.SWAPPED,), "da dz dx dW db"),
    ("zero", "it is 0 throughout", lambda s: ops.zeros_like(s.right), names.ALL_ZERO, (), "da dz dx dW db"),
    ("times N", "the 1/N is missing", lambda s: times(s.right, s.N), names.ONE_OVER_N_MISSING, (), "da dz dW db"),
    ("over N", "the 1/N is applied twice", lambda s: times(s.right, 1 / s.N), names.ONE_OVER_N_TWICE,
     (names.MEAN_INSTEAD_OF_SUM,), "da dx dW"),
    ("mean", "the mean over the samples is taken, and da has its 1/N already", lambda s: times(s.right, 1 / s.N),
     names.MEAN_INSTEAD_OF_SUM, (names.ONE_OVER_N_TWICE,), "db"),
    ("over N-1", "the mean divides by N − 1", lambda s: times(s.right, s.N / (s.N - 1)), names.CONSTANT_FACTOR,
     (), "da"),
    ("(N-1)/N", "a factor (N − 1)/N came in", lambda s: times(s.right, 1 - 1 / s.N), names.CONSTANT_FACTOR, (),
     "dW db"),
    ("twice", "it is added twice", lambda s: s.right + s.right, names.CONSTANT_FACTOR, (names.HALF_MISSING,),
     "da dx dW db"),
    ("half", "it is halved", lambda s: times(s.right, 0.5), names.CONSTANT_FACTOR, (), "dz dW"),
    ("times 1+1e-5", "it is 1 + 1e-5 times too large", lambda s: times(s.right, 1 + 1e-5), names.CONSTANT_FACTOR, (),
     "da dz dx dW db"),
    ("times 1+1e-7", "it is 1 + 1e-7 times too large", lambda s: times(s.right, 1 + 1e-7), names.CONSTANT_FACTOR, (),
     "dx dW db"),
    ("abs", "the absolute value is taken", lambda s: ops.abs(s.right), names.ABSOLUTE_VALUE, (), "da dz dW db"),
    ("clipped", "it is clipped at half of its largest value", lambda s: _clipped(s.right), names.CLIPPED, (),
     "da dz dW"),
    ("unit length", "it is scaled to unit length", lambda s: _of_unit_length(s.right), names.CONSTANT_FACTOR,
     (names.CLIPPED,), "dW"),
    ("float16", "it went through float16", lambda s: _in_float16(s.right), names.LOWER_PRECISION, (), "da dx dW db"),
    ("offset", "1e-5 is added", lambda s: s.right + Tensor(1e-5, s.right.dtype), names.OFFSET_ADDED, (), "dz dW db"),
    ("noise 1e-6", "each element is off by some 1e-6 of itself", lambda s: _noise(s, 1e-6), "", (), "dx dW"),
    ("noise 1e-8", "each element is off by some 1e-8 of itself", lambda s: _noise(s, 1e-8), "", (), "dW db"),
    ("other noise each time", "each run is off by another 1e-6", lambda s: _noise(s, 1e-6, None), "", (), "dW"),
    ("element 1e-4", "the middle element is 1 + 1e-4 times too large",
     lambda s: _scaled_at(s.right, _middle(s), 1 + 1e-4), names.ONE_ELEMENT_WRONG, (), "da dz dW db"),
    ("element zero", "the middle element is 0", lambda s: _scaled_at(s.right, _middle(s), 0.0), names.ONE_ELEMENT_WRONG,
     (), "dx dW db"),
    ("element sign", "the middle element has the wrong sign", lambda s: _scaled_at(s.right, _middle(s), -1.0),
     names.ONE_ELEMENT_WRONG, (), "dz dW db"),
    ("element NaN", "the middle element is NaN", lambda s: _scaled_at(s.right, _middle(s), np.nan),
     names.NOT_FINITE, (), "dW"),
    ("row zero", "the last row is 0", lambda s: _scaled_at(s.right, -1, 0.0), names.ONE_ROW_WRONG, (), "dW"),
    ("row twice", "the first row is doubled", lambda s: _scaled_at(s.right, 0, 2.0), names.ONE_ROW_WRONG, (), "dW"),
    ("column zero", "the last column is 0", lambda s: _scaled_at(s.right, (slice(None), -1), 0.0),
     names.ONE_COLUMN_WRONG, (), "dx dW"),
    ("rows swapped", "the first and the last row are swapped", lambda s: _swapped(s.right, 0), names.ELEMENTS_PERMUTED,
     (), "dW"),
    ("columns swapped", "the first and the last column are swapped", lambda s: _swapped(s.right, 1),
     names.ELEMENTS_PERMUTED, (), "dW"),
    ("rolled", "it is rolled by one unit", lambda s: rolled(s.right, -1),
     names.ELEMENTS_PERMUTED, (), "da dx dW db"),
    ("sample dropped", "the last sample is left out", lambda s: s.right - _sample(s, s.N - 1), names.SAMPLE_DROPPED, (),
     "da dz dW db"),
    ("sample twice", "the first sample is counted twice", lambda s: s.right + _sample(s, 0),
     names.SAMPLE_TWICE, (), "da dW"),
    ("one sample", "only the first sample is used", lambda s: _sample(s, 0), names.ONE_SAMPLE_ONLY, (), "dW db"),
    ("wrong dtype", "it is in another precision", lambda s: ops.cast(
        s.right, ms.float32 if s.right.dtype == ms.float64 else ms.float16), names.LOWER_PRECISION, (), "dW"),
    ("missing", "it is not there", lambda s: None, names.WRONG_SHAPE, (), "dW db"),
    ("wrong shape", "it has lost its rows", lambda s: s.right.sum(axis=0, keepdims=True), names.WRONG_SHAPE, (),
     "dW db"),
]  # fmt: skip

_NEEDS_TWO = ("element 1e-4", "element zero", "element sign", "row zero", "row twice", "column zero", "rows swapped",
              "columns swapped", "rolled", "unit length", "clipped")  # fmt: skip


def _two_of_each(place: Place) -> bool:
    return min(place.dense.weight.shape) > 1


def _outputs(place: Place) -> int:
    return int(place.network.layers[-1].weight.shape[0])


def _fit_anywhere(name: str, part: Part) -> Callable[[Place], bool]:
    if name in ("times N", "over N-1"):
        return lambda place: place.cost.reduction == "mean"
    if name in _NEEDS_TWO:
        return (lambda place: _outputs(place) > 1) if part == "da" else _two_of_each
    return lambda place: True


def _anywhere() -> list[PlantedFault]:
    parts: dict[str, Part] = {"da": "da", "dz": "dz", "dx": "dx", "dW": "dW", "db": "db"}
    return [
        PlantedFault(f"{part}: {name}", f"{part}: {what}", parts[part], change, expected, also,
                     _fit_anywhere(name, parts[part]))
        for name, what, change, expected, also, of in _ANYWHERE
        for part in of.split()
    ]  # fmt: skip


# Errors of one formula ---------------------------------------------------------------------------------------


def _vjp(name: str, z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    return ACTIVATIONS[name].derivative()(z, a, da)


def _own_vjp(seen: Seen, z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    return _vjp(seen.place.activation, z, a, da)


def _of_other_activation(seen: Seen) -> Tensor:
    other = ACTIVATIONS[OTHER_ACTIVATION[seen.place.activation]]
    return other.derivative()(seen.z, other.function(seen.z), seen.da)


def _gelu_by_tanh(seen: Seen) -> Tensor:
    """Return da times the derivative of the approximation ½ z (1 + tanh(√(2/π) (z + 0.044715 z³)))."""
    z, root = seen.z, float(np.sqrt(2 / np.pi))
    t = ops.tanh(times(z + times(z * z * z, 0.044715), root))
    slope = times(1 + t, 0.5) + times(z * (1 - t * t) * (1 + times(z * z, 3 * 0.044715)), 0.5 * root)
    return seen.da * slope


def _is(*activations: str) -> Callable[[Place], bool]:
    return lambda place: place.activation in activations


def _is_not(*activations: str) -> Callable[[Place], bool]:
    return lambda place: place.activation not in activations


_KINKED = ("relu", "leaky_relu", "identity")
_OF_DZ = [
    PlantedFault("dz: no derivative", "dz = da: σ′ is missing", "dz", lambda s: s.da,
                 names.DERIVATIVE_MISSING, (), _is_not("identity")),
    PlantedFault("dz: derivative at a", "σ′ is taken at a instead of z", "dz",
                 lambda s: _own_vjp(s, s.a, s.place.dense.activation.function(s.a), s.da),
                 names.DERIVATIVE_AT_A, (), _is_not(*_KINKED)),
    PlantedFault("dz: formula in a fed with z", "σ′ is a formula in a, and gets z", "dz",
                 lambda s: _own_vjp(s, s.z, s.z, s.da), names.Z_IN_FORMULA_OF_A, (),
                 _is("sigmoid", "tanh", "elu", "softmax")),
    PlantedFault("dz: other activation", "σ′ is that of another activation", "dz", _of_other_activation,
                 names.ANOTHER_ACTIVATION, (names.DERIVATIVE_MISSING,)),
    PlantedFault("dz: derivative twice", "σ′ is applied twice", "dz",
                 lambda s: _own_vjp(s, s.z, s.a, s.right), names.DERIVATIVE_TWICE, (),
                 _is_not("relu", "identity")),
    PlantedFault("dz: value instead", "dz = da ⊙ a: the value instead of the derivative", "dz",
                 lambda s: s.da * s.a, names.VALUE_INSTEAD_OF_DERIVATIVE),
    PlantedFault("dz: z instead", "dz = da ⊙ z", "dz", lambda s: s.da * s.z, "", (), _is_not("identity")),
    PlantedFault("dz: other samples' z", "σ′ is taken at the z of other samples", "dz",
                 lambda s: _own_vjp(s, rolled(s.z, 0), rolled(s.a, 0), s.da), names.SAMPLES_MISMATCHED, (),
                 _is_not("identity")),
    PlantedFault("dz: tanh without square", "1 − a instead of 1 − a²", "dz", lambda s: s.da * (1 - s.a), "", (),
                 _is("tanh")),
    PlantedFault("dz: elu without 1", "a instead of a + 1 on the left", "dz",
                 lambda s: ops.select(s.z > 0, s.da, s.da * s.a), "", (), _is("elu")),
    PlantedFault("dz: gelu's first term", "Φ(z) without z φ(z)", "dz",
                 lambda s: times(s.da * (1 + ops.erf(times(s.z, float(np.sqrt(0.5))))), 0.5), "", (), _is("gelu")),
    PlantedFault("dz: gelu by tanh", "the derivative of the tanh approximation", "dz", _gelu_by_tanh, "",
                 (names.ANOTHER_ACTIVATION,), _is("gelu")),
    PlantedFault("dz: silu's first term", "σ(z) without z σ′(z)", "dz", lambda s: s.da * ops.sigmoid(s.z), "",
                 (names.ANOTHER_ACTIVATION,), _is("silu")),
    PlantedFault("dz: leaky slope 0.1", "the slope on the left is 0.1 instead of 0.01", "dz",
                 lambda s: ops.select(s.z > 0, s.da, times(s.da, 0.1)), "", (), _is("leaky_relu")),
    PlantedFault("dz: diagonal of softmax", "a (1 − a) da: only the diagonal of the Jacobian", "dz",
                 lambda s: s.a * (1 - s.a) * s.da, names.DIAGONAL_ONLY, (names.ANOTHER_ACTIVATION,), _is("softmax")),
]  # fmt: skip


def _stale(seen: Seen) -> Tensor:
    assert seen.dW is not None  # noqa: S101 (of a layer)
    return ops.matmul(seen.dz, seen.W - times(seen.dW, 0.1))


def _square(place: Place) -> bool:
    return place.square


_OF_DX = [
    PlantedFault("dx: transposed weight", "dz Wᵀ instead of dz W", "dx", lambda s: ops.matmul(s.dz, s.W.T),
                 names.TRANSPOSED_WEIGHT, (), _square),
    PlantedFault("dx: updated weight", "W is updated before dx is taken", "dx", _stale, names.STALE_WEIGHTS),
    PlantedFault("dx: da instead of dz", "da W instead of dz W", "dx", lambda s: ops.matmul(s.da, s.W),
                 names.DA_INSTEAD_OF_DZ, (), _is_not("identity")),
    PlantedFault("dx: last unit dropped", "the sum over the units ends one too early", "dx",
                 lambda s: ops.matmul(s.dz[:, :-1], s.W[:-1]), "", (names.DROPPED_UNIT,), _two_of_each),
    PlantedFault("dx: weight in float16", "W went through float16", "dx",
                 lambda s: ops.matmul(s.dz, _in_float16(s.W)), "", (names.LOWER_PRECISION,)),
    PlantedFault("dx: centred", "its mean over the samples is taken away", "dx",
                 lambda s: s.right - s.right.mean(axis=0, keep_dims=True), ""),
    PlantedFault("dx: of the mean sample", "every sample gets the mean", "dx",
                 lambda s: ops.zeros_like(s.right) + s.right.mean(axis=0, keep_dims=True), ""),
]  # fmt: skip


_OF_PARAMETERS = [
    PlantedFault("dW: transposed", "xᵀ dz instead of dzᵀ x", "dW", lambda s: ops.matmul(s.x.T, s.dz),
                 names.TRANSPOSED, (), _square),
    PlantedFault("dW: reshaped instead of transposed", "xᵀ dz is reshaped to the shape of W", "dW",
                 lambda s: ops.matmul(s.x.T, s.dz).reshape(s.W.shape), "", (names.TRANSPOSED, names.ELEMENTS_PERMUTED),
                 lambda place: not place.square and _two_of_each(place)),
    PlantedFault("dW: da instead of dz", "daᵀ x instead of dzᵀ x", "dW", lambda s: ops.matmul(s.da.T, s.x),
                 names.DA_INSTEAD_OF_DZ, (), _is_not("identity")),
    PlantedFault("dW: output instead of input", "dzᵀ a instead of dzᵀ x", "dW", lambda s: ops.matmul(s.dz.T, s.a),
                 names.OUTPUT_INSTEAD_OF_INPUT, (), _square),
    PlantedFault("dW: z instead of input", "dzᵀ z instead of dzᵀ x", "dW", lambda s: ops.matmul(s.dz.T, s.z),
                 names.WEIGHTED_SUM_INSTEAD_OF_INPUT, (), _square),
    PlantedFault("dW: other samples' input", "the input of other samples", "dW",
                 lambda s: ops.matmul(s.dz.T, rolled(s.x, 0)), names.SAMPLES_MISMATCHED),
    PlantedFault("dW: times n_in", "it is summed over the inputs as well", "dW",
                 lambda s: times(s.right, s.W.shape[1]), names.CONSTANT_FACTOR),
    PlantedFault("dW: over n_out", "it is averaged over the units as well", "dW",
                 lambda s: times(s.right, 1 / s.W.shape[0]), names.CONSTANT_FACTOR),
    PlantedFault("dW: penalty", "λ W is added, λ = 1e-3, of a penalty that J does not have", "dW",
                 lambda s: s.right + times(s.W, 1e-3), names.PENALTY_ADDED),
    PlantedFault("dW: penalty of signs", "λ sgn W is added, λ = 1e-3", "dW",
                 lambda s: s.right + times(ops.sign(s.W), 1e-3), names.PENALTY_ADDED),
    PlantedFault("dW: centred", "the mean of each row is taken away", "dW",
                 lambda s: s.right - s.right.mean(axis=1, keep_dims=True), "", (), _two_of_each),
    PlantedFault("db: da instead of dz", "Σ da instead of Σ dz", "db", lambda s: s.da.sum(axis=0),
                 names.DA_INSTEAD_OF_DZ, (), _is_not("identity")),
    PlantedFault("db: over the units", "the sum runs over the units instead of the samples", "db",
                 lambda s: s.dz.sum(axis=1), names.WRONG_AXIS, (names.WRONG_SHAPE,)),
    PlantedFault("db: over everything", "every element is the sum of all", "db",
                 lambda s: ops.zeros_like(s.right) + s.dz.sum(), names.WRONG_AXIS, (), _two_of_each),
    PlantedFault("db: one row a sample", "the sum over the samples is missing", "db", lambda s: s.dz,
                 names.WRONG_SHAPE),
    PlantedFault("db: penalty", "λ b is added, λ = 1e-3", "db",
                 lambda s: s.right + times(s.place.dense.bias.value(), 1e-3), names.PENALTY_ADDED),
]  # fmt: skip


def _with_loss(*losses: str) -> Callable[[Place], bool]:
    return lambda place: place.loss in losses


def _probabilities(s: Seen) -> Tensor:
    return ops.softmax(s.a, -1) if s.place.loss == "softmax_cross_entropy" else ops.sigmoid(s.a)


def _weighted(s: Seen, of_sample: Tensor) -> Tensor:
    """Return it with the weight that a sample has in J."""
    return times(of_sample, 1 / s.N) if s.place.cost.reduction == "mean" else of_sample


_OF_DA = [
    PlantedFault("da: target missing", "the target is not subtracted", "da", lambda s: s.right + _weighted(s, s.y),
                 names.TARGET_NOT_SUBTRACTED, (), _with_loss("squared_error", *LOGITS)),
    PlantedFault("da: target only", "−y: the prediction is not there", "da", lambda s: -_weighted(s, s.y), "",
                 (names.ANOTHER_LOSS,), _with_loss("squared_error", *LOGITS)),
    PlantedFault("da: softmax missing", "z − y: the softmax or sigmoid is missing", "da",
                 lambda s: _weighted(s, s.a - s.y), names.SOFTMAX_MISSING, (names.ANOTHER_LOSS,), _with_loss(*LOGITS)),
    PlantedFault("da: softmax twice", "the softmax or sigmoid is applied twice", "da",
                 lambda s: s.right + _weighted(s, (ops.softmax(_probabilities(s), -1)
                                                   if s.place.loss == "softmax_cross_entropy"
                                                   else ops.sigmoid(_probabilities(s))) - _probabilities(s)),
                 "", (names.ANOTHER_LOSS,), _with_loss(*LOGITS)),
    PlantedFault("da: softmax over the samples", "the softmax runs over the batch", "da",
                 lambda s: s.right + _weighted(s, ops.softmax(s.a, 0) - _probabilities(s)),
                 names.WRONG_AXIS, (), _with_loss("softmax_cross_entropy")),
    PlantedFault("da: sigmoid for softmax", "a sigmoid in place of the softmax", "da",
                 lambda s: s.right + _weighted(s, ops.sigmoid(s.a) - _probabilities(s)), names.ANOTHER_LOSS, (),
                 _with_loss("softmax_cross_entropy")),
    PlantedFault("da: smoothed target", "the target is smoothed by 0.1, and J does not know", "da",
                 lambda s: s.right + _weighted(s, times(s.y, 0.1) - Tensor(0.1 / s.a.shape[1], s.y.dtype)), "", (),
                 _with_loss("softmax_cross_entropy")),
    PlantedFault("da: of squared error", "a − y, which is of another loss", "da",
                 lambda s: _weighted(s, s.a - s.y), names.ANOTHER_LOSS, (), _with_loss("binary_cross_entropy")),
    PlantedFault("da: half of cross-entropy", "−y / a without the second term", "da",
                 lambda s: -_weighted(s, s.y / s.a), names.TARGET_IS_ONE_ONLY, (), _with_loss("binary_cross_entropy")),
    PlantedFault("da: sign of the error", "sgn(a − y), of the absolute error", "da",
                 lambda s: _weighted(s, ops.sign(s.a - s.y)), "", (names.ANOTHER_LOSS,), _with_loss("squared_error")),
    PlantedFault("da: mean over outputs", "the mean is taken over the outputs as well", "da",
                 lambda s: times(s.right, 1 / s.a.shape[1]), names.CONSTANT_FACTOR, (),
                 lambda place: _outputs(place) > 1),
]  # fmt: skip

FAULTS: tuple[PlantedFault, ...] = (
    *_anywhere(),
    *_OF_DA,
    *_OF_DZ,
    *_OF_DX,
    *_OF_PARAMETERS,
    *OF_PENALTY,
    *BETWEEN_LAYERS,
)
