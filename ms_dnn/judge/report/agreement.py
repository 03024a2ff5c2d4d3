"""Which routes agree: one mark a pair, a matrix over all tensors, and in sentences."""

from __future__ import annotations

from dataclasses import dataclass

from ms_dnn.judge.judgement import FaultyPart, Judgement, Line, PairResult, Relation
from ms_dnn.presentation.document import Tone
from ms_dnn.presentation.notation import index_text, size_text

MARKS: dict[Relation, str] = {"agree": "✓", "differ": "✗", "undecided": "~", "apart": "·"}
TONES: dict[Relation, Tone] = {"agree": "good", "differ": "bad", "undecided": "unsure", "apart": "quiet"}
LEGEND = "✓ agree, ✗ differ, ~ inconclusive, · not compared"
SEVERITY_MARKS = {"error": "✗", "warning": "!", "note": "·"}
PURPOSES = {"random": "random direction", "duel": "direction of the difference"}
VERDICT_MARKS = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "~"}


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


def agreement_matrix(judgement: Judgement) -> dict[tuple[str, str], MatrixCell]:
    """Return a cell for each ordered pair of two routes; the matrix is symmetric."""
    found: dict[frozenset[str], list[Relation]] = {}
    for tensor in judgement.tensors:
        for pair in tensor.pairs:
            found.setdefault(frozenset((pair.first, pair.second)), []).append(pair.relation)
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


def describe_part(part: FaultyPart) -> str:
    """Return what is the matter with a part that is wrong by itself: what it looks like, and by how much it is off."""
    diagnosis = part.diagnosis or "wrong by itself, and like no fault that is known"
    return f"{diagnosis} (relative error {size_text(part.relative_error)})"


def describe_pair(pair: PairResult) -> str:
    """Return one sentence on what two routes say of one tensor."""
    says = {"differ": "differ by", "undecided": "are inconclusive:", "agree": "agree to"}[pair.relation]
    where = f" at {index_text(pair.worst)}" if pair.worst and not pair.within else ""
    size = f"{size_text(pair.relative_error)} (allowed {size_text(pair.tolerance)}, by {pair.by}){where}"
    return f"{pair.first} and {pair.second} {says} {size}"


def describe_kink(line: Line) -> str:
    """Return both one-sided derivatives along a line."""
    along = f"{line.witness}, {PURPOSES[line.purpose]}"
    return f"derivative {line.left:.6g} on one side, {line.right:.6g} on the other ({along})"
