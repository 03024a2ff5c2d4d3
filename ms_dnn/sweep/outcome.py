"""The state of a sweep, for the table, the picture and the files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ms_dnn.config.swept import Parameter
from ms_dnn.presentation.document import Block, Shown, line
from ms_dnn.presentation.notation import short_keys

FINISHED = ("complete", "pruned", "diverged", "failed", "crashed", "lost")
BAD = ("diverged", "failed", "crashed", "lost")


@dataclass(frozen=True)
class TrialRow:
    """One trial.

    Attributes:
        number: from 0, in the order of creation.
        state: "waiting", "running", or one of :data:`FINISHED`.
        value: the metric; of a pruned or running trial that of its last report; None before there is one.
        parameters: value of each swept key; empty before it was begun.
        seconds: from its beginning to its end, or None.
        folder: its run folder, or "".
        reason: why it has no metric, or "".
    """

    number: int
    state: str
    value: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reports: int = 0
    seconds: float | None = None
    folder: str = ""
    reason: str = ""


@dataclass(frozen=True, repr=False)
class SweepOutcome(Shown):
    """All trials of a sweep.

    Attributes:
        metric: "validation_loss", "validation_accuracy" or "validation_r2".
        rows: the trials, by number.
    """

    name: str
    metric: str
    axes: tuple[Parameter, ...]
    rows: tuple[TrialRow, ...]

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {state}" for state, count in self.counts.items())
        return f"SweepOutcome({self.name}, {counts or 'no trial'})"

    def blocks(self) -> Sequence[Block]:
        """Return the best trial, why others failed, and the trials."""
        from ms_dnn.sweep.progress import sweep_report, sweep_table

        return [*sweep_report(self, {}), line(), sweep_table(self, len(self.rows))]

    @property
    def short_names(self) -> list[str]:
        """The keys of the hyperparameters, as short as they can be told apart."""
        return short_keys([axis.address for axis in self.axes])

    @property
    def best(self) -> TrialRow | None:
        """The complete trial with the best metric, the first of equal ones; None when none is complete."""
        complete = [row for row in self.rows if row.state == "complete" and row.value is not None]
        sign = 1 if self.metric == "validation_loss" else -1
        return min(complete, key=lambda row: sign * (row.value or 0.0), default=None)

    @property
    def finished(self) -> tuple[TrialRow, ...]:
        """The trials that have ended, in whatever way."""
        return tuple(row for row in self.rows if row.state in FINISHED)

    @property
    def counts(self) -> dict[str, int]:
        """How many trials are in each state that occurs."""
        states = [row.state for row in self.rows]
        return {state: states.count(state) for state in ("waiting", "running", *FINISHED) if state in states}

    @property
    def planned(self) -> int:
        """Number of trials asked for; each lost one has another in its place."""
        return len(self.rows) - self.counts.get("lost", 0)


def shown_value(value: Any) -> str:
    """Return a parameter's value in few characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def shown_metric(value: float | None, metric: str) -> str:
    """Return the metric's value as it is usual: a share in percent, a loss in four figures."""
    if value is None:
        return "–"
    return f"{value:.2%}" if metric == "validation_accuracy" else f"{value:.4g}"
