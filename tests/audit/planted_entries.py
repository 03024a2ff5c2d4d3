"""Entries whose MindSpore side is wrong on purpose, so that the audit must say so. Workers import this module too."""

import numpy as np

from ms_dnn.audit.catalogue.inputs import fixed, normal_arrays, zero_arrays
from ms_dnn.audit.entry import Case, Entry

# A call is one expression of source text; what it needs beyond that is imported inside it.
HERE = "__import__('planted_cells')."
ORDINARY = Case("ordinary", normal_arrays((3, 4)))
TWO = ("float64", "float32")


def leaky(x):
    return np.where(x > 0, x, 0.25 * x)


def fail_in_formula(x):
    raise ZeroDivisionError("planted")


def square(x):
    return x**2


def planted(name, call, formula, *cases, dtypes=TWO, **fields):
    return Entry(name, call, formula, cases or (ORDINARY,), dtypes=dtypes, **fields)


ENTRIES = (
    planted("right", "ops.square(x0)", square, second_order=True),
    planted("other forward", "ops.relu(x0)", leaky),
    planted("gradient of 1.01", f"{HERE}SlightlyWrong()", square),
    planted("gradient of 1.5", f"{HERE}Wrong()", square, Case("of one sign", fixed([1.0, 2.0, -3.0]))),
    planted("no gradient of x1", f"{HERE}Detached()", lambda a, b: a * b, Case("ordinary", normal_arrays((3,), (3,)))),
    planted("float32 inside", f"{HERE}Narrow()", square),
    planted(
        "wrong, then narrow",
        "(x0 * 2, x0.astype(ms.float32))",
        lambda x: (x, x),
        Case("exact in float32", fixed([1.0, -2.0])),
        dtypes=("float64",),
    ),
    planted("NaN at zero", f"{HERE}NotANumber()", square, Case("zeros", zero_arrays((2,)))),
    planted("kink", "ops.abs(x0)", np.abs, Case("zeros", zero_arrays((2,)))),
    planted("both of a tie", f"{HERE}BothOfATie()", np.maximum, Case("ties", fixed([1.0, 2.0], [1.0, 2.0]))),
    planted("stale", f"{HERE}Stale()", lambda x: np.mean(x**2), Case("ordinary", normal_arrays((4,)))),
    planted("refused", "ops.bitwise_and(x0, x0)", square),
    planted("misspelt", "ops.sqare(x0)", square),
    planted("broken formula", "ops.square(x0)", fail_in_formula),
    planted("aborts", f"{HERE}Aborts()", square),
    planted("hangs", f"{HERE}Hangs()", square, dtypes=("float32",), differentiable=()),
    planted(
        "half the step",
        "nn.SGD(params, learning_rate=0.05)",
        lambda w, g: w - 0.1 * np.cumsum(g, axis=0),
        Case("five steps", normal_arrays((3,), (5, 3))),
        dtypes=("float32",),
        kind="update",
    ),
)
BY_NAME = {entry.name: entry for entry in ENTRIES}
