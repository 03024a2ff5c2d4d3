"""What counts as an improvement, and when the patience is at its end."""

import pytest

from ms_dnn.training.stopping import EarlyStopping, Progress

LOSS = EarlyStopping("validation_loss", larger_is_better=False, patience=3, min_delta=0.1)
SCORE = EarlyStopping("validation_accuracy", larger_is_better=True, patience=3, min_delta=0.1)


@pytest.mark.parametrize(
    ("stopping", "value", "best", "improves"),
    [
        (LOSS, 0.85, 1.0, True),
        (LOSS, 0.95, 1.0, False),
        (LOSS, 1.5, 1.0, False),
        (SCORE, 0.65, 0.5, True),
        (SCORE, 0.55, 0.5, False),
        (SCORE, 0.4, 0.5, False),
        (LOSS, 7.0, None, True),
        (SCORE, -7.0, None, True),
        (LOSS, float("nan"), None, False),
        (LOSS, float("nan"), 1.0, False),
        (SCORE, float("nan"), 0.5, False),
        (LOSS, float("inf"), 1.0, False),
        (LOSS, float("-inf"), 1.0, True),
    ],
)
def test_improves(stopping, value, best, improves):
    assert stopping.improves(value, best) is improves


@pytest.mark.parametrize("larger", [True, False])
def test_an_equal_value_is_no_improvement(larger):
    assert not EarlyStopping("m", larger, patience=1).improves(0.5, 0.5)


def test_the_best_report_is_remembered_and_patience_ends_the_training():
    progress, best = Progress(), []
    for step, value in enumerate([1.0, 0.5, 0.45, 0.6, float("nan")], start=1):
        progress.step = step
        best.append(LOSS.observe(progress, value))
    assert best == [True, True, False, False, False]
    assert progress == Progress(5, 0.5, 2, 3, "early_stopping")


def test_a_training_that_has_ended_for_another_reason_keeps_it():
    progress = Progress(stop_reason="max_iterations", best_value=0.5, reports_without_gain=5)
    LOSS.observe(progress, 1.0)
    assert progress.stop_reason == "max_iterations"
