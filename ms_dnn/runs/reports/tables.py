"""Results as tables on the terminal."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_confusion(console: Console, names: Sequence[str], confusion: NDArray[Any]) -> None:
    """Print the counts of right class (rows) against answer (columns); mistakes stand out, zeros recede."""
    console.print("Confusion matrix (row: right class, column: answer)")
    table = Table()
    table.add_column("")
    for name in names:
        table.add_column(Text(name), justify="right")
    table.add_column("recall", justify="right")
    for i, name in enumerate(names):
        row = [_count(int(confusion[i, j]), i == j) for j in range(len(names))]
        total = int(confusion[i].sum())
        table.add_row(Text(name), *row, f"{confusion[i, i] / total:.1%}" if total else "–")
    console.print(table)


def _count(count: int, right: bool) -> Text:
    if count == 0:
        return Text("·", style="dim")
    return Text(str(count), style="green" if right else "bold red")


def print_answers(
    console: Console,
    row_names: Sequence[str],
    answers: Sequence[Any],
    probabilities: NDArray[Any] | None,
    class_names: Sequence[str],
    labels: Sequence[Any] | None,
) -> None:
    """Print one line a sample: its name, the answer, the likeliest classes, and the label if there is one."""
    table = Table()
    table.add_column("sample")
    table.add_column("answer", justify="right", style="bold")
    if probabilities is not None:
        table.add_column("probability")
    if labels is not None:
        table.add_column("label", justify="right")
    for i, (name, answer) in enumerate(zip(row_names, answers, strict=True)):
        shown = ", ".join(f"{value:.4g}" for value in answer) if isinstance(answer, list) else str(answer)
        likely = [] if probabilities is None else [_likeliest(probabilities[i], class_names)]
        label = [] if labels is None else [str(labels[i])]
        table.add_row(*(Text(cell) for cell in (name, shown, *likely, *label)))
    console.print(table)


def _likeliest(probabilities: NDArray[Any], names: Sequence[str]) -> str:
    order = probabilities.argsort()[::-1][:3]
    return "  ".join(f"{names[j]} {probabilities[j]:.1%}" for j in order)
