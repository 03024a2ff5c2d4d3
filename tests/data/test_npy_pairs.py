"""A user's own x.npy and y.npy, in memory and where they lie."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, floating_dtypes, integer_dtypes

from ms_dnn.data import Source, load_data
from ms_dnn.data.lazy_rows import LazyRows
from ms_dnn.errors import DataError


def write(folder, x, y):
    folder.mkdir(exist_ok=True)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    return Source("npy", folder=folder)


def read_both(source):
    """The set, after it was found to be the same in memory and streamed."""
    whole, streamed = (load_data(replace(source, stream=stream)).dataset for stream in (False, True))
    assert isinstance(streamed.x, LazyRows)
    np.testing.assert_array_equal(whole.x, streamed.x[:])
    np.testing.assert_array_equal(whole.y, streamed.y)
    assert (whole.task, whole.class_names) == (streamed.task, streamed.class_names)
    return whole


NUMBERS = integer_dtypes(endianness="?") | floating_dtypes(endianness="?") | st.just(np.dtype(bool))


@given(x=NUMBERS.flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=1, max_dims=4, max_side=4))))
def test_numbers_of_any_dtype_and_shape(tmp_path_factory, x):
    dataset = read_both(write(tmp_path_factory.mktemp("any"), x, np.arange(len(x))))
    with np.errstate(over="ignore", invalid="ignore"):
        np.testing.assert_array_equal(dataset.x, x.reshape(len(x), -1).astype(np.float64))


@pytest.mark.parametrize(
    ("y", "kind", "expected", "names"),
    [
        (np.array([7, 4, 4, 7]), "auto", [1, 0, 0, 1], ("4", "7")),
        (np.array([[7], [4], [4], [7]], ">u2"), "auto", [1, 0, 0, 1], ("4", "7")),
        (np.array(["b", "é", "b", "a"]), "auto", [1, 2, 1, 0], ("a", "b", "é")),
        (np.array([0.5, 1, 2, 3], "f4"), "auto", [[0.5], [1], [2], [3]], ()),
        (np.arange(8.0).reshape(4, 2), "auto", [[0, 1], [2, 3], [4, 5], [6, 7]], ()),
        (np.arange(8).reshape(4, 2), "numbers", [[0, 1], [2, 3], [4, 5], [6, 7]], ()),
        (np.array([2.0, 10, 2, 10]), "classes", [0, 1, 0, 1], ("2", "10")),
    ],
)
def test_targets(tmp_path, y, kind, expected, names):
    dataset = read_both(replace(write(tmp_path, np.eye(4), y), target_kind=kind))
    assert dataset.y.tolist() == expected
    assert dataset.class_names == names
    assert dataset.y.dtype == (np.int64 if names else np.float64)


class Trap:
    def __reduce__(self):
        return (exec, ("raise SystemExit",))


@pytest.mark.parametrize(
    ("x", "y", "kind", "sentence"),
    [
        (np.eye(3) * 1j, np.arange(3), "auto", "x.npy': got complex128 of shape (3, 3), expected real numbers"),
        (np.array(["a", "b", "c"]), np.arange(3), "auto", "x.npy': got <U1 of shape (3,), expected real numbers"),
        (np.array([Trap()] * 3), np.arange(3), "auto", "x.npy': got object of shape (3,), expected real numbers"),
        (np.array(3.0), np.arange(3), "auto", "x.npy': got float64 of shape (), expected real numbers of shape (sam"),
        (np.asfortranarray(np.eye(3)), np.arange(3), "auto", "(3, 3) column by column, expected real numbers of shape"),
        (np.zeros((0, 3)), np.arange(0), "auto", "x.npy': got 0 samples of 3 values, expected at least one"),
        (np.zeros((3, 0)), np.arange(3), "auto", "x.npy': got 3 samples of 0 values, expected at least one"),
        (np.eye(3), np.arange(2), "auto", "y.npy': got shape (2,), expected (3,) or (3, outputs), a target for each"),
        (np.eye(3), np.zeros((3, 1, 1)), "auto", "y.npy': got shape (3, 1, 1), expected (3,) or (3, outputs)"),
        (np.eye(3), np.float64(1), "auto", "y.npy': got shape (), expected (3,)"),
        (np.eye(3), np.array([Trap()] * 3), "auto", "y.npy': got dtype object, expected numbers or texts"),
        (np.eye(3), np.zeros(3, "S2"), "auto", "y.npy': got dtype |S2, expected numbers or texts"),
        (np.eye(3), np.eye(3, dtype=int), "auto", "y.npy': got int64 of shape (3, 3), expected one class a sample"),
        (np.eye(3), np.array([1, 1.5, 2]), "classes", "y.npy': got 1.5 in row 1"),
        (np.eye(3), np.array(["a", "b", "c"]), "numbers", "y.npy': got texts, expected numbers"),
        (np.eye(3), np.array([1, np.nan, 2]), "auto", "y.npy' has nan in 'y', row 1"),
    ],
)
def test_wrong_arrays(tmp_path, x, y, kind, sentence):
    source = replace(write(tmp_path, x, y), target_kind=kind)
    for stream in (False, True):
        with pytest.raises(DataError) as caught:
            load_data(replace(source, stream=stream))
        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["x.npy", "y.npy"])
@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content + b"0"])
def test_files_of_another_length_than_promised(tmp_path, name, change):
    source = write(tmp_path, np.eye(3), np.arange(3))
    (tmp_path / name).write_bytes(change((tmp_path / name).read_bytes()))
    with pytest.raises(DataError, match=r"bytes, expected the \d+ that its header promises"):
        load_data(source)


def test_a_header_that_promises_the_world(tmp_path):
    source = write(tmp_path, np.eye(3), np.arange(3))
    with (tmp_path / "x.npy").open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (2**50, 3)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(DataError, match="got 128 bytes, expected the 27021597764223104 that its header promises"):
        load_data(source)


def test_more_than_memory_may_hold_is_refused_but_streamed(tmp_path, monkeypatch):
    source = write(tmp_path, np.eye(30), np.arange(30))
    monkeypatch.setattr("ms_dnn.data.source.MOST_VALUES", 800)
    with pytest.raises(DataError, match=r"x\.npy' \(more can be .* streamed\): got 30 samples of 30 values, expected"):
        load_data(source)
    assert load_data(replace(source, stream=True)).dataset.x.shape == (30, 30)
