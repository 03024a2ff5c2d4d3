"""Inputs from the command line: drawn, from .npy and .npz files, from folders; and which becomes which argument."""

import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mindspore import nn, ops
from user_cells import NotReduced, product

from ms_dnn.errors import SubjectError
from ms_dnn.judge.inputs.arguments import Given, arguments_of, origins
from ms_dnn.judge.inputs.files import read_inputs

pytestmark = pytest.mark.usefixtures("cpu")


def read(text, seed=0, place=0):
    return [one.value for one in read_inputs(str(text), seed, place)]


@pytest.mark.parametrize(
    ("text", "shape", "dtype"),
    [
        ("32x784", (32, 784), "float32"),
        ("5", (5,), "float32"),
        ("2x3x4:float64", (2, 3, 4), "float64"),
        ("7:float16", (7,), "float16"),
    ],
)
def test_floats_are_drawn(text, shape, dtype):
    (drawn,) = read(text, seed=3)
    assert (drawn.shape, drawn.dtype) == (shape, dtype)
    assert np.array_equal([drawn], read(text, seed=3))
    assert not np.array_equal([drawn], read(text, seed=3, place=1))
    assert not np.array_equal([drawn], read(text, seed=4))


def test_integers_are_drawn_below_a_bound():
    (drawn,) = read("1000:int32<7")
    assert drawn.dtype == np.int32
    assert set(drawn.tolist()) == set(range(7))
    assert set(read("1000:int32")[0].tolist()) == {0, 1}


def test_arrays_are_read(tmp_path):
    array = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "x.npy", array)
    np.savez(tmp_path / "all.npz", x=array, y=array + 1)
    assert np.array_equal(read(tmp_path / "x.npy"), [array])
    assert np.array_equal(read(f"{tmp_path}/all.npz:y"), [array + 1])


def test_an_archive_is_read_in_its_order(tmp_path):
    np.savez(tmp_path / "all.npz", y=np.zeros(1), x=np.ones(2), arg_0=np.float32(3))
    found = read_inputs(f"{tmp_path}/all.npz", 0, 0)
    assert [one.name for one in found] == ["y", "x", "arg_0"]
    assert [one.value.shape for one in found] == [(1,), (2,), ()]


def test_a_folder_is_read_in_natural_order(tmp_path):
    for number in (10, 2, 1):
        np.save(tmp_path / f"arg_{number}.npy", np.full(1, float(number)))
    (tmp_path / "notes.txt").write_text("not read")
    found = read_inputs(str(tmp_path), 0, 0)
    assert [one.name for one in found] == ["arg_1", "arg_2", "arg_10"]
    assert [one.value.item() for one in found] == [1, 2, 10]


@pytest.mark.parametrize("text", ["", "axb", "3x", "3:int8", "no.npy", "no.npz:x", "no.npz", "x.txt", "3x-4", "no/"])
def test_a_wrong_input_is_one_sentence(text):
    with pytest.raises(SubjectError, match=r"input '.*': (expected a shape|cannot be read)"):
        read(text)


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.npy", b""), ("x.npz:x", b"PK\x03\x04 cut off"), ("x.npz:x", b""), ("x.npz", b"PK\x03\x04 cut off")],
)
def test_a_damaged_file_is_one_sentence(tmp_path, name, content):
    (tmp_path / name.partition(":")[0]).write_bytes(content)
    with pytest.raises(SubjectError, match="cannot be read"):
        read(tmp_path / name)


@pytest.mark.parametrize("name", ["evil.npy", "evil.npz", "evil.npz:x", ""])
def test_pickled_arrays_are_refused(tmp_path, name):
    evil = np.array([print], dtype=object)
    np.save(tmp_path / "evil.npy", evil, allow_pickle=True)
    np.savez(tmp_path / "evil.npz", x=evil)
    with pytest.raises(SubjectError, match=r"cannot be read: Object arrays cannot be loaded when allow_pickle=False"):
        read(tmp_path / name)


def test_what_is_in_a_file_is_said(tmp_path):
    np.savez(tmp_path / "all.npz", x=np.zeros(1), y=np.ones(1))
    np.savez(tmp_path / "empty.npz")
    with (tmp_path / "one.npz").open("wb") as file:
        np.save(file, np.ones(3))
    (tmp_path / "all.npz").with_name("archive.npy").write_bytes((tmp_path / "all.npz").read_bytes())
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("notes.txt", "no array")
    for name, words in {
        "all.npz:z": "it holds x, y, but no 'z'",
        "empty.npz": "it is empty: write it with numpy.savez",
        "one.npz": "it is one array and no archive: name it .npy",
        "archive.npy": "it is an archive: name it .npz",
        "text.npz": "'notes.txt' is no array",
    }.items():
        with pytest.raises(SubjectError, match=f"input '.*{name}': cannot be read: {words}"):
            read(tmp_path / name)


def test_a_folder_without_arrays_is_one_sentence(tmp_path):
    with pytest.raises(SubjectError, match=r"holds no \.npy files: name a folder that does"):
        read(tmp_path)


# Which becomes which ------------------------------------------------------------------------------------------


def archive(**values):
    return [Given(value, f"{name} in all.npz", name) for name, value in values.items()]


def values(function, *groups, skip=0):
    return [one.value for one in arguments_of(function, groups, skip)]


def with_defaults(x, scale=2.0, *, mode="sum", **others):
    return x * scale


def test_names_of_parameters_are_matched_and_others_are_in_order():
    assert values(product, archive(y=1, x=0)) == [0, 1]
    assert values(product, archive(y=0, z=1)) == [0, 1]
    assert values(product, archive(arg_0=0, arg_1=1)) == [0, 1]


def test_groups_mix():
    assert values(product, archive(y=1), [Given(0, "3x4")]) == [0, 1]
    assert values(product, [Given(0, "3x4")], archive(arr_0=1)) == [0, 1]
    assert values(NotReduced(), archive(b=1), [Given(0, "3x4")]) == [0, 1]


def test_defaults_fill_gaps_and_nothing_else():
    assert values(nn.Dropout().construct, [Given(0, "3x4")]) == [0]
    assert values(with_defaults, [Given(0, "3x4")]) == [0]
    assert values(lambda x, m=None, s=2.0: x, archive(s=3.0, x=0)) == [0, None, 3.0]


def test_a_loss_is_not_given_its_output():
    assert values(lambda out, y, w: out, archive(w=1, y=0), skip=1) == [0, 1]


def test_a_function_that_does_not_say_what_it_takes():
    assert values(lambda *inputs: inputs, archive(a=0, b=1)) == [0, 1]
    assert values(ops.MatMul(), archive(a=0, b=1)) == [0, 1]
    assert values(None, archive(a=0, b=1)) == [0, 1]


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (
            [archive(arr_0=np.zeros((2, 3)), arr_1=1, arr_2=[2])],
            r"product takes 2 inputs \(x, y\), got 3: x is arr_0 in all.npz \(float64 2×3\), "
            r"y is arr_1 in all.npz \(1\), arr_2 in all.npz \(\[2\]\) is one too many$",
        ),
        ([archive(y=1)], r"product takes 2 inputs \(x, y\), got 1: y is y in all.npz \(1\), nothing is x$"),
        ([archive(y=1), archive(y=2)], r"input 'y': given twice, as y in all.npz \(1\) and as y in all.npz \(2\)$"),
        (
            [[Given(1, "input dim of f", "dim", keyword=True)]],
            "input dim of f: was passed as 'dim', but product takes no such input by place; it takes x, y: judge the",
        ),
    ],
)
def test_a_mismatch_says_which_is_which(groups, words):
    with pytest.raises(SubjectError, match=words):
        arguments_of(product, groups)


def test_a_long_list_is_cut():
    with pytest.raises(SubjectError, match=r"got 40: x is .*, a7 in all.npz \(7\) is one too many and 32 more$"):
        arguments_of(product, [archive(**{f"a{number}": number for number in range(40)})])


def test_the_origins_name_the_inputs():
    assert origins(product, archive(x=0, y=1)) == "x is x in all.npz (0), y is y in all.npz (1)"
    assert origins(lambda *all: all, archive(a=0)) == "input 0 is a in all.npz (0)"
    assert origins(product, [Given(0, "3x4"), Given(1, "y.npy")]) == ""


@given(st.permutations(["x", "y", "z"]), st.integers(0, 3))
def test_any_split_and_order_of_named_arrays_is_the_same(order, cut):
    groups = [archive(**{name: name for name in part}) for part in (order[:cut], order[cut:])]
    assert values(lambda x, y, z: x, *groups) == ["x", "y", "z"]
