"""The compiled loop: chunks, the tolerance, both routes, and weights that change between two calls."""

import numpy as np
import pytest
from compiled_run import BATCH, SAMPLES, batches, network, put, run, samples, state, values
from mindspore import Tensor, ops

from ms_dnn.gradients import reference
from ms_dnn.gradients.blog import batch_gradient_descent
from ms_dnn.gradients.framework import FrameworkGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import Penalty
from ms_dnn.training.epoch import Epoch, clip_by_global_norm
from ms_dnn.training.optimizers import OPTIMIZERS, GradientDescent

STEPS = 20
RATES = 0.1 * 0.95 ** np.arange(STEPS)


def epoch_of(
    dnn,
    optimizer="adam",
    route=HandwrittenGradient,
    watch_change=False,
    loss="softmax_cross_entropy",
    penalty=None,
    clip_norm=None,
):
    cost = Cost(loss, penalty=penalty)
    return Epoch(route(dnn, cost), OPTIMIZERS[optimizer](dnn.trainable_params()), watch_change, clip_norm)


def descended(start, x, y, picked, rates, penalty=reference.NO_PENALTY, clip_norm=np.inf):
    """Gradient descent in NumPy by the complex step: [W, b, …] at the end, and the sum of the costs."""
    parameters, total = [array.copy() for array in start], 0.0
    for batch, rate in zip(picked, rates, strict=True):
        at = (
            parameters[::2],
            parameters[1::2],
            ("tanh", "identity"),
            "softmax_cross_entropy",
            "mean",
            x[batch],
            y[batch],
        )
        total += reference.cost(*at, penalty)
        gradients = [g for pair in reference.complex_step_gradient(*at, penalty=penalty) for g in pair]
        norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
        parameters = [p - rate * min(1.0, clip_norm / norm) * g for p, g in zip(parameters, gradients, strict=True)]
    return parameters, total


@pytest.mark.parametrize(
    ("plain", "clip_norm"),
    [
        (reference.ReferencePenalty(0.01, 0.2), None),
        (reference.ReferencePenalty(0.01, 0.2, biases=True), 0.3),
        (reference.NO_PENALTY, 0.05),
        pytest.param(reference.NO_PENALTY, 1e9, marks=pytest.mark.campaign),
    ],
)
def test_penalty_and_clipping_descend_as_numpy_does(plain, clip_norm):
    dnn, (x, y), picked = network(), samples(), batches(STEPS)
    start = values(dnn.trainable_params())
    wanted, costs = descended(start, x, y, picked, RATES, plain, clip_norm or np.inf)
    epoch = epoch_of(dnn, "gradient_descent", penalty=Penalty(*plain), clip_norm=clip_norm)
    _, total, _ = run(epoch, x, y, picked, RATES)
    assert total == pytest.approx(costs, rel=1e-12)
    for got, right in zip(values(dnn.trainable_params()), wanted, strict=True):
        np.testing.assert_allclose(got, right, rtol=0, atol=1e-12)


def test_a_limit_that_is_not_reached_changes_no_bit():
    (x, y), picked = samples("float32"), batches(STEPS)
    free, limited = network("float32"), network("float32")
    run(epoch_of(free), x, y, picked, RATES)
    run(epoch_of(limited, clip_norm=1e6), x, y, picked, RATES)
    for got, wanted in zip(values(limited.trainable_params()), values(free.trainable_params()), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_gradients_of_zero_are_not_divided_by_their_length():
    zeros = (Tensor(np.zeros((2, 3))), Tensor(np.zeros(2)))
    assert all(np.all(clipped.asnumpy() == 0) for clipped in clip_by_global_norm(zeros, 1.0))


@pytest.mark.parametrize(
    ("optimizer", "dtype", "watch_change"),
    [
        pytest.param("gradient_descent", "float32", False, marks=pytest.mark.campaign),
        ("adam", "float32", False),
        ("adam", "float64", True),
    ],
)
def test_in_chunks_it_is_bitwise_the_same(optimizer, dtype, watch_change):
    (x, y), picked = samples(dtype), batches(STEPS)
    epoch = epoch_of(network(dtype), optimizer, watch_change=watch_change)
    start = values(state(epoch))
    _, total, _ = run(epoch, x, y, picked, RATES)
    whole = values(state(epoch))
    put(epoch, start)
    reached, sum_so_far = 0, 0.0
    for last in (7, 8, 20):
        reached, sum_so_far, _ = run(epoch, x, y, picked, RATES, reached, last, sum_so_far)
        assert reached == last
    assert sum_so_far == total
    for got, wanted in zip(values(state(epoch)), whole, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_watching_changes_no_weight():
    (x, y), picked = samples(), batches(STEPS)
    plain, watched = network(), network()
    _, total, _ = run(epoch_of(plain), x, y, picked, RATES)
    _, watched_total, _ = run(epoch_of(watched, watch_change=True), x, y, picked, RATES)
    assert watched_total == total
    for got, wanted in zip(values(watched.trainable_params()), values(plain.trainable_params()), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_no_step_changes_nothing():
    dnn, (x, y) = network(), samples()
    before = values(dnn.trainable_params())
    assert run(epoch_of(dnn), x, y, batches(STEPS), RATES, 3, 3, total=1.5)[:2] == (3, 1.5)
    for got, wanted in zip(values(dnn.trainable_params()), before, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.campaign)])
def test_the_change_is_that_of_the_last_step(dtype):
    dnn, (x, y), picked = network(dtype), samples(dtype), batches(STEPS)
    epoch = epoch_of(dnn, watch_change=True)
    run(epoch, x, y, picked, RATES, 0, 4)
    before = values(dnn.trainable_params())
    _, _, change = run(epoch, x, y, picked, RATES, 4, 5)
    after = values(dnn.trainable_params())
    assert change == max(np.abs(new - old).max() for new, old in zip(after, before, strict=True)) > 0


@pytest.mark.parametrize(
    ("tolerance", "max_iterations", "stop_reason"),
    [
        pytest.param(2e-3, 3000, "tolerance", marks=pytest.mark.campaign),
        (5e-3, 500, "tolerance"),
        (1e-9, 60, "max_iterations"),
    ],
)
def test_stops_where_the_loop_of_the_series_stops(tolerance, max_iterations, stop_reason):
    activations = ("tanh", "sigmoid")
    dnn, (x, y) = network(activations=activations), samples()
    start = values(dnn.trainable_params())
    wanted = batch_gradient_descent(
        start[0::2], start[1::2], activations, "squared_error", x, y, 0.5, max_iterations, tolerance
    )
    assert wanted.stop_reason == stop_reason
    epoch = epoch_of(dnn, "gradient_descent", watch_change=True, loss="squared_error")
    everything = np.tile(np.arange(SAMPLES, dtype=np.int32), (max_iterations, 1))
    reached, total, change = run(epoch, x, y, everything, np.full(max_iterations, 0.5), tolerance=tolerance)
    assert reached == wanted.iterations
    assert (change < tolerance) == (stop_reason == "tolerance")
    assert change == pytest.approx(wanted.largest_change, rel=1e-9)
    assert total == pytest.approx(sum(wanted.costs[:-1]), rel=1e-12)
    for got, right in zip(values(dnn.trainable_params())[0::2], wanted.weights, strict=True):
        np.testing.assert_allclose(got, right, rtol=0, atol=1e-12)
    for got, right in zip(values(dnn.trainable_params())[1::2], wanted.biases, strict=True):
        np.testing.assert_allclose(got, right, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "atol"), [("float64", 1e-12), pytest.param("float32", 1e-5, marks=pytest.mark.campaign)]
)
def test_both_routes_train_alike(dtype, atol):
    (x, y), picked = samples(dtype), batches(STEPS)
    by_hand, by_framework = network(dtype), network(dtype)
    _, total, _ = run(epoch_of(by_hand), x, y, picked, RATES)
    _, framework_total, _ = run(epoch_of(by_framework, route=FrameworkGradient), x, y, picked, RATES)
    assert total == pytest.approx(framework_total, abs=STEPS * atol)
    for got, wanted in zip(values(by_hand.trainable_params()), values(by_framework.trainable_params()), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=atol)


def test_weights_assigned_between_two_calls_are_seen():
    (x, y), picked = samples(), batches(STEPS)
    dnn, other = network(), network(seed=7)
    epoch = epoch_of(dnn, "gradient_descent")
    run(epoch, x, y, picked, RATES, 0, 2)
    for parameter, value in zip(dnn.trainable_params(), values(other.trainable_params()), strict=True):
        ops.assign(parameter, Tensor(value))
    run(epoch, x, y, picked, RATES, 0, 2)
    run(epoch_of(other, "gradient_descent"), x, y, picked, RATES, 0, 2)
    for got, wanted in zip(values(dnn.trainable_params()), values(other.trainable_params()), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_the_total_is_the_sum_of_the_costs_before_each_update():
    dnn, (x, y), picked = network(), samples(), batches(2)
    twin, cost = network(), Cost("softmax_cross_entropy")
    wanted = 0.0
    optimizer = GradientDescent(twin.trainable_params())
    for batch in picked:
        assert len(batch) == BATCH
        J, gradients = HandwrittenGradient(twin, cost)(Tensor(x[batch]), Tensor(y[batch]))
        wanted += float(J)
        optimizer(gradients, (Tensor(np.array(0.1)),))
    _, total, _ = run(epoch_of(dnn, "gradient_descent"), x, y, picked, [0.1, 0.1])
    assert total == pytest.approx(wanted, rel=1e-14)
