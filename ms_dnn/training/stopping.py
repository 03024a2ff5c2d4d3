"""When a training ends before its last step, and which weights were its best."""

from dataclasses import dataclass


@dataclass
class Progress:
    """How far a training has come, and what its best report was.

    Attributes:
        step: steps done.
        best_value: best value of the watched metric, or None.
        best_step: step at which it was reached.
        reports_without_gain: reports since then.
        stop_reason: what ended the training, or None while it has not ended.
    """

    step: int = 0
    best_value: float | None = None
    best_step: int = 0
    reports_without_gain: int = 0
    stop_reason: str | None = None


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when a metric no longer gains.

    Attributes:
        metric: key of the metrics row that is watched.
        larger_is_better: whether the metric is a score and not a loss.
        patience: reports without improvement before the training ends.
        min_delta: smaller changes are no improvement; in the metric's unit.
        stop_reason: what such an end is called.
    """

    metric: str
    larger_is_better: bool
    patience: int
    min_delta: float = 0.0
    stop_reason: str = "early_stopping"

    def observe(self, progress: Progress, value: float) -> bool:
        """Note the value of a report, and end the training where patience runs out.

        Return whether it is the best value so far, so that the weights of now are the ones to keep.
        """
        if self.improves(value, progress.best_value):
            progress.best_value, progress.best_step, progress.reports_without_gain = value, progress.step, 0
            return True
        progress.reports_without_gain += 1
        if progress.stop_reason is None and progress.reports_without_gain >= self.patience:
            progress.stop_reason = self.stop_reason
        return False

    def improves(self, value: float, best: float | None) -> bool:
        """Whether ``value`` is better than the best so far; NaN never is."""
        if best is None:
            return value == value
        return value > best + self.min_delta if self.larger_is_better else value < best - self.min_delta
