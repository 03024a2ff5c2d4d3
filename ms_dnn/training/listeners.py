"""Several listeners where one is expected."""

from collections.abc import Sequence

from ms_dnn.training.plan import Plan
from ms_dnn.training.run_folder import Row
from ms_dnn.training.state import State
from ms_dnn.training.trainer import Listener


class Listeners:
    """Tells each of its listeners in their order."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self.listeners = tuple(listeners)

    def on_start(self, plan: Plan, state: State) -> None:
        """Tell that the run begins."""
        for listener in self.listeners:
            listener.on_start(plan, state)

    def on_chunk(self, state: State, samples_per_second: float) -> None:
        """Tell of a chunk."""
        for listener in self.listeners:
            listener.on_chunk(state, samples_per_second)

    def on_report(self, row: Row) -> None:
        """Tell of a row of the metrics."""
        for listener in self.listeners:
            listener.on_report(row)

    def on_end(self, state: State) -> None:
        """Tell that the run is over."""
        for listener in self.listeners:
            listener.on_end(state)
