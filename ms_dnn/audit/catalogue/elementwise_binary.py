"""Elementwise operators of ops and mint with two or three arguments."""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.elementwise import WIDE
from ms_dnn.audit.catalogue.inputs import fixed, normal_arrays, together, uniform
from ms_dnn.audit.entry import Case, Inputs

ORDINARY = Case("ordinary", normal_arrays((3, 4), (3, 4)))
BROADCAST = Case("broadcast", normal_arrays((3, 1), (1, 4)))
ZEROS = Case("zeros", fixed([0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]))
TIES = Case("ties", fixed([1.0, 2.0, 0.0, 3.0], [1.0, 2.0, 0.0, -3.0]))
LINEAR = (ORDINARY, BROADCAST, ZEROS)
COMPARED = (ORDINARY, TIES, BROADCAST)


def _nonzero(*shape: int) -> Inputs:
    return lambda rng: (rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 3.0, shape),)


DIVIDED = (
    Case("ordinary", together(normal_arrays((3, 4)), _nonzero(3, 4))),
    Case("broadcast", together(normal_arrays((3, 1)), _nonzero(1, 4))),
    Case("zero numerator", fixed([0.0, 0.0, 0.0], [1.0, -2.0, 4.0])),
)
MODULO = (
    Case("all signs", fixed([7.3, -7.3, 7.3, -7.3, 0.4, -0.4], [3.0, 3.0, -3.0, -3.0, 1.5, 1.5])),
    Case("broadcast", fixed([[7.3], [-5.1]], [3.0, -2.0, 1.6])),
)
DOUBLE = ("float64",)
"""For functions whose output is float64 whatever goes in."""
POWERS = (
    Case("positive base", together(uniform(0.2, 3, (3, 4)), normal_arrays((3, 4), scale=2.0))),
    Case("broadcast", together(uniform(0.2, 3, (3, 1)), normal_arrays((1, 4), scale=2.0))),
    Case("negative base", fixed([-2.0, -1.5, -0.5, -3.0], [2.0, 3.0, 1.0, 2.0])),
    Case("zero base", fixed([0.0, 0.0, 0.0, 0.0], [2.0, 3.0, 4.0, 1.0])),
)
PLANE = (ORDINARY, BROADCAST, Case("on the axes", fixed([0.0, 1.0, -1.0, 3.0], [2.0, 0.0, 0.0, 4.0])))
LOG_SUMS = (
    ORDINARY,
    BROADCAST,
    Case("ties", fixed([1.0, 0.0, 1000.0, -1000.0], [1.0, 0.0, 1000.0, -1000.0])),
    Case("large", fixed([-1000.0, 1000.0, 100.0, -100.0], [1000.0, -1000.0, 99.0, -99.0])),
)
THREE = (
    Case("ordinary", together(normal_arrays((3, 4), (3, 4)), _nonzero(3, 4))),
    Case("broadcast", together(normal_arrays((3, 1), (1, 4)), _nonzero(3, 4))),
)
X_LOG_Y = (
    Case("ordinary", together(normal_arrays((3, 4)), uniform(0.2, 4, (3, 4)))),
    Case("broadcast", together(normal_arrays((3, 1)), uniform(0.2, 4, (4,)))),
    Case("zeros", fixed([0.0, 0.0, 1.0], [0.5, 2.0, 1.0])),
)
BOUNDED = together(normal_arrays((3, 4), scale=2.0), uniform(-1.5, -0.5, (3, 4)), uniform(0.5, 1.5, (3, 4)))

ENTRIES = (
    *apis(np.add, LINEAR, "ops.add"),
    *apis(lambda a, b: a + 2 * b, LINEAR, "mint.add(x0, x1, alpha=2)  # alpha"),
    *apis(np.subtract, LINEAR, "ops.sub"),
    *apis(lambda a, b: a - 2 * b, LINEAR, "mint.sub(x0, x1, alpha=2)  # alpha"),
    *apis(np.multiply, LINEAR, "{ops,mint}.mul", second_order=True),
    *apis(np.divide, DIVIDED, "{ops,mint}.div", second_order=True),
    *apis(
        lambda x, y: np.floor(x / y),
        MODULO,
        "{ops,mint}.div(x0, x1, rounding_mode='floor')  # floor",
        "ops.floor_div",
        "mint.floor_divide",
    ),
    *apis(
        lambda x, y: np.trunc(x / y),
        MODULO,
        "{ops,mint}.div(x0, x1, rounding_mode='trunc')  # trunc",
        "ops.truncate_div",
    ),
    *apis(np.fmod, MODULO, "{ops,mint}.fmod", "ops.truncate_mod"),
    *apis(np.mod, MODULO, "{ops,mint}.remainder", "ops.floor_mod"),
    *apis(np.power, POWERS, "{ops,mint}.pow"),
    *apis(np.power, POWERS[:2], "{ops,mint}.float_power", dtypes=DOUBLE),
    *apis(np.maximum, COMPARED, "ops.maximum"),
    *apis(np.minimum, COMPARED, "ops.minimum"),
    *apis(np.fmax, COMPARED, "ops.fmax"),
    *apis(np.fmin, COMPARED, "ops.fmin"),
    *apis(np.clip, BOUNDED, "{ops,mint}.clamp(x0, x1, x2)  # tensors", "ops.clip_by_value(x0, x1, x2)  # tensors"),
    *apis(lambda a, b, c: a + b * c, THREE, "ops.addcmul"),
    *apis(lambda a, b, c: a + 2 * b * c, THREE, "mint.addcmul(x0, x1, x2, value=2)"),
    *apis(lambda a, b, c: a + b / c, THREE, "ops.addcdiv"),
    *apis(lambda a, b, c: a + 2 * b / c, THREE, "mint.addcdiv(x0, x1, x2, value=2)"),
    *apis(lambda a, b, w: a + w * (b - a), THREE[:1], "{ops,mint}.lerp"),
    *apis(np.arctan2, PLANE[:2], "{ops,mint}.atan2"),
    *apis(np.hypot, PLANE, "ops.hypot"),
    *apis(np.logaddexp, LOG_SUMS, "{ops,mint}.logaddexp"),
    *apis(np.logaddexp2, LOG_SUMS, "{ops,mint}.logaddexp2"),
    *apis(xlogy, X_LOG_Y, "ops.xlogy"),
    *apis(xlogy, X_LOG_Y[:1], "mint.xlogy"),
    *apis(np.divide, DIVIDED, "ops.xdivy"),
    *apis(np.copysign, (ORDINARY, BROADCAST), "ops.copysign"),
    *apis(np.heaviside, ORDINARY, "ops.heaviside"),
    *apis(
        lambda x, n: x * 2.0**n,
        together(normal_arrays((6,)), fixed(np.array([-3, -1, 0, 1, 2, 5], np.int32))),
        "ops.ldexp",
        dtypes=WIDE,
    ),
)
