"""When a run ends before its last step."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when the validation samples no longer gain, and go back to the best weights.

    Attributes:
        metric: key of the metrics row that is watched.
        larger_is_better: whether the metric is a score and not a loss.
        patience: reports without improvement before the run ends.
        min_delta: smaller changes are no improvement; in the metric's unit.
    """

    metric: str
    larger_is_better: bool
    patience: int
    min_delta: float = 0.0

    def improves(self, value: float, best: float | None) -> bool:
        """Whether ``value`` is better than the best so far; NaN never is."""
        if best is None:
            return value == value
        return value > best + self.min_delta if self.larger_is_better else value < best - self.min_delta
