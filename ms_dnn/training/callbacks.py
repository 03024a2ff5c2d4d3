"""Callbacks of a training run, and several where one is expected."""

from typing import Protocol

from ms_dnn.training.plan import Plan
from ms_dnn.training.run_folder import Row
from ms_dnn.training.state import State


class StopTraining(Exception):  # noqa: N818 - a request, no error
    """Raised by a callback's ``on_report`` to end the run in order: everything is saved, and says why.

    Args:
        reason: becomes the run's ``stop_reason``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Callback(Protocol):
    """Is notified of what happens in a training; the terminal implements it."""

    def on_start(self, plan: Plan, state: State) -> None:
        """Called once, before compilation."""

    def on_chunk(self, state: State, samples_per_second: float) -> None:
        """Called after each chunk."""

    def on_report(self, row: Row) -> None:
        """Called with each row of the metrics; may raise :class:`StopTraining`."""

    def on_end(self, state: State) -> None:
        """Called once, also when the run was interrupted or failed."""


class Callbacks:
    """Calls each of several callbacks, in their order."""

    def __init__(self, *callbacks: Callback) -> None:
        self.callbacks = callbacks

    def on_start(self, plan: Plan, state: State) -> None:
        """The run begins."""
        for callback in self.callbacks:
            callback.on_start(plan, state)

    def on_chunk(self, state: State, samples_per_second: float) -> None:
        """A chunk is done."""
        for callback in self.callbacks:
            callback.on_chunk(state, samples_per_second)

    def on_report(self, row: Row) -> None:
        """A row of the metrics was written."""
        for callback in self.callbacks:
            callback.on_report(row)

    def on_end(self, state: State) -> None:
        """The run is over."""
        for callback in self.callbacks:
            callback.on_end(state)
