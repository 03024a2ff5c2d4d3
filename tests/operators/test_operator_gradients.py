"""The operator's gradients against the complex step, its masks and averages against the graph's, and planted faults."""

import numpy as np
import pytest
from mindspore import Tensor

from ms_dnn.dnn import build_dnn
from ms_dnn.errors import OperatorError
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.judge.check import check_gradients
from ms_dnn.judge.routes.network import ComplexStepRoute
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import AdjustablePenalty, Penalty
from ms_dnn.maths.activations import ACTIVATIONS, Activation, identity, identity_vjp
from ms_dnn.maths.losses import LOSSES
from ms_dnn.operators.call import operator_gradient

TRAINED = [loss for loss in LOSSES if loss != "zero_one"]
HIDDEN = [name for name in ACTIVATIONS if name != "sign"]


def problem(loss, activations, dtype="float64", reduction="mean", penalty=None, weighted=False, **layers):
    rng = np.random.default_rng(5)
    last = {"binary_cross_entropy": "sigmoid"}.get(loss, "identity")
    network = build_dnn(
        [5, *(4 + i for i in range(len(activations))), 3], [*activations, last], "he", 1, dtype, **layers
    )
    y = np.eye(3)[rng.integers(0, 3, 7)]
    if loss in ("hinge", "perceptron"):
        y = 2 * y - 1
    if weighted:
        y = np.column_stack([y, rng.uniform(0.5, 2, 7)])
    x = rng.normal(size=(7, 5))
    return network, Cost(loss, reduction, penalty, weighted), Tensor(x.astype(dtype)), Tensor(y.astype(dtype))


def assert_right(network, cost, x, y):
    """Compare J with the graph's, and each gradient along two random directions with the complex step."""
    J, gradients = operator_gradient(network, cost, x, y)
    np.testing.assert_allclose(J, float(HandwrittenGradient(network, cost)(x, y)[0]), rtol=1e-13)
    witness, rng = ComplexStepRoute(network, cost, x, y), np.random.default_rng(3)
    for name, gradient in zip(network.parameter_names, gradients, strict=True):
        for direction in rng.normal(size=(2, *gradient.shape)):
            slope = witness.slope(name, direction).value
            np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-10, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("loss", TRAINED)
def test_every_activation_and_loss(activation, loss):
    for depth in (1, 2, 4):
        assert_right(*problem(loss, [activation] * depth))


@pytest.mark.parametrize(
    "settings",
    [
        {"normalizations": "batch"},
        {"normalizations": "layer"},
        {"dropouts": 0.4, "input_dropout": 0.2},
        {"normalizations": "batch", "dropouts": 0.3},
        {"penalty": Penalty(0.01, 0.1)},
        {"penalty": Penalty(0.01, 0.1, biases=True), "normalizations": "layer"},
        {"weighted": True, "reduction": "sum"},
    ],
    ids=str,
)
def test_every_layer_and_every_form_of_the_cost(settings):
    assert_right(*problem("softmax_cross_entropy", ["tanh", "gelu"], **settings))


def test_a_penalty_that_is_adjusted():
    penalty = AdjustablePenalty(Tensor(0.0).dtype)
    point = problem("squared_error", ["tanh"], "float32", penalty=penalty)
    J, _ = operator_gradient(*point)
    penalty.adjust(2.0)
    squares = sum(np.sum(w.asnumpy() ** 2) for w in point[0].trainable_params() if w.ndim > 1)
    np.testing.assert_allclose(operator_gradient(*point)[0], J + squares, rtol=1e-6)


def test_to_be_asked_changes_nothing():
    network, cost, x, y = problem("softmax_cross_entropy", ["relu"], normalizations="batch", dropouts=0.5)
    before = [parameter.asnumpy().copy() for parameter in network.get_parameters()]
    operator_gradient(network, cost, x, y)
    for parameter, value in zip(network.get_parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter.asnumpy(), value)


def test_float32_is_as_good_as_the_graph():
    network, cost, x, y = problem("softmax_cross_entropy", ["tanh", "relu"], "float32")
    wide = problem("softmax_cross_entropy", ["tanh", "relu"])
    for ours, graph, exact in zip(
        operator_gradient(network, cost, x, y)[1],
        HandwrittenGradient(network, cost)(x, y)[1],
        operator_gradient(*wide)[1],
        strict=True,
    ):
        scale = np.abs(exact).max()
        assert np.abs(ours - exact).max() <= 2 * np.abs(graph.asnumpy() - exact).max() + 1e-6 * scale


def test_the_judge_asks_the_operator():
    network, cost, x, y = problem("softmax_cross_entropy", ["silu"])
    judgement = check_gradients(network, x, cost, (y,), modes=("pynative", "operator"), directions=1)
    assert judgement
    assert "handwritten (operator)" in str(judgement)


# What is changed in the sources, the network that shows it, and the tensor that it is found in.
FAULTS = [
    ("s * (T(1) + z * (T(1) - s))", "s * (T(1) + z * (T(1) + s))", ["silu"], {}, "layers.0.bias"),
    ("dz[j] / sum - y[j]", "dz[j] / sum - y[j] * T(1.001)", ["tanh"], {}, "layers.1.bias"),
    ("d[k] - T(mean_d[j])", "d[k]", ["tanh"], {"normalizations": "batch"}, "layers.0.weight"),
    ("x_hat[j] * along_x_hat", "x_hat[j] * mean_of_row", ["tanh"], {"normalizations": "layer"}, "layers.0.weight"),
    ("g[k] *= factors[k]", "g[k] *= scale", ["tanh"], {"dropouts": 0.5}, "layers.0.bias"),
    ("g[k] += of_l2 * w[k]", "g[k] += 2 * of_l2 * w[k]", ["tanh"], {"penalty": Penalty(0, 0.1)}, "layers.1.weight"),
]


@pytest.mark.parametrize(
    ("right", "wrong", "activations", "settings", "where"),
    [FAULTS[0], *(pytest.param(*fault, marks=pytest.mark.campaign) for fault in FAULTS[1:])],
)
def test_a_planted_fault_is_blamed_on_the_operator(plant, right, wrong, activations, settings, where):
    plant(right, wrong)
    network, cost, x, y = problem("softmax_cross_entropy", activations, **settings)
    judgement = check_gradients(network, x, cost, (y,), modes=("pynative", "operator"), directions=1)
    assert judgement.verdict.value == "FAIL"
    assert judgement.blame == "handwritten (operator)"
    assert f"on {where}" in judgement.reason


def test_what_is_not_covered_is_named():
    network, cost, x, y = problem("squared_error", ["tanh"])
    network.layers[0].activation = Activation("tanh", identity, identity_vjp)  # another function under the same name
    with pytest.raises(OperatorError, match="the activation 'tanh' is not among its functions"):
        operator_gradient(network, cost, x, y)
    with pytest.raises(OperatorError, match="Float16"):
        operator_gradient(*problem("squared_error", ["tanh"], "float16"))
