"""What is converted is read back to the bit, in memory or row by row; what is damaged or foreign is refused."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import own_files
import pytest
import stored_files
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ms_dnn.data import load_data
from ms_dnn.data.converting import convert_data
from ms_dnn.data.lazy_rows import LazyRows, blocks
from ms_dnn.errors import DataError
from ms_dnn.experiment.source import source_of

KINDS = tuple(stored_files.OUTPUT)
pytestmark = pytest.mark.usefixtures("read_here")
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture
def read_here(monkeypatch):
    monkeypatch.setattr("ms_dnn.data.formats.mindrecord._write_arrays", stored_files.read_here)


def same(one, other):
    assert one.y.tobytes() == other.y.tobytes()
    assert np.ascontiguousarray(one.x[:]).tobytes() == np.ascontiguousarray(other.x[:]).tobytes()
    for name in ("task", "class_names", "feature_names", "image_shape", "value_range"):
        assert getattr(one, name) == getattr(other, name), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("made", "dtype"),
    [
        (stored_files.classes(), "uint8"),
        (stored_files.classes(whole=False), "float64"),
        ((stored_files.classes()[0] - 0.5, np.array(["é", "b", "c"])[np.arange(120) % 3]), "float32"),
        (stored_files.numbers(), "float64"),
    ],
)
def test_back_to_the_bit(tmp_path, kind, made, dtype):
    source, notes = stored_files.convert(tmp_path, kind, *made)
    assert notes.dtype == dtype
    original = load_data(stored_files.Source("npz", file=tmp_path / "source.npz")).dataset
    same(original, load_data(source).dataset)
    streamed = load_data(replace(source, stream=True)).dataset
    assert isinstance(streamed.x, LazyRows)
    same(original, streamed)
    assert sorted(path.name for path in tmp_path.iterdir() if "unfinished" in path.name) == []


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=FLOATS))
def test_any_numbers_back_to_the_bit(tmp_path_factory, x):
    source, _ = stored_files.convert(tmp_path_factory.mktemp("any"), "npy", x, np.arange(len(x)) / 3)
    assert load_data(source).dataset.x.tobytes() == x.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_names_pictures_and_a_test_part_of_its_own(tmp_path, kind):
    own_files.write_idx(tmp_path)
    config = stored_files.experiment({"set": "mnist", "folder": str(tmp_path)}, 10)
    notes = convert_data(source_of(config), tmp_path / stored_files.OUTPUT[kind], kind)
    assert (notes.samples, notes.test_samples) == (80, 20)
    original = load_data(stored_files.Source("mnist", folder=tmp_path))
    for stream in (False, True):
        for one, other in zip(original[:2], load_data(stored_files.source(tmp_path, kind, stream))[:2], strict=True):
            same(one, other)


@pytest.mark.parametrize("kind", KINDS)
@given(rows=st.lists(st.integers(0, 119), max_size=200))
def test_rows_in_any_order(converted, kind, rows):
    x, _ = stored_files.classes()
    streamed = load_data(stored_files.source(converted, kind, stream=True)).dataset
    rows = np.array(rows, np.int64)
    np.testing.assert_array_equal(streamed.x[rows], x[rows])
    np.testing.assert_array_equal(streamed.take(rows[::-1]).x[2:7], x[rows[::-1]][2:7])


def test_several_pages_and_blocks(tmp_path):
    # 5,000 records of 8 kB are more than one page of 32 MiB.
    x = np.random.default_rng(0).normal(size=(5000, 1000))
    source, _ = stored_files.convert(tmp_path, "mindrecord", x, np.arange(5000) % 3)
    streamed = load_data(replace(source, stream=True)).dataset
    rows = np.random.default_rng(1).permutation(5000)
    np.testing.assert_array_equal(streamed.x[rows], x[rows])
    assert sum(1 for _ in blocks(streamed.x)) == 5


@pytest.mark.parametrize("made", [stored_files.classes(), stored_files.classes(whole=False), stored_files.numbers()])
def test_mindspore_reads_the_same(tmp_path, made):
    from mindspore.dataset import MindDataset
    from mindspore.mindrecord import FileReader

    source, notes = stored_files.convert(tmp_path, "mindrecord", *made)
    dataset = load_data(source).dataset
    pipeline = MindDataset(str(source.file), shuffle=False).create_dict_iterator(num_epochs=1, output_numpy=True)
    rows = list(pipeline)
    of_x = np.uint8 if notes.dtype == "uint8" else notes.dtype
    np.testing.assert_array_equal(np.stack([row["x"].view(of_x) for row in rows]), dataset.x)
    np.testing.assert_array_equal(np.stack([row["y"] for row in rows]), dataset.y)
    reader = FileReader(str(source.file))
    assert reader.schema()["x"]["type"] == ("bytes" if notes.dtype == "uint8" else notes.dtype)
    np.testing.assert_array_equal(np.stack([row["y"] for row in reader.get_next()]).reshape(dataset.y.shape), dataset.y)
    reader.close()


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("converted")
    for kind in KINDS:
        stored_files.convert(folder, kind, *stored_files.classes())
    return folder


DAMAGED = {
    "npy x": ("npy", lambda folder: folder / "set.npy" / "x.npy", (0, 10**6)),
    "npy y": ("npy", lambda folder: folder / "set.npy" / "y.npy", (0, 10**6)),
    "npy notes": ("npy", lambda folder: folder / "set.npy" / "set.json", (0, 10**6)),
}


@pytest.mark.parametrize("name", DAMAGED)
@given(data=st.data())
def test_flipped_bytes_are_refused_or_change_no_number(converted, name, data):
    kind, path_in, (low, high) = DAMAGED[name]
    path = path_in(converted)
    size = path.stat().st_size
    places = data.draw(st.lists(st.integers(low, min(high, size) - 1), min_size=1, max_size=4))
    x, y = stored_files.classes()
    with path.open("r+b") as file:
        kept = [(place, os.pread(file.fileno(), 1, place)) for place in places]
        for place, byte in kept:
            os.pwrite(file.fileno(), bytes([byte[0] ^ data.draw(st.integers(1, 255))]), place)
        try:
            for stream in (False, True):
                try:
                    read = load_data(stored_files.source(converted, kind, stream)).dataset
                except DataError:
                    continue
                assert (read.x[:] == x).all()
                assert (read.y == y).all()
        finally:
            for place, byte in reversed(kept):
                os.pwrite(file.fileno(), byte, place)


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_files_cut_short(tmp_path, converted, name, share):
    kind, path_in, (_, high) = DAMAGED[name]
    path, source = path_in(tmp_path), stored_files.source(tmp_path, kind)
    shutil.copytree(converted / "set.npy", tmp_path / "set.npy")
    os.truncate(path, int(min(path.stat().st_size, high) * share))
    with pytest.raises(DataError, match=r"set|x\.npy|y\.npy"):
        load_data(source)


def test_a_stream_whose_file_is_cut_short_later(tmp_path):
    source, _ = stored_files.convert(tmp_path, "npy", *stored_files.classes())
    streamed = load_data(replace(source, stream=True)).dataset
    os.truncate(tmp_path / "set.npy" / "x.npy", 300)
    with pytest.raises(DataError, match=r"'x\.npy': got a file that ends at byte 300, expected it to stay"):
        streamed.x[np.arange(100)]


def pickled(folder):
    stored_files.convert(folder, "npy", *stored_files.classes())
    np.save(folder / "set.npy" / "x.npy", np.array([{"a": 1}], object), allow_pickle=True)


def columns_first(folder):
    x, y = stored_files.classes()
    stored_files.convert(folder, "npy", x, y)
    np.save(folder / "set.npy" / "x.npy", np.asfortranarray(x.astype(np.uint8)))


def other_notes(folder):
    stored_files.convert(folder, "npy", *stored_files.classes())
    notes = folder / "set.npy" / "set.json"
    notes.write_text(json.dumps({**json.loads(notes.read_text()), "samples": 2**40, "test_samples": 2**39}))


def only_numbers(folder):
    (folder / "set.npy").mkdir()
    np.save(folder / "set.npy" / "x.npy", np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (pickled, r"got object of shape \(1,\)"),
        (columns_first, r"row by row, as set\.json notes"),
        (other_notes, r"'y\.npy': got int64 of shape \(120,\)"),
        (only_numbers, r"got no y\.npy"),
    ],
)
def test_foreign_files(tmp_path, write, message):
    write(tmp_path)
    with pytest.raises(DataError, match=message):
        load_data(stored_files.source(tmp_path, "npy"))


def test_more_than_memory_may_hold_is_refused_but_streamed(tmp_path, monkeypatch):
    source, _ = stored_files.convert(tmp_path, "npy", *stored_files.classes())
    monkeypatch.setattr("ms_dnn.data.source.MOST_VALUES", 700)
    with pytest.raises(DataError, match=r"\(data\.stream: true leaves it on the disk\): got 120 samples of 6 values"):
        load_data(source)
    assert len(load_data(replace(source, stream=True)).dataset) == 120
