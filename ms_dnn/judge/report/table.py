"""A judgement as lines and tables: 100 columns, or 80 with a figure less; what is wrong, and the verdict last."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from ms_dnn.judge.judgement import Judgement, PairResult, Relation, TensorJudgement
from ms_dnn.judge.report.agreement import (
    LEGEND,
    MARKS,
    SEVERITY_MARKS,
    TONES,
    VERDICT_MARKS,
    describe_element,
    describe_kink,
    describe_part,
    letters,
)
from ms_dnn.presentation.document import Block, Cell, Column, Table, TextLine, Tone, line
from ms_dnn.presentation.notation import counted, shape_text, size_text

VERDICT_TONES: dict[str, Tone] = {"PASS": "best", "FAIL": "bad", "INCONCLUSIVE": "unsure"}
SEVERITY_TONES: dict[str, Tone] = {"error": "bad", "warning": "unsure", "note": "quiet"}
MOST_ELEMENTS = 3
"""Wrong elements shown of one tensor."""
MOST_LINES = 12
"""Lines of any one list; the JSON has them all."""


def judgement_report(judgement: Judgement) -> list[Block]:
    """Return what was judged, a row a tensor, which routes agree, what is wrong, and the verdict last.

    Every mark is readable without colour: ✓ agrees, ✗ differs, ~ is inconclusive, · was not compared.
    """
    conditions, forward = judgement.conditions, judgement.forward
    mark: Cell = ("✗", "bad") if not forward.within else ("✓" if len(forward.values) > 1 else "")
    blocks: list[Block] = [
        line(f"{conditions.subject}, {conditions.dtype} on {conditions.device}", "strong"),
        TextLine((*((mark,) if mark else ()), (forward.describe(), "" if forward.within else "bad"))),
        line(),
    ]
    if judgement.tensors:
        full, narrow = tensor_table(judgement), tensor_table(judgement, "narrow")
        blocks += [Table(full.columns, full.rows, narrow), line()]
    if len(judgement.routes) > 1:
        blocks += [matrix_table(judgement), line(LEGEND, "quiet"), line()]
    for lines in (_wrong_elements(judgement), _kinks(judgement), _findings(judgement), _faulty(judgement)):
        blocks += lines[:MOST_LINES]
        if len(lines) > MOST_LINES:
            blocks.append(line(f"  … and {len(lines) - MOST_LINES} more like these (the JSON has them all)", "quiet"))
    verdict = judgement.verdict.value
    reason = f"in {judgement.seconds:.1f} s: {judgement.reason}"
    if judgement.blame and judgement.blame not in judgement.reason:
        reason += f" (blamed: {judgement.blame})"
    blocks.append(TextLine(((f"{VERDICT_MARKS[verdict]} {verdict}", VERDICT_TONES[verdict]), reason)))
    return blocks


def tensor_table(judgement: Judgement, detail: Literal["narrow", "usual", "full"] = "usual") -> Table:
    """Return a row a tensor: the worst errors beside what was allowed, and the smallest error that shows."""
    narrow, full = detail == "narrow", detail == "full"
    kinked = any(tensor.kinks for tensor in judgement.tensors)
    worst = "worst / allowed" if narrow else "worst error / allowed"
    columns = [
        Column(),
        Column("\ntensor", fold=True),
        Column("\nshape", "right", fold=True),
        Column(f"elements\n{worst}"),
        Column(f"directional{'' if narrow else ' derivatives'}\n{worst}"),
        *([Column("\nkinks", "right")] if kinked else []),
        Column("detects\nerrors" if narrow else "smallest detectable\n(of the largest)"),
        *([Column("by"), Column("largest |g|", "right")] if full else []),
    ]
    rows = []
    for tensor in judgement.tensors:
        row = [_mark(judgement.relation_on(tensor)), tensor.name, shape_text(tensor.shape)]
        row += [_worst(tensor.worst_pair(by)) for by in ("elements", "directions")]
        if kinked:
            row.append((f"{len(tensor.kinks)} of {len(tensor.lines)}", "unsure") if tensor.kinks else _mark("apart"))
        row.append(_sensitivity(tensor, narrow))
        if full:
            row.append("–" if tensor.sensitivity is None else tensor.sensitivity.by)
            row.append(size_text(max(tensor.largest.values(), default=0.0)))
        rows.append(row)
    return Table(columns, rows)


def matrix_table(judgement: Judgement) -> Table:
    """Return which routes agree: for each two the worst that they say of any tensor, and of how many they say so."""
    short, total = letters(judgement), len(judgement.tensors)
    found: dict[frozenset[str], list[Relation]] = {}
    for tensor in judgement.tensors:
        for pair in tensor.pairs:
            found.setdefault(frozenset((pair.first, pair.second)), []).append(pair.relation)
    columns = [Column(f"on {counted(total, 'tensor')}", fold=True)]
    columns += [Column(short[route], "center") for route in judgement.routes]
    rows = []
    for first in judgement.routes:
        row: list[Cell] = [(f"{short[first]} {first}", "bad" if first == judgement.blame else "")]
        for second in judgement.routes:
            relations = found.get(frozenset((first, second)), [])
            row.append(("\\", "quiet") if first == second else _over_tensors(relations, total))
        rows.append(row)
    return Table(columns, rows)


def _over_tensors(relations: Sequence[Relation], total: int) -> Cell:
    """Return the mark of the worst relation, with its number of tensors unless it stands for all: "✓", "✗ 2/6"."""
    order: tuple[Relation, ...] = ("differ", "agree", "undecided")
    worst: Relation = next((one for one in order if one in relations), "apart")
    count = relations.count(worst)
    if worst == "apart" or (count == total and worst != "differ"):
        return _mark(worst)
    return f"{MARKS[worst]} {count}/{total}", TONES[worst]


def _mark(relation: Relation) -> Cell:
    return MARKS[relation], TONES[relation]


def _worst(pair: PairResult | None) -> Cell:
    if pair is None:
        return _mark("apart")
    sizes = f"{size_text(pair.relative_error)} / {size_text(pair.tolerance)}"
    return f"{MARKS[pair.relation]} {sizes}", TONES[pair.relation]


def _sensitivity(tensor: TensorJudgement, narrow: bool) -> Cell:
    if tensor.sensitivity is None:
        return ("nothing", "unsure") if tensor.agrees else _mark("apart")
    of_largest = "" if narrow else f" ({size_text(tensor.sensitivity.relative)})"
    return f"≥ {size_text(tensor.sensitivity.absolute)}{of_largest}"


def _wrong_elements(judgement: Judgement) -> list[TextLine]:
    lines = []
    for tensor in judgement.tensors:
        if tensor.wrong:
            lines.append(line(f"✗ {tensor.name}: {tensor.wrong} of {prod(tensor.shape)} elements wrong", "bad"))
        lines += [line(f"    {describe_element(one)}") for one in tensor.wrong_elements[:MOST_ELEMENTS]]
    return lines


def _kinks(judgement: Judgement) -> list[TextLine]:
    return [
        line(f"~ {tensor.name} sits on a kink: {describe_kink(one)}", "unsure")
        for tensor in judgement.tensors
        for one in tensor.kinks
    ]


def _findings(judgement: Judgement) -> list[TextLine]:
    return [
        line(f"{SEVERITY_MARKS[finding.severity]} {finding.message}", SEVERITY_TONES[finding.severity])
        for finding in judgement.gravest_first
        if finding.message != judgement.reason  # the last line says it
    ]


def _faulty(judgement: Judgement) -> list[TextLine]:
    return [line(f"✗ {part.part} {part.tensor}: {describe_part(part)}", "bad") for part in judgement.faulty]
