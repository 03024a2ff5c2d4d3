"""What users of scikit-learn's networks are used to: parameters, attributes, inputs, and names that differ here."""

import numpy as np
import pandas as pd
import pytest
import torch
from small_estimators import assert_same_bits, classifier, iris, regressor

from ms_dnn import DNNClassifier
from ms_dnn.estimators.program import Architecture
from ms_dnn.training.callbacks import StopTraining

pytestmark = [pytest.mark.usefixtures("cpu"), pytest.mark.filterwarnings("ignore:max_iter=")]

X, Y = iris()


def test_validation_samples_have_the_names_of_scikit_learn():
    pair = classifier(max_iter=3).fit(X, Y, validation=(X, Y))
    named = classifier(max_iter=3).fit(X, Y, X_val=X, y_val=Y)
    assert_same_bits(pair, named)
    assert named.best_validation_score_ == max(named.validation_scores_)
    for given, sentence in (
        ({"X_val": X}, "y_val: got None beside X_val, expected both or neither"),
        ({"X_val": X, "y_val": Y, "validation": (X, Y)}, "validation: got a pair beside X_val and y_val"),
        ({"validation": X}, r"validation: got a ndarray, expected a pair \(X_val, y_val\)"),
    ):
        with pytest.raises(ValueError, match=sentence):
            classifier().fit(X, Y, **given)


@pytest.mark.parametrize(
    ("make", "targets", "outputs", "activation"),
    [
        (classifier, Y, 3, "softmax"),
        (classifier, Y == 0, 1, "sigmoid"),
        (classifier, np.eye(3, dtype=int)[Y], 3, "sigmoid"),
        (regressor, Y, 1, "identity"),
    ],
)
def test_fitted_attributes_of_its_networks(make, targets, outputs, activation):
    model = make(hidden_layer_sizes=(3, 2), max_iter=2, warm_start=True).fit(X, targets)
    assert (model.n_layers_, model.n_outputs_, model.out_activation_) == (4, outputs, activation)
    assert (model.t_, model.best_validation_score_, model.validation_scores_) == (300, None, [])
    assert model.fit(X, targets).t_ == 600


def test_each_hidden_layer_may_have_an_activation_of_its_own():
    model = classifier(hidden_layer_sizes=(4, 3), activation=["tanh", "relu"], max_iter=2).fit(X, Y)
    a = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    a = np.maximum(a @ model.coefs_[1] + model.intercepts_[1], 0)
    np.testing.assert_allclose(model.decision_function(X), a @ model.coefs_[2] + model.intercepts_[2], rtol=1e-12)
    of_all, of_each = (
        Architecture((4, 4, 3, 3), activation, "softmax_cross_entropy", "adam", "float64")
        for activation in ("tanh", ("tanh", "tanh"))
    )
    assert of_all.is_compatible_with(of_each)
    with pytest.raises(ValueError, match="activation: got 2 names for 1 hidden layer, expected one for all or as many"):
        classifier(activation=["tanh", "relu"]).fit(X, Y)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"learning_rate": "adaptive"}, "scikit-learn's learning_rate is `schedule` here"),
        ({"activation": "logistic"}, "it is 'sigmoid' here"),
        ({"device": "cuda"}, "it is 'GPU' here"),
        ({"normalization": "bach"}, "did you mean 'batch'?"),
        ({"random_state": np.random.default_rng(0)}, "expected None, a whole number from 0"),
        ({"random_state": -1}, "random_state: got -1, expected None, a whole number from 0"),
    ],
)
def test_values_of_scikit_learn_are_told_their_names_here(parameters, sentence):
    with pytest.raises(ValueError, match=sentence):
        classifier(**parameters).fit(X, Y)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("alpha", "DNNClassifier has no parameter 'alpha': the penalty is `l2` here"),
        ("learning_rate_init", "it is `learning_rate` here"),
        ("hiden_layer_sizes", "did you mean 'hidden_layer_sizes'?"),
        ("zzz", "has no parameter 'zzz': expected hidden_layer_sizes, activation,"),
    ],
)
def test_parameters_of_scikit_learn_are_told_their_names_here(name, sentence):
    with pytest.raises(TypeError, match=sentence):
        DNNClassifier(**{name: 1})


def test_a_callback_follows_the_training_and_may_end_it():
    rows = []

    def follow(row):
        rows.append(row)
        if row["epoch"] == 2:
            raise StopTraining("seen enough")

    model = classifier(max_iter=9).fit(X, Y, X_val=X, y_val=Y, callback=follow)
    assert [row["cost"] for row in rows] == model.loss_curve_
    assert [row["validation_score"] for row in rows] == model.validation_scores_
    assert model.n_iter_ == 2
    with pytest.raises(ValueError, match="callback: got 3, expected a function of the row of an epoch"):
        model.fit(X, Y, callback=3)


def test_frames_with_sparse_columns_and_tensors_are_taken():
    x = np.where(X > 0, X, 0)
    frame = pd.DataFrame(x, columns=list("abcd"))
    plain = classifier(max_iter=2).fit(x, Y)
    for rows, targets in (
        (frame.astype(pd.SparseDtype(float, 0)), Y),
        (frame.astype({"b": pd.SparseDtype(float, 0)}), pd.Series(Y)),
        (torch.tensor(x, requires_grad=True), torch.tensor(Y)),
        (x.tolist(), Y.tolist()),
    ):
        assert_same_bits(plain, classifier(max_iter=2).fit(rows, targets))
    assert classifier(max_iter=2).fit(torch.tensor(x, dtype=torch.bfloat16), Y).coefs_[0].dtype == np.float32


def test_a_flag_may_be_one_of_numpy(capsys):
    classifier(max_iter=1, verbose=np.True_, warm_start=np.False_).fit(X, Y)
    assert capsys.readouterr().out.startswith("epoch 1: cost ")
