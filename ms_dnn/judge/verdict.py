"""From what was found to a verdict, a reason and the route to blame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ms_dnn.judge.judgement import (
    DETOUR,
    IN_PLACE,
    NO_FLOAT64,
    STALE,
    STOP,
    Finding,
    ForwardAgreement,
    PairResult,
    TensorJudgement,
    Verdict,
)
from ms_dnn.judge.routes.base import IN_FLOAT64, family

FORWARD = "forward"
COARSE_DIFFERENCES = 2e-3
"""Relative error up to which float32 differences, where they alone disagree, may have crossed a kink."""
CAUSES = (DETOUR, STOP, IN_PLACE)
"""Findings that explain why the routes disagree."""
FURTHER = 3.0
"""Times as far from a third route as the other: only then is one of two the wrong one."""


def decide(
    forward: ForwardAgreement,
    tensors: Sequence[TensorJudgement],
    findings: Sequence[Finding],
    witnesses: set[str],
    judged: str,
) -> tuple[Verdict, str, str | None]:
    """Return the verdict, its reason and whom it blames.

    Args:
        forward: agreement of the forward passes.
        tensors: the comparisons.
        findings: everything else that was found; the notes among them are passed over.
        witnesses: reference routes: one that is alone against the others makes the run inconclusive.
        judged: the route that must have been compared to some use.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    guilty = [finding for finding in errors if finding.route not in witnesses]
    if guilty:
        return Verdict.FAIL, guilty[0].message, None if guilty[0].route == "all" else guilty[0].route
    if not forward.within:
        return Verdict.FAIL, forward.describe(), FORWARD
    aside = {finding.route for finding in findings if finding.kind == STALE and not _is_judged(finding.route, judged)}
    tensors = [_without(tensor, aside) for tensor in tensors]
    outside = [tensor for tensor in tensors if not tensor.agrees]
    twins = {name for name in witnesses if name.endswith(IN_FLOAT64)}
    if outside and all(_is_off(twins, tensor) for tensor in outside):
        # MindSpore's operation in float64 is another operation: the judged one is judged by the others.
        standing = [_without(tensor, _in_float64(tensor)) for tensor in tensors]
        if all(tensor.agrees and tensor.is_decided(judged) for tensor in standing):
            outside, tensors, aside = [], standing, aside | twins
    if outside:
        verdict, reason, blame = _disagreement(outside, witnesses)
        coarse = [finding.message for finding in findings if finding.kind == NO_FLOAT64]
        off = [pair for tensor in outside for pair in tensor.pairs if not pair.within]
        of_differences = all(pair.by == "directions" and pair.relative_error < COARSE_DIFFERENCES for pair in off)
        if coarse and of_differences and blame is None and not any(finding.kind in CAUSES for finding in findings):
            # In float32, differences that cross a kink may agree with each other by chance.
            return Verdict.INCONCLUSIVE, f"{reason}; {coarse[0]}", None
        causes = [finding.message for finding in findings if finding.kind in CAUSES or finding.route in (blame, judged)]
        return verdict, "; ".join([*causes[:1], reason]), blame
    warnings = [finding for finding in findings if finding.severity != "note"]
    if warnings:
        first = (errors or warnings)[0]
        return Verdict.INCONCLUSIVE, first.message, first.route if errors else None
    for tensor in tensors:
        if not tensor.is_decided(judged):
            return Verdict.INCONCLUSIVE, _undecided(tensor, judged), None
    kinds = {tensor.kind for tensor in tensors}
    what = f"{next(iter(kinds))}s" if len(kinds) == 1 else "parameters and inputs"
    but = f" but {', '.join(sorted(aside))}" if aside else ""
    return Verdict.PASS, f"all routes{but} agree on all {len(tensors)} {what}", None


def _is_judged(route: str, judged: str) -> bool:
    return family(route) == family(judged) and not route.endswith(IN_FLOAT64)


def _is_off(twins: set[str], tensor: TensorJudgement) -> bool:
    """Return whether the differences, too, disagree with what MindSpore makes of a float32 function in float64."""
    return any(pair.by == "directions" and pair.first in twins and not pair.within for pair in tensor.pairs)


def _in_float64(tensor: TensorJudgement) -> set[str]:
    return {name for pair in tensor.pairs for name in (pair.first, pair.second) if name.endswith(IN_FLOAT64)}


def _without(tensor: TensorJudgement, routes: set[str]) -> TensorJudgement:
    kept = [pair for pair in tensor.pairs if not {pair.first, pair.second} & routes]
    return replace(tensor, pairs=tuple(kept))


def blamed_on(tensor: TensorJudgement) -> str | None:
    """Return the route to blame for what one tensor shows, None when that cannot be told.

    Of two routes that disagree, that one is wrong which lies further from a third, whose code is neither's. Where there
    are several thirds, the sharpest decides: the one that lies nearest to one of the two.
    """
    blamed = {_further(pair, tensor.pairs) for pair in tensor.pairs if not pair.within}
    families = {family(route) for route in blamed if route is not None}
    if None in blamed or len(families) != 1:
        return None
    name = families.pop()
    routes = [route for pair in tensor.pairs for route in (pair.first, pair.second) if family(route) == name]
    # One mode of a route that is alone in its error is named by its full name, the code by its own.
    return next(route for route in routes if route in blamed) if blamed != set(routes) else routes[0]


def _further(pair: PairResult, pairs: Sequence[PairResult]) -> str | None:
    between = {frozenset((one.first, one.second)): one.relative_error for one in pairs}
    routes = dict.fromkeys(route for one in pairs for route in (one.first, one.second))
    taken = {family(pair.first), family(pair.second)}
    best: tuple[float, float, float] | None = None
    for third in routes:
        first, second = (between.get(frozenset((route, third))) for route in (pair.first, pair.second))
        if family(third) in taken or first is None or second is None:
            continue
        if best is None or min(first, second) < best[0]:
            best = (min(first, second), first, second)
    if best is None:
        return None
    _, first, second = best
    if first > FURTHER * second:
        return pair.first
    return pair.second if second > FURTHER * first else None


def _disagreement(outside: Sequence[TensorJudgement], witnesses: set[str]) -> tuple[Verdict, str, str | None]:
    blamed = {name if name in witnesses else name.removesuffix(IN_FLOAT64) for name in map(blamed_on, outside) if name}
    # Of one code, in one mode here and in all modes there, the shorter name is that of all.
    blame = min(blamed, key=len) if len({family(name) for name in blamed}) == 1 else None
    # An error of the backward pass spreads to what lies below, never to what lies above.
    top = outside[-1]
    worst = max((pair for pair in top.pairs if not pair.within), key=lambda pair: pair.relative_error)
    others = f" and {len(outside) - 1} tensors before it" if len(outside) > 1 else ""
    where = "" if not worst.worst else f" at {list(worst.worst)}"
    reason = (
        f"{worst.first} and {worst.second} differ by {worst.relative_error:.1e} (allowed {worst.tolerance:.1e}) "
        f"on {top.name}{where}{others}"
    )
    if blame is None:
        return Verdict.FAIL, reason, None
    reason = f"{blame} is alone against the others: {reason}"
    return (Verdict.INCONCLUSIVE if blame in witnesses else Verdict.FAIL), reason, blame


def _undecided(tensor: TensorJudgement, judged: str) -> str:
    if not tensor.kinks:
        return f"{judged} could be compared with no route of other code on {tensor.name} to any use"
    line = tensor.kinks[0]
    low, high = min(line.left, line.right) - line.error, max(line.left, line.right) + line.error
    where = "lie" if all(low <= slope <= high for slope in line.slopes.values()) else "do not all lie"
    return (
        f"{tensor.name} sits on a kink: along a random line the derivative is {line.left:.6g} on one side and "
        f"{line.right:.6g} on the other, and the routes {where} between them: judge at another point"
    )
