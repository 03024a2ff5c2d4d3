"""A sweep on the terminal: a live table, or one line for each trial that has ended where nobody watches."""

from collections.abc import Mapping

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ms_dnn.presentation.document import Block, Cell, Column, Table, TextLine, Tone, line
from ms_dnn.sweep.outcome import BAD, SweepOutcome, TrialRow, shown_metric, shown_value

_TONES: dict[str, Tone] = {"running": "strong", "pruned": "quiet", **dict.fromkeys(BAD, "bad")}
_AROUND_THE_ROWS = 9  # lines of the terminal for head, rule, sums and prompt
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
            self._live.update(Group(sweep_table(outcome, rows).rich(), Text(_sums(outcome))), refresh=True)
            return
        told = self._told or set()
        for row in outcome.finished:
            if row.number not in told:
                told.add(row.number)
                self._console.print(_line(outcome, row, len(told)), highlight=False, soft_wrap=True)
        self._told = told


def sweep_table(outcome: SweepOutcome, most: int) -> Table:
    """Return a table of at most so many trials: the best one, those that run, and the latest."""
    metric = outcome.metric.removeprefix("validation_").replace("r2", "R²")
    columns = [Column("trial", "right"), Column("state"), Column(metric, "right")]
    columns += [Column(name, "right", fold=True) for name in outcome.short_names]
    best = outcome.best
    shown = [row for row in outcome.rows if row.state != "waiting"][-most:]
    if best is not None and best not in shown:
        shown = [best, *shown[1:]]
    rows: list[list[Cell]] = []
    for row in shown:
        values = [shown_value(row.parameters[axis.address]) if row.parameters else "" for axis in outcome.axes]
        tone: Tone = "best" if row is best else _TONES.get(row.state, "")
        state = f"report {row.reports}" if row.state == "running" and row.reports else row.state
        cells = (str(row.number), "best" if row is best else state, shown_metric(row.value, outcome.metric), *values)
        rows.append([(cell, tone) for cell in cells])
    return Table(columns, rows)


def sweep_report(outcome: SweepOutcome, importances: Mapping[str, float]) -> list[Block]:
    """Return the result of a sweep: its best trial, the importance of each key, and why trials failed."""
    best = outcome.best
    counts = ", ".join(f"{count} {state}" for state, count in outcome.counts.items())
    blocks: list[Block] = [line(f"trials: {counts}", whole=True), *_reasons(outcome)]
    if best is None:
        return blocks
    metric = outcome.metric.replace("_", " ").replace("r2", "R²")
    reached = f"best: trial {best.number}, {metric} {shown_metric(best.value, outcome.metric)}"
    blocks.append(line(reached, "strong", whole=True))
    columns = [Column("key", fold=True), Column("value", "right", fold=True)]
    columns += [Column("importance", "right"), Column()] if importances else []
    rows = []
    for axis in outcome.axes:
        share = importances.get(axis.address, 0.0)
        bar = [f"{share:.0%}", "█" * round(20 * share)] if importances else []
        rows.append([axis.address, shown_value(best.parameters[axis.address]), *bar])
    return [*blocks, Table(columns, rows)]


def _reasons(outcome: SweepOutcome) -> list[TextLine]:
    """Return each different reason once, with the first trial that it stopped."""
    reasons: dict[str, list[TrialRow]] = {}
    for row in outcome.rows:
        if row.state in BAD:
            reasons.setdefault(row.reason if row.state != "diverged" else "diverged", []).append(row)
    lines = []
    for rows in reasons.values():
        others = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        lines.append(line(f"trial {rows[0].number} {rows[0].state}{others}: {rows[0].reason}", "quiet", whole=True))
    return lines


def _sums(outcome: SweepOutcome) -> str:
    counts = outcome.counts
    done = len(outcome.finished) - counts.get("lost", 0)
    others = ", ".join(f"{counts[state]} {state}" for state in ("running", "pruned", *BAD) if state in counts)
    reached = _best_so_far(outcome, "; ")
    return f"\n{done} of {outcome.planned} trials ended{f' ({others})' if others else ''}{reached}"


def _line(outcome: SweepOutcome, row: TrialRow, ended: int) -> str:
    measured = "" if row.value is None else f" {shown_metric(row.value, outcome.metric)}"
    seconds = "" if row.seconds is None else f" in {row.seconds:.1f} s"
    values = ", ".join(
        f"{name} {shown_value(row.parameters[axis.address])}"
        for name, axis in zip(outcome.short_names, outcome.axes, strict=True)
        if row.parameters
    )
    reached = _best_so_far(outcome, "  ")
    return f"trial {row.number} ({ended}/{len(outcome.rows)}): {row.state}{measured}{seconds}  {values}{reached}"


def _best_so_far(outcome: SweepOutcome, before: str) -> str:
    best = outcome.best
    return "" if best is None else f"{before}best {shown_metric(best.value, outcome.metric)} (trial {best.number})"
