"""A judgement on the terminal: a table for 100 columns, or 80 without a figure, what is wrong, the verdict last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ms_dnn.judge.report.agreement import (
    LEGEND,
    MARKS,
    SEVERITY_MARKS,
    VERDICT_MARKS,
    Relation,
    blame_matrix,
    describe_forward,
    describe_kink,
    describe_part,
    gravest_first,
    kinks,
    letters,
    relation,
    relation_on,
    worst_pair,
)
from ms_dnn.presentation.notation import counted, index_text, plain, shape_text, size_text, value_text

if TYPE_CHECKING:
    from ms_dnn.judge.judgement import Judgement, PairResult, TensorJudgement

COLOURS = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow"}
STYLES: dict[Relation, str] = {"agree": "green", "differ": "bold red", "undecided": "yellow", "apart": "dim"}
SEVERITY_STYLES = {"error": "red", "warning": "yellow", "note": "dim"}
FULL_WIDTH = 100
"""Columns that a table with every figure may take; where there are fewer, some are left out before names are broken."""
MOST_ELEMENTS = 3
"""Wrong elements shown of one tensor."""
MOST_LINES = 12
"""Lines of any one list; the JSON has them all."""


def print_judgement(console: Console, judgement: Judgement) -> None:
    """Print what was judged, one row a tensor, who agrees with whom, what is wrong, and the verdict last.

    Every mark is readable without colour: ✓ agrees, ✗ differs, ~ says nothing, · was not compared.
    """
    conditions = judgement.conditions
    say(console, f"{conditions.subject}, {conditions.dtype} on {conditions.device}", "bold")
    say(console, *_forward(judgement))
    console.print()
    if judgement.tensors:
        table = _tensor_table(judgement)
        in_full = console.measure(table, options=console.options.update(width=FULL_WIDTH)).maximum
        if console.width < in_full:
            table = _tensor_table(judgement, narrow=True)
        console.print(table)
        console.print()
    if len(judgement.routes) > 1:
        console.print(_matrix_table(judgement))
        say(console, LEGEND, "dim")
        console.print()
    for lines in (_wrong_elements(judgement), _kinks(judgement), _findings(judgement), _faulty(judgement)):
        for text, style in lines[:MOST_LINES]:
            say(console, text, style)
        if len(lines) > MOST_LINES:
            say(console, f"  … and {len(lines) - MOST_LINES} more like these (the JSON has them all)", "dim")
    verdict = judgement.verdict.value
    last = Text(f"{VERDICT_MARKS[verdict]} {verdict}", style=COLOURS[verdict])
    last.append(f" in {judgement.seconds:.1f} s: {plain(judgement.reason)}", style="default")
    if judgement.blame and judgement.blame not in judgement.reason:
        last.append(f" (blamed: {plain(judgement.blame)})", style="default")
    console.print(last)


def say(console: Console, sentence: str, style: str = "") -> None:
    """Print one sentence as it stands: brackets in it are no markup, control characters are dropped."""
    indent = len(sentence) - len(sentence.lstrip(" "))
    console.print(Text(" " * indent + plain(sentence), style=style), highlight=False)


def _forward(judgement: Judgement) -> tuple[str, str]:
    sentence = describe_forward(judgement.forward)
    if not judgement.forward.within:
        return f"✗ {sentence}", "red"
    return (f"✓ {sentence}" if len(judgement.forward.values) > 1 else sentence), ""


def _tensor_table(judgement: Judgement, narrow: bool = False) -> Table:
    kinked = any(kinks(tensor) for tensor in judgement.tensors)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    table.add_column("")
    table.add_column("\ntensor", overflow="fold")
    table.add_column("\nshape", justify="right", overflow="fold")
    worst = "worst / allowed" if narrow else "worst error / allowed"
    table.add_column(f"elements\n{worst}", no_wrap=True)
    table.add_column(f"slopes\n{worst}", no_wrap=True)
    if kinked:
        table.add_column("\nkinks", justify="right", no_wrap=True)
    table.add_column("would\ncatch" if narrow else "would catch\n(of the largest)", no_wrap=True)
    for tensor in judgement.tensors:
        row = [_mark(relation_on(judgement, tensor)), Text(plain(tensor.name)), Text(shape_text(tensor.shape))]
        row += [_worst(worst_pair(tensor, "elements")), _worst(worst_pair(tensor, "directions"))]
        if kinked:
            row.append(_kink_count(tensor))
        table.add_row(*row, _sensitivity(tensor, narrow))
    return table


def _mark(relation: Relation, text: str = "") -> Text:
    return Text(text or MARKS[relation], style=STYLES[relation])


def _worst(pair: PairResult | None) -> Text:
    if pair is None:
        return _mark("apart")
    kind = relation(pair)
    return _mark(kind, f"{MARKS[kind]} {size_text(pair.relative_error)} / {size_text(pair.tolerance)}")


def _kink_count(tensor: TensorJudgement) -> Text:
    found = kinks(tensor)
    return Text(f"{len(found)} of {len(tensor.lines)}", style="yellow") if found else _mark("apart")


def _sensitivity(tensor: TensorJudgement, narrow: bool) -> Text:
    if tensor.sensitivity is None:
        return Text("nothing", style="yellow") if tensor.agrees else _mark("apart")
    of_largest = "" if narrow else f" ({size_text(tensor.sensitivity.relative)})"
    return Text(f"≥ {size_text(tensor.sensitivity.absolute)}{of_largest}")


def _matrix_table(judgement: Judgement) -> Table:
    short, cells = letters(judgement), blame_matrix(judgement)
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    table.add_column(f"on {counted(len(judgement.tensors), 'tensor')}", overflow="fold")
    for route in judgement.routes:
        table.add_column(short[route], no_wrap=True)
    for first in judgement.routes:
        style = "bold red" if first == judgement.blame else ""
        row = [Text(f"{short[first]} {plain(first)}", style=style)]
        for second in judgement.routes:
            if first == second:
                row.append(Text("\\", style="dim"))
            else:
                cell = cells[first, second]
                row.append(_mark(cell.relation, cell.text))
        table.add_row(*row)
    return table


def _wrong_elements(judgement: Judgement) -> list[tuple[str, str]]:
    lines = []
    for tensor in judgement.tensors:
        if not tensor.wrong:
            continue
        size = 1
        for length in tensor.shape:
            size *= length
        lines.append((f"✗ {tensor.name}: {tensor.wrong} of {size} elements wrong", "red"))
        lines += [
            (
                f"    {index_text(one.index)}: got {value_text(one.got)}, expected {value_text(one.expected)}",
                "",
            )
            for one in tensor.wrong_elements[:MOST_ELEMENTS]
        ]
    return lines


def _kinks(judgement: Judgement) -> list[tuple[str, str]]:
    return [
        (
            f"~ {tensor.name} sits on a kink: {describe_kink(line)}",
            "yellow",
        )
        for tensor in judgement.tensors
        for line in kinks(tensor)
    ]


def _findings(judgement: Judgement) -> list[tuple[str, str]]:
    return [
        (f"{SEVERITY_MARKS[finding.severity]} {finding.message}", SEVERITY_STYLES[finding.severity])
        for finding in gravest_first(judgement)
        if finding.message != judgement.reason  # the last line says it
    ]


def _faulty(judgement: Judgement) -> list[tuple[str, str]]:
    return [(f"✗ {part.part} {part.tensor}: {describe_part(part)}", "bold red") for part in judgement.faulty]
