"""The directional derivative of a function, by central differences on a ladder of steps, with its error.

    D(h) = (f(h) − f(−h)) / 2h = f′(0) + h²/6 f‴(0) + h⁴/120 f⁗′(0) + … + rounding of order σ / h

No tolerance is asked for. Where f is smooth, Richardson's extrapolation takes the h² and h⁴ away (Ridders, "Accurate
computation of F′(x) and F′(x)F″(x)", Advances in Engineering Software 4, 1982); what is left shows in how far
neighbouring rungs lie apart. σ, the noise of f, shows on the smallest steps, where nothing else is left (after Moré and
Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33, 2011). The rung with the least of both is taken.

At a kink the central difference means nothing: it tends to the mean of the two one-sided derivatives. There
f(h) + f(−h) − 2 f(0) is proportional to h instead of h². A kink at a distance spoils only the larger steps; one at 0
spoils all of them, and is reported with both one-sided derivatives.

f is given as *terms* that sum to it (the losses of the samples, say): differences are taken term by term, and
fewer digits cancel. Nothing here knows MindSpore.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Terms = Callable[[Array], Array]
"""Positions t (T,) on the line to the terms of f there, (T, M), float64."""

EPSILON = float(np.finfo(np.float64).eps)
LARGEST, SMALLEST = 2.0**-3, 2.0**-24
"""Ends of the ladder, relative to the scale."""
RATIO = 1.9
"""Of a step to the next. Not 2: steps that are multiples of each other in binary round alike, and hide the noise."""
TAIL = 8
"""Rungs at the small end that show the noise."""
FEWEST = 6
"""Rungs without which nothing can be said."""
NOISE_MARGIN = 4.0
"""Standard deviations of the noise that an error estimate contains."""
COARSEST_GRAIN = 2.0**-20
"""Of the size of f: what moves by more at once is no rounding, of float32 neither."""
KINK_MARGIN = 4.0
"""How many times its noise the jump of the derivative must be to be called a kink."""
_H2 = np.array([-1.0, RATIO**2]) / (RATIO**2 - 1)
_H4 = np.array([-1.0, RATIO**4]) / (RATIO**4 - 1)
WEIGHTS = (np.array([1.0]), _H2, np.convolve(_H2, _H4))
"""Richardson's weights of D(h), D(h/RATIO), D(h/RATIO²) that cancel nothing, h², h² and h⁴."""


@dataclass(frozen=True)
class Slope:
    """f′(0), the derivative along one direction.

    Attributes:
        value: the derivative; at a kink the mean of the one-sided ones.
        error: how far it may be off, ∞ when nothing is known.
        kind: "smooth"; "kink", with :attr:`left` and :attr:`right`; "unknown" where f is not finite.
        left: derivative for t < 0.
        right: derivative for t > 0.
        noise: σ, one standard deviation of f.
        size: root of the sum of the squared terms of f at 0, which the noise is relative to.
        steps: h of each rung, largest first, (K,).
        quotients: D(h), (K,).
        floor: rounding floor of D(h), (K,).
    """

    value: float
    error: float
    kind: Literal["smooth", "kink", "unknown"]
    left: float
    right: float
    noise: float
    size: float
    steps: Array
    quotients: Array
    floor: Array


def ladder(scale: float = 1.0, smallest: float = SMALLEST) -> Array:
    """Return the steps, from 2⁻³ times the scale down to ``smallest`` times the scale."""
    rungs = max(0, int(np.log(LARGEST / smallest) / np.log(RATIO)) + 1)
    return scale * LARGEST * RATIO ** -np.arange(rungs, dtype=np.float64)


def slope(terms: Terms, steps: Array, epsilon: float = EPSILON) -> Slope:
    """Return the derivative at t = 0 of the sum of the terms.

    Args:
        terms: f; called once, with all positions.
        steps: h of each rung, as :func:`ladder` gives them.
        epsilon: of the dtype that f is computed in: a step that is lost in its rounding shows no noise.
    """
    if len(steps) < FEWEST:
        return _unknown(steps)
    values = np.asarray(terms(np.concatenate([[0.0], steps, -steps])), dtype=np.float64)
    base = values[0]
    # Term by term, and only then the sum: fewer digits cancel.
    with np.errstate(invalid="ignore"):
        above, below = np.sum((values[1:] - base).reshape(2, len(steps), -1), axis=2)
    inside = _inside(above, below)
    if len(steps) - inside < FEWEST:
        return _unknown(steps[inside:])
    steps, above, below = steps[inside:], above[inside:], below[inside:]

    size = float(np.linalg.norm(base))
    least = epsilon / 2 * size
    noise = max(_noise(above - below, size), least)
    quotients = (above - below) / (2 * steps)
    floor = noise / steps
    curvature = (above + below) / steps  # h f″ where f is smooth, the jump of f′ at a kink
    jumps = np.abs(RATIO * curvature[1:] - curvature[:-1]) / (RATIO - 1)
    jump_noise = np.sqrt(2 * (RATIO**4 + 1)) / (RATIO - 1) * noise / steps[:-1]

    best_value, best_error, best = 0.0, np.inf, 0
    for weights in WEIGHTS:
        extrapolated = np.convolve(quotients, weights[::-1], mode="valid")
        noises = NOISE_MARGIN * noise / np.sqrt(2) / steps[: len(extrapolated)]
        noises = noises * np.sqrt(np.sum((weights * RATIO ** np.arange(len(weights))) ** 2))
        apart = np.abs(np.diff(extrapolated))
        # Two rungs may agree by chance, three hardly: each is credited with the worse of its two neighbours.
        apart = np.maximum(apart[:-1], apart[1:])
        jump = jumps[1 : len(apart) + 1]
        errors = np.maximum(apart, noises[1:-1]) + jump / 2
        rung = int(np.argmin(errors))
        if errors[rung] < best_error:
            best_value, best_error, best = float(extrapolated[rung + 1]), float(errors[rung]), rung + 1
    kind, left, right = _kind(best, jumps, jump_noise, above / steps, below / steps)
    return Slope(best_value, best_error, kind, left, right, noise, size, steps, quotients, floor)


def _inside(above: Array, below: Array) -> int:
    """Return the largest rung from which on f is finite: larger steps leave its domain, as of log near 0."""
    outside = np.flatnonzero(~(np.isfinite(above) & np.isfinite(below)))
    return int(outside[-1]) + 1 if outside.size else 0


def _kind(
    best: int, jumps: Array, jump_noise: Array, above: Array, below: Array
) -> tuple[Literal["smooth", "kink"], float, float]:
    """Tell a kink at 0 from a smooth point: the jump is the same on three neighbouring rungs, and no noise."""
    of_three, noise_of_three = jumps[best : best + 3], jump_noise[best : best + 3]
    steady = float(np.max(of_three)) < 2 * float(np.min(of_three))
    at_kink = steady and bool(np.all(of_three > KINK_MARGIN * noise_of_three))
    rung = min(best + 2, len(above) - 1)
    return "kink" if at_kink else "smooth", float(-below[rung]), float(above[rung])


def _noise(change: Array, size: float) -> float:
    """Return σ of f from u(h) = f(h) − f(−h): where u is 2 h f′ and noise, u(h) − ρ u(h/ρ) is noise alone."""
    residual = change[:-1] - RATIO * change[1:]
    # The median, because a kink near 0 spoils some rungs. u has the variance of two values, the residual
    # 1 + ρ² as much.
    tail = np.abs(residual[-TAIL:])
    told, moved = tail[tail > 0], np.abs(change[change != 0])
    typical = float(np.median(told)) if told.size else 0.0
    if 2 * told.size < tail.size and moved.size and np.min(moved) < COARSEST_GRAIN * size:
        # Most steps are lost in the rounding of f, as of a float32 sum: its grain shows where f first moves.
        typical = max(typical, float(np.min(moved)))
    return typical / 0.6745 / float(np.sqrt(2 * (1 + RATIO**2)))


def _unknown(steps: Array) -> Slope:
    nothing = np.full(len(steps), np.nan)
    return Slope(np.nan, np.inf, "unknown", np.nan, np.nan, np.nan, 0.0, steps, nothing, nothing)
