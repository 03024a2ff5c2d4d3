import numpy as np
import pytest
from mindspore import Tensor
from networks import problem

from ms_dnn.dnn import DNN
from ms_dnn.gradients import reference
from ms_dnn.gradients.numerical import LADDER, central_differences, climb_ladder, draw_elements
from ms_dnn.gradients.routes import plain_network
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense

pytestmark = pytest.mark.usefixtures("cpu")

H = LADDER[1]


def shapes_of(network):
    parameters = zip(network.parameter_names, network.trainable_params(), strict=True)
    return {name: parameter.shape for name, parameter in parameters}


def estimate(function, theta=1.0):
    """The ladder on a function of one number."""
    h = LADDER[None, :]
    base = function(theta)
    above, below = function(theta + h) - base, function(theta - h) - base
    return climb_ladder(above, below, 2 * h, 1e-16 * abs(base) / h)


@pytest.mark.parametrize("loss", ["squared_error", "softmax_cross_entropy", "binary_cross_entropy_with_logits"])
@pytest.mark.parametrize("activation", ["tanh", "gelu", "softmax", "relu"])
def test_agrees_with_the_complex_step_on_every_element(activation, loss):
    network, cost, x, y = problem([4, 5, 3], [activation, "identity"], loss)
    elements = draw_elements(shapes_of(network), 10**9, 0)

    found = central_differences(network, cost, x.asnumpy(), y.asnumpy(), elements)

    layers = reference.complex_step_gradient(*plain_network(network), loss, "mean", x.asnumpy(), y.asnumpy())
    for e, exact in zip(found.values(), [g.ravel() for layer in layers for g in layer], strict=True):
        assert e.settled.all()
        assert np.abs(e.values - exact).max() <= 1e-7 * np.abs(exact).max()
        assert np.all(np.abs(e.values - exact) <= e.errors)


def test_the_base_costs_are_the_networks_own():
    from ms_dnn.gradients.numerical import PerturbedCosts

    network, cost, x, y = problem([4, 5, 3], ["silu", "identity"], "softmax_cross_entropy")
    costs = PerturbedCosts(network, cost, x.asnumpy(), y.asnumpy())
    J = float(cost(network(x), y).asnumpy())
    assert costs.base.sum() * costs.weight == pytest.approx(J, rel=1e-15)
    # And a perturbed cost is that of a network which has the perturbed weight.
    network.layers[0].weight.set_data(Tensor(np.where(np.arange(20).reshape(5, 4) == 6, 0.25, costs.parameters[0])))
    perturbed = costs.losses(0, np.array([6]), np.array([0.25]))[0]
    assert perturbed.sum() * costs.weight == pytest.approx(float(cost(network(x), y).asnumpy()), rel=1e-15)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_steps_follow_the_scale_of_the_parameters(factor):
    network, cost, x, y = problem([4, 5, 3], ["identity", "tanh"], "squared_error")
    for layer, scale in zip(network.layers, (factor, 1 / factor), strict=True):
        layer.weight.set_data(Tensor(layer.weight.asnumpy() * scale))
    network.layers[0].bias.set_data(Tensor(network.layers[0].bias.asnumpy() * factor))
    elements = draw_elements(shapes_of(network), 10**9, 0)
    found = central_differences(network, cost, x.asnumpy(), y.asnumpy(), elements)
    layers = reference.complex_step_gradient(*plain_network(network), "squared_error", "mean", x.asnumpy(), y.asnumpy())
    for e, exact in zip(found.values(), [g.ravel() for layer in layers for g in layer], strict=True):
        assert e.settled.all()
        assert np.abs(e.values - exact).max() <= 1e-6 * np.abs(exact).max()


@pytest.mark.parametrize("place", [0.3, 0.5, 0.8, 1.2, 3.0])
def test_a_kink_within_the_larger_stencils_does_no_harm(place):
    found = estimate(lambda t: np.abs(t - (1.0 + place * H)) + t * t)
    assert found.settled[0]
    assert found.values[0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("place", [0.0, 0.01, 0.05])
def test_a_kink_within_the_smallest_stencil_is_unsettled(place):
    assert not estimate(lambda t: np.abs(t - (1.0 + place * H)) + t * t).settled[0]


def test_a_kink_at_half_a_step_of_a_bias():
    network = DNN([Dense(np.array([[1.0]]), np.array([-1.0 + 0.5 * H]), "relu")])
    x, y = np.array([[1.0]]), np.array([[-1.0]])
    found = central_differences(network, Cost("squared_error"), x, y, draw_elements(shapes_of(network), 9, 0))
    for e in found.values():
        assert e.settled.all()
        assert e.values[0] == pytest.approx(1.0 + 0.5 * H, rel=1e-7)


def test_a_gradient_of_zero_is_settled():
    found = estimate(lambda t: 3.0 + 0.0 * t)
    assert (found.settled[0], found.values[0]) == (True, 0.0)


def test_drawn_elements_are_sorted_distinct_and_repeatable():
    shapes = {"W": (30, 20), "b": (7,)}
    drawn = draw_elements(shapes, 100, 3)
    assert len(np.unique(drawn["W"])) == 100
    assert np.all(np.diff(drawn["W"]) > 0)
    assert drawn["W"].max() < 600
    assert drawn["b"].tolist() == list(range(7))
    assert np.array_equal(draw_elements(shapes, 100, 3)["W"], drawn["W"])
    assert not np.array_equal(draw_elements(shapes, 100, 4)["W"], drawn["W"])
