"""What the outputs of a network mean."""

import numpy as np
import pytest
from sklearn.metrics import r2_score

from ms_dnn.experiment.predictions import r2


def test_r2_is_that_of_all_targets_together():
    random = np.random.default_rng(0)
    targets = random.normal(size=(40, 3)) * [1, 10, 100]
    predictions = targets + random.normal(size=(40, 3))
    expected = 1 - ((targets - predictions) ** 2).sum() / ((targets - targets.mean(axis=0)) ** 2).sum()
    assert r2(predictions, targets) == pytest.approx(expected, rel=1e-12)
    assert r2(predictions[:, :1], targets[:, :1]) == pytest.approx(
        r2_score(targets[:, 0], predictions[:, 0]), rel=1e-12
    )


def test_r2_of_a_constant_target_among_others_counts_its_errors():
    targets = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    assert r2(targets + np.array([0, 1]), targets) == pytest.approx(1 - 3 / 2)


@pytest.mark.parametrize("samples", [1, 4])
def test_r2_of_equal_targets_is_1_if_all_is_right_and_0_otherwise(samples):
    targets = np.full((samples, 2), 7.0)
    assert r2(targets, targets) == 1
    assert r2(targets + 0.1, targets) == 0
