"""The blog's loops against the complex step, and the training algorithm against its own description."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ms_dnn.errors import ConfigError, DivergenceError, NoDerivativeError, ShapeError
from ms_dnn.gradients import blog, reference
from ms_dnn.gradients.blog import (
    LOSS_SLOPES,
    SLOPES,
    batch_gradient_descent,
    element_forward,
    looped_gradients,
    matrix_forward,
    sample_gradients,
)
from ms_dnn.gradients.reference import complex_step_gradient, cost, forward

ACTIVATIONS = [*SLOPES, "softmax"]
OUTPUT = {
    "squared_error": None,  # any activation
    "binary_cross_entropy": "sigmoid",
    "binary_cross_entropy_with_logits": "identity",
    "softmax_cross_entropy": "identity",
    "hinge": "identity",
    "perceptron": "identity",
}


# Of each of 60 combinations: 3 by default, 50 in a campaign.
EXAMPLES = settings.default.max_examples // 10


def labels_for(loss, rng, count, outputs):
    if loss in ("hinge", "perceptron"):
        return rng.choice([-1.0, 1.0], size=(count, outputs))
    if loss == "softmax_cross_entropy":
        return np.eye(outputs)[rng.integers(0, outputs, count)]
    if loss.startswith("binary"):
        return rng.integers(0, 2, size=(count, outputs)).astype(float)
    return rng.normal(size=(count, outputs))


def problem(loss, activation, sizes, count, seed):
    """Continuous random numbers: that a z falls on a kink has probability 0."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(o, i)) / np.sqrt(i) for i, o in pairwise(sizes)]
    biases = [0.5 * rng.normal(size=o) for o in sizes[1:]]
    activations = [activation] * (len(weights) - 1) + [OUTPUT[loss] or activation]
    return (
        weights,
        biases,
        activations,
        rng.normal(size=(count, sizes[0])),
        labels_for(loss, rng, count, sizes[-1]),
    )


def assert_same_gradients(got, wanted, rtol=1e-11):
    assert len(got) == len(wanted)
    for layer_got, layer_wanted in zip(got, wanted, strict=True):
        for g, w in zip(layer_got, layer_wanted, strict=True):
            assert g.shape == w.shape
            np.testing.assert_allclose(g, w, rtol=rtol, atol=1e-14 * max(1.0, np.abs(w).max()))


@st.composite
def shapes(draw):
    depth = draw(st.integers(1, 4))
    hidden = draw(st.lists(st.integers(1, 5), min_size=depth, max_size=depth))
    return [*hidden, draw(st.sampled_from([1, 3, 4, 5]))]  # never 2: n_L / 2 would hide


def test_every_loss_and_activation_is_under_test():
    assert set(OUTPUT) == set(LOSS_SLOPES) == set(reference.LOSSES)
    assert set(ACTIVATIONS) | {"sign"} == set(reference.ACTIVATIONS)


@pytest.mark.parametrize("loss", OUTPUT)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@settings(max_examples=EXAMPLES)
@given(
    sizes=shapes(),
    count=st.integers(1, 4),
    seed=st.integers(0, 10**6),
    reduction=st.sampled_from(["mean", "sum"]),
)
def test_loops_agree_with_the_complex_step(loss, activation, sizes, count, seed, reduction):
    W, b, activations, x, y = problem(loss, activation, sizes, count, seed)
    at = (W, b, activations, loss, reduction, x, y)
    assert_same_gradients(looped_gradients(*at), complex_step_gradient(*at))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_every_depth(activation, depth):
    W, b, activations, x, y = problem("squared_error", activation, [*[4, 5, 2, 6][:depth], 3], 3, depth)
    at = (W, b, activations, "squared_error", "mean", x, y)
    assert_same_gradients(looped_gradients(*at), complex_step_gradient(*at))


@pytest.mark.parametrize(("activation", "clipped"), [("sigmoid", False), ("identity", True)])
def test_extreme_probabilities(activation, clipped):
    W, b = [np.array([[1.0]])], [np.array([0.0])]
    for z, y in [(-600.0, 1.0), (30.0, 0.0), (-1e-300, 0.0) if not clipped else (2.0, 1.0)]:
        at = (W, b, [activation], "binary_cross_entropy", "mean", [[z]], [[y]])
        assert_same_gradients(looped_gradients(*at), complex_step_gradient(*at))
        assert (looped_gradients(*at)[0][1][0] == 0) == clipped


def test_saturated_logits_keep_their_tiny_gradients():
    """p − y is −4e-18 at z = 40, y = 1: a difference would give 0."""
    for loss, wanted in [
        ("binary_cross_entropy_with_logits", [-np.exp(-40.0), 0.5]),
        ("softmax_cross_entropy", [-np.exp(-40.0), np.exp(-40.0)]),
    ]:
        at = ([np.eye(2)], [np.zeros(2)], ["identity"], loss, "sum", [[40.0, 0.0]], [[1.0, 0.0]])
        for gradients in (looped_gradients(*at), complex_step_gradient(*at)):
            np.testing.assert_allclose(gradients[0][1], wanted, rtol=1e-15)


@given(sizes=shapes(), seed=st.integers(0, 10**6), activation=st.sampled_from([*ACTIVATIONS, "sign"]))
def test_element_form_column_form_and_row_form_agree(sizes, seed, activation):
    W, b, _, x, _ = problem("squared_error", "tanh", sizes, 3, seed)
    activations = [activation] * len(W)
    rows, columns = forward(W, b, activations, x), matrix_forward(W, b, activations, x.T)
    for n, sample in enumerate(x):
        elements, one = element_forward(W, b, activations, sample), matrix_forward(W, b, activations, sample)
        for level, layer in enumerate(elements):
            for got in (one[level].z, columns[level].z[:, n], rows[level].z[n]):
                np.testing.assert_allclose(got, layer.z, rtol=1e-12, atol=1e-14)
            for got in (one[level].a, columns[level].a[:, n], rows[level].a[n]):
                np.testing.assert_allclose(got, layer.a, rtol=1e-12, atol=1e-14)


# The tests above can fail

SMOOTH = ("sigmoid", "tanh", "softplus", "silu", "gelu", "elu")


def assert_unequal_to_the_reference(loss, activation, seed=11):
    W, b, activations, x, y = problem(loss, activation, [4, 5, 3], 3, seed)
    at = (W, b, activations, loss, "mean", x, y)
    with pytest.raises(AssertionError):
        assert_same_gradients(looped_gradients(*at), complex_step_gradient(*at))


@pytest.mark.parametrize("activation", SMOOTH)
def test_a_derivative_at_a_instead_of_z_is_noticed(activation, monkeypatch):
    right = SLOPES[activation]
    wrong = {**SLOPES, activation: lambda z: right(reference.activate(activation, z))}
    monkeypatch.setattr(blog, "SLOPES", wrong)
    assert_unequal_to_the_reference("squared_error", activation)


@pytest.mark.parametrize("activation", [*SLOPES])
def test_a_slope_wrong_by_one_part_in_a_million_is_noticed(activation, monkeypatch):
    right = SLOPES[activation]
    monkeypatch.setattr(blog, "SLOPES", {**SLOPES, activation: lambda z: right(z) * (1 + 1e-6)})
    assert_unequal_to_the_reference("squared_error", activation)


@pytest.mark.parametrize("loss", OUTPUT)
def test_a_doubled_loss_slope_is_noticed(loss, monkeypatch):
    right = LOSS_SLOPES[loss]
    monkeypatch.setattr(blog, "LOSS_SLOPES", {**LOSS_SLOPES, loss: lambda a, y: 2 * right(a, y)})
    assert_unequal_to_the_reference(loss, "tanh")


def test_softmax_without_its_jacobian_is_noticed(monkeypatch):
    diagonal = {**SLOPES, "softmax": lambda a: a * (1 - a)}
    monkeypatch.setattr(blog, "through_activation", lambda name, z, da: da * diagonal[name](z))
    assert_unequal_to_the_reference("squared_error", "softmax")


# The training algorithm


def training(**changes):
    W, b, activations, x, y = problem("squared_error", "tanh", [3, 4, 3], 5, 7)
    settings_ = {"learning_rate": 0.1, "max_iterations": 20, "tolerance": 0.0} | changes
    return (W, b, activations, "squared_error", x, y), settings_


def test_max_stops_and_each_update_is_minus_alpha_times_the_mean_gradient():
    at, how = training(max_iterations=3)
    before = [w.copy() for w in at[0]]
    result = batch_gradient_descent(*at, **how)
    assert (result.iterations, result.stop_reason, len(result.costs)) == (3, "max_iterations", 4)
    W, b = at[0], at[1]
    for k in range(3):
        assert result.costs[k] == pytest.approx(cost(W, b, *at[2:4], "mean", *at[4:]), rel=1e-12)
        gradients = complex_step_gradient(W, b, *at[2:4], "mean", *at[4:])
        largest = 0.1 * max(np.abs(g).max() for layer in gradients for g in layer)
        W = [w - 0.1 * dW for w, (dW, _) in zip(W, gradients, strict=True)]
        b = [c - 0.1 * db for c, (_, db) in zip(b, gradients, strict=True)]
    for got, wanted in zip([*result.weights, *result.biases], [*W, *b], strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)
    assert result.largest_change == pytest.approx(largest, rel=1e-11)
    assert result.costs == sorted(result.costs, reverse=True)
    for untouched, w in zip(before, at[0], strict=True):
        np.testing.assert_array_equal(untouched, w)


def test_epsilon_stops_at_the_first_iteration_whose_largest_change_is_below_it():
    at, how = training(max_iterations=40)
    changes = [batch_gradient_descent(*at, **how | {"max_iterations": k}).largest_change for k in range(1, 13)]
    assert changes == sorted(changes, reverse=True)
    between = (changes[8] + changes[9]) / 2
    result = batch_gradient_descent(*at, **how | {"tolerance": between})
    assert (result.iterations, result.stop_reason) == (10, "tolerance")
    assert result.largest_change == changes[9]
    exactly = batch_gradient_descent(*at, **how | {"tolerance": changes[9]})
    assert exactly.iterations == 11  # below, not at
    together = batch_gradient_descent(*at, **how | {"tolerance": between, "max_iterations": 10})
    assert (together.iterations, together.stop_reason) == (10, "tolerance")


@pytest.mark.parametrize("fast", ["weight", "bias"])
def test_epsilon_waits_for_the_slowest_element_of_w_and_of_b(fast):
    """One linear node at x: ΔW = α r x, Δb = α r. With x = 1e-3 only b moves, with x = 1e3 mostly W."""
    x = 1e-3 if fast == "bias" else 1e3
    at = ([np.zeros((1, 1))], [np.zeros(1)], ["identity"], "squared_error", [[x]], [[1.0]])
    result = batch_gradient_descent(*at, learning_rate=1e-7, max_iterations=1, tolerance=0)
    assert result.largest_change == pytest.approx(1e-7 * max(x, 1.0), rel=1e-12)


def test_a_fixed_point_is_stopped_by_epsilon_but_never_by_zero():
    at = ([np.ones((3, 2))], [np.zeros(3)], ["identity"], "squared_error", np.zeros((1, 2)), np.zeros((1, 3)))
    result = batch_gradient_descent(*at, learning_rate=1.0, max_iterations=5, tolerance=1e-300)
    assert (result.iterations, result.stop_reason, result.largest_change) == (1, "tolerance", 0.0)
    result = batch_gradient_descent(*at, learning_rate=1.0, max_iterations=5, tolerance=0)
    assert (result.iterations, result.stop_reason) == (5, "max_iterations")


@pytest.mark.parametrize(
    "wrong", [{"learning_rate": 0.0}, {"learning_rate": np.nan}, {"max_iterations": 0}, {"tolerance": -1.0}]
)
def test_numbers_out_of_range_raise(wrong):
    at, how = training(**wrong)
    with pytest.raises(ConfigError, match="max_iterations ≥ 1"):
        batch_gradient_descent(*at, **how)


def test_divergence_names_the_iteration():
    at = ([np.ones((1, 1))], [np.zeros(1)], ["identity"], "squared_error", [[1.0]], [[0.0]])
    with pytest.raises(DivergenceError, match=r"iteration \d+: .* lower the learning rate"):
        batch_gradient_descent(*at, learning_rate=1e30, max_iterations=50, tolerance=0)


def test_what_raises():
    W, b, activations, x, y = problem("squared_error", "tanh", [3, 4, 3], 2, 0)
    with pytest.raises(NoDerivativeError, match="perceptron loss"):
        sample_gradients(W, b, ["sign", "tanh"], "squared_error", x[0], y[0])
    with pytest.raises(ConfigError, match="activation 'rleu'"):
        blog.through_activation("rleu", x[0], x[0])
    with pytest.raises(ConfigError, match="reduction 'none'"):
        looped_gradients(W, b, activations, "squared_error", "none", x, y)
    with pytest.raises(ShapeError, match="one sample"):
        element_forward(W, b, activations, x)
    with pytest.raises(ShapeError, match="columns"):
        matrix_forward(W, b, activations, x[None])
    with pytest.raises(ShapeError, match="layer 1"):
        matrix_forward(W, b, activations, x)  # rows where columns belong
    with pytest.raises(ShapeError, match="2 samples and 1 labels"):
        looped_gradients(W, b, activations, "squared_error", "mean", x, y[:1])
    with pytest.raises(ShapeError, match="labels"):
        sample_gradients(W, b, activations, "squared_error", x[0], y[0][:1])
