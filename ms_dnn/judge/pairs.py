"""How far two correct gradients may lie apart, and how far two gradients do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ms_dnn.judge.judgement import APART, PairResult
from ms_dnn.judge.route_results import Direction
from ms_dnn.judge.routes.base import GradientRoute, Gradients, SlopeRoute
from ms_dnn.judge.routes.rounding import Rounding
from ms_dnn.judge.routes.slope import Array, Slope
from ms_dnn.runtime.precision import comparison_tolerance

SLOPE_MARGIN = 3.0
"""How many times its own error estimate a directional derivative may be off: twice the worst of 10 000 correct ones."""
NOISE_ROUNDINGS = 100.0
"""How many σ of an imprecise float64 forward pass its gradients may be off."""
FORWARD_ROUNDINGS = defaultdict(lambda: 1.0, {("float32", "float64"): 10.0, ("float64", "float32"): 10.0})
"""Against a gradient in another precision, all of the forward pass rounds, not the backward pass alone."""
DECISIVE = 1e-2
"""A pair that had to be allowed more than this, relative to the gradient or its terms, decides nothing."""
COARSE = 10.0
"""Times its dtype's tolerance that a pair is granted all the same: in float16, more than the above."""


class Allowance:
    """What the dtype and the device leave to rounding.

    Args:
        device: the device in use, for its tolerance.

    Attributes:
        noise: σ of J by its forward pass in float64, relative to the terms of J. Larger than float64 allows where
            MindSpore computes an operation on float64 in float32.
        narrowed: names of routes whose float64 gradients turned out to be computed in float32.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.noise = 0.0
        self.narrowed: set[str] = set()

    def dtype_of(self, route: GradientRoute) -> str:
        """Return the dtype in which the route computes."""
        return "float32" if route.name in self.narrowed else route.dtype

    def of_dtype(self, dtype: str) -> float:
        """Return the part of the largest element, or of its terms, by which a correct gradient may be off."""
        tolerance = comparison_tolerance(dtype, self.device)
        return max(tolerance, NOISE_ROUNDINGS * self.noise) if dtype == "float64" else tolerance

    def tolerance(self, first: GradientRoute, second: GradientRoute) -> float:
        """Return the same for the difference of two correct gradients."""
        dtypes = self.dtype_of(first), self.dtype_of(second)
        coarse = max(map(self.of_dtype, dtypes))
        return coarse * (FORWARD_ROUNDINGS[dtypes] if first.dtype != second.dtype else 1.0)

    def decisive(self, *routes: GradientRoute) -> float:
        """Return the part of a gradient that may be allowed and still decide."""
        return max(DECISIVE, *(COARSE * self.of_dtype(self.dtype_of(route)) for route in routes))

    def of_elements(self, first: GradientRoute, second: GradientRoute, scale: float, rounding: Rounding) -> Any:
        """Return how far two correct gradients may lie apart in each element; on a kink, by all of its jump."""
        # A gradient that cancels is judged by what it was summed from.
        return self.tolerance(first, second) * np.maximum(scale, rounding.terms) + rounding.jumps

    def of_slope(self, route: GradientRoute, gradient: Array, slope: Slope, v: Array, rounding: Rounding) -> float:
        """Return how far g·v may lie from the derivative: the witness's error, and the rounding of each element."""
        dtype = self.dtype_of(route)
        tolerance = self.of_dtype(dtype)
        if dtype != "float64":
            tolerance *= FORWARD_ROUNDINGS[dtype, "float64"]
        of_terms = tolerance * float(np.linalg.norm(np.maximum(np.abs(gradient), rounding.terms) * v))
        crossed = 0.0 if slope.kind == "smooth" else float(np.sum(rounding.jumps * np.abs(v)))
        return SLOPE_MARGIN * slope.error + of_terms + crossed


def compare_elements(
    first: GradientRoute,
    second: GradientRoute,
    known: Mapping[str, Array],
    rounding: Rounding,
    allowance: Allowance,
    together: Sequence[Array] = (),
) -> tuple[PairResult, Array]:
    """Return the result, and for each element the room that is left: an error as large as that is detected.

    ``together`` are directions along which the function is smooth although single elements jump: there the sums must
    agree, as at a tie of a maximum.
    """
    a, b = known[first.name], known[second.name]
    difference = np.abs(a - b)
    # Over the whole tensor: the scale is the tensor's, not the element's.
    scale = float(max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0)))
    allowed = np.broadcast_to(allowance.of_elements(first, second, scale, rounding), a.shape)
    smooth = allowed[rounding.smooth(a.shape)]
    beyond = np.maximum(difference - rounding.jumps, 0.0)
    excess = difference - allowed
    along = [_along(a, b, v, allowance.of_elements(first, second, scale, Rounding(rounding.terms))) for v in together]
    worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), a.shape)) if a.size else ()
    result = PairResult(
        first=first.name,
        second=second.name,
        by="elements",
        relative_error=max([float(np.max(beyond, initial=0.0)) / scale if scale else 0.0, *(e for e, _ in along)]),
        tolerance=float(np.max(allowed - rounding.jumps)) / scale if scale else allowance.tolerance(first, second),
        within=bool(np.max(excess, initial=0.0) <= 0.0) and all(error <= allowed for error, allowed in along),
        decisive=bool(np.median(smooth) <= allowance.decisive(first, second) * max(scale, rounding.unit))
        if smooth.size
        else False,
        worst=worst,
    )
    return result, allowed + difference


def _along(a: Array, b: Array, v: Array, allowed: Any) -> tuple[float, float]:
    """Return how far the derivatives along v lie apart and may lie apart, relative to ‖g ⊙ v‖₂."""
    size = max(float(np.linalg.norm(a * v)), float(np.linalg.norm(b * v))) or 1.0
    return abs(float(np.sum((a - b) * v))) / size, float(np.linalg.norm(allowed * v)) / size


def compare_slopes(
    routes: Sequence[GradientRoute],
    witnesses: Sequence[SlopeRoute],
    known: Gradients,
    directions: Sequence[Direction],
    rounding: Rounding,
    allowance: Allowance,
) -> list[PairResult]:
    """Return the result of each pair with a witness in it, over all directions in one tensor."""
    results = []
    for number, witness in enumerate(witnesses):
        by_witness = [
            (d, d.slopes[witness.name], _size(known, d, rounding)) for d in directions if witness.name in d.slopes
        ]
        for route in routes:
            g = known[route.name]
            found = [
                _Compared(
                    d.part,
                    abs(float(np.sum(g * d.v)) - slope.value),
                    allowance.of_slope(route, g, slope, d.v, rounding),
                    size,
                )
                for d, slope, size in by_witness
            ]
            results += _over_directions(route.name, witness.name, found, allowance.decisive(route))
        for other in witnesses[number + 1 :]:
            found = [
                _compared_slopes(d.part, slope, d.slopes[other.name], size, allowance)
                for d, slope, size in by_witness
                if other.name in d.slopes
            ]
            results += _over_directions(witness.name, other.name, found, DECISIVE)
    return results


class _Compared(NamedTuple):
    """Error, what was allowed, and the size that both are relative to, along one direction in one part of a tensor."""

    part: int
    error: float
    allowed: float
    size: float


def _compared_slopes(part: int, a: Slope, b: Slope, size: float, allowance: Allowance) -> _Compared:
    rounding = allowance.of_dtype("float64") * size
    return _Compared(part, abs(a.value - b.value), SLOPE_MARGIN * (a.error + b.error) + rounding, size)


def _size(known: Gradients, direction: Direction, rounding: Rounding) -> float:
    """Return ‖g ⊙ v‖₂, the size that g·v has for random signs; of the largest g, or of its terms."""
    norms = [float(np.linalg.norm(g * direction.v)) for g in known.values()]
    terms = np.minimum(rounding.terms, rounding.natural)
    return max([*norms, float(np.linalg.norm(terms * direction.v))])


def _over_directions(first: str, second: str, found: Sequence[_Compared], decisive: float) -> list[PairResult]:
    parts = {one.part for one in found} - {APART}
    found = [one for one in found if np.isfinite(one.allowed) and np.isfinite(one.error)]
    if not found:
        return []
    worst = max(found, key=lambda one: one.error - one.allowed)
    size = worst.size or 1.0
    return [
        PairResult(
            first=first,
            second=second,
            by="directions",
            relative_error=worst.error / size,
            tolerance=worst.allowed / size,
            within=all(one.error <= one.allowed for one in found),
            decisive=bool(parts) and parts <= {one.part for one in found if one.allowed <= decisive * one.size},
            worst=None,
        )
    ]
