"""Whether two classes can be separated by a hyperplane: what the perceptron needs to converge (Novikoff, 1962)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
TIME_LIMIT = 10.0
"""Seconds for the linear programs of a data set."""


def linearly_separable(x: Array, signs: Array, time_limit: float = TIME_LIMIT) -> bool | None:
    """Return whether some w, b have sign(w·x + b) right for every sample; None when the time was too short to tell.

    Decided by a linear program: are there w, b with y (w·x + b) ≥ 1 for all samples? Any margin can be scaled to 1.

    Args:
        x: samples (N, I).
        signs: y, −1 or +1, (N,).
        time_limit: seconds.
    """
    from scipy.optimize import linprog

    extent = np.max(np.abs(x), axis=0, initial=0.0)
    # Columns of one size: the program's tolerances are absolute. Scaling a column does not change the result.
    scaled = x / np.where(extent > 0, extent, 1.0)
    constraints = -signs[:, None] * np.hstack([scaled, np.ones((len(x), 1))])
    found = linprog(
        np.zeros(x.shape[1] + 1),
        A_ub=constraints,
        b_ub=-np.ones(len(x)),
        bounds=(None, None),
        method="highs",
        options={"time_limit": time_limit},
    )
    return {0: True, 2: False}.get(found.status)


def separable_outputs(x: Array, targets: Array, time_limit: float = TIME_LIMIT) -> list[bool | None]:
    """Return for each output whether a hyperplane separates its ±1 targets; None where the time was too short to tell.

    Args:
        x: samples (N, I).
        targets: −1 or +1, (N, C).
        time_limit: seconds, of which every output gets its share.
    """
    return [linearly_separable(x, signs, time_limit / targets.shape[1]) for signs in targets.T]
