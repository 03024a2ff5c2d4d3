"""The scikit-learn face: fit, warm_start and partial_fit are one training, and what it answers and refuses."""

import pickle
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, load_linnerud, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from small_estimators import assert_same_bits, classifier, iris, regressor

from ms_dnn.errors import DivergenceError

pytestmark = [pytest.mark.usefixtures("cpu"), pytest.mark.filterwarnings("ignore:max_iter=")]


@pytest.mark.parametrize(
    ("load", "settings"),
    [(load_iris, {}), (load_wine, {"activation": "tanh"}), (load_breast_cancer, {"solver": "momentum"})],
)
def test_learns_to_tell_classes_apart(load, settings):
    x, y = load(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)
    model = make_pipeline(StandardScaler(), classifier(max_iter=60, **settings)).fit(x_train, y_train)
    assert model.score(x_test, y_test) >= 0.9
    np.testing.assert_allclose(model.predict_proba(x_test).sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_logits_probabilities_and_their_logarithms_agree(classes):
    x, y = iris(classes)
    model = classifier(max_iter=30, precision="float64").fit(x, y)
    z, p = model.decision_function(x), model.predict_proba(x)
    assert z.shape == ((len(x),) if classes == 2 else (len(x), classes))
    np.testing.assert_allclose(p[:, 1], expit(z) if classes == 2 else softmax(z, axis=1)[:, 1], rtol=1e-12)
    np.testing.assert_allclose(model.predict_log_proba(x), np.log(p), rtol=1e-8)
    np.testing.assert_array_equal(model.predict(x), p.argmax(axis=1))
    assert np.isfinite(model.predict_log_proba(1e4 * x)).all()
    assert model.predict_proba(1e4 * x).min() == 0


def test_answers_with_the_labels_it_was_given():
    x, y = iris(2)
    names = np.array(["setosa", "versicolor"], object)[y]
    model = classifier(max_iter=30).fit(x, names)
    assert list(model.classes_) == ["setosa", "versicolor"]
    assert (model.predict(x) == names).mean() == 1


def test_learns_several_numbers_at_once():
    x, y = load_linnerud(return_X_y=True)
    model = regressor(max_iter=300, n_iter_no_change=300).fit(scale(x), scale(y))
    assert model.predict(scale(x)).shape == y.shape
    assert model.score(scale(x), scale(y)) > 0.9


def test_is_the_gradient_descent_of_the_series():
    from ms_dnn.gradients.blog import batch_gradient_descent

    x, y = load_linnerud(return_X_y=True)
    x, y = scale(x), scale(y)
    start = regressor(
        activation="tanh", solver="gradient_descent", precision="float64", learning_rate=1e-12, max_iter=1
    )
    start.fit(x, y)
    model = clone(start).set_params(learning_rate=0.1, max_iter=20).fit(x, y)
    weights = [coef.T for coef in start.coefs_]
    wanted = batch_gradient_descent(
        weights, [np.zeros(20), np.zeros(3)], ("tanh", "identity"), "squared_error", x, y, 0.1, 20, 0.0
    )
    for coef, right in zip(model.coefs_, wanted.weights, strict=True):
        np.testing.assert_allclose(coef.T, right, rtol=0, atol=1e-10)
    np.testing.assert_allclose(model.loss_curve_, wanted.costs[:20], rtol=1e-10)


@pytest.mark.parametrize("weigh", [False, True])
def test_the_cost_of_an_epoch_is_that_of_all_samples(weigh):
    x, y = iris()
    x, y = x[::3], y[::3]  # 50 samples in 8 steps: batches of 6 and 7
    weights = np.random.default_rng(0).uniform(0, 2, len(x)) if weigh else None
    model = classifier(learning_rate=1e-12, batch_size=7, l2=0.1, max_iter=2).fit(x, y, weights)
    of_samples = -model.predict_log_proba(x)[np.arange(len(x)), y]
    cost = np.average(of_samples, weights=weights) + 0.05 * sum((w**2).sum() for w in model.coefs_)
    np.testing.assert_allclose(model.loss_curve_, cost, rtol=1e-10)


def test_the_seed_decides_every_bit():
    x, y = iris()
    first = classifier(max_iter=5, batch_size=32).fit(x, y)
    classifier(max_iter=5, batch_size=32, random_state=4).fit(x[:90], y[:90])
    assert_same_bits(first, classifier(max_iter=5, batch_size=32).fit(x, y))
    assert first.loss_curve_ != classifier(max_iter=5, batch_size=32, random_state=4).fit(x, y).loss_curve_


def test_partial_fit_and_warm_start_go_on_bit_for_bit():
    x, y = iris()
    whole = classifier(max_iter=6, batch_size=32).fit(x, y)
    by_epochs = classifier(batch_size=32)
    for _ in range(6):
        by_epochs.partial_fit(x, y, classes=[0, 1, 2])
    warm = classifier(max_iter=2, batch_size=32, warm_start=True)
    for _ in range(3):
        warm.fit(x, y)
    for other in (by_epochs, warm):
        assert_same_bits(whole, other)
        assert other.loss_curve_ == whole.loss_curve_
        assert other.n_iter_ == 6


def test_partial_fit_of_a_regressor_goes_on():
    x, y = load_linnerud(return_X_y=True)
    whole = regressor(max_iter=3).fit(x, scale(y))
    assert_same_bits(whole, regressor().partial_fit(x, scale(y)).partial_fit(x, scale(y)).partial_fit(x, scale(y)))


def test_partial_fit_refuses_a_decay_whose_length_it_cannot_know():
    with pytest.raises(ValueError, match="schedule: got 'cosine_decay', expected 'constant': partial_fit is one epoch"):
        classifier(schedule="cosine_decay").partial_fit(*iris(), classes=[0, 1, 2])


def test_partial_fit_refuses_other_classes_than_those_of_the_first_call():
    x, y = iris()
    model = classifier().partial_fit(x, y, classes=[0, 1, 2])
    before = model.predict_proba(x)
    with pytest.raises(
        ValueError,
        match=r"`classes=\[0, 1, 2, 3\]` is not the same as on last call to partial_fit, was: array\(\[0, 1, 2\]\)",
    ):
        model.partial_fit(x, y, classes=[0, 1, 2, 3])
    np.testing.assert_array_equal(model.predict_proba(x), before)
    assert model.partial_fit(x, y, classes=[2, 1, 0, 0]).n_iter_ == 2


def test_partial_fit_refuses_early_stopping():
    x, y = iris()
    for call in (
        lambda: classifier(early_stopping=True).partial_fit(x, y, classes=[0, 1, 2]),
        lambda: regressor(early_stopping=True).partial_fit(x, y),
    ):
        with pytest.raises(ValueError, match="early_stopping: got True, expected False: partial_fit is one epoch"):
            call()


def test_without_warm_start_it_begins_anew():
    x, y = iris()
    model = classifier(max_iter=3).fit(x, y)
    once = model.loss_curve_
    assert model.fit(x, y).loss_curve_ == once


def test_a_pickle_answers_the_same_bits_in_another_process(tmp_path):
    x, y = iris()
    model = classifier(max_iter=3).fit(x, y)
    content = pickle.dumps(model)
    assert b"mindspore" not in content
    np.testing.assert_array_equal(pickle.loads(content).predict_proba(x), model.predict_proba(x))
    (tmp_path / "model.pickle").write_bytes(content)
    np.save(tmp_path / "x.npy", x)
    program = (
        "import numpy as np, pickle, pathlib, sys; folder = pathlib.Path(sys.argv[1]);"
        "model = pickle.loads((folder / 'model.pickle').read_bytes());"
        "np.save(folder / 'p.npy', model.predict_proba(np.load(folder / 'x.npy')))"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), model.predict_proba(x))


def test_a_pickle_trains_on():
    x, y = iris()
    model = classifier(max_iter=3, warm_start=True).fit(x, y)
    assert_same_bits(pickle.loads(pickle.dumps(model)).fit(x, y), model.fit(x, y))


def test_a_clone_is_not_fitted():
    x, y = iris()
    twin = clone(classifier(max_iter=3).fit(x, y))
    assert twin.get_params() == classifier(max_iter=3).get_params()
    with pytest.raises(NotFittedError):
        twin.predict(x)


def test_grid_search_finds_the_better_of_two():
    x, y = iris()
    search = GridSearchCV(classifier(max_iter=20), {"learning_rate": [1e-6, 0.03]}, cv=3, n_jobs=1).fit(x, y)
    assert search.best_params_ == {"learning_rate": 0.03}
    assert search.best_score_ >= 0.85


def test_two_threads_train_two_models():
    x, y = iris()
    alone = {seed: classifier(max_iter=5, random_state=seed).fit(x, y) for seed in (1, 2)}
    models = {seed: classifier(max_iter=5, random_state=seed) for seed in (1, 2)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        threads = [threading.Thread(target=model.fit, args=(x, y)) for model in models.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for seed, model in models.items():
        assert_same_bits(model, alone[seed])


def test_a_validation_set_stops_early_and_picks_the_weights():
    x, y = iris()
    x_train, x_val, y_train, y_val = train_test_split(x, y, random_state=0, stratify=y)
    model = classifier(max_iter=100, n_iter_no_change=5).fit(x_train, y_train, validation=(x_val, y_val))
    assert len(model.validation_scores_) == model.n_iter_ < 100
    assert model.score(x_val, y_val) >= max(model.validation_scores_) - model.tol
    assert model.best_loss_ is None
    assert model.n_iter_ == np.argmax(model.validation_scores_) + 1 + 5


@pytest.mark.parametrize(
    ("y_val", "sentence"),
    [
        ([0.0, np.nan], "validation y contains NaN"),
        (
            [[0.0, 1.0], [1.0, 0.0]],
            r"validation: got y of shape \(2, 2\), expected as many columns as in the training's",
        ),
        ([0.0], "inconsistent numbers of samples"),
    ],
)
def test_refuses_validation_targets_before_it_trains(y_val, sentence):
    x, y = iris()
    model = regressor()
    with pytest.raises(ValueError, match=sentence):
        model.fit(x, y, validation=(x[:2], y_val))
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("make", [classifier, regressor])
def test_early_stopping_holds_its_own_samples_out(make):
    x, y = iris()
    model = make(max_iter=150, early_stopping=True, validation_fraction=0.2).fit(x, y)
    assert len(model.validation_scores_) == model.n_iter_ < 150
    assert model.score(x, y) > 0.8


@pytest.mark.filterwarnings("ignore:tol=10.0")
def test_stops_when_the_cost_no_longer_falls():
    x, y = iris()
    model = classifier(tol=10.0, n_iter_no_change=4).fit(x, y)
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)
    assert model.n_iter_ == 5  # the first cost is the best so far, and four more gain less than 10


def test_a_cosine_decay_is_that_of_the_formula():
    x, _ = load_iris(return_X_y=True)
    x, y = scale(x[:, :3]), x[:, 3]
    settings = {"hidden_layer_sizes": (), "solver": "gradient_descent", "initializer": "zeros", "batch_size": len(x)}
    model = regressor(**settings, schedule="cosine_decay", learning_rate=0.3, max_iter=7).fit(x, y)
    w, b = np.zeros(3), 0.0
    for epoch in range(7):
        rate = 0.3 * (1 + np.cos(np.pi * epoch / 7)) / 2
        error = x @ w + b - y
        w, b = w - rate * x.T @ error / len(x), b - rate * error.mean()
    np.testing.assert_allclose(model.coefs_[0][:, 0], w, rtol=1e-12)
    np.testing.assert_allclose(model.intercepts_[0], b, rtol=1e-12)


@pytest.mark.filterwarnings("error")
def test_a_cosine_decay_goes_on_to_its_end_and_only_a_score_ends_it_before():
    x, y = iris()
    settings = {"schedule": "cosine_decay", "tol": 10.0, "n_iter_no_change": 3, "max_iter": 8}
    assert classifier(**settings).fit(x, y).n_iter_ == 8
    assert classifier(**settings).fit(x, y, validation=(x, y)).n_iter_ == 4


def test_a_cosine_decay_starts_anew_when_a_fit_continues():
    x, y = iris()
    one, other = (classifier(schedule="cosine_decay", warm_start=True, max_iter=5).fit(x, y) for _ in range(2))
    one.set_params(max_iter=1).fit(x, y)
    other.set_params(max_iter=1, schedule="constant").fit(x, y)
    assert_same_bits(one, other)


@pytest.mark.filterwarnings("default:max_iter=")
def test_warns_when_max_iter_ends_the_training():
    with pytest.warns(ConvergenceWarning, match=r"max_iter=2 ended the training before it converged: raise it"):
        classifier(max_iter=2).fit(*iris())


@pytest.mark.parametrize(
    ("parameter", "value", "sentence"),
    [
        (
            "activation",
            "rleu",
            "activation: got 'rleu', expected one of identity, sigmoid, tanh, relu, leaky_relu, elu, softplus, silu, "
            "gelu, softmax, or one for each hidden layer: did you mean 'relu'?",
        ),
        ("learning_rate", -0.1, "learning_rate: got -0.1, expected a finite number above 0"),
        ("learning_rate", float("inf"), "learning_rate: got inf, expected a finite number above 0"),
        (
            "schedule",
            "cosine",
            "schedule: got 'cosine', expected one of constant, cosine_decay: it is 'cosine_decay' here",
        ),
        (
            "solver",
            "sgd",
            "solver: got 'sgd', expected one of gradient_descent, momentum, nesterov, adam: it is 'gradient_descent' "
            "here, or, with scikit-learn's default momentum, 'nesterov'",
        ),
        ("initializer", "unit", "initializer: got 'unit', expected None or one of zeros, normal, xavier, he"),
        ("batch_size", 0, "batch_size: got 0, expected 'auto' or a whole number of at least 1"),
        ("max_iter", 1.5, "max_iter: got 1.5, expected a whole number of epochs of at least 1"),
        (
            "hidden_layer_sizes",
            (10, 0),
            "hidden_layer_sizes: got (10, 0), expected whole numbers of at least 1, one a hidden layer, such as (100,)",
        ),
        ("tol", -1, "tol: got -1, expected a finite number of at least 0"),
        ("validation_fraction", 1.0, "validation_fraction: got 1.0, expected a number above 0 and below 1"),
        ("precision", "float16", "precision: got 'float16', expected one of auto, float32, float64"),
        ("device", "TPU", "device: got 'TPU', expected one of auto, Ascend, GPU, CPU"),
        ("early_stopping", 1, "early_stopping: got 1, expected True or False"),
    ],
)
def test_a_wrong_parameter_is_one_sentence(parameter, value, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        classifier(**{parameter: value}).fit(*iris())
    assert str(caught.value) == sentence


def test_another_network_cannot_go_on_from_the_last_fit():
    x, y = iris()
    model = classifier(max_iter=2, warm_start=True).fit(x, y)
    with pytest.raises(ValueError, match=r"sizes=\(4, 20, 3\).* cannot continue as .*sizes=\(4, 5, 3\)"):
        model.set_params(hidden_layer_sizes=(5,)).fit(x, y)
    with pytest.raises(ValueError, match=r"y: got the class 7, expected only classes of \[0, 1, 2\]"):
        model.set_params(hidden_layer_sizes=(20,)).partial_fit(x, np.where(y == 2, 7, y))
    with pytest.raises(ValueError, match="classes: got None, expected all labels in the first call"):
        classifier().partial_fit(x, y)


def test_a_divergence_names_the_cure_and_spares_the_last_good_weights():
    x, y = load_linnerud(return_X_y=True)
    settings = {"max_iter": 3, "warm_start": True, "solver": "gradient_descent", "precision": "float32"}
    model = regressor(learning_rate=1e-6, **settings).fit(x, y)
    before = model.predict(x)
    with pytest.raises(DivergenceError, match=r"epoch \d+ does not end in finite numbers: lower the learning rate"):
        model.set_params(learning_rate=1e9, max_iter=30).fit(x, y)
    np.testing.assert_array_equal(model.predict(x), before)
    with pytest.raises(DivergenceError):
        model.set_params(warm_start=False).fit(x, y)
    with pytest.raises(NotFittedError):
        model.predict(x)


def test_verbose_prints_a_line_an_epoch(capsys):
    model = classifier(max_iter=2, verbose=True).fit(*iris())
    assert capsys.readouterr().out.splitlines() == [
        f"epoch {number}: cost {cost:.6g}" for number, cost in enumerate(model.loss_curve_, start=1)
    ]


def test_an_epoch_leaves_no_sample_out():
    # Each sample is the only one that moves its own weight.
    model = regressor(hidden_layer_sizes=(), solver="gradient_descent", batch_size=4, initializer="zeros")
    model.partial_fit(np.eye(7), np.ones(7))
    assert model._steps == 2
    assert (model.coefs_[0] > 0).all()
