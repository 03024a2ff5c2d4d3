"""Inputs from a dump of msprobe."""

import json
import tempfile
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from mindspore import Tensor
from msprobe_dump import write_dump
from typer.testing import CliRunner

from ms_dnn.cli.check import check
from ms_dnn.errors import SubjectError
from ms_dnn.judge.inputs.files import read_inputs

pytestmark = pytest.mark.usefixtures("cpu")

X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
Y = np.ones((3, 2), np.float32)
CALLS = {
    "Cell.network.fc1.Dense.forward.0": ((X,), {}),
    "Cell.network.fc1.Dense.forward.1": ((X + 1,), {}),
    "Cell.network.fc1.Dense.forward.10": ((X + 2,), {}),
    "Cell.network.loss.Loss.forward.0": ((X, None, [Y, (2, 0.5)]), {"mask": X > 0, "reduction": "mean"}),
    "Primitive.matmul.MatMul.0.forward": ((X, Y), {}),
}


@pytest.fixture
def dump(tmp_path):
    return write_dump(tmp_path / "step0" / "rank0", CALLS)


def read(folder, name):
    return read_inputs(f"{folder}:{name}", 0, 0)


def rewritten(dump, change):
    """Change the document of dump.json in place."""
    document = json.loads((dump / "dump.json").read_text())
    change(document)
    (dump / "dump.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("name", "added"),
    [
        ("Cell.network.fc1.Dense.forward.0", 0),
        ("Cell.network.fc1.Dense.forward.1", 1),  # and not 10
        ("fc1.Dense.forward.10", 2),
        ("Dense.forward.1", 1),
        ("forward.10", 2),
        ("e.forward.10", 2),
    ],
)
def test_a_call_is_found_by_a_part_of_its_name(dump, name, added):
    (found,) = read(dump, name)
    assert np.array_equal(found.value, X + added)


def test_the_kinds_of_arguments(dump):
    found = read(dump, "Loss")
    assert [(one.name, one.keyword) for one in found] == [
        ("0", False), ("1", False), ("2", False), ("mask", True), ("reduction", True),
    ]  # fmt: skip
    x, nothing, nested, mask, reduction = (one.value for one in found)
    assert np.array_equal(x, X)
    assert nothing is None
    assert np.array_equal(nested[0], Y)
    assert nested[1] == (2, 0.5)
    assert mask.dtype == bool
    assert reduction == "mean"


def test_the_dump_is_found_below_its_folder(dump):
    assert np.array_equal(read(dump.parent.parent, "MatMul")[1].value, Y)
    write_dump(dump.with_name("rank1"), CALLS)
    with pytest.raises(SubjectError, match=r"holds 2 dumps: name one of .*/step0/rank0, .*/step0/rank1$"):
        read(dump.parent, "MatMul")


def test_bfloat16_is_what_was_saved(tmp_path):
    given = Tensor([[0.1, -2.0]], ms.bfloat16)
    ((found,),) = [read(write_dump(tmp_path / "d", {"Functional.relu.0.forward": ((given,), {})}), "relu")]
    assert found.value.dtype == np.float32
    assert np.array_equal(found.value, given.astype(ms.float32).asnumpy())


def test_arguments_of_a_graph_come_in_the_order_of_their_files(dump):
    def shuffle(document):
        arguments = [{**document["data"][call]["input_args"][0]} for call in list(CALLS)[:1] for _ in range(12)]
        for place, argument in enumerate(arguments):
            argument["data_name"] = f"Cell.a.A.forward.0.input.{place}.npy"
            np.save(dump / "dump_tensor_data" / argument["data_name"], np.full((2, 3), place, np.float32))
        document["data"]["Cell.a.A.forward.0"] = {"input_args": sorted(arguments, key=lambda a: a["data_name"])}

    rewritten(dump, shuffle)
    assert [one.value[0, 0] for one in read(dump, "Cell.a")] == list(range(12))
    rewritten(dump, lambda document: document["data"]["Cell.a.A.forward.0"]["input_args"].pop(0))
    with pytest.raises(SubjectError, match=r"input 0 of Cell.a.A.forward.0 is not in the dump: a graph dumps Tensors"):
        read(dump, "Cell.a")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "Dense",
            r"'Dense' may be Cell\.network\.fc1\.Dense\.forward\.0, .*forward\.1, .*forward\.10: write more of it",
        ),
        (
            "Cell.network.f1.Dense.forward.0",
            r"there is no forward call '.*'; there is Cell\.network\.fc1\.Dense\.forward\.0",
        ),
        ("Cell.network.fc1.Dense.backward.0", r"no forward call .*; there is Cell\.network\.fc1\.Dense\.forward\.0"),
        ("", r"there is no forward call ''; there is Cell\.network"),
    ],
)
def test_an_unclear_call_lists_candidates(dump, name, words):
    with pytest.raises(SubjectError, match=words):
        read(dump, name)


def test_a_dump_without_a_call_is_told_by_example(dump):
    with pytest.raises(
        SubjectError, match=r"name a call of its dump, as in .*rank0:Cell\.network\.loss\.Loss\.forward\.0$"
    ):
        read_inputs(str(dump.parent), 0, 0)


def argument(document):
    return document["data"]["Primitive.matmul.MatMul.0.forward"]["input_args"][0]


WRONG = {
    "no numbers": (lambda d: argument(d).pop("data_name"), 'without its numbers: dump with "task": "tensor"'),
    "no inputs": (
        lambda d: d["data"]["Primitive.matmul.MatMul.0.forward"].pop("input_args"),
        r'was dumped without its inputs: dump with "data_mode": \["all"\]',
    ),
    "no file": (lambda d: argument(d).update(data_name="a.npy"), r"dump_tensor_data/a\.npy cannot be read: .*No such"),
    "elsewhere": (
        lambda d: argument(d).update(data_name="../../secret.npy"),
        r"got the file '\.\./\.\./secret\.npy', expected one in dump_tensor_data",
    ),
    "shape": (
        lambda d: argument(d).update(shape=[3, 3]),
        r"is 2×3, but dump\.json says \[3, 3\]: take both from one dump",
    ),
    "dtype": (
        lambda d: argument(d).update(dtype="Float8E4M3FN"),
        r"is float32, but was float8e4m3fn: such a type cannot",
    ),
    "an object": (lambda d: argument(d).clear(), "input 0 of Primitive.* is an object that the dump does not keep"),
    "a group": (
        lambda d: argument(d).update(type="mindspore.ProcessGroup"),
        r"input 0 of Primitive.* is a mindspore\.ProcessGroup, which the dump does not keep",
    ),
    "a dtype": (
        lambda d: argument(d).update(type="mindspore.dtype", value="Float99"),
        r"input 0 of Primitive.* is a mindspore\.dtype, which the dump does not keep",
    ),
    "no data": (lambda d: d.pop("data"), "dump.json has no calls under 'data', as msprobe writes them"),
    "backward only": (
        lambda d: [d["data"].pop(call) for call in CALLS],
        r'has no forward call: dump with "data_mode": \["all"\], and end it with stop\(\)',
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_the_dump_lacks_is_one_sentence(dump, case):
    change, words = WRONG[case]
    rewritten(dump, change)
    with pytest.raises(SubjectError, match=f"input '.*': .*{words}"):
        read(dump, "MatMul")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_damaged_dump_is_one_sentence(dump, content):
    (dump / "dump.json").write_bytes(content)
    with pytest.raises(SubjectError, match=r"input '.*': dump\.json (cannot be read|has no calls)"):
        read(dump, "MatMul")
    (dump / "dump.json").unlink()
    with pytest.raises(SubjectError, match=r"holds no dump\.json: name the folder in which msprobe has written one"):
        read(dump, "MatMul")


def test_pickles_are_never_executed(dump):
    file = dump / "dump_tensor_data" / "Primitive.matmul.MatMul.0.forward.input.0.npy"
    np.save(file, np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(SubjectError, match="cannot be read: Object arrays cannot be loaded when allow_pickle=False"):
        read(dump, "MatMul")


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.floats(-2, 2, width=16),
    st.text("abc", max_size=3),
    st.sampled_from([..., slice(1, None, 2), ms.float32, ms.int32]),
    arrays.arrays(st.sampled_from(["float16", "float32", "float64", "int32", "bool"]), arrays.array_shapes(min_dims=0)),
)
ARGUMENTS = st.recursive(LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.tuples(inner)), max_leaves=5)


def alike(got, given):
    if isinstance(given, np.ndarray):
        return got.dtype == given.dtype and np.array_equal(got, given, equal_nan=given.dtype.kind == "f")
    if isinstance(given, (list, tuple)):
        return isinstance(got, tuple) and len(got) == len(given) and all(map(alike, got, given))
    return type(got) is type(given) and got == given


@given(st.lists(ARGUMENTS, max_size=4), st.dictionaries(st.text("xyz", min_size=1, max_size=2), ARGUMENTS, max_size=3))
def test_arguments_come_back_as_they_were_passed(positional, keywords):
    with tempfile.TemporaryDirectory() as folder:
        write_dump(Path(folder) / "d", {"Cell.a.A.forward.0": (positional, keywords)})
        found = read(Path(folder) / "d", "Cell.a")
    assert all(map(alike, [one.value for one in found], [*positional, *keywords.values()]))
    assert [one.name for one in found if one.keyword] == list(keywords)


# From the command line ---------------------------------------------------------------------------------------


def run(*arguments):
    app = typer.Typer()
    app.command("check")(check)
    options = ("--mode", "pynative", "--directions", 1, "--device", "CPU")
    return CliRunner().invoke(app, [str(argument) for argument in (*arguments, *options)])


def test_a_call_of_a_dump_is_judged(dump):
    result = run("user_cells:product", "--inputs", f"{dump}:MatMul")
    assert result.exit_code == 0, result.output
    assert "2×3" in result.output


def test_where_the_forward_pass_fails_the_inputs_are_told(dump):
    error = run("user_cells:product", "--inputs", f"{dump}:Dense.forward.0", "--inputs", "2x3").exception
    assert isinstance(error, SubjectError)
    assert "the forward pass failed on (float32[2, 3], float32[2, 3])" in str(error)
    assert "; x is input 0 of Cell.network.fc1.Dense.forward.0 (float32 2×3), y is 2x3 (float32 2×3)" in str(error)


def test_keywords_need_the_function_that_was_called(dump):
    error = run("user_cells:product", "--inputs", f"{dump}:Loss").exception
    assert isinstance(error, SubjectError)
    assert "was passed as 'mask', but product takes no such input by place; it takes x, y" in str(error)
