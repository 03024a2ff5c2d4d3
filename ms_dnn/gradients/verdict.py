"""From what was found to a verdict, a reason and the route to blame."""

from __future__ import annotations

from collections.abc import Sequence

from ms_dnn.gradients.comparison import Finding, ForwardAgreement, PairResult, TensorComparison, Verdict

FORWARD = "forward"


def decide(
    forward: ForwardAgreement, tensors: Sequence[TensorComparison], findings: Sequence[Finding], witnesses: set[str]
) -> tuple[Verdict, str, str | None]:
    """Return the verdict, its reason and whom it blames.

    Args:
        forward: agreement of the forward passes.
        tensors: the comparisons.
        findings: everything else that was found.
        witnesses: routes that train nobody: one that is alone against the others makes the run inconclusive.
    """
    if not forward.within:
        return Verdict.FAIL, _forwards_differ(forward), FORWARD
    errors = [finding for finding in findings if finding.severity == "error"]
    guilty = [finding for finding in errors if finding.route not in witnesses]
    if guilty:
        return Verdict.FAIL, guilty[0].message, guilty[0].route
    outside = [tensor for tensor in tensors if not tensor.agrees]
    if outside:
        return _disagreement(outside, tensors, witnesses)
    if findings:
        first = (errors or list(findings))[0]
        return Verdict.INCONCLUSIVE, first.message, first.route if errors else None
    for tensor in tensors:
        if not any(pair.decisive for pair in tensor.pairs):
            return Verdict.INCONCLUSIVE, f"no two routes could be compared on {tensor.name} to any use", None
    return Verdict.PASS, f"all routes agree on all {len(tensors)} parameters", None


def odd_one_out(pairs: Sequence[PairResult]) -> str | None:
    """Return the one route that is in every pair outside its tolerance, while two others agree; else None."""
    outside = [{pair.first, pair.second} for pair in pairs if not pair.within]
    inside = [{pair.first, pair.second} for pair in pairs if pair.within and pair.decisive]
    if not outside:
        return None
    suspects = set.intersection(*outside)
    if len(suspects) != 1:
        return None
    (suspect,) = suspects
    return suspect if any(suspect not in pair for pair in inside) else None


def _disagreement(
    outside: Sequence[TensorComparison], tensors: Sequence[TensorComparison], witnesses: set[str]
) -> tuple[Verdict, str, str | None]:
    blamed = {odd_one_out(tensor.pairs) for tensor in outside} - {None}
    blame = blamed.pop() if len(blamed) == 1 else None
    # An error of the backward pass spreads to the layers below, never to those above.
    top = outside[-1]
    worst = max((pair for pair in top.pairs if not pair.within), key=lambda pair: pair.relative_error)
    others = f" and {len(outside) - 1} parameters before it" if len(outside) > 1 else ""
    reason = (
        f"{worst.first} and {worst.second} differ by {worst.relative_error:.1e} (allowed {worst.tolerance:.1e}) "
        f"on {top.name} at {list(worst.worst)}{others}"
    )
    if blame is None:
        return Verdict.FAIL, reason, None
    reason = f"{blame} is alone against the others: {reason}"
    return (Verdict.INCONCLUSIVE if blame in witnesses else Verdict.FAIL), reason, blame


def _forwards_differ(forward: ForwardAgreement) -> str:
    return (
        f"the forward passes differ: the cost is {forward.mindspore!r} by MindSpore and {forward.numpy!r} by NumPy, "
        f"{forward.relative_error:.1e} apart (allowed {forward.tolerance:.1e})"
    )
