"""Planted faults against the names that the judge gives them."""

import numpy as np
import pytest
from faulty_parts import (
    ANY,
    FAULTS,
    LAYER,
    LOSSES,
    TOLERANCES,
    changed,
    draw_case,
    part_of,
    planted,
    sample_dropped,
    to_bfloat16,
    without,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from mindspore import Tensor, ops
from networks import problem

from ms_dnn.judge.faults import names
from ms_dnn.judge.faults.alterations import _in_precision
from ms_dnn.judge.faults.hypotheses import _orders
from ms_dnn.judge.faults.naming import BATCH, name_fault, name_residual
from ms_dnn.judge.parts import PartResult, parts_of_backward


def is_said(answer, fault):
    return answer is not None and (answer[0] == fault or fault in names.BROADER.get(answer[0], ()))


SEEDS = st.integers(0, 2**31)


def test_the_orders_in_which_samples_are_paired_wrongly():
    given = {words: order.tolist() for order, words in _orders(4)}
    assert given["in reverse order"] == [3, 2, 1, 0]
    assert given["one late"] == [3, 0, 1, 2]  # the second sample has what belongs to the first
    assert given["one early"] == [1, 2, 3, 0]


@pytest.mark.parametrize("fault", FAULTS)
@given(seed=SEEDS)
def test_a_planted_part_is_named_or_left_unnamed(fault, seed):
    part = planted(fault, seed)
    assume(part is not None)
    answer = name_fault(part, TOLERANCES["float64"])
    assert answer is None or is_said(answer, fault), answer


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_names_are_right_nine_times_out_of_ten(dtype):
    said = right = cases = 0
    for fault in FAULTS:
        for seed in range(20):
            part = planted(fault, seed, dtype)
            if part is not None:
                answer = name_fault(part, TOLERANCES[dtype])
                cases += 1
                said += answer is not None
                right += is_said(answer, fault)
    assert cases >= 300
    assert right / said >= 0.9, f"{right} right of {said} named"
    assert said / cases >= 0.8, f"{said} named of {cases}"


@pytest.mark.parametrize(("loss", "other"), [("hinge", "perceptron"), ("perceptron", "hinge")])
def test_the_loss_whose_derivative_was_taken_is_named(loss, other):
    c = draw_case(3, loss=loss)
    fault, sentence = name_fault(part_of(c, "da", c.share * LOSSES[other](c.prediction, c.y)), TOLERANCES["float64"])
    assert fault == names.ANOTHER_LOSS
    assert sentence.endswith(f"is the derivative of {other}, not of {loss}")


def test_ties_go_to_the_even_bfloat16():
    tied = np.array([1 + 2.0**-8, 1 + 3 * 2.0**-8, -1 - 2.0**-8])
    assert _in_precision(tied, "bfloat16").tolist() == [1.0, 1 + 2.0**-6, -1.0]


@pytest.mark.parametrize(("shift", "words"), [(1, "one late"), (-1, "one early")])
def test_samples_that_are_paired_one_apart_are_named(shift, words):
    c = draw_case(4)
    fault, sentence = name_fault(part_of(c, "dW", c.dz.T @ np.roll(c.x, shift, axis=0)), TOLERANCES["float64"])
    assert fault == names.SAMPLES_MISMATCHED
    assert words in sentence


@pytest.mark.parametrize(
    ("got", "error"),
    [([2.0, -1.0], 0.5), ([1.0, -1.0], 0.0), ([0.0, 0.0], 1.0), ([np.nan, 0.0], np.inf), (None, np.inf)],
)
def test_the_relative_error_of_a_part(got, error):
    got = None if got is None else np.array(got)
    expected = np.array([1.0, -1.0])
    part = PartResult("layer 1", "db", got, expected, np.abs(expected), np.zeros((1, 2)), "squared_error", "mean")
    assert part.relative_error() == error


# What has no name --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TOLERANCES)
@given(seed=SEEDS, tensor=st.sampled_from(ANY))
def test_right_parts_have_no_name(dtype, seed, tensor):
    c = draw_case(seed, dtype=dtype)
    assert name_fault(part_of(c, tensor, c.right[tensor]), TOLERANCES[dtype]) is None


def dense_noise(c, tensor, right):
    return right * (1 + 10 ** c.rng.uniform(-6, 0) * c.rng.normal(size=right.shape))


def smooth_field(c, tensor, right):
    grid = sum(np.cos(k * i + c.rng.uniform(0, 3)) for k, i in enumerate(np.indices(right.shape), start=1))
    return right + 0.1 * np.abs(right).max() * grid


def sample_and_factor(c, tensor, right):
    dropped = sample_dropped(c, tensor, right)
    assume(np.abs(dropped - right).max() > 1e-3 * np.abs(right).max())
    return 1.7 * dropped


def penalty_and_factor(c, tensor, right):
    return 2 * right + 0.1 * {"dW": c.W, "db": c.b}.get(tensor, c.rng.normal(size=right.shape))


def offset_and_factor(c, tensor, right):
    return 2 * right + 0.3 * np.abs(right).max()


def two_elements(c, tensor, right):
    flat = right.ravel().copy()
    first, last = np.argsort(np.abs(flat))[-2:]
    flat[first] += 0.3 * flat[first]
    flat[last] *= -0.6
    return flat.reshape(right.shape)


UNKNOWN = (dense_noise, smooth_field, sample_and_factor, penalty_and_factor, offset_and_factor, two_elements)


@pytest.mark.parametrize("perturb", UNKNOWN)
@given(seed=SEEDS, tensor=st.sampled_from(LAYER))
def test_an_unknown_error_has_no_name(perturb, seed, tensor):
    c = draw_case(seed)
    right = c.right[tensor]
    assume(right.size > 4)
    assume(np.all(np.count_nonzero(right, axis=0) > 3))  # of no such few numbers that anything fits
    if perturb is two_elements and right.ndim == 2:
        rows, columns = np.unravel_index(np.argsort(np.abs(right), axis=None)[-2:], right.shape)
        assume(rows[0] != rows[1] and columns[0] != columns[1])
    answer = name_fault(part_of(c, tensor, perturb(c, tensor, right)), TOLERANCES["float64"])
    assert answer is None, answer


# Wording and ties --------------------------------------------------------------------------------------------


def case_of(N, I, O, activation="tanh"):  # noqa: E741
    """A case of these very sizes, with the mean over the samples."""
    for seed in range(100_000):
        N0, I0, O0 = np.random.default_rng(seed).integers((2, 2, 2), (20, 9, 9))
        if (N0, I0, O0) == (N, I, O):
            c = draw_case(seed, activation, "squared_error")
            if c.reduction == "mean":
                return c
    raise LookupError((N, I, O))


def test_a_sentence_has_the_numbers():
    c = case_of(13, 5, 7)
    named = name_fault(part_of(c, "dW", 13 * c.right["dW"]), 1e-12)
    assert named == (
        "1/N missing",
        "dW of layer 2 is 13 × too large, and 13 is the batch: the 1/N is missing",
    )
    assert name_fault(part_of(c, "db", without(c, "db", 4)), 1e-12) == (
        "sample dropped",
        "db of layer 2 lacks sample 4",
    )
    assert name_fault(part_of(c, "dx", 1.00001 * c.right["dx"]), 1e-12) == (
        "constant factor",
        "dx of layer 2 is (1 + 1e-05) × what it should be",
    )
    stale = c.dz @ (c.W - 0.25 * c.right["dW"])
    assert "W − 0.25 dW" in name_fault(part_of(c, "dx", stale), 1e-12)[1]


def test_a_factor_that_is_the_batch_and_the_inputs_is_not_told():
    c = case_of(5, 5, 7)
    assert name_fault(part_of(c, "dW", 5 * c.right["dW"]), 1e-12) is None


def test_a_factor_that_is_inputs_and_outputs_names_both():
    c = case_of(13, 6, 6)
    fault, sentence = name_fault(part_of(c, "dW", 6 * c.right["dW"]), 1e-12)
    assert fault == names.CONSTANT_FACTOR
    assert "inputs and of outputs" in sentence


def test_parts_that_are_no_numbers():
    c = case_of(13, 5, 7)
    assert name_fault(part_of(c, "dW", None), 1e-12)[0] == names.WRONG_SHAPE
    fault, sentence = name_fault(part_of(c, "dW", changed(c.right["dW"], (0, 0), np.nan)), 1e-12)
    assert (fault, sentence) == (names.NOT_FINITE, "dW of layer 2 has 1 of 35 elements that are NaN or infinite")


def test_too_few_digits_have_no_name():
    c = draw_case(0)
    one = PartResult("layer 1", "db", np.array([0.4]), np.array([0.8]), np.array([0.8]), c.x, "", "")
    assert name_fault(one, 1e-2) is None


# Tensors without ingredients ---------------------------------------------------------------------------------

RESIDUALS = {
    names.SIGN_FLIPPED: lambda g, w, n: -g,
    names.ALL_ZERO: lambda g, w, n: 0 * g,
    names.ONE_OVER_N_MISSING: lambda g, w, n: 32 * g,
    names.MEAN_INSTEAD_OF_SUM: lambda g, w, n: g / 32,
    names.CONSTANT_FACTOR: lambda g, w, n: 5 * g,
    names.TRANSPOSED: lambda g, w, n: np.swapaxes(g, -1, -2),
    names.ELEMENTS_PERMUTED: lambda g, w, n: np.roll(g, 2, axis=0),
    names.ONE_ELEMENT_WRONG: lambda g, w, n: changed(g, (1,) * g.ndim, 9.0),
    names.ONE_ROW_WRONG: lambda g, w, n: changed(g, 2, n.normal(size=g.shape[1:])),
    names.ONE_COLUMN_WRONG: lambda g, w, n: changed(g, (..., 2), 0.0),
    names.OFFSET_ADDED: lambda g, w, n: g + 1e-3,
    names.PENALTY_ADDED: lambda g, w, n: g + 0.01 * np.sign(w),
    names.CLIPPED: lambda g, w, n: np.clip(g, -0.7, 0.7),
    names.LOWER_PRECISION: lambda g, w, n: to_bfloat16(g),
    names.ABSOLUTE_VALUE: lambda g, w, n: abs(g),
    names.WRONG_SHAPE: lambda g, w, n: g[0],
    names.NOT_FINITE: lambda g, w, n: g / 0.0,
}


@pytest.mark.parametrize("fault", RESIDUALS)
@pytest.mark.parametrize("shape", [(6, 6), (4, 3, 5, 5)])
@given(seed=SEEDS)
def test_a_residual_is_named(fault, shape, seed):
    rng = np.random.default_rng(seed)
    right, value = rng.normal(size=shape), rng.normal(size=shape)
    with np.errstate(divide="ignore"):
        got = RESIDUALS[fault](right, value, rng)
    answer = name_residual("weight of conv", got, right, {BATCH: 32, "inputs": 5}, value, 1e-12)
    assert answer[0] == fault, answer
    assert answer[1].startswith("weight of conv ")
    assert name_residual("weight", right * (1 + 1e-15), right, {BATCH: 0}, value, 1e-12) is None
    assert name_residual("weight", rng.normal(size=shape), right, {BATCH: 0, "inputs": 0}, None, 1e-12) is None


# In MindSpore ------------------------------------------------------------------------------------------------


def in_backward(change):
    def plant(layer):
        right = layer.backward

        def backward(cache, da):
            dx, (dW, db) = right(cache, da)
            parts = change(layer, cache, da, {"dx": dx, "dW": dW, "db": db})
            return parts["dx"], (parts["dW"], parts["db"])

        layer.backward = backward

    return plant


def in_delta(change):
    def plant(layer):
        layer.delta = lambda cache, da: change(cache, da)

    return plant


IN_MINDSPORE = {
    names.SIGN_FLIPPED: ("dW", in_backward(lambda layer, c, da, p: {**p, "dW": -p["dW"]})),
    names.ALL_ZERO: ("db", in_backward(lambda layer, c, da, p: {**p, "db": ops.zeros_like(p["db"])})),
    names.SAMPLE_DROPPED: ("db", in_backward(lambda layer, c, da, p: {**p, "db": p["db"] - layer.delta(c, da)[3]})),
    names.DA_INSTEAD_OF_DZ: ("dW", in_backward(lambda layer, c, da, p: {**p, "dW": ops.matmul(da.T, c[0])})),
    names.TRANSPOSED_WEIGHT: (
        "dx",
        in_backward(lambda layer, c, da, p: {**p, "dx": ops.matmul(layer.delta(c, da), layer.weight.T)}),
    ),
    names.DERIVATIVE_MISSING: ("dz", in_delta(lambda c, da: da)),
    names.DERIVATIVE_AT_A: ("dz", in_delta(lambda c, da: da * (1 - ops.tanh(c[2]) ** 2))),
    names.Z_IN_FORMULA_OF_A: ("dz", in_delta(lambda c, da: da * (1 - c[1] ** 2))),
    names.WRONG_SHAPE: ("dz", in_delta(lambda c, da: da.sum(axis=0))),
}


@pytest.mark.usefixtures("cpu")
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("fault", IN_MINDSPORE)
def test_a_fault_in_mindspore_is_named(fault, dtype):
    tensor, plant = IN_MINDSPORE[fault]
    network, cost, x, y = problem([4, 5, 5, 3], ["tanh", "tanh", "identity"], "squared_error", 7, 3, dtype)
    plant(network.layers[1])
    wrong = [part for part in parts_of_backward(network, cost, x, y) if not part.right(TOLERANCES[dtype])]
    assert [(part.part, part.tensor) for part in wrong] == [("layer 2", tensor)]
    assert name_fault(wrong[0], TOLERANCES[dtype])[0] == fault


@pytest.mark.usefixtures("cpu")
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_a_cost_in_mindspore_without_its_target_is_named(dtype):
    network, cost, x, y = problem([4, 3], ["identity"], "softmax_cross_entropy", dtype=dtype)
    right = cost.forward_backward
    object.__setattr__(cost, "forward_backward", lambda a, y: (right(a, y)[0], right(a, y)[1] + y / Tensor(7, y.dtype)))
    part = next(iter(parts_of_backward(network, cost, x, y)))
    assert name_fault(part, TOLERANCES[dtype])[0] == names.TARGET_NOT_SUBTRACTED
