"""The classifier of samples that have several labels: its loss, its answers, and what it refuses."""

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale
from small_estimators import assert_same_bits, classifier, iris, regressor

pytestmark = [pytest.mark.usefixtures("cpu"), pytest.mark.filterwarnings("ignore:max_iter=")]

LINEAR = {"hidden_layer_sizes": (), "solver": "gradient_descent", "initializer": "zeros", "precision": "float64"}


def labelled(labels=4, samples=120):
    x, y = make_multilabel_classification(samples, 6, n_classes=labels, n_labels=2, random_state=0)
    return scale(x), y


def test_the_first_step_is_that_of_the_formula():
    # J = 1/M Σ_n Σ_j [−y ln σ(z) − (1 − y) ln(1 − σ(z))]; from zero weights it is C ln 2, and ∂J/∂W = Xᵀ(½ − Y)/M.
    x, y = labelled()
    model = classifier(learning_rate=0.5, **LINEAR).partial_fit(x, y, classes=range(4))
    np.testing.assert_allclose(model.loss_curve_, 4 * np.log(2), rtol=1e-12)
    np.testing.assert_allclose(model.coefs_[0], -0.5 * x.T @ (0.5 - y) / len(x), rtol=1e-12)
    np.testing.assert_allclose(model.intercepts_[0], -0.5 * (0.5 - y).mean(axis=0), atol=1e-15)


@pytest.mark.parametrize("labels", [2, 4])
def test_trains_and_answers_as_the_classifier_of_scikit_learn(labels):
    x, y = labelled(labels)
    classes, rate, sizes = range(labels), 0.5, (8,)
    ours = classifier(
        hidden_layer_sizes=sizes, activation="tanh", solver="gradient_descent", learning_rate=1e-12, precision="float64"
    ).partial_fit(x, y, classes=classes)
    theirs = MLPClassifier(
        sizes, "tanh", solver="sgd", alpha=0, batch_size=len(x), learning_rate_init=rate, momentum=0
    ).partial_fit(x, y, classes=classes)
    for mine, other in zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True):
        other[...] = mine
    ours.set_params(learning_rate=rate)
    for _ in range(10):
        ours.partial_fit(x, y)
        theirs.partial_fit(x, y)
    np.testing.assert_allclose(ours.loss_curve_[1:], theirs.loss_curve_[1:], rtol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(x), theirs.predict(x))
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    assert ours.score(x, y) == theirs.score(x, y)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_answers_for_each_label(precision):
    x, y = labelled(2)  # two labels are not two classes
    model = classifier(max_iter=60, precision=precision).fit(x, y)
    assert model.score(x, y) == accuracy_score(y, model.predict(x)) > 0.65  # the commonest pair is 0.44
    z, p = model.decision_function(x), model.predict_proba(x)
    assert z.shape == p.shape == y.shape
    assert z.dtype == p.dtype == precision
    assert not np.allclose(p.sum(axis=1), 1, atol=0.1)
    np.testing.assert_allclose(p, expit(z), rtol=1e-5)
    np.testing.assert_allclose(model.predict_log_proba(x), np.log(p), atol=1e-5)
    np.testing.assert_array_equal(model.predict(x), p > 0.5)
    assert model.predict(x).dtype == y.dtype


def test_labels_may_be_truth_values_or_floats():
    x, y = labelled()
    model = classifier(max_iter=3).fit(x, y)
    for same in (y.astype(bool), y.astype(float), y.tolist()):
        assert_same_bits(model, classifier(max_iter=3).fit(x, same))


def test_early_stopping_scores_the_samples_whose_labels_are_all_right():
    x, y = labelled(5)  # some pick of labels is that of one sample, which cannot be in both parts
    model = classifier(max_iter=150, early_stopping=True, validation_fraction=0.25).fit(x, y)
    assert len(model.validation_scores_) == model.n_iter_ < 150
    assert {round(score * 30, 6) % 1 for score in model.validation_scores_} == {0}
    by_own = classifier(max_iter=4).fit(x[:90], y[:90], validation=(x[90:], y[90:]))
    assert by_own.score(x[90:], y[90:]) >= max(by_own.validation_scores_) - by_own.tol


def test_goes_on_bit_for_bit_from_a_pickle_too():
    x, y = labelled()
    whole = classifier(max_iter=4, batch_size=32).fit(x, y)
    warm = classifier(max_iter=2, batch_size=32, warm_start=True).fit(x, y)
    by_epochs = classifier(batch_size=32)
    for _ in range(4):
        by_epochs.partial_fit(x, y, classes=range(4))
    for other in (pickle.loads(pickle.dumps(warm)).fit(x, y), by_epochs):
        assert_same_bits(whole, other)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(whole)).predict(x), whole.predict(x))


def test_integer_weights_are_repeated_samples():
    x, y = labelled()
    weights = np.random.default_rng(0).integers(0, 4, len(y))
    whole = {"batch_size": 1000, "max_iter": 15, "precision": "float64", "tol": 0.0}
    weighted = classifier(**whole).fit(x, y, weights)
    repeated = classifier(**whole).fit(np.repeat(x, weights, axis=0), np.repeat(y, weights, axis=0))
    np.testing.assert_allclose(weighted.predict_proba(x), repeated.predict_proba(x), rtol=1e-9)


def test_learns_one_label_a_sample_after_several():
    model = classifier(max_iter=30).fit(*labelled())
    x, y = iris()
    assert model.fit(x, y).predict(x).shape == y.shape
    np.testing.assert_allclose(model.predict_proba(x).sum(axis=1), 1, atol=1e-6)
    assert model.fit(*labelled()).predict(labelled()[0]).shape == (120, 4)


def test_refuses_targets_of_another_kind_in_one_sentence():
    x, y = labelled()
    several = classifier(max_iter=2, warm_start=True).fit(x, y)
    of_one = classifier(max_iter=2, warm_start=True).fit(x, y[:, 0])
    for call, sentence in (
        (lambda: several.fit(x, y[:, 0]), "y: got shape (120,), expected 0 and 1 in column k for class k; the classes"),
        (lambda: several.partial_fit(x, y[:, :3]), "y: got shape (120, 3), expected 0 and 1 in column k for class k"),
        (lambda: of_one.fit(x, y), "y: got shape (120, 4), expected (M,); the classes are [0, 1]"),
        (lambda: classifier().partial_fit(x, y, classes=list("abcd")), "the classes are ['a', 'b', 'c', 'd']"),
        (lambda: classifier().fit(x, y + np.arange(4)), "y: got shape (120, 4), expected 0 and 1 in a column for each"),
        (lambda: classifier().fit(x, 2 * y), "y: got shape (120, 4), expected 0 and 1 in a column for each label"),
        (lambda: classifier().fit(x, y.astype(str)), "y: got shape (120, 4), expected 0 and 1 in a column for each"),
        (lambda: classifier(class_weight="balanced").fit(x, y), "class_weight: got 'balanced', expected None where"),
    ):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            call()
        assert sentence in str(caught.value)


def test_sparse_targets_are_refused():
    x, y = labelled()
    for model in (classifier(), regressor()):
        with pytest.raises(TypeError, match="Sparse data was passed for y, but dense data is required"):
            model.fit(x, csr_array(y))
