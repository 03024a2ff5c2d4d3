"""Where a judge errs on public code: kinks, dout, meant departures, scales and domains."""

import numpy as np
import pytest
from mindspore import Tensor, nn, ops
from pattern_cells import (
    Absolute,
    MeanSquare,
    Narrow,
    Recurrent,
    Relu,
    Reversal,
    RowNorm,
    SquaredNorm,
    StraightThrough,
    Weighted,
    doubled_in_place,
    stopped,
)
from patterns import MASKED, ON_KINKS, SPARSE, WEIGHT, ZERO_ROW, X, Y, kinds, verdict
from user_cells import MeanOverSix

from ms_dnn.errors import SubjectError
from ms_dnn.judge.check import check_gradients

pytestmark = pytest.mark.usefixtures("cpu")


def masked_softmax(x: Tensor) -> Tensor:
    return ops.softmax(x, -1)


def logarithm(x: Tensor) -> Tensor:
    return ops.log(x)


# Kinks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "x", "expected"),
    [
        (Absolute(), ON_KINKS, "PASS"),
        (Absolute(3.0), ON_KINKS, "FAIL"),
        (Absolute(-1.0), ON_KINKS, "FAIL"),
        (Absolute(3.0), ON_KINKS.astype(np.float32), "FAIL"),
        (Relu(), SPARSE, "PASS"),
        (Relu(at_zero=1.0), SPARSE, "PASS"),  # a convention, too
        (Relu(at_zero=7.0), SPARSE, "FAIL"),
        (Relu(slope=1.3), SPARSE, "FAIL"),
        (Relu(slope=1.3), np.zeros((3, 4)), "INCONCLUSIVE"),  # nothing but kinks
    ],
)
def test_on_kinks_the_other_elements_are_judged_and_these_between_their_sides(cell, x, expected):
    judgement = check_gradients(cell, x)
    assert judgement.verdict.value == expected, judgement.reason
    assert "kink" in kinds(judgement)


def test_a_plain_function_with_zeros_passes():
    assert verdict(ops.relu, SPARSE) == "PASS"


# The gradient from above -------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_loss", [False, True])
def test_a_loss_that_ignores_dout_is_found_and_named(as_loss):
    cell = MeanSquare(ignores=True)
    judgement = check_gradients(nn.Tanh(), X, cell, (Y,)) if as_loss else check_gradients(cell, (X, Y))
    assert judgement.verdict.value == "FAIL"
    assert judgement.faulty[0].fault == "dout ignored"
    assert "does not depend on dout" in judgement.faulty[0].diagnosis
    assert verdict(MeanSquare(), (X, Y)) == "PASS"


def test_a_straight_through_estimator_is_named():
    judgement = check_gradients(StraightThrough(), X)
    assert judgement.verdict.value == "FAIL"
    assert judgement.faulty[0].fault == "dout passed on"


# Departures that are meant -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("cell", "declared", "expected"),
    [
        (StraightThrough(), "straight-through", "PASS"),
        (StraightThrough(), 1.1, "FAIL"),
        (Weighted(Reversal(), WEIGHT), {"square": -0.25}, "PASS"),
        (Weighted(Reversal(), WEIGHT), "reversal", "FAIL"),
    ],
    ids=["STE", "STE-wrong", "reversal", "reversal-wrong"],
)
def test_a_departure_that_is_declared_is_judged_against_that(cell, declared, expected, dtype):
    judgement = check_gradients(cell, X, precision=dtype, expect=declared)
    assert judgement.verdict.value == expected, judgement.reason


@pytest.mark.parametrize(
    ("cell", "declared", "sentence"),
    [
        (nn.Tanh(), "reversal", "no Cell here defines bprop"),
        (StraightThrough(), "reversed", "got 'reversed', expected a factor or one of straight-through, reversal"),
        (StraightThrough(), {"grl": -1}, "got 'grl', expected Cells with a bprop: StraightThrough"),
        (MeanOverSix(), 1.0, "does not return one Tensor shaped as its first input"),
    ],
)
def test_what_cannot_be_declared_is_one_sentence(cell, declared, sentence):
    with pytest.raises(SubjectError, match=f"expect: .*{sentence}"):
        check_gradients(cell, X, expect=declared)


def test_a_gradient_that_is_stopped_is_named_with_its_line():
    judgement = check_gradients(stopped, X, modes=("pynative",))
    assert judgement.verdict.value == "FAIL"
    assert "the gradient is stopped at pattern_cells.py:" in judgement.reason


def test_a_change_in_place_is_named_with_its_line():
    assert "in place" in kinds(check_gradients(doubled_in_place, X, modes=("pynative",)))


# Scales and domains ------------------------------------------------------------------------------------------


def test_a_mask_of_minus_a_billion_beside_ordinary_numbers():
    assert verdict(masked_softmax, MASKED) == "PASS"
    wrong = check_gradients(masked_softmax, MASKED, gradients=lambda x: 1e-3 * ops.ones_like(x) * (x > -1e8))
    assert wrong.verdict.value == "FAIL"


def test_near_the_edge_of_a_domain():
    near = np.array([1e-7, 0.5, 2.0])
    assert verdict(logarithm, near) == "PASS"
    assert verdict(logarithm, near, gradients=lambda x: 1.001 / x) == "FAIL"
    outside = check_gradients(logarithm, np.array([-1.0, 2.0]))
    assert outside.verdict.value == "INCONCLUSIVE"
    assert "1 of 2 numbers that the forward pass returns are not finite" in outside.reason


@pytest.mark.parametrize(("factor", "expected"), [(2.0, "PASS"), (1.9, "FAIL")])
def test_a_bprop_that_avoids_what_is_not_finite(factor, expected):
    judgement = check_gradients(SquaredNorm(factor), ZERO_ROW)
    assert judgement.verdict.value == expected, judgement.reason
    assert [(f.kind, f.severity) for f in judgement.findings] == [("not finite", "note")]


def test_where_there_is_no_derivative_the_others_are_judged_and_that_is_said():
    judgement = check_gradients(RowNorm(), ZERO_ROW)
    assert judgement.verdict.value == "PASS", judgement.reason
    assert any("3 of 9 elements" in f.message and "are not judged" in f.message for f in judgement.findings)
    assert verdict(RowNorm(1.1), ZERO_ROW) == "FAIL"


def test_float32_inside_a_float64_cell_is_said_and_passes():
    judgement = check_gradients(Narrow(), X)
    assert judgement.verdict.value == "PASS", judgement.reason
    assert "float32 inside" in kinds(judgement)


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(nn.GELU(), id="GELU"),
        pytest.param(nn.LayerNorm((3,)), id="LayerNorm"),
        pytest.param(Recurrent(), id="LSTM", marks=pytest.mark.campaign),
    ],
)
def test_a_float64_witness_that_is_none_stands_aside(cell):
    """MindSpore computes their float64 gradients in float32, of an LSTM even from memory that nobody set."""
    judgement = check_gradients(cell, (X.reshape(5, 1, 3) if isinstance(cell, Recurrent) else X).astype(np.float32))
    assert judgement.verdict.value == "PASS", judgement.reason
    assert kinds(judgement) & {"float32 inside", "not finite", "not reproducible"}
    told = [finding.message for finding in judgement.findings if finding.kind == "float32 inside"]
    assert all(message.startswith("MindSpore computes this in float32") for message in told)


def test_of_what_has_no_float64_nothing_is_said_of_float64():
    judgement = check_gradients(nn.BatchNorm1d(3), X.astype(np.float32), modes=("pynative",))
    assert (judgement.verdict.value, judgement.conditions.precision) == ("PASS", "float32")
    assert "no float64" in kinds(judgement)
    assert "float32 inside" not in kinds(judgement)
