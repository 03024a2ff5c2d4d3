"""Judge the gradients of one point: compare all routes, tensor by tensor, and say which of them is wrong."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from ms_dnn.judge.judgement import (
    APART,
    FLOAT32_INSIDE,
    Conditions,
    FaultyPart,
    Finding,
    ForwardAgreement,
    Judgement,
    Line,
    PairResult,
    Sensitivity,
    TensorJudgement,
    Verdict,
)
from ms_dnn.judge.locate.elements import bisect, differing, trusted
from ms_dnn.judge.locate.stale import stale_softmax
from ms_dnn.judge.pairs import Allowance, compare_elements, compare_slopes
from ms_dnn.judge.route_results import Direction, RouteResults, random_direction
from ms_dnn.judge.routes.base import IN_FLOAT64, GradientRoute, Gradients, SlopeRoute
from ms_dnn.judge.routes.rounding import Rounding
from ms_dnn.judge.routes.slope import Array
from ms_dnn.judge.routes.subject import Variable
from ms_dnn.judge.verdict import decide
from ms_dnn.runtime.environment import describe_environment
from ms_dnn.runtime.working import step

OF_FLOAT32, MOST_OF_FLOAT32 = 2e-7, 1e-5
"""How far a float64 gradient may be off to be taken for one computed in float32: by Python numbers, by whole passes."""
NOISE_OF_FLOAT64 = 2.0**-36
"""A forward pass that is noisier computes something in float32: 65 000 roundings of float64."""
PACKAGES = ("ms-dnn", "mindspore", "numpy", "scipy")


@dataclass
class JudgedPoint:
    """One point, what is computed there, and by which routes.

    Attributes:
        gradient_routes: the first is the judged one.
        slope_routes: witnesses.
        allowance: how far correct results may lie apart.
        forward: compares the forward passes, given the value of J by each route.
        rounding: gives what rounding does to each tensor's gradient.
        judged: the route that must be compared to some use; "" for the first of the gradient routes.
        parts: of a tensor, as masks: elements of about one size, which are moved together; () for all of them.
        localise: finds the parts of the backward pass that are wrong by themselves; called when the verdict is FAIL.
        findings: what was found before.
    """

    conditions: Conditions
    variables: Sequence[Variable]
    gradient_routes: Sequence[GradientRoute]
    slope_routes: Sequence[SlopeRoute]
    allowance: Allowance
    forward: Callable[[Mapping[str, float]], ForwardAgreement]
    rounding: Callable[[], Mapping[str, Rounding]]
    judged: str = ""
    parts: Callable[[Variable], Sequence[Array]] = lambda variable: ()
    localise: Callable[[], Sequence[FaultyPart]] = tuple
    findings: Sequence[Finding] = field(default_factory=tuple)


def judge(point: JudgedPoint) -> Judgement:
    """Run all routes, compare their results and decide."""
    started = time.perf_counter()
    shapes = {variable.name: variable.shape for variable in point.variables}
    results = RouteResults(shapes, {variable.name: variable.dtype for variable in point.variables})
    results.findings += point.findings
    for route in point.gradient_routes:
        step(f"gradients by {route.name}")
        results.run(route)
    rounding = defaultdict(Rounding, point.rounding())
    for route in point.gradient_routes:
        results.drop_irreproducible(route, partial(point.allowance.of_elements, route, route), rounding)
    witnesses = {route.name for route in (*point.gradient_routes, *point.slope_routes) if route.witness}

    for place, variable in enumerate(point.variables):
        step(f"judging tensor {place + 1} of {len(point.variables)}, {variable.name}")
        for part, v in _directions(point, place, variable, rounding[variable.name]):
            results.take_derivatives(variable.name, "random", v, point.slope_routes, part)
    point.allowance.noise = results.noise()
    results.findings += _narrow(point, results, rounding)
    tensors = [_judge_tensor(point, results, variable, rounding[variable.name]) for variable in point.variables]
    results.warn_of_zeros()
    results.findings += [*_kinks(point.variables, rounding), *_in_float32(point)]
    results.findings += _without_derivative(point.variables, results, rounding)
    results.findings += _outside(point.variables, results)
    results.findings += stale_softmax(point.gradient_routes, tensors)
    forward = point.forward(results.values)
    verdict, reason, blame = decide(
        forward, tensors, results.findings, witnesses, point.judged or point.gradient_routes[0].name
    )
    if blame is not None and blame in results.gradients:
        tensors = [_with_wrong_elements(point, results, t, blame, rounding[t.name]) for t in tensors]
    faulty = tuple(point.localise()) if verdict is Verdict.FAIL else ()
    return Judgement(
        verdict=verdict,
        reason=reason,
        blame=blame,
        conditions=point.conditions,
        routes=tuple(route.name for route in (*point.gradient_routes, *point.slope_routes)),
        forward=forward,
        tensors=tuple(tensors),
        findings=tuple(results.findings),
        faulty=faulty,
        environment=describe_environment(*PACKAGES),
        seconds=time.perf_counter() - started,
    )


def inconclusive(point: JudgedPoint, finding: Finding) -> Judgement:
    """Return the judgement of a point at which there is nothing to compare."""
    nowhere = ForwardAgreement({}, 0.0, 0.0, True)
    findings = (*point.findings, finding)
    verdict, reason, blame = decide(nowhere, (), findings, set(), "")
    return Judgement(
        verdict, reason, blame, point.conditions, (), nowhere, (), findings, (), describe_environment(*PACKAGES), 0.0
    )


def _directions(point: JudgedPoint, place: int, variable: Variable, rounding: Rounding) -> Iterator[tuple[int, Array]]:
    """Yield for each part of the tensor its number and random signs in it, 0 elsewhere and where there is a kink.

    What has a kink is looked at as well (:data:`APART`): all that jumps moved together, which at a tie is smooth; and
    random signs where MindSpore's own differentiation is not finite.
    """
    smooth = rounding.smooth(variable.shape)
    seed, count = point.conditions.seed, point.conditions.directions
    signs = [random_direction(seed, place, number, variable.shape) for number in range(count)]
    for part, mask in enumerate(point.parts(variable) or (np.ones(variable.shape),)):
        looked_at = mask * smooth if smooth.any() else mask
        if np.any(looked_at):
            yield from ((part, sign * looked_at) for sign in signs)
    jumps = np.broadcast_to(np.asarray(rounding.jumps) > 0, variable.shape)
    unknown = np.broadcast_to(rounding.unknown, variable.shape)
    if jumps.any():
        yield APART, jumps.astype(np.float64)
    if unknown.any():
        yield from ((APART, sign * unknown) for sign in signs)


def _in_float32(point: JudgedPoint) -> Iterator[Finding]:
    noise = point.allowance.noise
    if noise > NOISE_OF_FLOAT64 and point.conditions.precision == "float64":
        message = (
            f"MindSpore computes this in float32, or a cast does: in float64 the forward pass is noisy by {noise:.1e} "
            "of its terms; float64 gradients are judged by that"
        )
        yield Finding(FLOAT32_INSIDE, "note", "all", None, message)


def _narrow(point: JudgedPoint, results: RouteResults, rounding: Mapping[str, Rounding]) -> list[Finding]:
    """Find float64 routes that are off the differences by what float32 leaves; a copy is then taken for float32.

    That is as much as MindSpore's own differentiation of the copy is off, or what a Python number leaves in a formula:
    MindSpore rounds it to float32.
    """
    wide = [route for route in point.gradient_routes if route.dtype == "float64"]
    off = {route.name: _off(point, results, route, rounding) for route in wide}
    most = 10 * MOST_OF_FLOAT32  # what is farther off is wrong for another reason
    of_mindspore = max((off[route.name] for route in wide if route.witness and off[route.name] <= most), default=0.0)
    limit = max(OF_FLOAT32, 10 * min(of_mindspore, MOST_OF_FLOAT32))
    found = []
    for name, error in off.items():
        if 0.0 < error <= limit:
            message = (
                f"MindSpore computes this in float32, or a Python number does: the float64 gradients of {name} are off "
                f"by {error:.1e}"
            )
            found.append(Finding(FLOAT32_INSIDE, "note", name, None, message))
            if name.endswith(IN_FLOAT64):
                point.allowance.narrowed.add(name)
    return found


def _off(point: JudgedPoint, results: RouteResults, route: GradientRoute, rounding: Mapping[str, Rounding]) -> float:
    """Return the largest error along a line that is more than is allowed, relative to the gradient; 0 for none."""
    off = 0.0
    for name, g in results.gradients[route.name].items():
        for direction in results.directions[name]:
            size = float(np.linalg.norm(g * direction.v))
            for slope in direction.slopes.values():
                error = abs(float(np.sum(g * direction.v)) - slope.value)
                if error > point.allowance.of_slope(route, g, slope, direction.v, rounding[name]):
                    off = max(off, error / size if size else np.inf)
    return off


def _without_derivative(
    variables: Sequence[Variable], results: RouteResults, rounding: Mapping[str, Rounding]
) -> Iterator[Finding]:
    """Name elements where neither MindSpore nor differences know a derivative: what is there is not judged."""
    for variable in variables:
        unknown = np.broadcast_to(rounding[variable.name].unknown, variable.shape)
        lines = [d for d in results.directions[variable.name] if d.part == APART and np.any(d.v[unknown])]
        if lines and not any(slope.kind == "smooth" for d in lines for slope in d.slopes.values()):
            message = (
                f"{int(unknown.sum())} of {unknown.size} elements of the gradient of {variable.name} are not judged: "
                "the function has no derivative there"
            )
            yield Finding("not judged", "note", "all", variable.name, message)


def _outside(variables: Sequence[Variable], results: RouteResults) -> Iterator[Finding]:
    """Name directions along which the function is defined for no step: a symmetric matrix made unsymmetric, say."""
    for variable in variables:
        lines = [d for d in results.directions[variable.name] if d.purpose == "random" and d.part != APART and d.slopes]
        outside = sum(all(slope.kind == "unknown" for slope in d.slopes.values()) for d in lines)
        if 0 < outside < len(lines):
            message = (
                f"{outside} of {len(lines)} random directions in {variable.name} leave the domain of the function at "
                "every step: its gradient is judged along the others alone"
            )
            yield Finding("not judged", "note", "all", variable.name, message)


def _kinks(variables: Sequence[Variable], rounding: Mapping[str, Rounding]) -> Iterator[Finding]:
    for variable in variables:
        on_kinks = int(np.sum(np.broadcast_to(rounding[variable.name].jumps, variable.shape) > 0))
        if on_kinks:
            message = (
                f"{on_kinks} of {int(np.prod(variable.shape))} elements of the gradient of {variable.name} jump within "
                "a rounding of this point, on a kink: there any derivative between those of the two sides is right, by "
                "convention; the others are judged without them"
            )
            yield Finding("kink", "note", "all", variable.name, message)


def _judge_tensor(point: JudgedPoint, results: RouteResults, variable: Variable, rounding: Rounding) -> TensorJudgement:
    name = variable.name
    known = {route: g[name] for route, g in results.gradients.items() if name in g}
    routes = [route for route in point.gradient_routes if route.name in known]
    by_elements = []
    apart = (d for d in results.directions[name] if d.part == APART)
    together = [d.v for d in apart if any(slope.kind == "smooth" for slope in d.slopes.values())]
    for number, first in enumerate(routes):
        for second in routes[number + 1 :]:
            by_elements.append(compare_elements(first, second, known, rounding, point.allowance, together))
    differing_pairs = [result for result, _ in by_elements if not result.within]
    if differing_pairs and point.slope_routes:
        worst = max(differing_pairs, key=lambda pair: pair.relative_error)
        difference = known[worst.first] - known[worst.second]
        results.take_derivatives(name, "duel", difference / np.max(np.abs(difference)), point.slope_routes)
    directions = results.directions[name]
    by_slopes = compare_slopes(routes, point.slope_routes, known, directions, rounding, point.allowance)
    pairs = [result for result, _ in by_elements] + by_slopes
    order = [route.name for route in (*point.gradient_routes, *point.slope_routes)]
    pairs.sort(key=lambda pair: (order.index(pair.first), order.index(pair.second)))
    lines = tuple(line for direction in directions for line in _lines(direction, routes, known, rounding, point))
    return TensorJudgement(
        name=name,
        kind=variable.kind,
        shape=variable.shape,
        dtype=variable.dtype,
        largest={route: float(np.max(np.abs(g), initial=0.0)) for route, g in known.items()},
        pairs=tuple(pairs),
        lines=lines,
        sensitivity=_sensitivity(point.gradient_routes[0].name, known, by_elements, lines, rounding),
    )


def _lines(
    direction: Direction, routes: Sequence[GradientRoute], known: Gradients, rounding: Rounding, point: JudgedPoint
) -> list[Line]:
    v, lines = direction.v, []
    for witness, found in direction.slopes.items():
        allowed = {r.name: point.allowance.of_slope(r, known[r.name], found, v, rounding) for r in routes}
        slopes = {route.name: float(np.sum(known[route.name] * v)) for route in routes}
        measured: dict[str, Any] = {
            name: tuple(value.tolist()) if isinstance(value, np.ndarray) else value
            for name, value in vars(found).items()
            if name != "size"
        }
        measured |= {"length": float(np.linalg.norm(v)), "part": direction.part}
        lines.append(Line(witness, direction.purpose, **measured, slopes=slopes, allowed=allowed))
    return lines


def _sensitivity(
    judged: str,
    known: Gradients,
    by_elements: Sequence[tuple[PairResult, Array]],
    lines: Sequence[Line],
    rounding: Rounding,
) -> Sensitivity | None:
    """Return the smallest error of one element that some pair detects, whichever element and sign it has."""
    if judged not in known:
        return None
    candidates = []
    for result, room in by_elements:
        if judged in (result.first, result.second) and result.within and result.independent:
            other = result.second if result.first == judged else result.first
            candidates.append((float(np.max(room, initial=0.0)), f"{judged} / {other}"))
    if rounding.smooth(known[judged].shape).all():  # no line looks at what is on a kink
        candidates += _of_lines(judged, lines)
    if not candidates:
        return None
    absolute, by = min(candidates)
    largest = float(np.max(np.abs(known[judged]), initial=0.0))
    return Sensitivity(absolute, absolute / largest if largest else float("inf"), by)


def _of_lines(judged: str, lines: Sequence[Line]) -> Iterator[tuple[float, str]]:
    """Yield by each witness what it detects of one element: in each part by its best line, in the worst part."""
    best: dict[tuple[str, int], float] = defaultdict(lambda: np.inf)
    for line in lines:
        if line.purpose == "random" and line.part != APART:
            allowed, error = line.allowed[judged], abs(line.slopes[judged] - line.value)
            key = line.witness, line.part
            best[key] = min(best[key], allowed + error if error <= allowed else np.inf)
    for witness in dict.fromkeys(name for name, _ in best):
        worst = max(room for (name, _), room in best.items() if name == witness)
        if np.isfinite(worst):
            yield worst, f"{judged} / {witness}"


def _with_wrong_elements(
    point: JudgedPoint, results: RouteResults, tensor: TensorJudgement, blame: str, rounding: Rounding
) -> TensorJudgement:
    """Add which elements the blamed route has wrong, from a gradient that is right, else by bisection."""
    if tensor.agrees or tensor.name not in results.gradients[blame]:
        return tensor
    got = results.gradients[blame][tensor.name]
    by_name = {route.name: route for route in point.gradient_routes}
    right = trusted(tensor, blame, [name for name, found in results.gradients.items() if tensor.name in found])
    if right is not None:
        expected = results.gradients[right][tensor.name]
        scale = float(np.max(np.abs(expected), initial=0.0))
        wrong = differing(got, expected, point.allowance.of_elements(by_name[blame], by_name[right], scale, rounding))
    elif point.slope_routes:
        witness = point.slope_routes[-1]

        def residual(v: Array) -> tuple[float, float]:
            found = witness.slope(tensor.name, v)
            return found.value - float(np.sum(got * v)), point.allowance.of_slope(
                by_name[blame], got, found, v, rounding
            )

        wrong = bisect(residual, got, random_direction(point.conditions.seed, 0, 0, got.shape))
    else:
        return tensor
    return replace(tensor, wrong=wrong.count, wrong_elements=wrong.worst)
