"""The perceptron, logistic regression and the shallow network as classes: what they predict and that they learn."""

import numpy as np
import pytest
from mindspore import Tensor, ops
from sklearn.datasets import load_iris

import ms_dnn
from ms_dnn.data.separability import separable_outputs

pytestmark = pytest.mark.usefixtures("cpu")


def descend(network, loss, x, y, rate, steps):
    """Plain gradient descent by the hand-written gradients; return the costs."""
    gradient, costs = ms_dnn.HandwrittenGradient(network, ms_dnn.Cost(loss)), []
    for _ in range(steps):
        J, gradients = gradient(Tensor(x), Tensor(y))
        for parameter, dtheta in zip(network.trainable_params(), gradients, strict=True):
            ops.assign(parameter, parameter - rate * dtheta)
        costs.append(float(J))
    return costs


def setosa_or_not():
    x, y = load_iris(return_X_y=True)
    x = ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32)
    return x, (y == 0).astype(np.float32)[:, None]


def test_the_sign_of_zero_is_minus_one():
    assert ms_dnn.Perceptron(3).decide(Tensor(np.ones((2, 3), np.float32))).tolist() == [[-1], [-1]]


def test_a_perceptron_converges_on_separable_classes():
    x, y = setosa_or_not()
    y = 2 * y - 1
    assert separable_outputs(x, y) == [True]
    network = ms_dnn.Perceptron(4)
    network.layers[0].bias.set_data(Tensor([0.01]))  # at 0 the loss has slope 0
    costs = descend(network, "perceptron", x, y, 0.1, 100)
    assert costs[-1] == 0.0
    np.testing.assert_array_equal(network.decide(Tensor(x)), y)


def test_logistic_regression_starts_undecided_and_learns():
    x, y = setosa_or_not()
    network = ms_dnn.LogisticRegression(4)
    costs = descend(network, "binary_cross_entropy", x, y, 1.0, 100)
    assert costs[0] == pytest.approx(np.log(2), rel=1e-6)
    assert costs[-1] < 0.05
    np.testing.assert_array_equal(network.decide(Tensor(x)), y[:, 0])


def test_a_shallow_network_learns_what_one_layer_cannot():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array([[0], [1], [1], [0]], np.float32)  # exclusive or
    network = ms_dnn.ShallowNetwork(2, 4, 1, seed=1)
    costs = descend(network, "binary_cross_entropy_with_logits", x, y, 1.0, 300)
    assert costs[-1] < 0.05
    assert network.sizes == (2, 4, 1)
    twin = ms_dnn.build_dnn([2, 4, 1], ["tanh", "identity"], "xavier", seed=1)
    fresh = ms_dnn.ShallowNetwork(2, 4, 1, seed=1)
    for one, other in zip(fresh.trainable_params(), twin.trainable_params(), strict=True):
        np.testing.assert_array_equal(one.asnumpy(), other.asnumpy())
