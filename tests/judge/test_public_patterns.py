"""What public code does with Cells: nothing wrong passes, nothing right is refused, nothing is left out in silence."""

import functools

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn, ops
from pattern_cells import (
    Absolute,
    CubeOf,
    Halves,
    InPlace,
    Join,
    KeepsForBprop,
    MeanSquare,
    Named,
    Narrow,
    Overwrites,
    PlainList,
    Power,
    Raises,
    Recurrent,
    Relu,
    Reversal,
    RowNorm,
    SquaredNorm,
    SquareInGraph,
    StraightThrough,
    Weighted,
    WithDefault,
    doubled_in_place,
    loss_around,
    stopped,
)
from user_cells import MeanOverSix, Square

from ms_dnn.errors import SubjectError
from ms_dnn.judge.check import check_gradients
from ms_dnn.judge.judgement import Judgement
from ms_dnn.judge.routes.subject import Contraction

pytestmark = pytest.mark.usefixtures("cpu")

DRAW = np.random.default_rng(1)
X, Y = DRAW.normal(size=(5, 3)), DRAW.normal(size=(5, 3))
ON_KINKS = np.array([[1.0, 2.5, -0.5], [0.3, 1.0, -2.0]])
SPARSE = X * (DRAW.random(X.shape) > 0.5)
ZERO_ROW = np.array([[1.0, -2.0, 0.5], [0.0, 0.0, 0.0], [0.3, 0.1, 2.0]])
MASKED = np.where(DRAW.random((4, 6)) > 0.4, DRAW.normal(size=(4, 6)), -1e9)
WEIGHT = DRAW.normal(size=(3, 4))


def masked_softmax(x: Tensor) -> Tensor:
    return ops.softmax(x, -1)


def logarithm(x: Tensor) -> Tensor:
    return ops.log(x)


def product(x: Tensor, y: Tensor) -> Tensor:
    return x * y


def verdict(*arguments: object, **options: object) -> str:
    return check_gradients(*arguments, **options).verdict.value


def kinds(judgement: Judgement) -> set[str]:
    return {finding.kind for finding in judgement.findings}


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


# As MindSpore takes them -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("factor", "expected"), [(3.0, "PASS"), (2.0, "FAIL")])
def test_what_pynative_takes_for_gradients(factor, expected):
    for form in ("bare", "list"):
        judgement = check_gradients(CubeOf(form, factor), X)
        assert judgement.verdict.value == expected
        assert "no tuple" in kinds(judgement)  # compiled MindSpore refuses it
    assert verdict(WithDefault(factor), X) == expected
    assert verdict(WithDefault(factor), (X, Y)) == expected


def test_python_numbers_beside_tensors_are_no_variables():
    judgement = check_gradients(Power(), (X, 3.0))
    assert [tensor.name for tensor in judgement.tensors] == ["input 0"]
    assert judgement.verdict.value == "PASS"
    assert verdict(ops.square, 2.0) == "PASS"  # alone, it is the point


@pytest.mark.parametrize("group", [tuple, list])
def test_nested_inputs(group):
    inputs = (group((Tensor(X), Tensor(Y[:, :2]))),)
    assert verdict(Join(), inputs) == "PASS"
    wrong = check_gradients(Join(2.0), inputs)
    assert (wrong.verdict.value, wrong.disagreeing) == ("FAIL", ("input 0[1]",))


def test_inputs_in_a_dict():
    judgement = check_gradients(Named(), ({"x": X, "scale": Y},))
    assert [tensor.name for tensor in judgement.tensors] == ["input 0['x']", "input 0['scale']"]
    assert judgement.verdict.value == "PASS", judgement.reason


@pytest.mark.parametrize(("forgets", "expected"), [(False, "PASS"), (True, "FAIL")])
def test_nested_outputs(forgets, expected):
    judgement = check_gradients(Halves(forgets), X, modes=("compiled",))
    assert judgement.verdict.value == expected, judgement.reason
    assert "nested output under a bprop" in kinds(judgement)  # PyNative hands it a wrong dout


def test_one_tensor_in_two_places_is_two_tensors():
    x = Tensor(X)
    judgement = check_gradients(product, (x, x))
    assert judgement.verdict.value == "PASS"
    assert "one Tensor twice" in kinds(judgement)


@pytest.mark.parametrize(("factor", "expected"), [(2.0, "PASS"), (2.5, "FAIL")])
def test_a_function_around_a_network_is_judged_with_its_parameters(factor, expected):
    network = Weighted(Square(factor), WEIGHT)
    target = DRAW.normal(size=(5, 4))
    forward = loss_around(network)
    for function, inputs in [
        (forward, (X, target)),
        (network.construct, (X,)),
        (functools.partial(forward, label=Tensor(target)), (X,)),
    ]:
        judgement = check_gradients(function, inputs, modes=("pynative",))
        assert judgement.tensors[0].name == "weight"
        assert judgement.verdict.value == expected
        assert expected == "PASS" or judgement.faulty[0].part == "square"


@pytest.mark.parametrize(("factor", "expected"), [(2.0, "PASS"), (2.5, "FAIL")])
def test_in_graph_mode_and_under_jit_the_witness_runs_no_bprop(factor, expected):
    ms.set_context(mode=ms.GRAPH_MODE)
    try:
        assert verdict(Weighted(Square(factor), WEIGHT), X) == expected
        assert verdict(SquareInGraph(factor), X) == expected
        assert ms.get_context("mode") == ms.GRAPH_MODE
    finally:
        ms.set_context(mode=ms.PYNATIVE_MODE)


def test_the_callers_tensors_and_seeds_are_left_alone():
    x = Tensor(X)
    ms.set_seed(7)
    np.random.seed(7)  # noqa: NPY002 (that a global state stays as it is)
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    for cell in (InPlace(), Overwrites()):
        check_gradients(cell, x)
        assert np.array_equal(x.asnumpy(), X)
    assert ms.get_seed() == 7
    assert np.random.random() == expected  # noqa: NPY002


# Second order and forward mode -------------------------------------------------------------------------------


def test_the_gradient_of_the_gradient():
    assert verdict(CubeOf("tuple"), X, order=2) == "PASS"
    assert verdict(KeepsForBprop(), X) == "PASS"
    judgement = check_gradients(KeepsForBprop(), X, order=2, modes=("pynative",))
    assert (judgement.verdict.value, judgement.blame) == ("FAIL", "bprop")
    first = check_gradients(CubeOf("tuple", 2.0), X, order=2)
    assert first.disagreeing == ("input 0",)  # of the first order already


@pytest.mark.parametrize(("factor", "expected"), [(2.0, "PASS"), (2.5, "FAIL")])
def test_forward_mode(factor, expected):
    judgement = check_gradients(Weighted(Square(factor), WEIGHT), X, mode="forward")
    assert judgement.verdict.value == expected
    assert "forward mode" in judgement.routes
    assert [tensor.name for tensor in judgement.tensors] == ["input 0"]


def test_a_forward_mode_that_is_wrong_alone_is_blamed(monkeypatch):
    def jvp(function, value, along):
        return None, ms.jvp(function, value, 1.001 * along)[1]

    monkeypatch.setattr("ms_dnn.judge.routes.other_modes.ms", type("Wrong", (), {"jvp": jvp, "grad": ms.grad}))
    judgement = check_gradients(CubeOf("tuple"), X, mode="forward")
    assert (judgement.verdict.value, judgement.blame) == ("FAIL", "forward mode")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"order": 3}, "order: got 3, expected one of 1, 2"),
        ({"mode": "backward"}, "mode: got 'backward', expected one of reverse, forward"),
        ({"precision": "float8"}, "precision: got 'float8', expected one of None, float16, bfloat16, float32, float64"),
        ({"order": 2, "gradients": ops.square}, "leave order and mode out"),
        ({"order": 2, "wrt": "parameters"}, "these are of the inputs"),
    ],
)
def test_options_that_do_not_apply_are_refused(options, sentence):
    with pytest.raises(SubjectError, match=sentence):
        check_gradients(Weighted(Square(), WEIGHT), X, **options)


# What is said ------------------------------------------------------------------------------------------------


def test_layers_in_a_plain_list_are_named():
    judgement = check_gradients(PlainList(), X)
    message = next(finding.message for finding in judgement.findings if finding.kind == "hidden Parameters")
    assert "(layers)" in message
    assert "nn.CellList" in message
    assert "hidden Parameters" not in kinds(check_gradients(nn.SequentialCell([nn.Tanh()]), X))


def test_a_surplus_gradient_is_found():
    judgement = check_gradients(ops.square, X, gradients=lambda x: (2 * x, x))
    assert judgement.verdict.value == "FAIL"
    assert "gradient 1" in judgement.reason


@pytest.mark.parametrize(
    ("function", "inputs", "sentence"),
    [
        (Raises(), X, r"the forward pass failed on .*KeyError: 'nowhere' \(pattern_cells.py, line \d+, in construct"),
        (ops.square, np.zeros((0, 5)), r"input 0: got shape \(0, 5\), expected at least one element"),
        (ops.square, np.array(["a", "b"]), "got an array of <U1, expected floating-point numbers"),
        (ops.square, np.array([1, 2]), "there is no floating-point tensor"),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(function, inputs, sentence):
    with pytest.raises(SubjectError, match=sentence):
        check_gradients(function, inputs)


def test_parameters_of_one_name_are_refused():
    network = nn.SequentialCell([nn.Dense(3, 3, dtype=ms.float64)])
    loss = nn.Dense(3, 3, dtype=ms.float64)
    for cell, name in ((network, "weight"), (loss, "weight")):
        next(cell.get_parameters()).name = name
    with pytest.raises(SubjectError, match="two Parameters are named 'weight'"):
        check_gradients(network, X, loss)


def test_only_pass_is_true():
    assert check_gradients(ops.square, X)
    assert not check_gradients(ops.square, X, gradients=lambda x: x)
    assert not check_gradients(logarithm, -np.abs(X))


def test_a_sum_beyond_float16_is_taken_in_float32():
    contraction = Contraction(ops.abs, None, 1, 0, ((),))
    large, ones = (Tensor(np.full(300, value, np.float16)) for value in (300.0, 1.0))
    assert float(contraction(large, ones)) == 90000.0


def test_a_judgement_reports_in_every_form():
    judgement = check_gradients(ops.square, X)
    assert judgement.report() == str(judgement)
    assert "<title>" in judgement.report("html")
    assert judgement.report("junit").startswith("<?xml")
    assert '"verdict": "PASS"' in judgement.report("json")
    with pytest.raises(SubjectError, match="report: got 'pdf', expected one of text, html, junit, json"):
        judgement.report("pdf")
