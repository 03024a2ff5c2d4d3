import tracemalloc
import zipfile

import numpy as np
import pytest

from ms_dnn.data import read_features
from ms_dnn.data.formats import arrays
from ms_dnn.errors import DataError


@pytest.fixture
def save(tmp_path):
    def save(**named):
        path = tmp_path / "given.npz"
        np.savez_compressed(path, **named)
        return path

    return save


def test_x_and_y_are_read(save):
    x, labels, names, _ = read_features(save(x=np.arange(6).reshape(3, 2), y=np.array([0, 1, 2]), z=1), 2)
    assert x.dtype == np.float64
    assert x.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert labels.tolist() == [0, 1, 2]
    assert labels.dtype == np.int64
    assert names == ["row 0", "row 1", "row 2"]


def test_the_only_array_is_x_whatever_its_name(save):
    assert read_features(save(pixels=np.ones((1, 2), np.float16)), 2).x.tolist() == [[1, 1]]


@pytest.mark.parametrize(
    ("x", "feature_count", "shape"),
    [
        (np.ones((5, 2, 3)), 6, (5, 6)),
        (np.ones(6), 6, (1, 6)),
        (np.ones(6), 1, (6, 1)),
        (np.ones((4, 1)), 1, (4, 1)),
    ],
)
def test_samples_are_flattened(save, x, feature_count, shape):
    assert read_features(save(x=x), feature_count).x.shape == shape


def test_single_array_files(tmp_path):
    np.save(tmp_path / "given.npy", np.eye(2))
    assert read_features(tmp_path / "given.npy", 2).x.tolist() == [[1, 0], [0, 1]]


def test_regression_labels_stay_real(save):
    assert read_features(save(x=np.eye(2), y=np.array([[0.5], [1]])), 2).labels.tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"x": np.ones((2, 3))}, "has 3 feature columns, expected 2"),
        ({"x": np.ones((0, 2))}, r"shape \(0, 2\); expected at least one row of 2 values"),
        ({"x": np.array(1.0)}, r"shape \(\)"),
        ({"x": np.array([[1, np.nan]])}, "nan in 'height', row 0"),
        ({"x": np.array([["1", "2"]])}, "got dtype <U1, expected real numbers"),
        ({"x": np.ones((1, 2), complex)}, "dtype complex128"),
        ({"x": np.array([[1, None]])}, "cannot be read as NumPy arrays without pickle"),
        ({"x": np.ones((2, 2)), "y": np.ones(3)}, r"y in 'given.npz' has shape \(3,\) for 2 rows"),
        ({"x": np.ones((2, 2)), "y": np.array([0, np.inf])}, "inf in 'y', row 1"),
        ({"a": np.eye(2), "b": np.eye(2)}, "holds the arrays a, b; expected one named x"),
        ({}, r"holds the arrays \(none\)"),
    ],
)
def test_unusable_arrays_say_why(save, named, message):
    with pytest.raises(DataError, match=message):
        read_features(save(**named), 2, feature_names=("width", "height"))


def test_archive_bombs_are_not_unpacked(save, monkeypatch):
    path = save(x=np.zeros((1000, 2)))
    monkeypatch.setattr(arrays, "_LARGEST_ARCHIVE", 10_000)
    with pytest.raises(DataError, match=r"unpacks to .* split it"):
        read_features(path, 2)


def test_narrow_numbers_count_as_wide_as_they_are_used(save, tmp_path, monkeypatch):
    zeros = np.zeros((1000, 2), np.uint8)
    np.save(tmp_path / "given.npy", zeros)
    monkeypatch.setattr("ms_dnn.data.source.MOST_VALUES", 1999)
    for named in {"x": zeros}, {"x": zeros[:1], "y": zeros}:
        with pytest.raises(DataError, match=r"[xy] in 'given\.npz' has 2000 values, more than 1999; split it"):
            read_features(save(**named), 2)
    with pytest.raises(DataError, match=r"x in 'given\.npy' has 2000 values"):
        read_features(tmp_path / "given.npy", 2)
    monkeypatch.setattr("ms_dnn.data.source.MOST_VALUES", 2000)
    assert len(read_features(tmp_path / "given.npy", 2).x) == 1000


def test_too_many_values_are_not_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "given.npz", x=np.zeros((2**24, 2), np.uint8))
    monkeypatch.setattr("ms_dnn.data.source.MOST_VALUES", 2**24)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="split it"):
            read_features(tmp_path / "given.npz", 2)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_member_that_is_no_array(tmp_path):
    with zipfile.ZipFile(tmp_path / "given.npz", "w") as archive:
        archive.writestr("x", "hello")
    with pytest.raises(DataError, match="not a NumPy array"):
        read_features(tmp_path / "given.npz", 2)


def test_pickles_are_not_run(tmp_path):
    path = tmp_path / "given.npz"
    path.write_bytes(b"cos\nabort\n(tR.")  # os.abort() for an unpickler
    with pytest.raises(DataError, match="without pickle"):
        read_features(path, 2)


@pytest.mark.parametrize(("shape", "told"), [((4, 3), False), ((4, 3, 1), False), ((3, 4), True), ((1, 12), False)])
def test_axes_in_another_order_than_the_training_pictures_are_told_of(save, shape, told):
    samples = read_features(save(x=np.zeros((2, *shape))), 12, (4, 3, 1))
    assert bool(samples.notes) is told
    if told:
        assert samples.notes[0].endswith(
            "samples of shape 3×4 taken row by row as 4×3, that of the training pictures; check the order of the axes"
        )
