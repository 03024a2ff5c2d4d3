"""The binary batches of CIFAR-10, which MindSpore reads alike, and what only looks like them."""

import pickle

import numpy as np
import own_files
import pytest

from ms_dnn.data import Source, load_data
from ms_dnn.data.formats.cifar import dataset_of, read_batch
from ms_dnn.errors import DataError

FOLDER = "cifar-10-batches-bin"


@pytest.mark.parametrize("inner", ["", FOLDER])
def test_the_six_batches(tmp_path, inner):
    pictures, labels = own_files.write_cifar(tmp_path)
    dataset, test, _ = load_data(Source("cifar10", folder=tmp_path / inner))
    assert (dataset.x.shape, len(test), dataset.image_shape) == ((50, 3072), 10, (32, 32, 3))
    np.testing.assert_array_equal(dataset.y[:10], labels)
    picture = dataset.x[3].reshape(32, 32, 3)
    for channel in range(3):  # a file has all red values first, then green, then blue
        np.testing.assert_array_equal(picture[..., channel].ravel(), pictures[3, 1024 * channel : 1024 * (channel + 1)])


def test_mindspore_reads_the_same(tmp_path):
    from mindspore.dataset import Cifar10Dataset

    records = np.random.default_rng(0).integers(0, 10, (10_000, 3073)).astype(np.uint8)  # it takes no other number
    records.tofile(path := tmp_path / "test_batch.bin")
    rows = Cifar10Dataset(str(tmp_path), "test", num_samples=5, shuffle=False)
    pictures, labels = zip(*rows.create_tuple_iterator(num_epochs=1, output_numpy=True), strict=True)
    dataset = dataset_of(read_batch(path)[:5])
    np.testing.assert_array_equal(np.reshape(pictures, (5, -1)), dataset.x)
    np.testing.assert_array_equal(labels, dataset.y)


def test_a_missing_batch_is_named(tmp_path):
    own_files.write_cifar(tmp_path)
    (tmp_path / FOLDER / "data_batch_4.bin").unlink()
    with pytest.raises(DataError, match=r"got no data_batch_4\.bin in .*, expected the folder cifar-10-batches-bin wi"):
        load_data(Source("cifar10", folder=tmp_path))


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-py"])
def test_the_python_version_is_named_and_never_executed(tmp_path, inner):
    canary, folder = tmp_path / "canary", tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        (folder / name).write_bytes(pickle.dumps({b"data": Touch(canary)}, 2))
    with pytest.raises(DataError) as caught:
        load_data(Source("cifar10", folder=tmp_path / inner))
    assert str(caught.value) == (
        f"data.folder: got the Python version of CIFAR-10 in {str(folder)!r}, expected the binary version "
        "(cifar-10-binary.tar.gz), because pickles are never executed: unpack that, and give cifar-10-batches-bin"
    )
    assert not canary.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "got 0 bytes, expected 3073 for each of 1 to 100000 pictures"),
        (bytes(3073) + bytes(3072), "got 6145 bytes, expected 3073 for each"),
        (bytes(3073) + b"\x0a" + bytes(3072), "got label 10 in row 1"),
    ],
)
def test_wrong_batches(tmp_path, content, sentence):
    (path := tmp_path / "data_batch_1.bin").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_batch(path)
    assert str(caught.value).startswith(f"'data_batch_1.bin': {sentence}")


def test_a_batch_larger_than_any_is_refused_unread(tmp_path):
    with (path := tmp_path / "data_batch_1.bin").open("wb") as file:
        file.truncate(3073 * 100_001)
    with pytest.raises(DataError, match="got 307303073 bytes"):
        read_batch(path)
