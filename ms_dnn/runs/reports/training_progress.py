"""A training run on the terminal: a live bar, or plain lines where nobody watches."""

import time
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Row = dict[str, Any]

PLAIN_SECONDS = 2.0


class _Plan(Protocol):
    @property
    def total_steps(self) -> int: ...
    @property
    def steps_per_epoch(self) -> int: ...


class _State(Protocol):
    @property
    def step(self) -> int: ...


class TrainingProgress:
    """Shows loss, validation score, speed and time left.

    On a terminal that is one live line; elsewhere a line every two seconds and one at the end, so that a log
    stays readable.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live = console.is_terminal
        self._row: Row = {}
        self._speed = 0.0
        self._plan: _Plan | None = None
        self._began_at = self._printed_at = 0.0
        self._began_step = self._step = 0
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=10),
            TextColumn("{task.percentage:.0f}%"),
            TextColumn("{task.fields[metrics]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("preparing", total=None, metrics="")

    def on_start(self, plan: _Plan, state: _State) -> None:
        """Show that the loop is being prepared."""
        self._plan = plan
        self._began_step = self._step = state.step
        self._printed_at = time.monotonic()
        if self._live:
            self._bar.update(self._task, total=plan.total_steps, completed=state.step)
            self._bar.start()
        else:
            self._print("preparing the training loop …")

    def on_chunk(self, state: _State, samples_per_second: float) -> None:
        """Show the new position."""
        if not self._began_at:
            self._began_at = time.monotonic()
            self._began_step = state.step
        self._step, self._speed = state.step, samples_per_second
        if self._live:
            self._bar.update(self._task, description="training", completed=state.step, metrics=self._short())
        elif time.monotonic() - self._printed_at >= PLAIN_SECONDS:
            self._print_line()

    def on_report(self, row: Row) -> None:
        """Remember the newest metrics."""
        self._row = row

    def on_end(self, state: _State) -> None:
        """Take the bar away, or print the last line."""
        if self._live:
            self._bar.stop()
        elif self._row:
            self._print_line()

    def _print(self, line: str) -> None:
        self._printed_at = time.monotonic()
        self.console.print(line, highlight=False, soft_wrap=True)

    def _print_line(self) -> None:
        if self._plan is None:
            return
        left = self._seconds_left()
        remaining = f", {left:.0f} s left" if left is not None else ""
        self._print(f"step {self._step}/{self._plan.total_steps}  {self._metrics()}{remaining}")

    def _seconds_left(self) -> float | None:
        done = self._step - self._began_step
        if self._plan is None or done <= 0 or self._step >= self._plan.total_steps:
            return None
        return (time.monotonic() - self._began_at) / done * (self._plan.total_steps - self._step)

    def _short(self) -> str:
        """Return the metrics as the live line has room for them, on 80 columns."""
        row = self._row
        names = {"cost": "cost", "validation_loss": "val", "validation_accuracy": "acc", "validation_r2": "R²"}
        parts = [f"{short} {row[key]:.3g}" for key, short in names.items() if key in row]
        return "  ".join([*parts, f"{self._speed:,.0f}/s"])

    def _metrics(self) -> str:
        row = self._row
        parts = []
        if row:
            parts += [f"epoch {row['epoch']:.4g}:", f"cost {row['cost']:.4g}"]
        if "validation_loss" in row:
            parts.append(f"validation {row['validation_loss']:.4g}")
        if "validation_accuracy" in row:
            parts.append(f"accuracy {row['validation_accuracy']:.1%}")
        if "validation_r2" in row:
            parts.append(f"R² {row['validation_r2']:.3f}")
        parts.append(f"{self._speed:,.0f} samples/s")
        return "  ".join(parts)
