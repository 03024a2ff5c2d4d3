"""Which elements of a gradient are wrong: all of them from a correct gradient, else by bisection along directions.

A directional derivative along signs ±1 shows that something in a tensor is wrong. Half of the signs set to 0 tells in
which half it is, the other half follows by subtraction, and so on: one element among N in log₂ N derivatives, not N.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ms_dnn.judge.judgement import TensorJudgement, WrongElement
from ms_dnn.judge.routes.base import family
from ms_dnn.judge.routes.slope import Array

Residual = Callable[[Array], tuple[float, float]]
"""v to (directional derivative along v less g·v, how much of that may be no error)."""

SHOWN = 5
"""Elements that are listed."""
MOST_SLOPES = 60
"""Directional derivatives that a bisection may take."""


@dataclass(frozen=True)
class WrongElements:
    """How many elements are wrong, the worst of them, and the directional derivatives that it took to find them."""

    count: int
    worst: tuple[WrongElement, ...]
    slopes: int = 0


def trusted(tensor: TensorJudgement, blame: str, routes: Sequence[str]) -> str | None:
    """Return a gradient route that is not of the blamed code and that every pair without the blamed one confirms."""
    for route in routes:
        if family(route) == family(blame):
            continue
        others = [
            pair
            for pair in tensor.pairs
            if route in (pair.first, pair.second) and family(blame) not in (family(pair.first), family(pair.second))
        ]
        if others and all(pair.within for pair in others):
            return route
    return None


def differing(got: Array, expected: Array, allowed: Any) -> WrongElements:
    """Return the elements that lie further apart than is allowed."""
    excess = np.abs(got - expected) - allowed
    flat = np.argsort(excess, axis=None)[::-1]
    count = int(np.sum(excess > 0))
    worst = [np.unravel_index(int(place), got.shape) for place in flat[: min(count, SHOWN)]]
    return WrongElements(
        count, tuple(WrongElement(tuple(map(int, at)), float(got[at]), float(expected[at])) for at in worst)
    )


def bisect(residual: Residual, got: Array, signs: Array, most_slopes: int = MOST_SLOPES) -> WrongElements:
    """Return the wrong elements of ``got``, found by derivatives along parts of ``signs``.

    Args:
        residual: of a witness.
        got: the gradient.
        signs: ±1, shaped as the gradient.
        most_slopes: ends the search; what was found until then is returned.
    """
    taken = 1
    flat = signs.ravel()
    whole, allowed = residual(signs)
    pending = [(0, flat.size, whole, allowed)]
    found: list[WrongElement] = []
    while pending:
        pending.sort(key=lambda part: abs(part[2]))
        start, stop, error, allowed = pending.pop()
        if not abs(error) > allowed:
            continue
        if stop - start == 1:
            at = np.unravel_index(start, got.shape)
            expected = float(got[at]) + error * float(flat[start])
            found.append(WrongElement(tuple(map(int, at)), float(got[at]), expected))
            continue
        if taken >= most_slopes:
            break
        middle = (start + stop) // 2
        half = np.zeros(flat.size)
        half[start:middle] = flat[start:middle]
        left, left_allowed = residual(half.reshape(got.shape))
        taken += 1
        pending.append((start, middle, left, left_allowed))
        pending.append((middle, stop, error - left, allowed + left_allowed))
    return WrongElements(len(found), tuple(found[:SHOWN]), taken)
