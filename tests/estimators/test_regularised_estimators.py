"""Weights of samples and classes, penalty, dropout and normalisation of the estimators."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_linnerud
from sklearn.preprocessing import scale
from small_estimators import assert_same_bits, classifier, iris, regressor

from ms_dnn.estimators.program import Architecture, program_of

pytestmark = [pytest.mark.usefixtures("cpu"), pytest.mark.filterwarnings("ignore:max_iter=")]


def test_integer_weights_are_repeated_samples():
    x, y = iris()
    weights = np.random.default_rng(0).integers(0, 4, len(y))
    whole = {"batch_size": 1000, "max_iter": 15, "precision": "float64", "tol": 0.0}
    weighted = classifier(**whole).fit(x, y, weights)
    repeated = classifier(**whole).fit(np.repeat(x, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.predict_proba(x), repeated.predict_proba(x), rtol=1e-9)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-12)
    assert not np.allclose(weighted.predict_proba(x), classifier(**whole).fit(x, y).predict_proba(x), rtol=1e-3)


def test_class_weights_are_sample_weights_and_move_the_answers():
    x, y = iris()
    heavy = classifier(max_iter=40, class_weight={1: 20.0}).fit(x, y)
    by_samples = classifier(max_iter=40).fit(x, y, np.where(y == 1, 20.0, 1.0))
    np.testing.assert_array_equal(heavy.predict_proba(x), by_samples.predict_proba(x))
    assert heavy.predict_proba(x)[:, 1].mean() > classifier(max_iter=40).fit(x, y).predict_proba(x)[:, 1].mean() + 0.01


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"class_weight": {7: 1.0}}, "the labels are"),
        ({"class_weight": "even"}, "expected None, 'balanced', or a mapping"),
        ({"l2": -1.0}, "l2: got -1.0, expected a finite number of at least 0"),
        ({"dropout": 1.0}, "dropout: got 1.0, expected a number of at least 0 and below 1"),
        ({"normalization": "group"}, "normalization: got 'group', expected one of none, batch, layer"),
        ({"normalization": "batch", "batch_size": 1}, "batches of one sample"),
    ],
)
def test_wrong_weights_and_regularisation_are_refused_in_one_sentence(parameters, sentence):
    with pytest.raises(ValueError, match=sentence):
        classifier(**parameters).fit(*iris())


def test_weights_that_are_all_zero_or_negative_are_refused():
    x, y = iris()
    with pytest.raises(ValueError, match="all weights are zero, so there is nothing to learn from: expected"):
        classifier().fit(x, y, np.zeros(len(y)))
    with pytest.raises(ValueError, match="sample_weight: got -1, expected numbers of at least 0"):
        classifier().fit(x, y, -np.ones(len(y)))


def test_balanced_weights_are_refused_by_partial_fit():
    x, y = iris()
    with pytest.raises(ValueError, match="partial_fit sees only a part"):
        classifier(class_weight="balanced").partial_fit(x, y, classes=[0, 1, 2])


def test_a_class_weighs_the_same_in_a_part_that_holds_no_other():
    # From zero weights, the first step of gradient descent is as long as the samples weigh.
    x, y = iris()
    linear = {"hidden_layer_sizes": (), "solver": "gradient_descent", "initializer": "zeros", "precision": "float64"}
    only = x[y == 1], y[y == 1]
    plain = classifier(**linear).partial_fit(*only, classes=[0, 1, 2])
    for heavy in (
        classifier(class_weight={1: 10.0}, **linear).partial_fit(*only, classes=[0, 1, 2]),
        classifier(**linear).partial_fit(*only, classes=[0, 1, 2], sample_weight=np.full(50, 10.0)),
    ):
        np.testing.assert_allclose(heavy.coefs_[0], 10 * plain.coefs_[0], rtol=1e-12)
        np.testing.assert_allclose(heavy.loss_curve_, 10 * np.log(3), rtol=1e-12)
    light, plain = (regressor(**linear).partial_fit(x, y, weights) for weights in (np.full(len(y), 0.5), None))
    np.testing.assert_allclose(light.coefs_[0], 0.5 * plain.coefs_[0], rtol=1e-12)


def test_a_fit_takes_the_mean_of_the_weights_for_one():
    x, y = iris()
    plain = classifier(max_iter=3).fit(x, y)
    np.testing.assert_allclose(
        classifier(max_iter=3).fit(x, y, np.full(len(y), 10.0)).loss_curve_, plain.loss_curve_, rtol=1e-6
    )


def test_too_few_weights_are_one_sentence_beside_weights_of_classes():
    x, y = iris()
    with pytest.raises(ValueError, match=r"sample_weight.*expected \(150,\)"):
        classifier(class_weight={1: 2.0}).fit(x, y, np.ones(149))


@pytest.mark.parametrize("also", [{"dropout": 0.2, "normalization": "batch"}, {"normalization": "layer", "l2": 0.01}])
def test_a_regularised_model_pickles_and_goes_on_to_the_bit(also):
    x, y = iris()
    once = classifier(max_iter=6, tol=0.0, **also).fit(x, y)
    twice = classifier(max_iter=3, tol=0.0, warm_start=True, **also).fit(x, y)
    twice = pickle.loads(pickle.dumps(twice)).fit(x, y)
    np.testing.assert_array_equal(once.predict_proba(x), twice.predict_proba(x))
    assert once.score(x, y) > 0.6


def test_the_penalty_keeps_weights_small():
    x, y = iris()
    sizes = [np.linalg.norm(classifier(l2=l2, max_iter=60).fit(x, y).coefs_[0]) for l2 in (0.0, 0.3)]
    assert sizes[1] < 0.5 * sizes[0]


def test_penalties_of_a_grid_share_a_program_and_each_has_its_own_strength():
    x, y = iris()
    programs = program_of.cache_info().currsize
    fitted = [classifier(hidden_layer_sizes=(19,), l2=l2, max_iter=5).fit(x, y) for l2 in (0.3, 0.01)]
    assert program_of.cache_info().currsize == programs + 1
    for model in fitted:
        program_of.cache_clear()
        assert_same_bits(model, clone(model).fit(x, y))
    assert np.linalg.norm(fitted[0].coefs_[0]) < np.linalg.norm(fitted[1].coefs_[0])


@pytest.mark.parametrize(("first", "then"), [(0.3, 0.01), (0.0, 0.3), (0.3, 0.0)])
def test_a_training_goes_on_with_another_penalty(first, then):
    x, y = iris()
    model = classifier(l2=first, max_iter=20, warm_start=True).fit(x, y)
    weights, of_samples = model.coefs_, -model.predict_log_proba(x)[np.arange(len(x)), y]
    model.set_params(l2=then, max_iter=1).fit(x, y)
    of_weights = then / 2 * sum((w**2).sum() for w in weights)
    assert model.loss_curve_[-1] == pytest.approx(of_samples.mean() + of_weights, rel=1e-10)


def test_a_penalty_is_not_lost_in_a_program_that_has_none():
    program = program_of(Architecture((4, 3), "relu", "squared_error", "adam", "float64"))
    program.penalise(0.0)
    with pytest.raises(ValueError, match=r"got 0\.3 for an architecture without a penalty"):
        program.penalise(0.3)


def test_a_regressor_takes_weights_too():
    x, y = load_linnerud(return_X_y=True)
    x, y = scale(x), scale(y)
    weights = np.r_[np.full(5, 50.0), np.ones(len(x) - 5)]
    plain, heavy = (regressor(max_iter=100).fit(x, y, w) for w in (None, weights))
    errors = [np.mean((model.predict(x)[:5] - y[:5]) ** 2) for model in (plain, heavy)]
    assert errors[1] < errors[0]
