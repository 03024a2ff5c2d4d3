"""Elementwise operators of ops and mint with one argument."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import fixed, normal_arrays, uniform
from ms_dnn.audit.entry import Case

WIDE = ("float64", "float32")
"""For values that float16 cannot hold."""

ANY = Case("ordinary", normal_arrays((3, 4), scale=2.0))
ZEROS = Case("zeros", fixed([0.0, -0.0, 0.0, 0.0]))
LARGE = Case("large", fixed([-200.0, -30.0, 30.0, 200.0]))
POSITIVE = Case("ordinary", uniform(0.1, 5, (3, 4)))
SMALL_POSITIVE = Case("near 0", fixed([2.0**-13, 2.0**-10, 2.0**-7, 2.0**-3]))
LARGE_POSITIVE = Case("large", fixed([30.0, 100.0, 1000.0, 60000.0]))
ROOTS = (POSITIVE, SMALL_POSITIVE, LARGE_POSITIVE)
LOGARITHM = (*ROOTS, Case("around 1", fixed([1.0, 1.0 - 2.0**-6, 1.0 + 2.0**-6, 2.0])))
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
AT_BOUNDS = Case("at the bounds", fixed([-1.0, 2.0, -1.0, 2.0]))
STEPS = (
    Case("ordinary", fixed([-3.7, -1.4, -0.3, 0.3, 1.6, 2.2])),
    Case("halves", fixed([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])),
    Case("whole numbers", fixed([-2.0, -1.0, 0.0, 1.0, 2.0, 100.0])),
)
"""At jumps only the forward can be judged."""


ENTRIES = (
    *apis(np.abs, (ANY, ZEROS, LARGE), "ops.abs"),
    *apis(np.negative, (ANY, ZEROS), "ops.neg"),
    *apis(np.positive, (ANY, ZEROS), "ops.positive"),
    *apis(np.sign, (ANY, ZEROS), "ops.sign", "ops.sgn"),
    *apis(np.square, (ANY, ZEROS, LARGE), "ops.square", second_order=True),
    *apis(np.sqrt, ROOTS, "{ops,mint}.sqrt", second_order=True),
    *apis(lambda x: 1 / np.sqrt(x), ROOTS, "ops.rsqrt"),
    *apis(np.reciprocal, (POSITIVE, Case("negative", uniform(-5, -0.1, (4,)))), "ops.reciprocal", second_order=True),
    *apis(np.exp, EXPONENT, "ops.exp", second_order=True),
    *apis(np.exp2, EXPONENT, "{ops,mint}.exp2"),
    *apis(np.expm1, (*EXPONENT, NEAR_ZERO), "ops.expm1"),
    *apis(np.log, LOGARITHM, "ops.log", second_order=True),
    *apis(np.log2, LOGARITHM, "{ops,mint}.log2"),
    *apis(np.log10, LOGARITHM, "{ops,mint}.log10"),
    *apis(np.log1p, (POSITIVE, ZEROS, NEAR_ZERO, EDGES, LARGE_POSITIVE), "ops.log1p"),
    *apis(logit, uniform(0.1, 0.9, (3, 4)), "ops.logit"),
    *apis(expit, (ANY, ZEROS, LARGE), "mint.sigmoid", second_order=True),
    *apis(np.sin, CIRCLE, "ops.sin", second_order=True),
    *apis(np.cos, CIRCLE, "ops.cos", second_order=True),
    *apis(np.tan, (INSIDE, ZEROS), "ops.tan"),
    *apis(np.arcsin, (INSIDE, EDGES, ZEROS), "{ops,mint}.asin"),
    *apis(np.arccos, (INSIDE, EDGES, ZEROS), "{ops,mint}.acos"),
    *apis(np.arctan, (ANY, ZEROS, LARGE), "{ops,mint}.atan"),
    *apis(np.sinh, (ANY, ZEROS, NEAR_ZERO), "ops.sinh"),
    *apis(np.cosh, (ANY, ZEROS), "ops.cosh"),
    *apis(np.arcsinh, (ANY, ZEROS, NEAR_ZERO, LARGE), "{ops,mint}.asinh"),
    *apis(np.arccosh, ABOVE_1, "{ops,mint}.acosh"),
    *apis(np.arctanh, (INSIDE, EDGES, ZEROS), "ops.atanh"),
    *apis(np.sinc, (ANY, Case("near 0", NEAR_ZERO.inputs, WIDE)), "ops.sinc"),
    *apis(np.floor, STEPS, "ops.floor"),
    *apis(np.ceil, STEPS, "ops.ceil"),
    *apis(np.round, STEPS, "ops.round"),
    *apis(np.trunc, STEPS, "ops.trunc", "mint.fix"),
    *apis(lambda x: x - np.trunc(x), STEPS, "{ops,mint}.frac"),
    *apis(np.deg2rad, (ANY, LARGE), "ops.deg2rad"),
    *apis(np.rad2deg, (ANY, LARGE), "ops.rad2deg"),
    *apis(
        lambda x: np.nan_to_num(x, nan=0.5, posinf=2.0, neginf=-2.0),
        (ANY, Case("not finite", fixed([np.nan, np.inf, -np.inf, 1.0]))),
        "ops.nan_to_num(x0, 0.5, 2.0, -2.0)",
    ),
    *apis(lambda x: np.clip(x, -1, 2), (ANY, AT_BOUNDS), "ops.clamp(x0, -1.0, 2.0)"),
    *apis(lambda x: np.clip(x, -1, 2), ANY, "mint.clamp(x0, -1.0, 2.0)", "ops.clip_by_value(x0, -1.0, 2.0)"),
    *apis(lambda x: x**3, (ANY, ZEROS), "{ops,mint}.pow(x0, 3)  # number", second_order=True),
    *apis(np.sqrt, (POSITIVE, SMALL_POSITIVE), "ops.pow(x0, 0.5)  # ½"),
)
