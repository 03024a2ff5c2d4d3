"""What the routes return: gradients that can be compared, directional derivatives, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from ms_dnn.errors import MsDnnError
from ms_dnn.judge.judgement import Finding
from ms_dnn.judge.routes.base import IN_FLOAT64, STOPPED, GradientRoute, Gradients, SlopeRoute
from ms_dnn.judge.routes.rounding import Rounding
from ms_dnn.judge.routes.slope import Array, Slope
from ms_dnn.judge.user_code import told
from ms_dnn.runtime.seeding import stream

NOISE_OF_FLOAT32 = 8 * 2.0**-23


@dataclass(frozen=True)
class Direction:
    """A direction v in one part of a tensor, and the directional derivative by each witness."""

    purpose: Literal["random", "duel"]
    part: int
    v: Array
    slopes: Mapping[str, Slope]


class RouteResults:
    """All that the routes return at one point.

    Args:
        shapes: of the tensors, by name, in order.
        dtypes: of the tensors.

    Attributes:
        gradients: by route and tensor, float64; only what has the right shape and dtype and is finite.
        spreads: how far two runs of a route on the same input lie apart, by route and tensor.
        values: J by route, of those that compute it.
        directions: by tensor.
        findings: what is wrong with the rest.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtypes: Mapping[str, str]) -> None:
        self.shapes, self.dtypes = shapes, dtypes
        self.gradients: dict[str, Gradients] = {}
        self.spreads: dict[str, Gradients] = {}
        self.values: dict[str, float] = {}
        self.directions: dict[str, list[Direction]] = {name: [] for name in shapes}
        self.findings: list[Finding] = []
        self._silent: set[str] = set()

    def run(self, route: GradientRoute) -> None:
        """Run a gradient route, twice unless it is a witness that others use: see :meth:`drop_irreproducible`."""
        self.gradients[route.name], self.spreads[route.name] = {}, {}
        first = self._run(route, route.gradients)
        once = first is None or (route.witness and not route.name.endswith(IN_FLOAT64))
        second = first if once else self._run(route, route.gradients)
        if first is None or second is None:
            return
        if route.value is not None:
            self.values[route.name] = route.value
        self.findings += [
            _error("surplus gradient", route.name, name, "belongs to no tensor") for name in first.keys() - self.shapes
        ]
        for name, shape in self.shapes.items():
            dtype = "float64" if route.dtype == "float64" else self.dtypes[name]
            found = flaws(route.name, dtype, name, shape, first.get(name))
            found = found or flaws(route.name, dtype, name, shape, second.get(name))
            self.findings += [_aside(flaw, route) for flaw in found]
            if not found:
                self.gradients[route.name][name] = first[name].astype(np.float64)
                self.spreads[route.name][name] = np.abs(self.gradients[route.name][name] - second[name])

    def drop_irreproducible(
        self, route: GradientRoute, allowed: Callable[[float, Rounding], Any], rounding: Mapping[str, Rounding]
    ) -> None:
        """Drop the gradients of a route whose two runs on the same input differ by more than rounding.

        Rounding they may differ by: MindSpore's CPU kernels are cut among the threads in another way from run to
        run, and the ends of the pieces are computed by other instructions.

        Args:
            route: that was run.
            allowed: from the tensor's largest element and its rounding to how far right gradients may lie apart.
            rounding: of each tensor's gradient.
        """
        known = self.gradients[route.name]
        for name, spread in self.spreads[route.name].items():
            scale = float(np.max(np.abs(known[name]), initial=0.0))
            if np.any(spread > allowed(scale, rounding[name])):
                largest = float(np.max(spread)) / scale if scale else float("inf")
                what = f"differs by {largest:.1e} of its largest element between two runs on the same input"
                self.findings.append(_aside(_error("not reproducible", route.name, name, what), route))
                del known[name]

    def take_derivatives(
        self, tensor: str, purpose: Literal["random", "duel"], v: Array, witnesses: Sequence[SlopeRoute], part: int = 0
    ) -> None:
        """Let each witness compute the directional derivative along v."""
        slopes = {}
        for route in witnesses:
            if route.name not in self._silent:
                found = self._run(route, partial(route.slope, tensor, v))
                if found is not None:
                    slopes[route.name] = found
        self.directions[tensor].append(Direction(purpose, part, v, slopes))

    def warn_of_zeros(self) -> None:
        """Warn of each tensor whose gradient every route finds to be 0 in every element.

        One that alone is 0 needs no warning: either the others show its error, or they are 0 but for rounding.
        """
        for name in self.shapes:
            known = [gradients[name] for gradients in self.gradients.values() if name in gradients]
            flat = all(abs(s.value) <= s.error for d in self.directions[name] for s in d.slopes.values())
            if known and not np.any(known) and flat:
                message = f"{name}: its gradient is 0 in every element by every route; this point does not test it"
                if name.startswith("input "):
                    message += "; of a mask, or of what has no gradient by design, leave it out of wrt"
                self.findings.append(Finding("all-zero gradient", "warning", "all", name, message))

    def noise(self) -> float:
        """Return the largest σ of J along a direction, relative to the terms of J; 0 where none was noisy.

        At most what float32 leaves: a direction with more noise shows nothing, also not of the others.
        """
        found = [slope for tensor in self.directions.values() for line in tensor for slope in line.slopes.values()]
        noises = (s.noise / s.size for s in found if s.size and np.isfinite(s.noise))
        return min(max(noises, default=0.0), NOISE_OF_FLOAT32)

    def _run(self, route: GradientRoute | SlopeRoute, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except STOPPED as error:
            if isinstance(error, MsDnnError) and not route.optional:
                raise
            message = f"{route.name} stopped with {type(error).__name__}: {told(error)}"
            severity: Literal["error", "note"] = "note" if route.optional else "error"
            self.findings.append(Finding("stopped", severity, route.name, None, message))
            self._silent.add(route.name)
            return None


def random_direction(seed: int, tensor: int, number: int, shape: tuple[int, ...]) -> Array:
    """Return signs ±1: the error of any single element shows in full."""
    return stream(seed, "direction", tensor, number).choice(np.array([-1.0, 1.0]), size=shape)


def flaws(route: str, dtype: str, name: str, shape: tuple[int, ...], gradient: Array | None) -> list[Finding]:
    """Return what makes a gradient unfit to be compared."""
    if gradient is None:
        return [_error("missing gradient", route, name, "is missing")]
    if gradient.shape != tuple(shape):
        return [_error("wrong shape", route, name, f"has shape {gradient.shape}, but {name} has {tuple(shape)}")]
    if str(gradient.dtype) != dtype and dtype != "bfloat16":
        return [_error("wrong dtype", route, name, f"is {gradient.dtype}, but {name} is {dtype}")]
    if not np.all(np.isfinite(gradient)):
        count = int(np.sum(~np.isfinite(gradient)))
        return [_error("not finite", route, name, f"has {count} elements that are not finite")]
    return []


def _aside(flaw: Finding, route: GradientRoute) -> Finding:
    """Let a witness that is not finite, or noise, stand aside: a right backward pass may avoid just that.

    A copy in float64 stands aside with any flaw: nobody trains with it.
    """
    twin = route.name.endswith(IN_FLOAT64)
    if not twin and not (route.witness and flaw.kind in ("not finite", "not reproducible")):
        return flaw
    return replace(flaw, severity="note", message=f"{flaw.message}; it is no witness there, the others decide")


def _error(kind: str, route: str, name: str, what: str) -> Finding:
    return Finding(kind, "error", route, name, f"{route}: the gradient of {name} {what}")
