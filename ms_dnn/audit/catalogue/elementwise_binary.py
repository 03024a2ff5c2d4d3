"""Elementwise operators of ops and mint with two or three arguments."""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy

from ms_dnn.audit.catalogue.draws import fixed, normal
from ms_dnn.audit.entry import Array, Case, Entry

ORDINARY = Case("ordinary", normal((3, 4), (3, 4)))
BROADCAST = Case("broadcast", normal((3, 1), (1, 4)))
ZEROS = Case("zeros", fixed([0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]))
TIES = Case("ties", fixed([1.0, 2.0, 0.0, 3.0], [1.0, 2.0, 0.0, -3.0]))
LINEAR = (ORDINARY, BROADCAST, ZEROS)
COMPARED = (ORDINARY, TIES, BROADCAST)


def _signed(rng: np.random.Generator, *shape: int) -> Array:
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 3.0, shape)


DIVIDED = (
    Case("ordinary", lambda rng: (rng.standard_normal((3, 4)), _signed(rng, 3, 4))),
    Case("broadcast", lambda rng: (rng.standard_normal((3, 1)), _signed(rng, 1, 4))),
    Case("zero numerator", fixed([0.0, 0.0, 0.0], [1.0, -2.0, 4.0])),
)
MODULO = (
    Case("all signs", fixed([7.3, -7.3, 7.3, -7.3, 0.4, -0.4], [3.0, 3.0, -3.0, -3.0, 1.5, 1.5])),
    Case("broadcast", fixed([[7.3], [-5.1]], [3.0, -2.0, 1.6])),
)
DOUBLE = ("float64",)
"""For functions whose output is float64 whatever goes in."""
POWERS = (
    Case("positive base", lambda rng: (rng.uniform(0.2, 3, (3, 4)), 2 * rng.standard_normal((3, 4)))),
    Case("broadcast", lambda rng: (rng.uniform(0.2, 3, (3, 1)), 2 * rng.standard_normal((1, 4)))),
    Case("negative base", fixed([-2.0, -1.5, -0.5, -3.0], [2.0, 3.0, 1.0, 2.0])),
    Case("zero base", fixed([0.0, 0.0, 0.0, 0.0], [2.0, 3.0, 4.0, 1.0])),
)
PLANE = (
    ORDINARY,
    BROADCAST,
    Case("on the axes", fixed([0.0, 1.0, -1.0, 3.0], [2.0, 0.0, 0.0, 4.0])),
)
LOG_SUMS = (
    ORDINARY,
    BROADCAST,
    Case("ties", fixed([1.0, 0.0, 1000.0, -1000.0], [1.0, 0.0, 1000.0, -1000.0])),
    Case("large", fixed([-1000.0, 1000.0, 100.0, -100.0], [1000.0, -1000.0, 99.0, -99.0])),
)


def _three(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((3, 4)), rng.standard_normal((3, 4)), _signed(rng, 3, 4)


def _three_broadcast(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((3, 1)), rng.standard_normal((1, 4)), _signed(rng, 3, 4)


def _bounded(rng: np.random.Generator) -> tuple[Array, ...]:
    return 2 * rng.standard_normal((3, 4)), rng.uniform(-1.5, -0.5, (3, 4)), rng.uniform(0.5, 1.5, (3, 4))


def _lerp(a: Array, b: Array, w: Array) -> Array:
    return a + w * (b - a)


def _truncated(x: Array, y: Array) -> Array:
    return np.trunc(x / y)


def _floored(x: Array, y: Array) -> Array:
    return np.floor(x / y)


THREE = (Case("ordinary", _three), Case("broadcast", _three_broadcast))
BOUNDED = (Case("ordinary", _bounded),)

XDIVY_AT_0 = (
    "Where x = 0 the gradient with respect to x is 0 instead of 1/y, although y is not 0 and the quotient is smooth "
    "there; at x = 1e-9 it is right. TensorFlow's xdivy does the same. Use ops.div, which is right; guard y = 0 with "
    "ops.where."
)

ENTRIES = (
    Entry("ops.add", "ops.add(x0, x1)", np.add, LINEAR),
    Entry("mint.add (alpha)", "mint.add(x0, x1, alpha=2)", lambda a, b: a + 2 * b, LINEAR),
    Entry("ops.sub", "ops.sub(x0, x1)", np.subtract, LINEAR),
    Entry("mint.sub (alpha)", "mint.sub(x0, x1, alpha=2)", lambda a, b: a - 2 * b, LINEAR),
    Entry("ops.mul", "ops.mul(x0, x1)", np.multiply, LINEAR, second_order=True),
    Entry("mint.mul", "mint.mul(x0, x1)", np.multiply, LINEAR, second_order=True),
    Entry("ops.div", "ops.div(x0, x1)", np.divide, DIVIDED, second_order=True),
    Entry("mint.div", "mint.div(x0, x1)", np.divide, DIVIDED, second_order=True),
    Entry("ops.div (floor)", "ops.div(x0, x1, rounding_mode='floor')", _floored, MODULO),
    Entry("ops.div (trunc)", "ops.div(x0, x1, rounding_mode='trunc')", _truncated, MODULO),
    Entry("mint.div (floor)", "mint.div(x0, x1, rounding_mode='floor')", _floored, MODULO),
    Entry("mint.div (trunc)", "mint.div(x0, x1, rounding_mode='trunc')", _truncated, MODULO),
    Entry("ops.floor_div", "ops.floor_div(x0, x1)", _floored, MODULO),
    Entry("mint.floor_divide", "mint.floor_divide(x0, x1)", _floored, MODULO),
    Entry("ops.truncate_div", "ops.truncate_div(x0, x1)", _truncated, MODULO),
    Entry("ops.fmod", "ops.fmod(x0, x1)", np.fmod, MODULO),
    Entry("mint.fmod", "mint.fmod(x0, x1)", np.fmod, MODULO),
    Entry("ops.remainder", "ops.remainder(x0, x1)", np.mod, MODULO),
    Entry("mint.remainder", "mint.remainder(x0, x1)", np.mod, MODULO),
    Entry("ops.floor_mod", "ops.floor_mod(x0, x1)", np.mod, MODULO),
    Entry("ops.truncate_mod", "ops.truncate_mod(x0, x1)", np.fmod, MODULO),
    Entry("ops.pow", "ops.pow(x0, x1)", np.power, POWERS),
    Entry("mint.pow", "mint.pow(x0, x1)", np.power, POWERS),
    Entry("ops.float_power", "ops.float_power(x0, x1)", np.power, POWERS[:2], dtypes=DOUBLE),
    Entry("mint.float_power", "mint.float_power(x0, x1)", np.power, POWERS[:2], dtypes=DOUBLE),
    Entry("ops.maximum", "ops.maximum(x0, x1)", np.maximum, COMPARED),
    Entry("ops.minimum", "ops.minimum(x0, x1)", np.minimum, COMPARED),
    Entry("ops.fmax", "ops.fmax(x0, x1)", np.fmax, COMPARED),
    Entry("ops.fmin", "ops.fmin(x0, x1)", np.fmin, COMPARED),
    Entry("ops.clamp (tensors)", "ops.clamp(x0, x1, x2)", np.clip, BOUNDED),
    Entry("mint.clamp (tensors)", "mint.clamp(x0, x1, x2)", np.clip, BOUNDED),
    Entry("ops.clip_by_value (tensors)", "ops.clip_by_value(x0, x1, x2)", np.clip, BOUNDED),
    Entry("ops.addcmul", "ops.addcmul(x0, x1, x2)", lambda a, b, c: a + b * c, THREE),
    Entry("mint.addcmul", "mint.addcmul(x0, x1, x2, value=2)", lambda a, b, c: a + 2 * b * c, THREE),
    Entry("ops.addcdiv", "ops.addcdiv(x0, x1, x2)", lambda a, b, c: a + b / c, THREE),
    Entry("mint.addcdiv", "mint.addcdiv(x0, x1, x2, value=2)", lambda a, b, c: a + 2 * b / c, THREE),
    Entry("ops.lerp", "ops.lerp(x0, x1, x2)", _lerp, THREE[:1]),
    Entry("mint.lerp", "mint.lerp(x0, x1, x2)", _lerp, THREE[:1]),
    Entry("ops.atan2", "ops.atan2(x0, x1)", np.arctan2, PLANE[:2]),
    Entry("mint.atan2", "mint.atan2(x0, x1)", np.arctan2, PLANE[:2]),
    Entry("ops.hypot", "ops.hypot(x0, x1)", np.hypot, PLANE),
    Entry("ops.logaddexp", "ops.logaddexp(x0, x1)", np.logaddexp, LOG_SUMS),
    Entry("mint.logaddexp", "mint.logaddexp(x0, x1)", np.logaddexp, LOG_SUMS),
    Entry("ops.logaddexp2", "ops.logaddexp2(x0, x1)", np.logaddexp2, LOG_SUMS),
    Entry("mint.logaddexp2", "mint.logaddexp2(x0, x1)", np.logaddexp2, LOG_SUMS),
    Entry(
        "ops.xlogy",
        "ops.xlogy(x0, x1)",
        xlogy,
        (
            Case("ordinary", lambda rng: (rng.standard_normal((3, 4)), rng.uniform(0.2, 4, (3, 4)))),
            Case("broadcast", lambda rng: (rng.standard_normal((3, 1)), rng.uniform(0.2, 4, (4,)))),
            Case("zeros", fixed([0.0, 0.0, 1.0], [0.5, 2.0, 1.0])),
        ),
    ),
    Entry(
        "mint.xlogy",
        "mint.xlogy(x0, x1)",
        xlogy,
        (Case("ordinary", lambda rng: (rng.standard_normal((3, 4)), rng.uniform(0.2, 4, (3, 4)))),),
    ),
    Entry("ops.xdivy", "ops.xdivy(x0, x1)", np.divide, DIVIDED, known=XDIVY_AT_0),
    Entry("ops.copysign", "ops.copysign(x0, x1)", np.copysign, (ORDINARY, BROADCAST)),
    Entry("ops.heaviside", "ops.heaviside(x0, x1)", np.heaviside, (ORDINARY,)),
    Entry(
        "ops.ldexp",
        "ops.ldexp(x0, x1)",
        lambda x, n: x * 2.0**n,
        (Case("ordinary", lambda rng: (rng.standard_normal(6), np.array([-3, -1, 0, 1, 2, 5], np.int32))),),
        dtypes=("float64", "float32"),
    ),
)
