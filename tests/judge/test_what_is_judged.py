"""What is judged and how it is said: structures, functions, modes, orders; nothing is left out in silence."""

import functools

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn, ops
from pattern_cells import (
    CubeOf,
    Halves,
    InPlace,
    Join,
    KeepsForBprop,
    Named,
    Overwrites,
    PlainList,
    Power,
    Raises,
    SquareInGraph,
    Weighted,
    WithDefault,
    loss_around,
)
from patterns import WEIGHT, X, Y, kinds, verdict
from user_cells import Square, SquareInFloat32

from ms_dnn.errors import SubjectError
from ms_dnn.judge.check import check_gradients
from ms_dnn.judge.routes.subject import Contraction, Subject
from ms_dnn.runtime import precision

pytestmark = pytest.mark.usefixtures("cpu")


@pytest.mark.parametrize(("factor", "expected"), [(2.0, "PASS"), (2.5, "FAIL")])
@pytest.mark.parametrize("widest", ["float64", "float32"])
def test_bfloat16_on_a_device_that_has_it(factor, expected, widest, monkeypatch):
    """The CPU casts bfloat16 and no more, which is what this Cell needs; Ascend has no float64 to compare with."""
    monkeypatch.setitem(precision._TOLERANCES, ("CPU", "bfloat16"), 4e-2)
    whole = Subject.in_precision

    def in_precision(subject, dtype):
        if dtype == "float64" != widest:
            raise SubjectError("no float64")
        return whole(subject, dtype)

    monkeypatch.setattr(Subject, "in_precision", in_precision)
    judgement = check_gradients(SquareInFloat32(factor), X, precision="bfloat16")
    assert (judgement.verdict.value, judgement.conditions.precision) == (expected, widest), judgement
    assert judgement.blame == (None if expected == "PASS" else "bprop")
    assert "too large" in judgement.faulty[0].diagnosis if expected == "FAIL" else not judgement.faulty


def logarithm(x: Tensor) -> Tensor:
    return ops.log(x)


def product(x: Tensor, y: Tensor) -> Tensor:
    return x * y


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
    target = np.random.default_rng(2).normal(size=(5, 4))
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


class HoldsDout(ms.nn.Cell):
    """tanh, whose bprop takes dout for a constant: the gradient is right, and its derivative by dout is 0."""

    def construct(self, x):
        return ops.tanh(x)

    def bprop(self, x, out, dout):
        return (ops.stop_gradient(dout) * (1 - ops.tanh(x) ** 2),)


def test_the_gradient_is_a_function_of_dout_as_well():
    judgement = check_gradients(HoldsDout(), X, order=2, modes=("pynative",))
    assert (judgement.verdict.value, judgement.disagreeing) == ("FAIL", ("input 1",))
    assert "dout of the outputs (input 1)" in judgement.report()


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
