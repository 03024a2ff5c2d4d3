"""Right, imprecise or wrong: MindSpore's numbers against the formula's, in rounding units of the dtype.

One rounding unit of an element is the sum of

* ε · |expected|,
* what the expected value moves by when each input is rounded once more: the forward-error view, so that an
  ill-conditioned point is not called wrong,
* for gradients, ε of the outputs, from which the backward pass starts,
* the smallest normal number, below which kernels flush to zero.

Bounds, and why:

* Up to :data:`ROUNDINGS` units are rounding. The sums here have at most some 60 terms; float64 has much room to spare
  because the reference itself is computed in float64.
* Beyond that the result is imprecise: an approximation, a cancellation, or a narrower dtype inside.
* It is wrong only where the error is visible: off by more than 1 % of the element (40 roundings of float16), and
  that not merely in an element that is lost beside its neighbours; or not finite where the formula is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ms_dnn.audit.entry import Array

ROUNDINGS = {"float16": 32.0, "float32": 100.0, "float64": 2000.0}
"""Rounding units that are tolerated."""
VISIBLE = {"float16": 0.04, "float32": 0.01, "float64": 0.01}
"""Relative error of an element from which it is wrong."""
BESIDE_OTHERS = {"float16": 0.02, "float32": 1e-3, "float64": 1e-3}
"""Relative to the largest element of the tensor: an error below this is imprecise at most."""
TRUSTED = 1e-3
"""Relative error of the reference's own derivative up to which an element can be judged."""

Grade = Literal["right", "convention", "unjudged", "imprecise", "wrong"]
"""From best to worst."""


@dataclass(frozen=True)
class Expected:
    """What the formula says of one tensor; all arrays of its shape.

    Attributes:
        low: least acceptable value; below ``high`` only at a kink.
        high: greatest acceptable value.
        error: how far both may be off.
        movement: change under one more rounding of the inputs.
        resolution: magnitude, ε of which may be off anywhere in the tensor: a gradient is computed from outputs that
            are rounded already (σ′ = y (1 − y) at saturation), so no element is better than that.
    """

    low: Array
    high: Array
    error: Array
    movement: Array
    resolution: Array | float = 0.0


@dataclass(frozen=True)
class TensorGrade:
    """The grade of one tensor, the worst of its elements, the index of that element, and a sentence on it if not right.

    The units are the largest error in rounding units.
    """

    grade: Grade
    index: tuple[int, ...]
    detail: str
    units: float | None


def worst(grades: list[TensorGrade]) -> TensorGrade:
    """Return the first of the worst grade."""
    return max(grades, key=lambda one: get_args(Grade).index(one.grade))


def grade_tensor(got: Array, expected: Expected, dtype: str) -> TensorGrade:
    """Compare one tensor with the formula's."""
    if got.shape != expected.low.shape:
        return TensorGrade("wrong", (), f"shape {got.shape} instead of {expected.low.shape}", None)
    if got.size == 0:
        return TensorGrade("right", (), "", 0.0)
    value = got.astype(np.float64)
    with np.errstate(all="ignore"):
        nearest = np.clip(value, np.minimum(expected.low, expected.high), np.maximum(expected.low, expected.high))
        nearest = np.where(np.isfinite(value), nearest, expected.low)
        return _graded(value, nearest, expected, dtype)


def _graded(value: Array, nearest: Array, expected: Expected, dtype: str) -> TensorGrade:
    limits = np.finfo(dtype)
    largest = float(limits.max)
    # A reference that the dtype cannot hold is infinite in it.
    overflows = np.isfinite(nearest) & (np.abs(nearest) > largest)
    nearest = np.where(overflows, np.sign(nearest) * np.inf, nearest)
    same = (value == nearest) | (overflows & (np.abs(value) >= largest / 2) & (np.sign(value) == np.sign(nearest)))
    difference = np.where(same, 0.0, np.abs(value - nearest))
    finite = np.isfinite(nearest) | overflows
    blown = np.isfinite(expected.movement)
    movement = np.where(blown, expected.movement, np.inf)
    scale = np.abs(nearest) + movement / float(limits.eps)
    unit = float(limits.eps) * (scale + expected.resolution) + float(limits.tiny)
    units = np.where(same, 0.0, np.maximum(difference - 4 * expected.error, 0) / unit)
    typical = float(np.max(np.abs(nearest), initial=0.0, where=np.isfinite(nearest))) or 1.0
    unjudged = ~same & (~finite | ~(expected.error <= TRUSTED * np.maximum(np.abs(nearest), typical)))
    lost = ~unjudged & ~same & finite & (~np.isfinite(value) | overflows)
    wrong = (units > ROUNDINGS[dtype]) & (difference > VISIBLE[dtype] * scale)
    wrong &= difference > BESIDE_OTHERS[dtype] * typical
    imprecise = (units > ROUNDINGS[dtype]) | (lost & (dtype == "float16"))
    wrong = (wrong & np.isfinite(value)) | (lost & (dtype != "float16"))

    kink = ~unjudged & (expected.low != expected.high)
    masks: tuple[tuple[Grade, Array], ...] = (
        ("wrong", wrong & ~unjudged),
        ("imprecise", imprecise & ~unjudged),
        ("unjudged", unjudged),
        ("convention", kink),
    )
    known = np.where(unjudged | np.isnan(units), 0.0, units)
    largest_units = float(np.max(known))
    for grade, mask in masks:
        if mask.any():
            badness = np.where(mask, np.where(np.isnan(units), np.inf, units), -1.0)
            index = tuple(int(i) for i in np.unravel_index(int(np.argmax(badness)), mask.shape))
            detail = _sentence(grade, index, mask, value, nearest, expected, dtype)
            return TensorGrade(grade, index, detail, largest_units if np.isfinite(largest_units) else None)
    return TensorGrade("right", (), "", largest_units)


def _sentence(
    grade: Grade, index: tuple[int, ...], mask: Array, value: Array, nearest: Array, expected: Expected, dtype: str
) -> str:
    where = f"{int(mask.sum())} of {mask.size} elements"
    at, got, want = list(index), value[index], nearest[index]
    if grade == "unjudged":
        return f"{where}: the formula has no value or derivative there, MindSpore gives {got:.6g} at {at}"
    if grade == "convention":
        low, high = sorted((float(expected.low[index]), float(expected.high[index])))
        return f"{where} at a kink or tie: {got:.6g} at {at} lies within the slopes [{low:.6g}, {high:.6g}]"
    if not np.isfinite(got):
        return f"{where}, worst at {at}: got {got}, expected {want:.6g}"
    relative = abs(got - want) / abs(want) if want else np.inf
    inside = ""
    if grade == "imprecise" and dtype == "float64" and 1e-10 < relative < 1e-5:
        inside = "; the size of a float32 rounding"
    return f"{where}, worst at {at}: got {got:.10g}, expected {want:.10g}, relative error {relative:.1e}{inside}"
