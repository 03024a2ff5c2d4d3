"""Who agrees with whom: one mark a pair of routes, a matrix over all tensors, the worst of each kind, in sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ms_dnn.presentation.notation import index_text, size_text

if TYPE_CHECKING:
    from ms_dnn.judge.judgement import (
        FaultyPart,
        Finding,
        ForwardAgreement,
        Judgement,
        Line,
        PairResult,
        TensorJudgement,
    )

Relation = Literal["agree", "differ", "undecided", "apart"]
MARKS: dict[Relation, str] = {"agree": "✓", "differ": "✗", "undecided": "~", "apart": "·"}
LEGEND = "✓ agree, ✗ differ, ~ says nothing, · not compared"
SEVERITY_MARKS = {"error": "✗", "warning": "!", "note": "·"}
SEVERITIES = tuple(SEVERITY_MARKS)
VERDICT_MARKS = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "~"}


def relation(pair: PairResult | None) -> Relation:
    """Return what one pair says of one tensor."""
    if pair is None:
        return "apart"
    if not pair.within:
        return "differ"
    return "agree" if pair.decisive else "undecided"


def excess(pair: PairResult) -> float:
    """Return error / allowed: 0 for none, ∞ where anything is not a number."""
    error, tolerance = pair.relative_error, pair.tolerance
    if math.isnan(error) or math.isnan(tolerance):
        return math.inf
    if error == 0 or math.isinf(tolerance):
        return 0.0
    return error / tolerance if tolerance else math.inf


def worst_pair(tensor: TensorJudgement, by: str) -> PairResult | None:
    """Return the pair of one kind that says the worst: one that differs before one that agrees, then by the excess."""
    pairs = [pair for pair in tensor.pairs if pair.by == by]
    return max(pairs, key=lambda pair: (not pair.within, excess(pair)), default=None)


def excess_of_tensor(tensor: TensorJudgement) -> float:
    """Return the largest error / allowed over all pairs."""
    return max((excess(pair) for pair in tensor.pairs), default=0.0)


def relation_on(judgement: Judgement, tensor: TensorJudgement) -> Relation:
    """Return what the whole run says of one tensor, findings included."""
    errors = {finding.tensor for finding in judgement.findings if finding.severity == "error"}
    warnings = {finding.tensor for finding in judgement.findings if finding.severity == "warning"}
    if not tensor.agrees or tensor.name in errors:
        return "differ"
    decided = any(pair.decisive and _code_of(pair.first) != _code_of(pair.second) for pair in tensor.pairs)
    return "agree" if decided and tensor.name not in warnings else "undecided"


def _code_of(route: str) -> str:
    """Return whose code a route runs: that it agrees with itself, compiled or in another precision, decides nothing."""
    return route.partition(" (")[0]


@dataclass(frozen=True)
class MatrixCell:
    """Two routes over all tensors.

    Attributes:
        relation: the worst that the pair says of any tensor.
        count: on how many tensors it says so.
        total: how many tensors there are.
    """

    relation: Relation
    count: int
    total: int

    @property
    def text(self) -> str:
        """The mark, with the number of tensors unless it stands for all of them: "✓", "✗ 2/6"."""
        mark = MARKS[self.relation]
        if self.relation == "apart" or (self.count == self.total and self.relation != "differ"):
            return mark
        return f"{mark} {self.count}/{self.total}"


def blame_matrix(judgement: Judgement) -> dict[tuple[str, str], MatrixCell]:
    """Return a cell for each ordered pair of two routes; the matrix is symmetric."""
    found: dict[frozenset[str], list[Relation]] = {}
    for tensor in judgement.tensors:
        for pair in tensor.pairs:
            found.setdefault(frozenset((pair.first, pair.second)), []).append(relation(pair))
    total = len(judgement.tensors)
    cells = {}
    for first in judgement.routes:
        for second in judgement.routes:
            if first != second:
                cells[first, second] = _cell(found.get(frozenset((first, second)), []), total)
    return cells


def _cell(relations: list[Relation], total: int) -> MatrixCell:
    order: tuple[Relation, ...] = ("differ", "agree", "undecided")
    for one in order:
        if one in relations:
            return MatrixCell(one, relations.count(one), total)
    return MatrixCell("apart", total, total)


def letters(judgement: Judgement) -> dict[str, str]:
    """Return a short name for each route: a, b, c, …"""
    return {route: chr(ord("a") + i) if i < 26 else str(i + 1) for i, route in enumerate(judgement.routes)}


def kinks(tensor: TensorJudgement) -> list[Line]:
    """Return the lines along which the slope jumps at the very point that is judged."""
    return [line for line in tensor.lines if line.kind == "kink"]


def gravest_first(judgement: Judgement) -> list[Finding]:
    """Return the findings: errors, then warnings, then notes."""
    return sorted(judgement.findings, key=lambda finding: SEVERITIES.index(finding.severity))


def describe_forward(forward: ForwardAgreement) -> str:
    """Return one sentence on the forward passes: whether they agree, to what, and on which J."""
    if len(forward.values) < 2:
        return ", ".join(f"J = {value:.6g} by {name}" for name, value in forward.values.items())
    names, judged = " and ".join(forward.values), next(iter(forward.values.values()))
    difference = f"{size_text(forward.relative_error)} (allowed {size_text(forward.tolerance)})"
    if forward.within:
        return f"J = {judged:.6g}: the forward passes of {names} agree to {difference}"
    values = ", ".join(f"{value!r} by {name}" for name, value in forward.values.items())
    return f"the forward passes differ by {difference}: J is {values}"


def describe_part(part: FaultyPart) -> str:
    """Return what is the matter with a part that is wrong by itself: what it looks like, and by how much it is off."""
    diagnosis = part.diagnosis or "wrong by itself, and like no fault that is known"
    return f"{diagnosis} (relative error {size_text(part.relative_error)})"


def describe_pair(pair: PairResult) -> str:
    """Return one sentence on what two routes say of one tensor."""
    says = {"differ": "differ by", "undecided": "say nothing:", "agree": "agree to"}[relation(pair)]
    where = f" at {index_text(pair.worst)}" if pair.worst and not pair.within else ""
    size = f"{size_text(pair.relative_error)} (allowed {size_text(pair.tolerance)}, by {pair.by}){where}"
    return f"{pair.first} and {pair.second} {says} {size}"


def describe_kink(line: Line) -> str:
    """Return both one-sided slopes."""
    return f"slope {line.left:.6g} on one side, {line.right:.6g} on the other ({line.witness}, {line.purpose} line)"
