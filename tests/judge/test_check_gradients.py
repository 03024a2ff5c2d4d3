"""Any Cell, any loss: what is right passes, what is wrong fails with its name."""

import os
import subprocess
import sys
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn, ops
from user_cells import (
    Around,
    Biased,
    Forgets,
    MeanOverSix,
    NotReduced,
    OfScaledInput,
    OneElement,
    OwnsItsWeight,
    Raises,
    Scaled,
    Square,
    ThroughNumPy,
    ThroughNumPyWithBprop,
    Two,
    WrongType,
    product,
    squares,
)

import ms_dnn
from ms_dnn.errors import SubjectError
from ms_dnn.judge.check import assert_gradients, check_gradients
from ms_dnn.judge.judgement import Verdict

pytestmark = pytest.mark.usefixtures("cpu")

X = np.random.default_rng(0).normal(size=(6, 5))


def kinds(judgement):
    return {finding.kind for finding in judgement.findings}


# What is right passes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32", pytest.param("float16", marks=pytest.mark.campaign)])
def test_a_right_bprop_passes_in_every_precision_and_mode(dtype):
    cell = Around(Square(), getattr(ms, dtype))
    judgement = check_gradients(cell, X.astype(dtype))
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert judgement.routes[:3] == ("bprop", "bprop (compiled)", "grad_operation")
    assert [tensor.kind for tensor in judgement.tensors] == ["parameter"] * 4 + ["input"]
    assert judgement.conditions.dtype == dtype
    assert judgement.conditions.precision == "float64"


@pytest.mark.parametrize(
    "inner",
    [
        nn.ReLU(),
        nn.BatchNorm1d(7),
        nn.Dropout(p=0.5),
        *(pytest.param(cell, marks=pytest.mark.campaign) for cell in (nn.Tanh(), nn.LayerNorm((7,)), nn.Softmax())),
    ],
    ids=type,
)
def test_plain_cells_pass(inner):
    judgement = check_gradients(Around(inner, ms.float32), X.astype(np.float32))
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert judgement.routes[0] == "grad_operation"


def test_a_function_passes():
    judgement = check_gradients(product, (X, np.ones((5, 2))))
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert [tensor.name for tensor in judgement.tensors] == ["input 0", "input 1"]


def test_several_outputs_and_an_integer_one():
    judgement = check_gradients(Two(), (X, X + 1), modes=["pynative"])
    assert judgement.verdict is Verdict.PASS, judgement.reason


def test_a_loss_with_integer_targets():
    labels = Tensor(np.array([0, 1, 2, 0, 1, 2]), ms.int32)
    judgement = check_gradients(Around(nn.Tanh(), ms.float32), X.astype(np.float32), nn.CrossEntropyLoss(), (labels,))
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert "no float64" in kinds(judgement)


def test_integer_inputs_are_not_differentiated():
    judgement = check_gradients(nn.Embedding(9, 4), Tensor(np.array([[1, 2], [3, 1]]), ms.int32))
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert [tensor.kind for tensor in judgement.tensors] == ["parameter"]


@pytest.mark.parametrize(
    "wrt", ["parameters", pytest.param("inputs", marks=pytest.mark.campaign), ["input 0", "above.bias"]]
)
def test_only_what_is_asked_for(wrt):
    judgement = check_gradients(Around(Square()), X, wrt=wrt, modes=["pynative"])
    names = [tensor.name for tensor in judgement.tensors]
    assert names == {
        "parameters": ["below.weight", "below.bias", "above.weight", "above.bias"],
        "inputs": ["input 0"],
    }.get(wrt if isinstance(wrt, str) else "", ["above.bias", "input 0"])


def test_a_copy_in_another_precision():
    cell = Around(Square(), ms.float32)
    judgement = check_gradients(cell, X.astype(np.float32), precision="float64")
    assert judgement.conditions.dtype == "float64"
    assert cell.below.weight.dtype == ms.float32


def test_a_backward_pass_given_as_a_function():
    right = check_gradients(product, (X, np.ones((5, 2))), squares, (np.ones((6, 2)),), wrt="inputs", gradients=by_hand)
    assert right.verdict is Verdict.PASS, right.reason
    assert right.routes[0] == "handwritten"
    wrong = check_gradients(
        product, (X, np.ones((5, 2))), squares, (np.ones((6, 2)),), gradients=lambda x, y: (by_hand(x, y)[0], -y)
    )
    assert (wrong.verdict, wrong.blame) == (Verdict.FAIL, "handwritten")
    assert wrong.disagreeing == ("input 1",)


def by_hand(x, y):
    a = ops.tanh(x)
    d = 2 * (a @ y - 1)
    return (d @ y.T) * (1 - a * a), a.T @ d


def test_everything_is_put_back():
    cell = Around(nn.BatchNorm1d(7), ms.float32).set_train()
    before = {p.name: p.asnumpy().copy() for p in cell.get_parameters()}
    judgement = check_gradients(cell, X.astype(np.float32))
    assert "stateful forward" in kinds(judgement)
    for parameter in cell.get_parameters():
        assert np.array_equal(parameter.asnumpy(), before[parameter.name])


# What is wrong fails -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_a_wrong_bprop_is_blamed_and_localised(dtype):
    cell = Around(Square(2.2), getattr(ms, dtype))
    judgement = check_gradients(cell, X.astype(dtype))
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "bprop")
    assert judgement.disagreeing == ("below.weight", "below.bias", "input 0")
    assert [(part.part, part.tensor) for part in judgement.faulty] == [("inner", "input 0")]


def test_a_cell_that_was_wrong_is_judged_in_float64_again():
    cell, x = Square(2.1), X.astype(np.float32)
    assert check_gradients(cell, x, modes=("pynative",)).verdict is Verdict.FAIL
    again = check_gradients(cell, x, modes=("pynative",))
    assert (again.conditions.precision, again.blame) == ("float64", "bprop")


@pytest.mark.parametrize(("dtype", "part"), [("float64", 1e-9), ("float32", 1e-3)])
def test_one_element_that_is_slightly_wrong(dtype, part):
    cell = Around(OneElement((2, 3), part), getattr(ms, dtype))
    judgement = check_gradients(cell, X.astype(dtype))
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "bprop")
    assert judgement.faulty[0].fault == "one element wrong"


@pytest.mark.parametrize(
    ("factor", "verdict", "unit"),
    [
        (2.0, Verdict.PASS, 1e-6),
        (2.0 + 2e-9, Verdict.FAIL, 1e6),
        pytest.param(2.0, Verdict.PASS, 1e6, marks=pytest.mark.campaign),
        pytest.param(2.0 + 2e-9, Verdict.FAIL, 1e-6, marks=pytest.mark.campaign),
    ],
)
def test_units_do_not_change_the_verdict(factor, verdict, unit):
    of_output = check_gradients(Scaled(Around(Square(factor)), unit), X, modes=["pynative"])
    of_input = check_gradients(OfScaledInput(Around(Square(factor)), unit), X * unit, modes=["pynative"])
    assert of_output.verdict is of_input.verdict is verdict, (of_output.reason, of_input.reason)


# Traps by name -----------------------------------------------------------------------------------------------


def test_parameters_under_a_bprop():
    judgement = check_gradients(Around(OwnsItsWeight(7, ms.float64)), X)
    assert judgement.verdict is Verdict.FAIL
    assert "inner (OwnsItsWeight) defines bprop and owns the Parameters inner.w" in judgement.reason
    assert "silently 0" in judgement.reason


def test_a_shape_that_graphs_accept():
    judgement = check_gradients(Around(Biased(NotReduced(), 7)), X)
    assert judgement.verdict is Verdict.FAIL
    assert "inner.cell (NotReduced): its bprop returns a gradient of shape (6, 7) for input 1 of shape (7,)" in (
        judgement.reason
    )


def test_float64_that_is_refused_late_is_a_note():
    """MindSpore's loss takes no float64, and PyNative says so only when somebody looks at what it returned."""
    judgement = check_gradients(nn.BCEWithLogitsLoss(reduction="sum"), (X.astype(np.float32), X.astype(np.float32)))
    assert "no float64" in kinds(judgement)


def test_a_detour_through_numpy():
    judgement = check_gradients(Around(ThroughNumPy()), X)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reason.startswith("the forward pass leaves MindSpore at user_cells.py:")


def test_a_detour_with_a_right_bprop_passes():
    judgement = check_gradients(Around(ThroughNumPyWithBprop()), X, modes=["pynative"])
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert "no witness" in kinds(judgement)


def test_unseeded_dropout():
    judgement = check_gradients(Around(nn.Dropout(p=0.5), ms.float32).set_train(), X.astype(np.float32))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "inner (Dropout) draws a new mask each time" in judgement.reason


def test_a_bprop_that_knows_one_batch_size_only():
    judgement = check_gradients(MeanOverSix(), X)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.reason.startswith("right for 6 samples, but wrong for 5 after that")
    assert kinds(judgement) == {"another batch size"}


BATCHES = """
import numpy as np
from mindspore import Tensor, nn
from ms_dnn import check_gradients
x, y = (np.random.default_rng(i).uniform(size=(6, 3)).astype(np.float32) for i in (0, 1))
print(check_gradients(nn.BCEWithLogitsLoss(), (x, y), wrt="input 0").reason)
"""


def test_mindspores_loss_that_keeps_the_first_batch_size():
    """In a process of its own, for what comes first in a process is what is kept."""
    done = subprocess.run([sys.executable, "-c", BATCHES], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("right for 6 samples, but wrong for 5 after that"), done.stdout


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (Biased(Forgets(), 7), "returns 1 gradients, expected one for each of its 2 inputs"),
        (WrongType(), "returns float16 for input 0, which is float64"),
    ],
    ids=["count", "dtype"],
)
def test_a_broken_bprop(inner, words):
    judgement = check_gradients(Around(inner), X)
    assert judgement.verdict is Verdict.FAIL
    assert words in judgement.reason


def test_an_exception_of_the_users_bprop_is_told_with_his_own_line():
    with pytest.raises(SubjectError, match=r"its bprop failed: not yet \(user_cells.py, line \d+, in bprop: raise "):
        check_gradients(Around(Raises()), X)


def test_a_kink_is_reported_with_both_slopes():
    judgement = check_gradients(nn.ReLU(), np.zeros((3, 3)))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "sits on a kink" in judgement.reason
    assert "lie between them" in judgement.reason


# In tests, and what a user can mend --------------------------------------------------------------------------


def test_assert_gradients_shows_the_report():
    assert assert_gradients(Around(Square()), X).verdict is Verdict.PASS
    with pytest.raises(AssertionError, match="bprop is alone against the others") as caught:
        assert_gradients(Around(Square(2.5)), X)
    assert all(len(line) <= 100 for line in str(caught.value).splitlines()[1:])


def test_the_public_names():
    assert ms_dnn.check_gradients is check_gradients
    assert ms_dnn.assert_gradients is assert_gradients


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((Around(Square()), np.ones((2, 9))), {}, "the forward pass failed on"),
        ((Around(Square()), X), {"wrt": "weights"}, "wrt: got"),
        ((nn.Tanh(), X), {"wrt": "parameters"}, "there is no floating-point tensor among them"),
        ((product, (X, X.T)), {"modes": ["fast"]}, "modes: got"),
        ((lambda x: 3, X), {}, "returns no floating-point Tensor"),
    ],
)
def test_what_cannot_be_judged_is_refused(arguments, options, words):
    with pytest.raises(SubjectError, match=words):
        check_gradients(*arguments, **options)


UNCOMPILABLE = """
import numpy as np

def square(x):
    if np.prod(x.shape).item() > 0:
        return x * x
"""


def test_what_does_not_compile_leaves_no_dump_in_the_working_directory(tmp_path):
    # In a process as a user's: where MindSpore logs nothing, it dumps nothing.
    (tmp_path / "uncompilable.py").write_text(UNCOMPILABLE)
    (tmp_path / "here").mkdir()
    program = (
        "import os, mindspore as ms, ms_dnn, uncompilable; "
        "judgement = ms_dnn.check_gradients(uncompilable.square, ms.Tensor([1.0, 2.0])); "
        "print(judgement.verdict.value, [finding.kind for finding in judgement.findings], 'MS_OM_PATH' in os.environ)"
    )
    environment = {key: value for key, value in os.environ.items() if key not in ("GLOG_v", "MS_OM_PATH")}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(ms_dnn.__file__).parents[1]), str(tmp_path)])
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path / "here",
        env=environment,
    )  # fmt: skip
    assert process.stdout == "PASS ['stopped'] False\n", process.stderr[-2000:]
    assert not list((tmp_path / "here").iterdir())
