"""What the outputs of a network mean."""

import numpy as np
import pytest
from sklearn.metrics import r2_score

from ms_dnn.experiment.predictions import classification_scores, r2, regression_scores


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


def test_scores_of_classes_by_hand():
    targets = np.array([0, 0, 1, 1, 2, 3])
    probabilities = np.eye(4)[[0, 1, 1, 1, 2, 0]] * 0.6 + 0.1
    scores = classification_scores(probabilities.argmax(axis=1), targets, probabilities)
    assert scores["precision"] == pytest.approx((1 / 2 + 2 / 3 + 1 + 0) / 4)
    assert scores["recall"] == pytest.approx((1 / 2 + 1 + 1 + 0) / 4)
    assert scores["f1"] == pytest.approx((1 / 2 + 4 / 5 + 1 + 0) / 4)
    assert scores["auc"] == pytest.approx((5 / 8 + 7 / 8 + 1 + 1 / 2) / 4)
    assert scores["top_3_accuracy"] >= 5 / 6
    assert "top_5_accuracy" not in scores
    assert scores["calibration_error"] == pytest.approx(0.7 - 4 / 6)
    assert set(classification_scores(targets, targets, None)) == {"precision", "recall", "f1"}


def test_scores_that_a_set_cannot_give_are_left_out():
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6]])
    scores = classification_scores(np.array([0, 1]), np.array([1, 1]), probabilities)
    assert "auc" not in scores
    assert scores["calibration_error"] == pytest.approx((0.8 + 0.4) / 2)
    assert set(classification_scores(np.array([0, 1]), np.array([0, 1]), probabilities * np.nan)) == {
        *("precision", "recall", "f1")
    }


def test_errors_of_a_regression():
    scores = regression_scores(np.array([[1.0], [2.0], [5.0]]), np.array([[1.0], [2.0], [3.0]]))
    assert scores == pytest.approx({"mae": 2 / 3, "rmse": np.sqrt(4 / 3), "r2": -1})
