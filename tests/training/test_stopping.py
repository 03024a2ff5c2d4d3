"""What counts as an improvement."""

import pytest

from ms_dnn.training.stopping import EarlyStopping

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
