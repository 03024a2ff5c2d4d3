"""A sweep on the terminal: a live table, or one line for each trial that has ended where nobody watches."""

from collections.abc import Mapping

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ms_dnn.sweep.outcome import BAD, SweepOutcome, TrialRow, short_names, shown_metric, shown_value

_STYLES = {"running": "cyan", "pruned": "dim", **dict.fromkeys(BAD, "red")}
_AROUND_THE_ROWS = 8  # lines of the terminal for head, sums and prompt
_MOST_ROWS = 25


class SweepProgress:
    """Shows the trials while they run; to be entered, and then told of each new state."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._told: set[int] | None = None

    def __enter__(self) -> "SweepProgress":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, outcome: SweepOutcome) -> None:
        """Take note of the trials that had ended before; of those no line is printed."""
        self._told = {row.number for row in outcome.finished}

    def show(self, outcome: SweepOutcome) -> None:
        """Show the trials as they are now."""
        if self._live is not None:
            rows = max(3, min(self._console.height - _AROUND_THE_ROWS, _MOST_ROWS))
            self._live.update(Group(sweep_table(outcome, rows), Text(_sums(outcome))), refresh=True)
            return
        told = self._told or set()
        for row in outcome.finished:
            if row.number not in told:
                told.add(row.number)
                self._console.print(_line(outcome, row, len(told)), highlight=False, soft_wrap=True)
        self._told = told


def sweep_table(outcome: SweepOutcome, most: int) -> Table:
    """Return a table of at most so many trials: the best one, those that run, and the latest."""
    table = Table(header_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("trial", justify="right")
    table.add_column("state")
    table.add_column(outcome.metric.removeprefix("validation_").replace("r2", "R²"), justify="right")
    for name in short_names(tuple(axis.address for axis in outcome.axes)):
        table.add_column(Text(name), justify="right", overflow="fold")
    best = outcome.best
    begun = [row for row in outcome.rows if row.state != "waiting"]
    shown = begun[-most:]
    if best is not None and best not in shown:
        shown = [best, *shown[1:]]
    for row in shown:
        cells = [shown_value(row.parameters[axis.address]) if row.parameters else "" for axis in outcome.axes]
        style = "bold green" if row is best else _STYLES.get(row.state, "")
        state = "best" if row is best else row.state
        if row.state == "running" and row.reports:
            state = f"report {row.reports}"
        table.add_row(str(row.number), state, shown_metric(row.value, outcome.metric), *cells, style=style)
    return table


def print_sweep(console: Console, outcome: SweepOutcome, importances: Mapping[str, float]) -> None:
    """Print what came of a sweep: its best trial, the importance of each key, and why trials failed."""
    best = outcome.best
    counts = ", ".join(f"{count} {state}" for state, count in outcome.counts.items())
    console.print(f"trials: {counts}", highlight=False, soft_wrap=True)
    _print_reasons(console, outcome)
    if best is None:
        return
    metric = outcome.metric.replace("_", " ").replace("r2", "R²")
    console.print(
        f"best: trial {best.number}, {metric} {shown_metric(best.value, outcome.metric)}",
        highlight=False, style="bold", soft_wrap=True,
    )  # fmt: skip
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("key")
    table.add_column("value", justify="right")
    if importances:
        table.add_column("importance", justify="right")
        table.add_column("")
    for axis in outcome.axes:
        share = importances.get(axis.address, 0.0)
        bar = (f"{share:.0%}", Text("█" * round(20 * share), style="blue")) if importances else ()
        table.add_row(Text(axis.address), shown_value(best.parameters[axis.address]), *bar)
    console.print(table)


def _print_reasons(console: Console, outcome: SweepOutcome) -> None:
    """Print each different reason once, with the first trial that it befell."""
    reasons: dict[str, list[TrialRow]] = {}
    for row in outcome.rows:
        if row.state in BAD:
            reasons.setdefault(row.reason if row.state != "diverged" else "diverged", []).append(row)
    for rows in reasons.values():
        others = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        line = f"trial {rows[0].number} {rows[0].state}{others}: {rows[0].reason}"
        console.print(line, highlight=False, soft_wrap=True, style="dim")


def _sums(outcome: SweepOutcome) -> str:
    counts = outcome.counts
    done = len(outcome.finished) - counts.get("lost", 0)
    others = ", ".join(f"{counts[state]} {state}" for state in ("running", "pruned", *BAD) if state in counts)
    best = outcome.best
    reached = "" if best is None else f"; best {shown_metric(best.value, outcome.metric)} (trial {best.number})"
    return f"\n{done} of {outcome.planned} trials ended{f' ({others})' if others else ''}{reached}"


def _line(outcome: SweepOutcome, row: TrialRow, ended: int) -> str:
    measured = "" if row.value is None else f" {shown_metric(row.value, outcome.metric)}"
    seconds = "" if row.seconds is None else f" in {row.seconds:.1f} s"
    names = short_names(tuple(axis.address for axis in outcome.axes))
    values = ", ".join(
        f"{name} {shown_value(row.parameters[axis.address])}"
        for name, axis in zip(names, outcome.axes, strict=True)
        if row.parameters
    )
    best = outcome.best
    reached = "" if best is None else f"  best {shown_metric(best.value, outcome.metric)} (trial {best.number})"
    return f"trial {row.number} ({ended}/{len(outcome.rows)}): {row.state}{measured}{seconds}  {values}{reached}"
