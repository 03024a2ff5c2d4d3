"""Whether two classes can be separated by a hyperplane: what the perceptron needs to come to rest (Novikoff, 1962)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
TIME_LIMIT = 10.0
"""Seconds for one linear program."""


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
    # Columns of one size: the program's tolerances are absolute. Scaling a column does not change the answer.
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


def inseparable_outputs(x: Array, targets: Array) -> list[int]:
    """Return the outputs, counted from 0, whose ±1 targets no hyperplane separates; ``targets`` is (N, C)."""
    return [number for number in range(targets.shape[1]) if linearly_separable(x, targets[:, number]) is False]
