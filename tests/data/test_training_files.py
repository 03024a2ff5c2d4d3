"""What the readers of training data make of whole files, and what they say of files that are wrong but undamaged."""

import builtins
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import own_files
import pytest
from PIL import Image

from ms_dnn.data import Source, check_dataset, load_data, read_features
from ms_dnn.errors import DataError


def refused(source):
    with pytest.raises(DataError) as caught:
        load_data(source)
    message = str(caught.value)
    assert "\n" not in message
    assert "expected" in message
    return message


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize("compressed", [False, True])
def test_idx(tmp_path, name, compressed):
    x, y = own_files.write_idx(tmp_path, compressed)
    dataset, test, _ = load_data(Source(name, folder=tmp_path))
    np.testing.assert_array_equal(dataset.x, x.reshape(60, 12))
    np.testing.assert_array_equal(dataset.y, y)
    assert (len(test), test.image_shape, test.value_range) == (20, (4, 3), (0.0, 255.0))
    assert dataset.class_names[1] == {"mnist": "1", "fashion_mnist": "Trouser"}[name]
    check_dataset(dataset)


def test_a_missing_idx_file_is_named_with_its_place(tmp_path):
    own_files.write_idx(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    assert refused(Source("mnist", folder=tmp_path)) == (
        f"data.folder: got no t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz in {str(tmp_path)!r}, expected the "
        "four idx files of mnist, plain or .gz: put them there"
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "got the 0 bytes (none) … as its header, expected 00 00 08 01 and 1 sizes"),
        (b"\0\0\x08\x03" + bytes(12), "got the 8 bytes 00 00 08 03 … as its header"),
        (b"\0\0\x08\x01" + (3).to_bytes(4, "big") + b"ab", "got 2 bytes after the header"),
        (
            b"\0\0\x08\x01" + (1).to_bytes(4, "big") + b"abc",
            "got more bytes after the header, expected the 1 that it promises",
        ),
        (b"\0\0\x08\x01" + (2**32 - 1).to_bytes(4, "big"), "expected at most 536870912 values in all"),
        (b"\0\0\x08\x01" + (60).to_bytes(4, "big") + b"\x0a" * 60, "got label 10 in row 0"),
        (b"\0\0\x08\x01" + (2).to_bytes(4, "big") + b"\x01\x02", "got 2 labels, expected 60"),
        (b"\0\0\x08\x01" + bytes(4), "got 0 samples"),
    ],
)
def test_wrong_idx_labels(tmp_path, content, sentence):
    own_files.write_idx(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(content)
    message = refused(Source("mnist", folder=tmp_path))
    assert message.startswith("'train-labels-idx1-ubyte': ")
    assert sentence in message


def test_idx_test_pictures_of_another_size(tmp_path):
    own_files.write_idx(tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(own_files.idx_bytes(np.zeros((20, 3, 4), np.uint8)))
    assert "got test pictures of shape (3, 4), expected (4, 3)" in refused(Source("mnist", folder=tmp_path))


COLUMNS = {"target": "kind", "drop": ("id", "price")}


def test_csv_with_texts_as_target_is_classes(tmp_path):
    own_files.write_csv(path := tmp_path / "t.csv")
    dataset, test, _ = load_data(Source("csv", file=path, **COLUMNS))
    assert test is None
    assert (dataset.feature_names, dataset.class_names) == (("width", "height"), ("high", "wide"))
    np.testing.assert_array_equal(dataset.y, dataset.x[:, 0] > dataset.x[:, 1])


def test_csv_with_numbers_as_target_is_regression(tmp_path):
    own_files.write_csv(path := tmp_path / "t.csv")
    dataset, *_ = load_data(Source("csv", file=path, target="price", drop=("id", "kind")))
    assert dataset.task == "regression"
    np.testing.assert_allclose(dataset.y[:, 0], dataset.x @ [2, 1], atol=1e-4)


def test_csv_with_declared_classes_sorts_numbers_as_numbers(tmp_path):
    (path := tmp_path / "t.csv").write_text("a;y\n1;10\n2;9\n3;10.0\n")
    dataset, *_ = load_data(Source("csv", file=path, target="y", target_kind="classes"))
    assert dataset.class_names == ("9", "10")
    assert dataset.y.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a,y\n1,2\nred,3\n", "line 3, column 'a' of 't.csv': got the text 'red', expected a number, such as 1234.5"),
        ("a,y\n1,2\n,3\n", "line 3, column 'a' of 't.csv': got an empty cell, expected a value"),
        ("a,y\n1,2\n4,NaN\n", "line 3, column 'y' of 't.csv': got 'NaN', expected a value"),
        ("a,y\n1,2\ninf,3\n", "line 3, column 'a' of 't.csv': got 'inf', expected a finite number"),
        ("a,y\n1,2\n1,2,3\n", "line 3 of 't.csv': got 3 columns, expected 2 as in the header"),
        ("a,y\n1,2\n3,x\n", "line 3, column 'y' of 't.csv': got 'x', expected a number as in other lines"),
        ("a,y\n1,1e999\n3,4\n", "line 2, column 'y' of 't.csv': got '1e999', expected a finite number"),
        ("a,a,y\n1,2,3\n", "got the columns 'a' twice"),
        ("1,2\n3,4\n", "data.target: got 'y', expected columns of 't.csv', whose header is '1', '2'"),
        ("y\n3\n", "got the column 'y' alone, expected one beside it to learn from"),
        ("a,y\n", "got 1 lines, expected a header"),
        ("", "got 0 lines, expected a header"),
    ],
)
def test_wrong_tables(tmp_path, content, sentence):
    (path := tmp_path / "t.csv").write_text(content)
    assert sentence in refused(Source("csv", file=path, target="y"))


def test_csv_text_feature_says_how_to_drop_it(tmp_path):
    own_files.write_csv(path := tmp_path / "t.csv")
    message = refused(Source("csv", file=path, target="price", drop=("kind",)))
    assert "id: {kind: category, unseen: other}, or data.drop: [id] (40 such cells in all)" in message


@pytest.mark.parametrize("name", ["csv", "npz"])
def test_a_missing_file_is_named(tmp_path, name):
    message = refused(Source(name, file=tmp_path / "lost", target="y"))
    assert message.startswith(f"data.file: got no file {str(tmp_path / 'lost')!r}, expected ")
    assert message.endswith("put it there, or correct the path")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path, save):
    x, y = own_files.write_npz(path := tmp_path / "t.npz", save)
    dataset, *_ = load_data(Source("npz", file=path))
    np.testing.assert_array_equal(dataset.x, x.reshape(40, 6))
    assert dataset.class_names == ("4", "7")
    np.testing.assert_array_equal(dataset.y, y == 7)
    numbers, *_ = load_data(Source("npz", file=path, target_kind="numbers"))
    np.testing.assert_array_equal(numbers.y, y[:, None])


@pytest.mark.parametrize(
    ("arrays", "kind", "sentence"),
    [
        ({"x": np.eye(3)}, "auto", "got the arrays x, expected x and y"),
        ({"x": np.eye(3), "y": np.arange(2)}, "auto", "got shape (2,), expected (3,)"),
        ({"x": np.eye(3) * 1j, "y": np.arange(3)}, "auto", "got dtype complex128"),
        ({"x": np.eye(3), "y": np.array([1, "a", None], object)}, "auto", "pickled objects"),
        ({"x": np.eye(3), "y": np.array(["a", "b", "a"])}, "numbers", "got texts, expected numbers"),
        ({"x": np.eye(3), "y": np.array([1, 1.5, 2])}, "classes", "got 1.5 in row 1"),
        ({"x": np.float64(1), "y": np.arange(3)}, "auto", "got 0 samples"),
        ({"x": np.zeros((0, 3)), "y": np.zeros(0)}, "auto", "got 0 samples"),
    ],
)
def test_wrong_archives(tmp_path, arrays, kind, sentence):
    np.savez(path := tmp_path / "t.npz", **arrays)
    assert sentence in refused(Source("npz", file=path, target_kind=kind))


def test_an_array_that_promises_more_than_its_entry_holds_takes_no_memory(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1), }".ljust(117) + b"\n"
    with zipfile.ZipFile(path := tmp_path / "t.npz", "w") as archive:
        for name in ("x", "y"):
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    assert "takes 8000000000128 bytes, in an entry of 128" in refused(Source("npz", file=path))


@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}])
def test_hdf5(tmp_path, options):
    pytest.importorskip("h5py")
    x, y = own_files.write_hdf5(tmp_path, **options)
    dataset, test, _ = load_data(Source("hdf5", folder=tmp_path))
    np.testing.assert_array_equal(dataset.x, x.reshape(20, 60))
    np.testing.assert_array_equal(dataset.y, y)
    assert (dataset.class_names, dataset.image_shape, len(test)) == (("non-cat", "cat"), (4, 5, 3), 6)


def rewrite(path, name, **creation):
    import h5py

    with h5py.File(path, "a") as file:
        del file[name]
        file.create_dataset(name, **creation)


@pytest.mark.parametrize(
    ("name", "creation", "sentence"),
    [
        ("train_set_x", {"data": np.zeros((20, 4, 5, 3))}, "dtype float64, expected 4 axes of uint8"),
        ("train_set_x", {"data": np.zeros((20, 60), np.uint8)}, "of shape (20, 60)"),
        (
            "train_set_x",
            {"shape": (10**7, 100, 100, 3), "dtype": "u1", "chunks": (1, 9, 9, 3)},
            "of 300000000000 bytes",
        ),
        ("train_set_x", {"shape": (20, 400, 400, 3), "dtype": "u1", "chunks": (1, 9, 9, 3)}, "of 9600000 bytes in"),
        ("train_set_y", {"data": np.zeros(19, int)}, "got 19 labels, expected 20"),
        ("train_set_y", {"data": np.full(20, 2)}, "got label 2 in row 0"),
        ("list_classes", {"data": np.array([1, 2])}, "list_classes of shape (2,) and dtype int64"),
    ],
)
def test_wrong_hdf5(tmp_path, name, creation, sentence):
    pytest.importorskip("h5py")
    own_files.write_hdf5(tmp_path)
    rewrite(tmp_path / "train_catvnoncat.h5", name, **creation)
    message = refused(Source("hdf5", folder=tmp_path))
    assert message.startswith("'train_catvnoncat.h5': ")
    assert sentence in message


def test_hdf5_arrays_in_other_files_are_not_followed(tmp_path):
    h5py = pytest.importorskip("h5py")
    own_files.write_hdf5(tmp_path)
    with h5py.File(tmp_path / "train_catvnoncat.h5", "a") as file:
        del file["train_set_x"]
        file["train_set_x"] = h5py.ExternalLink("test_catvnoncat.h5", "test_set_x")
    assert "got no array train_set_x in the file itself" in refused(Source("hdf5", folder=tmp_path))


def test_hdf5_without_h5py_says_what_to_install(tmp_path, monkeypatch):
    own_files.write_hdf5(tmp_path)
    importing = builtins.__import__

    def without(name, *arguments):
        if name == "h5py":
            raise ImportError(name)
        return importing(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    assert refused(Source("hdf5", folder=tmp_path)) == (
        "data.set: got hdf5, expected the package h5py, which reads such files and is not installed: "
        "pip install 'ms-dnn[data]'"
    )


def test_image_folders(tmp_path):
    own_files.write_images(tmp_path)
    dataset, *_ = load_data(Source("images", folder=tmp_path))
    assert (dataset.class_names, dataset.image_shape) == (("dark", "light"), (4, 5, 3))
    with Image.open(tmp_path / "light" / "00.png") as picture:
        np.testing.assert_allclose(dataset.x[12], np.asarray(picture).ravel(), atol=1e-4)
    again = read_features(tmp_path / "light", 60, dataset.image_shape, dataset.value_range)
    np.testing.assert_array_equal(again.x, dataset.x[12:])


def test_grey_pictures_have_one_channel_and_are_resized_if_asked(tmp_path):
    own_files.write_images(tmp_path, mode="L")
    dataset, *_ = load_data(Source("images", folder=tmp_path, image_size=(2, 5)))
    assert dataset.image_shape == (2, 5, 1)
    with Image.open(tmp_path / "dark" / "00.png") as picture:
        pairs = np.asarray(picture, np.float64).reshape(2, 2, 5).mean(axis=1)
    np.testing.assert_allclose(dataset.x[0], pairs.ravel(), atol=1e-3)


def test_wrong_image_folders(tmp_path):
    own_files.write_images(tmp_path, samples=2)
    Image.new("RGB", (7, 9)).save(tmp_path / "light" / "9.png")
    source = Source("images", folder=tmp_path)
    assert refused(source).startswith("light/9.png: got a picture of height 9 and width 7, expected 4 and 5 as dark/00")
    load_data(Source("images", folder=tmp_path, image_size=(4, 5)))
    (tmp_path / "light" / "9.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"'9.png' cannot be read as a picture"):
        load_data(source)
    (tmp_path / "empty").mkdir()
    assert "holds no picture" in refused(source)
    assert "got 0 sub-folders" in refused(Source("images", folder=tmp_path / "empty"))
    assert "got no folder" in refused(Source("images", folder=tmp_path / "lost"))


@pytest.mark.parametrize("folder", ["a\0b", "x" * 5000, "lost"])
@pytest.mark.parametrize("name", ["mnist", "cifar10", "hdf5", "images"])
def test_folders_that_cannot_be(name, folder):
    assert "put " in refused(Source(name, folder=Path(folder)))


def test_the_catalogue_loads_no_reader_of_formats():
    program = "import sys, ms_dnn.data; assert not {'h5py', 'pandas', 'mindspore', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
