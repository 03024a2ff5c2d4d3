"""Trainings that would learn nothing, or whose score is no number: an error or a warning that says how to mend it."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from small_estimators import assert_same_bits, classifier, iris, regressor

from ms_dnn.errors import DivergenceError

pytestmark = [pytest.mark.usefixtures("cpu"), pytest.mark.filterwarnings("ignore:max_iter=")]

X, Y = iris(2)
HALF = {"early_stopping": True, "validation_fraction": 0.5}


@pytest.mark.parametrize(
    ("weights", "parameters", "sentence"),
    [
        (np.zeros(100), {}, "all weights are zero, so there is nothing to learn from: expected at least one above 0"),
        (np.eye(100)[0], HALF, "all of those (left to train with|held out) have weights of zero: leave samples of"),
        (None, {"class_weight": {0: 0, 1: 0}}, "by which all samples weigh zero, so that there is nothing to learn"),
        ((Y == 0) * 1.0, {"class_weight": {0: 0}}, "by which all samples weigh zero"),
        (None, {"class_weight": {0: "2"}}, "class_weight: got '2' for the class 0, expected a finite number"),
        (None, {"class_weight": {0: np.nan}}, "class_weight: got nan for the class 0, expected a finite number"),
        (None, {"class_weight": {0: True}}, "class_weight: got True for the class 0, expected a finite number"),
        (np.ones((100, 1)), {}, r"got shape \(100, 1\), expected \(100,\): a weight for each row of X"),
        (np.full(100, 1e300), {"class_weight": {0: 1e300}}, "got weights of up to inf, which float64 takes for inf"),
    ],
)
def test_weights_by_which_nothing_is_learnt_are_refused(weights, parameters, sentence):
    with pytest.raises(ValueError, match=sentence):
        classifier(**parameters).fit(X, Y, weights)


@pytest.mark.parametrize("weight", [1e-60, 1e60])
def test_weights_that_the_precision_does_not_hold_are_refused(weight):
    model = classifier(precision="float32")
    with pytest.raises(ValueError, match=r"which float32 takes for (0|inf): divide them by their mean"):
        model.partial_fit(X, Y, classes=[0, 1], sample_weight=np.full(100, weight))


@pytest.mark.parametrize("weight", [1.7e308, 1e-320])
def test_weights_whose_sum_overflows_or_vanishes_are_equal_weights(weight):
    plain = classifier(max_iter=2).fit(X, Y, np.ones(100))
    assert_same_bits(plain, classifier(max_iter=2).fit(X, Y, np.full(100, weight)))
    assert_same_bits(plain, classifier(max_iter=2).fit(X, Y, 2.0))


def test_held_out_samples_count_by_their_weights():
    weights = np.where(Y == 0, 1.0, 0.0)
    model = classifier(max_iter=9, learning_rate=0.1, **HALF).fit(X, Y, weights)
    assert max(model.validation_scores_) == 1  # all of the class that weighs anything


@pytest.mark.parametrize(
    ("make", "targets", "parameters", "sentence"),
    [
        (
            classifier,
            [0, 1, 0, 1],
            {},
            "holds 1 of 4 samples out, expected at least 2 held out and as many left",
        ),
        (
            classifier,
            [0] * 9 + [1],
            {},
            "the class 1 has only 1 sample, which cannot be trained with and held out",
        ),
        (classifier, [0, 1] * 5, {"validation_fraction": 0.9}, "which holds 9 of 10 samples out, expected at least 2"),
        (regressor, [3.0], {}, "there is only 1 sample, which cannot be trained with and held out: give validation"),
        (regressor, range(5), {}, "got 1 sample, of which R² is not defined.*: raise validation_fraction, or give"),
        (regressor, np.ones(40), {}, "got 4 samples with the same target, of which R² is not defined"),
    ],
)
def test_too_few_samples_to_hold_some_out_are_refused(make, targets, parameters, sentence):
    with pytest.raises(ValueError, match=sentence):
        make(early_stopping=True, **parameters).fit(X[: len(targets)], targets)


@pytest.mark.parametrize(
    ("make", "y_val", "sentence"),
    [
        (classifier, [0, 1, 2], r"validation y: got the class 2, expected only classes of \[0, 1\]"),
        (classifier, ["0", "1", "1"], r"validation y: got the class '0', expected only classes of \[0, 1\]"),
        (regressor, [1.0, 1.0, 1.0], "got 3 samples with the same target, of which R² is not defined.*: give more"),
    ],
)
def test_validation_samples_that_cannot_be_scored_are_refused(make, y_val, sentence):
    with pytest.raises(ValueError, match=sentence):
        make().fit(X, Y, validation=(X[:3], y_val))


@pytest.mark.parametrize("settings", [HALF, {}])
def test_a_divergence_is_one_whether_a_score_is_asked_for_or_not(settings):
    diverging = regressor(solver="gradient_descent", learning_rate=1e3, max_iter=20, **settings)
    with pytest.raises(DivergenceError, match=r"epoch \d+ does not end in finite numbers: lower the learning rate"):
        diverging.fit(X, X[:, 0])


@pytest.mark.parametrize("make", [classifier, regressor])
def test_predictions_that_overflow_are_one_sentence(make):
    model = make(max_iter=1).fit(X, Y)
    with pytest.raises(ValueError, match="X: got row 1, for which the network does not compute finite numbers in"):
        model.predict(np.array([[1.0], [1.7e308]]) * np.sign(X[:1] + 1e-9) * 1.0)


def test_inputs_that_the_precision_does_not_hold_are_one_sentence():
    with pytest.raises(ValueError, match="X contains infinity or a value too large"):
        regressor(precision="float32").fit(1e300 * X, Y)


@pytest.mark.parametrize(
    ("make", "targets", "parameters", "sentence"),
    [
        (classifier, Y, {"learning_rate": 1e-300}, "the training learnt nothing: after the first epoch"),
        (classifier, Y, {"tol": 10.0, "n_iter_no_change": 2}, "tol=10.0 ended the training, for no epoch can lower"),
        (classifier, 0 * Y, {}, "y: got the class 0 alone, so there is nothing to learn"),
    ],
)
def test_a_training_that_learns_nothing_warns(make, targets, parameters, sentence):
    with pytest.warns(ConvergenceWarning, match=sentence):
        make(**{"max_iter": 4, **parameters}).fit(X, targets)
