"""Networks, costs and gradients take numbers in any form; what they cannot take is one sentence, not MindSpore's."""

import mindspore as ms
import numpy as np
import pandas as pd
import pytest
import torch

import ms_dnn
from ms_dnn.errors import ConfigError, ShapeError

pytestmark = pytest.mark.usefixtures("cpu")

X, Y = np.random.default_rng(0).normal(size=(4, 3)), np.eye(2)[[0, 1, 1, 0]]


def network(**options):
    return ms_dnn.build_dnn((3, 4, 2), ("tanh", "identity"), seed=1, **options)


def gradients():
    cost, one = ms_dnn.Cost("softmax_cross_entropy"), network()
    return ms_dnn.HandwrittenGradient(one, cost), ms_dnn.FrameworkGradient(one, cost)


@pytest.mark.parametrize(
    "form", [np.asarray, np.ndarray.tolist, pd.DataFrame, lambda x: torch.tensor(x, requires_grad=True), ms.Tensor]
)
def test_numbers_in_any_form_are_those_of_a_tensor(form):
    x, y = form(X.astype("float32")), form(Y)
    tensors = ms.Tensor(X, ms.float32), ms.Tensor(Y, ms.float32)
    np.testing.assert_array_equal(network()(x).asnumpy(), network()(tensors[0]).asnumpy())
    for gradient in gradients():
        (J, found), (expected, wanted) = gradient(x, y), gradient(*tensors)
        assert expected == J
        np.testing.assert_array_equal(found[0].asnumpy(), wanted[0].asnumpy())
    a = network()(x)
    assert ms_dnn.Cost("squared_error")(a, y) == ms_dnn.Cost("squared_error")(a, tensors[1])


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (X[:, :2], r"input of the network: got Float32 of shape \(4, 2\), expected Float32 of shape \(N, 3\)"),
        (X[0], r"got Float32 of shape \(3,\), expected"),
        (ms.Tensor(X), r"got Float64 of shape \(4, 3\), expected Float32"),
        ("abc", "input of the network: got a str, expected a Tensor, or numbers in rows of one length"),
        (None, "input of the network: got a NoneType, expected"),
        ([[1.0, 2.0, 3.0], [4.0]], "input of the network: got a list, expected"),
    ],
)
def test_an_input_that_does_not_fit_is_one_sentence(x, sentence):
    for call in (network(), *(lambda x, one=one: one(x, Y) for one in gradients())):
        with pytest.raises(ShapeError, match=sentence):
            call(x)


@pytest.mark.parametrize("y", [Y[:, 0], Y[:, :1], Y[:1], [0, 1, 1, 0]])
def test_a_target_that_does_not_fit_is_not_broadcast(y):
    for call in (ms_dnn.Cost("squared_error"), *gradients()):
        with pytest.raises(ShapeError, match=r"target of the cost: got shape .*, expected \(4, 2\): a column for each"):
            call(X.astype("float32") @ np.eye(3, 2, dtype="float32") if isinstance(call, ms_dnn.Cost) else X, y)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: ms_dnn.build_dnn((2, 3), "relu"),
            r"got sizes \(2, 3\) and activations 'relu', expected whole numbers",
        ),
        (lambda: ms_dnn.build_dnn((2, "3"), ["relu"]), r"network: got sizes \(2, '3'\)"),
        (lambda: ms_dnn.build_dnn(3, ["relu"]), "network: got sizes 3 and"),
        (lambda: ms_dnn.build_dnn((2, 3), ["rleu"]), "activation: got 'rleu', .*: did you mean 'relu'?"),
        (
            lambda: ms_dnn.build_dnn((2, 3), ["relu"], dtype="flaot32"),
            "dtype: got 'flaot32', .*: did you mean 'float32'",
        ),
        (lambda: ms_dnn.Cost("crossentropy"), "loss: got 'crossentropy', .*: did you mean 'binary_cross_entropy'"),
    ],
)
def test_a_wrong_name_or_size_is_one_sentence(call, sentence):
    with pytest.raises((ShapeError, ConfigError), match=sentence):
        call()


def test_what_is_shown_has_sizes():
    assert repr(network()) == "DNN(3-4-2 (tanh, identity))"
    assert repr(network().layers[0]) == "Dense(3 → 4 tanh)"
    assert repr(network(normalizations="batch").layers[1]) == "BatchNorm(4 → batch norm tanh)"
    assert repr(ms_dnn.LogisticRegression(2)) == "LogisticRegression(2-1 (sigmoid))"
    assert repr(ms_dnn.Cost("hinge", "sum", weighted=True)) == "Cost(hinge, sum, weighted)"
    assert "(network): DNN(3-4-2 (tanh, identity))" in repr(gradients()[0])
