"""The judge on dropout and normalisation: right in both precisions, and planted faults found in the right layer."""

import numpy as np
import pytest
from mindspore import Tensor, ops

from ms_dnn.dnn import build_dnn
from ms_dnn.gradients import reference
from ms_dnn.gradients import reference_chain as chain
from ms_dnn.judge.judgement import Verdict
from ms_dnn.judge.network import check_network
from ms_dnn.judge.parts import faulty_layers
from ms_dnn.judge.routes.base import CENTRAL_DIFFERENCES
from ms_dnn.judge.routes.network import (
    ComplexStepRoute,
    HandwrittenRoute,
    network_routes,
    network_subject,
    plain_layers,
)
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import Penalty
from ms_dnn.maths.normalization import scale_and_shift_vjp

pytestmark = pytest.mark.usefixtures("cpu")

KINDS = {
    "dropout": {"dropouts": 0.4, "input_dropout": 0.2},
    "batch": {"normalizations": "batch"},
    "layer": {"normalizations": "layer"},
    "all": {"normalizations": ["batch", "layer", "none"], "dropouts": [0.3, 0.2, 0.0]},
}


def problem(kind, dtype="float64", penalty=None):
    rng = np.random.default_rng(7)
    network = build_dnn([5, 6, 4, 3], ["tanh", "silu", "identity"], seed=2, dtype=dtype, **KINDS[kind])
    for name, parameter in zip(network.parameter_names, network.trainable_params(), strict=True):
        if not name.endswith("weight"):
            drawn = parameter.asnumpy() + rng.normal(0.0, 0.3, parameter.shape)
            ops.assign(parameter, Tensor(drawn.astype(dtype)))
    x = Tensor(rng.normal(size=(8, 5)).astype(dtype))
    y = Tensor(np.eye(3)[rng.integers(0, 3, 8)].astype(dtype))
    return network, Cost("softmax_cross_entropy", penalty=penalty), x, y


def judged(kind, dtype="float64", penalty=None):
    given = problem(kind, dtype, penalty)
    routes = [route for route in network_routes(*given, compiled=True) if route.name != CENTRAL_DIFFERENCES]
    return check_network(*given, routes=routes)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        *((kind, "float64") for kind in KINDS),
        ("all", "float32"),
        *(pytest.param(kind, "float32", marks=pytest.mark.campaign) for kind in KINDS if kind != "all"),
    ],
)
def test_right_gradients_pass(kind, dtype):
    judgement = judged(kind, dtype)
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert judgement.forward.within


def test_central_differences_agree_too():
    rng = np.random.default_rng(7)
    network = build_dnn([3, 4, 2], ["tanh", "identity"], seed=2, dtype="float64", normalizations=["batch", "none"])
    x, y = Tensor(rng.normal(size=(8, 3))), Tensor(np.eye(2)[rng.integers(0, 2, 8)])
    judgement = check_network(network, Cost("softmax_cross_entropy"), x, y, directions=1)
    assert judgement.verdict is Verdict.PASS, judgement.reason


@pytest.mark.parametrize("biases", [True, pytest.param(False, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("kind", KINDS)
def test_where_one_parameter_moves_the_terms_are_those_of_the_whole_network(kind, biases, monkeypatch):
    subject = network_subject(*problem(kind, penalty=Penalty(0.01, 0.1, biases=biases)))
    for variable in subject.variables:
        value = subject.value_of(variable)
        values = [value + t * np.ones(value.shape) for t in (0.0, 0.5, -0.25)]
        whole = Subject.terms_at(subject, variable, values)
        np.testing.assert_allclose(subject.terms_at(variable, values), whole, rtol=1e-13)
    calls, layers = [], subject.function.network.layers
    monkeypatch.setattr(layers[0], "forward", lambda x, of=layers[0].forward: calls.append(x) or of(x))
    subject.terms_at(subject.variables[-1], values)
    assert len(calls) == 2, "the layers below are computed once, and once with the masks"


def test_a_penalty_on_biases_takes_scale_and_shift_in():
    assert judged("layer", penalty=Penalty(0.01, 0.1, biases=True)).verdict is Verdict.PASS


def test_every_element_equals_the_complex_step():
    """The judge looks along lines; here each number of each parameter is asked about."""
    network, cost, x, y = problem("all")
    route = ComplexStepRoute(network, cost, x, y)
    for name, gradient in HandwrittenRoute(network, cost, x, y).gradients().items():
        for index in np.ndindex(gradient.shape):
            direction = np.zeros(gradient.shape)
            direction[index] = 1.0
            assert abs(route.slope(name, direction).value - gradient[index]) < 1e-14


def test_the_witness_of_dense_layers_is_the_one_that_blog_and_rounding_use():
    network, _, x, y = problem("dropout")
    dense = [layer for layer in plain_layers(network) if layer[0] == "affine"]
    of_chain = chain.chain_cost(dense, "softmax_cross_entropy", "mean", x.asnumpy(), y.asnumpy())
    arguments = ([values[name] for _, values in dense] for name in ("weight", "bias", "activation"))
    of_lists = reference.cost(*arguments, "softmax_cross_entropy", "mean", x.asnumpy(), y.asnumpy())
    assert of_chain == of_lists


# Faults, each one that people make -------------------------------------------------------------------------------


def without_the_means(layer, cache, da):
    """μ and σ² are taken for constants: dx̂ / √(σ² + ε) alone."""
    x_hat, inverse, z, a, _, _ = cache
    dx_hat, d_scale, d_shift = scale_and_shift_vjp(x_hat, layer.scale, layer.activation.vjp(z, a, da))
    return inverse * dx_hat, (d_scale, d_shift)


def without_the_variance(layer, cache, da):
    """σ² is taken for a constant: the part along x̂ stays."""
    x_hat, inverse, z, a, _, _ = cache
    dx_hat, d_scale, d_shift = scale_and_shift_vjp(x_hat, layer.scale, layer.activation.vjp(z, a, da))
    return inverse * (dx_hat - dx_hat.mean(axis=layer.axis, keep_dims=True)), (d_scale, d_shift)


def scale_forgotten(layer, cache, da):
    """γ does not come back into dx."""
    dx, gradients = type(layer).backward(layer, cache, da)
    return dx / layer.scale, gradients


def scale_from_the_input(layer, cache, da):
    """dγ takes z where it wants x̂."""
    dx, (_, d_shift) = type(layer).backward(layer, cache, da)
    dz = layer.activation.vjp(cache[2], cache[3], da)
    return dx, ((dz * cache[2]).sum(axis=0), d_shift)


def mean_of_the_shift(layer, cache, da):
    """dβ is averaged once more."""
    dx, (d_scale, d_shift) = type(layer).backward(layer, cache, da)
    return dx, (d_scale, d_shift / Tensor(len(da), d_shift.dtype))


def mask_forgotten(layer, cache, da):
    """Everything comes back through dropout."""
    return da, ()


def not_inverted(layer, cache, da):
    """The mask comes back without its 1 / (1 − p)."""
    return da * (cache[0] > 0).astype(da.dtype), ()


def mask_drawn_anew(layer, cache, da):
    """The backward pass drops others than the forward pass did."""
    return da * ops.flip(cache[0], (0,)), ()


FAULTS = [
    *[("batch", 1, fault, "dx") for fault in (without_the_means, without_the_variance, scale_forgotten)],
    ("layer", 3, without_the_means, "dx"),
    *[pytest.param("layer", 3, f, "dx", marks=pytest.mark.campaign) for f in (without_the_variance, scale_forgotten)],
    ("batch", 3, scale_from_the_input, "dscale"),
    ("layer", 1, mean_of_the_shift, "dshift"),
    *[("dropout", 2, fault, "dx") for fault in (mask_forgotten, not_inverted, mask_drawn_anew)],
]


@pytest.mark.parametrize(("kind", "place", "fault", "tensor"), FAULTS)
def test_planted_faults_fail_and_are_found_in_their_layer(kind, place, fault, tensor):
    network, cost, x, y = problem(kind)
    layer = network.layers[place]
    object.__setattr__(layer, "backward", lambda cache, da: fault(layer, cache, da))
    routes = [route for route in network_routes(network, cost, x, y) if route.name != CENTRAL_DIFFERENCES]
    judgement = check_network(network, cost, x, y, routes=routes)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.blame == "handwritten"
    assert [(part.part, part.tensor) for part in judgement.faulty] == [(f"layer {place + 1}", tensor)]


def test_no_part_of_a_right_backward_pass_is_faulty():
    for kind in KINDS:
        assert faulty_layers(*problem(kind), 1e-12) == []


@pytest.mark.parametrize(
    ("loss", "reduction"),
    [
        ("softmax_cross_entropy", "mean"),
        ("squared_error", "sum"),
        pytest.param("softmax_cross_entropy", "sum", marks=pytest.mark.campaign),
        pytest.param("squared_error", "mean", marks=pytest.mark.campaign),
    ],
)
def test_weighted_samples_pass_and_a_forgotten_weight_is_found_in_the_cost(loss, reduction):
    network, _, x, y = problem("layer")
    weights = np.random.default_rng(8).uniform(0, 3, (len(y), 1))
    given = network, Cost(loss, reduction, weighted=True), x, Tensor(np.hstack([y.asnumpy(), weights]))
    routes = [route for route in network_routes(*given) if route.name != CENTRAL_DIFFERENCES]
    assert check_network(*given, routes=routes).verdict is Verdict.PASS
    cost = given[1]
    right = cost.forward_backward
    unweighted = cost.unweighted()
    object.__setattr__(
        cost, "forward_backward", lambda a, y: (right(a, y)[0], unweighted.forward_backward(a, y[:, :-1])[1])
    )
    judgement = check_network(*given, routes=routes)
    assert judgement.verdict is Verdict.FAIL
    assert [(part.part, part.tensor) for part in judgement.faulty] == [("cost", "da")]
