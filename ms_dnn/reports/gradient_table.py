"""A comparison of gradients as a table that fits 80 columns, and its verdict in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ms_dnn.gradients.comparison import Comparison, PairResult, TensorComparison

ABBREVIATIONS = {
    "handwritten": "hand",
    "grad_operation": "GradOp",
    "central_differences": "central",
    "complex_step": "complex",
}
COLOURS = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow"}
MARKS = {"error": "✗", "warning": "!"}


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print one row a parameter, the largest relative error of each pair of routes in it, then the verdict.

    ✗ marks an error beyond what is allowed, ~ one of which nothing follows because too much had to be allowed; both
    are readable without colour.
    """
    conditions, forward = comparison.conditions, comparison.forward
    sizes = "-".join(str(size) for size in conditions.sizes)
    _say(
        console,
        f"{sizes}, {conditions.loss} ({conditions.reduction}), {conditions.samples} samples, {conditions.dtype} on "
        f"{conditions.device}",
    )
    agree = "agree" if forward.within else "✗ DIFFER"
    _say(
        console,
        f"cost {forward.mindspore:.6g}; MindSpore's and NumPy's forwards {agree}: "
        f"{forward.relative_error:.1e} (≤ {forward.tolerance:.0e})",
        style="" if forward.within else "red",
    )
    console.print("\nlargest relative error between two routes")
    console.print(_table(comparison))
    console.print()
    for finding in comparison.findings:
        _say(
            console, f"{MARKS[finding.severity]} {finding.message}", "red" if finding.severity == "error" else "yellow"
        )
    unsettled = sum(sum(tensor.unsettled.values()) for tensor in comparison.tensors)
    if unsettled:
        _say(
            console,
            f"{unsettled} elements were left out: no two steps of the differences agree there (a kink, or rounding).",
        )
    verdict = Text(comparison.verdict.value, style=COLOURS[comparison.verdict.value])
    console.print(verdict.append(f" in {comparison.seconds:.1f} s: {comparison.reason}", style="default"))


def _say(console: Console, sentence: str, style: str = "") -> None:
    console.print(Text(sentence, style=style))


def _table(comparison: Comparison) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("\nparameter", overflow="fold")
    table.add_column("\nshape", justify="right")
    table.add_column("\nchecked", justify="right")
    for pair in comparison.pairs:
        table.add_column(f"{_short(pair.first)}\n{_short(pair.second)}", justify="right", no_wrap=True)
    for tensor in comparison.tensors:
        results = {(result.first, result.second): result for result in tensor.pairs}
        cells = [_cell(results.get((pair.first, pair.second))) for pair in comparison.pairs]
        shape = "×".join(str(size) for size in tensor.shape)
        table.add_row(tensor.name, shape, _checked(tensor), *cells)
    return table


def _checked(tensor: TensorComparison) -> str:
    size = 1
    for length in tensor.shape:
        size *= length
    return "all" if tensor.elements == size else str(tensor.elements)


def _cell(result: PairResult | None) -> Text:
    if result is None:
        return Text("–", style="dim")
    if not result.within:
        return Text(f"✗{result.relative_error:.1e}", style="bold red")
    if not result.decisive:
        return Text(f"~{result.relative_error:.1e}", style="yellow")
    return Text(f"{result.relative_error:.1e}", style="green")


def _short(route: str) -> str:
    return ABBREVIATIONS.get(route, route[:8])
