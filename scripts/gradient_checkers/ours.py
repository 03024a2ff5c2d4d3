"""Our judge on one point: the same decisions as ``ms-dnn check``, with the answers that no fault changes kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from gradient_checkers.planted.catalogue import FAULTS
from gradient_checkers.planted.planting import Place, PlantedFault, planted
from gradient_checkers.points import Point, Problem
from ms_dnn.judge.judgement import Judgement
from ms_dnn.judge.network import check_network
from ms_dnn.judge.routes.base import STOPPED, GradientRoute, Gradients, Route, SlopeRoute
from ms_dnn.judge.routes.network import HandwrittenRoute, TwinRoute, network_routes
from ms_dnn.judge.routes.slope import Slope
from ms_dnn.judge.routes.tensors import as_array

Array = NDArray[Any]
COUNTS_FROM = 1e-9
"""Relative difference in some tensor from which a gradient counts as wrong."""

Planted = tuple[PlantedFault, int]
"""A fault, and the number of its layer from 0."""


class KeptGradients(GradientRoute):
    """A route that is asked once."""

    def __init__(self, route: GradientRoute) -> None:
        self.name, self.dtype, self.witness, self.value = route.name, route.dtype, route.witness, route.value
        self.found = route.gradients()

    def gradients(self) -> Gradients:
        """Return what it answered."""
        return dict(self.found)


class KeptSlopes(SlopeRoute):
    """A witness that is asked once along each direction."""

    def __init__(self, route: SlopeRoute) -> None:
        self.name, self.route = route.name, route
        self.found: dict[tuple[str, bytes], Slope] = {}

    def slope(self, tensor: str, direction: Array) -> Slope:
        """Return what it answered, or ask."""
        key = (tensor, direction.tobytes())
        if key not in self.found:
            self.found[key] = self.route.slope(tensor, direction)
        return self.found[key]


class Changed(GradientRoute):
    """The answer of a route with something done to it."""

    def __init__(self, route: GradientRoute, change: Callable[[Gradients], Gradients]) -> None:
        self.name, self.dtype, self.witness, self.value = route.name, route.dtype, route.witness, route.value
        self.found = {name: array.astype(route.dtype) for name, array in change(route.gradients()).items()}

    def gradients(self) -> Gradients:
        """Return the changed answer."""
        return dict(self.found)


class ChangedSlopes(SlopeRoute):
    """A witness of a function whose gradient is another one by ``errors``."""

    def __init__(self, route: SlopeRoute, errors: Gradients) -> None:
        self.name, self.route, self.errors = route.name, route, errors

    def slope(self, tensor: str, direction: Array) -> Slope:
        """Return the slope, off by error · v."""
        right = self.route.slope(tensor, direction)
        if tensor not in self.errors:
            return right
        off = float(np.sum(self.errors[tensor] * direction))
        value, left, right_slope = right.value + off, right.left + off, right.right + off
        return replace(right, value=value, left=left, right=right_slope, quotients=right.quotients + off)


@dataclass(frozen=True)
class Wrong:
    """A gradient under test: how far it is off, and how to ask for it again.

    Attributes:
        effect: largest relative difference from the right one in some tensor; ∞ where one is unusable.
        supply: for the peers; runs the backward pass again when two runs differ.
    """

    effect: float
    supply: Callable[[], list[Array | None]]


class Bench:
    """One point in one precision.

    Attributes:
        right: the hand-written gradients without any fault.
        routes: the hand-written route as it is, the others with their answers kept.
    """

    def __init__(self, point: Point, dtype: str = "float64") -> None:
        self.point, self.dtype = point, dtype
        self.problem = point.problem(dtype)
        self.network, self.cost, self.x, self.y = self.problem
        self.names = self.network.parameter_names
        self.twin = None if dtype == "float64" else self._in_float64()
        self.handwritten = HandwrittenRoute(*self.problem)
        self.right = self.handwritten.gradients()
        self.routes: list[Route] = [self.handwritten]
        for route in network_routes(*self.problem)[1:]:
            if isinstance(route, TwinRoute) and self.twin is not None:  # the same code: it has the fault as well
                twin = HandwrittenRoute(*self.twin)
                twin.name, twin.optional = route.name, route.optional
                self.routes.append(twin)
            elif isinstance(route, GradientRoute):
                self.routes.append(KeptGradients(route))
            elif isinstance(route, SlopeRoute):
                self.routes.append(KeptSlopes(route))

    def judge(self, routes: list[Route] | None = None) -> Judgement:
        """Return what the judge says now."""
        return check_network(*self.problem, routes=self.routes if routes is None else routes)

    def judge_afresh(self) -> Judgement:
        """Return what the judge says when nothing is kept."""
        return check_network(*self.problem)

    def plant(self, *faults: Planted) -> ExitStack:
        """Return a context in which the faults are planted."""
        stack = ExitStack()
        for fault, layer in faults:
            stack.enter_context(planted(self.network, self.cost, fault, layer))
            if self.twin is not None:
                stack.enter_context(planted(self.twin[0], self.twin[1], fault, layer))
        return stack

    def _in_float64(self) -> Problem:
        """Return the problem in float64 at the very same numbers: a fault that is planted by hand is in no copy."""
        network, cost, *_ = self.point.problem("float64")
        for wide, parameter in zip(network.trainable_params(), self.network.trainable_params(), strict=True):
            wide.set_data(Tensor(as_array(parameter)))
        return network, cost, Tensor(as_array(self.x)), Tensor(as_array(self.y))

    def places(self, fault: PlantedFault) -> list[int]:
        """Return the layers into which a fault can be planted; [0] for one of the cost or between the layers."""
        layers = range(len(self.network.layers)) if fault.of_layer() else [0]
        return [layer for layer in layers if fault.fits(Place(self.network, self.cost, layer))]

    def wrong(self) -> Wrong:
        """Return the hand-written gradients as they are now."""
        try:
            first, second = self.handwritten.gradients(), self.handwritten.gradients()
        except STOPPED:
            return Wrong(float("inf"), self._again)
        same = all(np.array_equal(first[name], second[name]) for name in first if name in second)
        kept = [first.get(name) for name in self.names]
        effect = max(self._effect(first), self._effect(second))
        return Wrong(effect, (lambda: kept) if same else self._again)

    def _again(self) -> list[Array | None]:
        found = self.handwritten.gradients()
        return [found.get(name) for name in self.names]

    def _effect(self, found: Gradients) -> float:
        largest = 0.0
        for name, right in self.right.items():
            got = found.get(name)
            if got is None or got.shape != right.shape or got.dtype != right.dtype or not np.all(np.isfinite(got)):
                return float("inf")
            difference = float(np.max(np.abs(got.astype(np.float64) - right)))
            scale = float(np.max(np.abs(right)))
            largest = max(largest, difference / scale if scale else np.inf if difference else 0.0)
        return largest


def mutants(bench: Bench, number: int) -> list[Planted]:
    """Return every fault that fits the point, each in one layer: another one at the next point."""
    found = []
    for place, fault in enumerate(FAULTS):
        layers = bench.places(fault)
        if layers:
            found.append((fault, layers[(place + number) % len(layers)]))
    return found


def shortfall(judgement: Judgement) -> str:
    """Return by how much the judged gradients came nearest to what was allowed: error / allowed of the worst pair."""
    judged = judgement.routes[0]
    nearest = [
        (pair.relative_error / pair.tolerance if pair.tolerance else 0.0, tensor.name, pair)
        for tensor in judgement.tensors
        for pair in tensor.pairs
        if judged in (pair.first, pair.second)
    ]
    if not nearest:
        return "nothing was compared"
    part, name, pair = max(nearest, key=lambda one: one[0])
    error, allowed = pair.relative_error, pair.tolerance
    return f"nearest: {name} by {pair.second}, error {error:.1e} of allowed {allowed:.1e} ({part:.2g})"
