"""Which routes agree: one mark a pair, a matrix over all tensors, and in sentences."""

from __future__ import annotations

from ms_dnn.judge.judgement import APART, FaultyPart, Judgement, Line, PairResult, Relation, WrongElement
from ms_dnn.presentation.document import Tone
from ms_dnn.presentation.notation import index_text, size_text, value_text

MARKS: dict[Relation, str] = {"agree": "✓", "differ": "✗", "undecided": "~", "apart": "·"}
TONES: dict[Relation, Tone] = {"agree": "good", "differ": "bad", "undecided": "unsure", "apart": "quiet"}
LEGEND = "✓ agree, ✗ differ, ~ inconclusive, · not compared"
SEVERITY_MARKS = {"error": "✗", "warning": "!", "note": "·"}
PURPOSES = {"random": "random direction", "duel": "direction of the difference"}
VERDICT_MARKS = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "~"}


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


def describe_element(wrong: WrongElement) -> str:
    """Return where it is, what the blamed route says, and what it should be."""
    return f"{index_text(wrong.index)}: got {value_text(wrong.got)}, expected {value_text(wrong.expected)}"


def describe_kink(line: Line) -> str:
    """Return both one-sided derivatives along a line."""
    along = f"{line.witness}, {'elements on kinks alone' if line.part == APART else PURPOSES[line.purpose]}"
    return f"derivative {line.left:.6g} on one side, {line.right:.6g} on the other ({along})"
