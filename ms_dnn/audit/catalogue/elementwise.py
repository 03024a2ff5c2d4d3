"""Elementwise operators of ops and mint with one argument."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from ms_dnn.audit.catalogue.draws import fixed, normal, uniform
from ms_dnn.audit.entry import Array, Case, Entry, Formula

WIDE = ("float64", "float32")
"""For values that float16 cannot hold."""

ANY = Case("ordinary", normal((3, 4), scale=2.0))
ZEROS = Case("zeros", fixed([0.0, -0.0, 0.0, 0.0]))
LARGE = Case("large", fixed([-200.0, -30.0, 30.0, 200.0]))
POSITIVE = Case("ordinary", uniform(0.1, 5, (3, 4)))
SMALL_POSITIVE = Case("near 0", fixed([2.0**-13, 2.0**-10, 2.0**-7, 2.0**-3]))
LARGE_POSITIVE = Case("large", fixed([30.0, 100.0, 1000.0, 60000.0]))
LOGARITHM = (
    POSITIVE,
    SMALL_POSITIVE,
    LARGE_POSITIVE,
    Case("around 1", fixed([1.0, 1.0 - 2.0**-6, 1.0 + 2.0**-6, 2.0])),
)
EXPONENT = (ANY, ZEROS, Case("large", fixed([-80.0, -20.0, 20.0, 80.0]), WIDE))
NEAR_ZERO = Case("near 0", fixed([-(2.0**-10), 2.0**-10, 2.0**-7, -(2.0**-7)]))
INSIDE = Case("ordinary", uniform(-0.9, 0.9, (3, 4)))
EDGES = Case("near the edges", fixed([-1 + 2.0**-7, 1 - 2.0**-7, 1 - 2.0**-10, 2.0**-10]))
ABOVE_1 = (
    Case("ordinary", uniform(1.1, 5, (3, 4))),
    Case("near 1", fixed([1 + 2.0**-7, 1 + 2.0**-5, 1.5, 2.0])),
    LARGE_POSITIVE,
)
CIRCLE = (ANY, ZEROS, Case("large", fixed([-30.0, -10.0, 10.0, 30.0])))
STEPS = (
    Case("ordinary", fixed([-3.7, -1.4, -0.3, 0.3, 1.6, 2.2])),
    Case("halves", fixed([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])),
    Case("whole numbers", fixed([-2.0, -1.0, 0.0, 1.0, 2.0, 100.0])),
)
"""At jumps only the forward can be judged."""


def _frac(x: Array) -> Array:
    return x - np.trunc(x)


def _numbers(x: Array) -> Array:
    return np.nan_to_num(x, nan=0.5, posinf=2.0, neginf=-2.0)


def _named(name: str, formula: Formula, cases: tuple[Case, ...], *, second: bool = False, known: str = "") -> Entry:
    """Return the entry of one function of one argument: "ops.exp" is called as ops.exp(x0)."""
    return Entry(name, f"{name}(x0)", formula, cases, second_order=second, known=known)


ENTRIES = (
    _named("ops.abs", np.abs, (ANY, ZEROS, LARGE)),
    _named("ops.neg", np.negative, (ANY, ZEROS)),
    _named("ops.positive", np.positive, (ANY, ZEROS)),
    _named("ops.sign", np.sign, (ANY, ZEROS)),
    _named("ops.sgn", np.sign, (ANY, ZEROS)),
    _named("ops.square", np.square, (ANY, ZEROS, LARGE), second=True),
    _named("ops.sqrt", np.sqrt, (POSITIVE, SMALL_POSITIVE, LARGE_POSITIVE), second=True),
    _named("mint.sqrt", np.sqrt, (POSITIVE, SMALL_POSITIVE, LARGE_POSITIVE), second=True),
    _named("ops.rsqrt", lambda x: 1 / np.sqrt(x), (POSITIVE, SMALL_POSITIVE, LARGE_POSITIVE)),
    _named("ops.reciprocal", np.reciprocal, (POSITIVE, Case("negative", uniform(-5, -0.1, (4,)))), second=True),
    _named("ops.exp", np.exp, EXPONENT, second=True),
    _named("ops.exp2", np.exp2, EXPONENT),
    _named("mint.exp2", np.exp2, EXPONENT),
    _named("ops.expm1", np.expm1, (*EXPONENT, NEAR_ZERO)),
    _named("ops.log", np.log, LOGARITHM, second=True),
    _named("ops.log2", np.log2, LOGARITHM),
    _named("mint.log2", np.log2, LOGARITHM),
    _named("ops.log10", np.log10, LOGARITHM),
    _named("mint.log10", np.log10, LOGARITHM),
    _named("ops.log1p", np.log1p, (POSITIVE, ZEROS, NEAR_ZERO, EDGES, LARGE_POSITIVE)),
    _named("ops.logit", logit, (Case("ordinary", uniform(0.1, 0.9, (3, 4))),)),
    _named("mint.sigmoid", expit, (ANY, ZEROS, LARGE), second=True),
    _named("ops.sin", np.sin, CIRCLE, second=True),
    _named("ops.cos", np.cos, CIRCLE, second=True),
    _named("ops.tan", np.tan, (INSIDE, ZEROS)),
    _named("ops.asin", np.arcsin, (INSIDE, EDGES, ZEROS)),
    _named("mint.asin", np.arcsin, (INSIDE, EDGES, ZEROS)),
    _named("ops.acos", np.arccos, (INSIDE, EDGES, ZEROS)),
    _named("mint.acos", np.arccos, (INSIDE, EDGES, ZEROS)),
    _named("ops.atan", np.arctan, (ANY, ZEROS, LARGE)),
    _named("mint.atan", np.arctan, (ANY, ZEROS, LARGE)),
    _named("ops.sinh", np.sinh, (ANY, ZEROS, NEAR_ZERO)),
    _named("ops.cosh", np.cosh, (ANY, ZEROS)),
    _named("ops.asinh", np.arcsinh, (ANY, ZEROS, NEAR_ZERO, LARGE)),
    _named("mint.asinh", np.arcsinh, (ANY, ZEROS, NEAR_ZERO, LARGE)),
    _named("ops.acosh", np.arccosh, ABOVE_1),
    _named("mint.acosh", np.arccosh, ABOVE_1),
    _named("ops.atanh", np.arctanh, (INSIDE, EDGES, ZEROS)),
    _named("ops.sinc", np.sinc, (ANY, Case("near 0", NEAR_ZERO.inputs, WIDE))),
    _named("ops.floor", np.floor, STEPS),
    _named("ops.ceil", np.ceil, STEPS),
    _named("ops.round", np.round, STEPS),
    _named("ops.trunc", np.trunc, STEPS),
    _named("mint.fix", np.trunc, STEPS),
    _named("ops.frac", _frac, STEPS),
    _named("mint.frac", _frac, STEPS),
    _named("ops.deg2rad", np.deg2rad, (ANY, LARGE)),
    _named("ops.rad2deg", np.rad2deg, (ANY, LARGE)),
    Entry(
        "ops.nan_to_num",
        "ops.nan_to_num(x0, 0.5, 2.0, -2.0)",
        _numbers,
        (ANY, Case("not finite", fixed([np.nan, np.inf, -np.inf, 1.0]))),
    ),
    Entry(
        "ops.clamp",
        "ops.clamp(x0, -1.0, 2.0)",
        lambda x: np.clip(x, -1, 2),
        (ANY, Case("at the bounds", fixed([-1.0, 2.0, -1.0, 2.0]))),
    ),
    Entry("mint.clamp", "mint.clamp(x0, -1.0, 2.0)", lambda x: np.clip(x, -1, 2), (ANY,)),
    Entry("ops.clip_by_value", "ops.clip_by_value(x0, -1.0, 2.0)", lambda x: np.clip(x, -1, 2), (ANY,)),
    Entry("ops.pow (number)", "ops.pow(x0, 3)", lambda x: x**3, (ANY, ZEROS), second_order=True),
    Entry("mint.pow (number)", "mint.pow(x0, 3)", lambda x: x**3, (ANY, ZEROS), second_order=True),
    Entry("ops.pow (½)", "ops.pow(x0, 0.5)", np.sqrt, (POSITIVE, SMALL_POSITIVE)),
)
