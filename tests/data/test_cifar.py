"""The batches of CIFAR-10, and pickles that only look like them."""

import pickle

import numpy as np
import own_files
import pytest

from ms_dnn.data import Source, load_data
from ms_dnn.data.formats.cifar import read_batch
from ms_dnn.errors import DataError

PICTURES = np.arange(2 * 3072).reshape(2, 3072).astype(np.uint8)


def refused(tmp_path, content):
    (path := tmp_path / "data_batch_1").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_batch(path)
    message = str(caught.value)
    assert message.startswith("'data_batch_1': got ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-py"])
def test_the_six_batches(tmp_path, inner):
    pictures, labels = own_files.write_cifar(tmp_path)
    dataset, test = load_data(Source("cifar10", folder=tmp_path / inner))
    assert (dataset.x.shape, len(test), dataset.image_shape) == ((50, 3072), 10, (32, 32, 3))
    np.testing.assert_array_equal(dataset.y[:10], labels)
    picture = dataset.x[3].reshape(32, 32, 3)
    for channel in range(3):  # a file has all red values first, then green, then blue
        np.testing.assert_array_equal(picture[..., channel].ravel(), pictures[3, 1024 * channel : 1024 * (channel + 1)])


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("key", [str, str.encode])
def test_batches_that_were_written_again(tmp_path, protocol, key):
    batch = {key("data"): np.asfortranarray(PICTURES), key("labels"): [3, 9]}
    (path := tmp_path / "b").write_bytes(pickle.dumps(batch, protocol))
    pictures, labels = read_batch(path)
    np.testing.assert_array_equal(pictures, PICTURES)
    assert labels.tolist() == [3, 9]


def test_a_missing_batch_is_named(tmp_path):
    own_files.write_cifar(tmp_path)
    (tmp_path / "cifar-10-batches-py" / "data_batch_4").unlink()
    with pytest.raises(DataError, match=r"got no data_batch_4 in .*, expected the folder cifar-10-batches-py with"):
        load_data(Source("cifar10", folder=tmp_path))


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_malicious_pickle_is_not_run(tmp_path, protocol):
    canary = tmp_path / "canary"
    content = pickle.dumps({"data": Touch(canary), "labels": []}, protocol)
    pickle.loads(content).get("data").close()
    assert canary.exists()
    canary.unlink()
    message = refused(tmp_path, content)
    assert not canary.exists()
    assert "open" in message or "instruction" in message


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'touch canary'\ntR.",
        b"(S'touch canary'\nios\nsystem\n.",
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cos\nsystem\ntR.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0ctouch canary\x85R.",
        b"\x80\x02cms_dnn.data.cifar\npickle\n.",
        b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__class__\x93.",
    ],
)
def test_handwritten_malice(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    refused(tmp_path, content)
    assert not (tmp_path / "canary").exists()


DEEP = b"\x80\x02}(" + b")" + b"\x85" * 1_000_000 + b"K\x00u."
DOUBLED = b"\x80\x02}()" + b"".join(b"q%ch%c\x86" % (n, n) for n in range(60)) + b"K\x00u."


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b".",
        b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b".",
        b"\x80\x02Nr\xff\xff\xff\xff.",
        b"\x80\x04\x95" + (2**40).to_bytes(8, "little") + b"N.",
        DEEP,
        DOUBLED,
    ],
    ids=["bytes", "bytearray", "memo", "frame", "deep tuples", "doubled tuples"],
)
def test_absurd_pickles_end_at_once(tmp_path, content):
    refused(tmp_path, content)


def batch(**changes):
    return pickle.dumps({"data": PICTURES, "labels": [3, 9], **changes}, 4)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (pickle.dumps([1, 2]), "got a pickled list, expected a batch"),
        (batch(data=1), "got no array as 'data'"),
        (batch(data=PICTURES.astype(np.float32)), "got data of dtype 'f4'"),
        (batch(data=PICTURES[:, :3000]), "for the shape (2, 3000), expected (N, 3072)"),
        (batch(labels=[1, 10]), "got label 10 in row 1"),
        (batch(labels=[1, 2**70]), "got no list of whole numbers as 'labels'"),
        (batch(labels=[1]), "got 1 labels, expected 2"),
        (batch(labels=None), "got no list of whole numbers as 'labels'"),
        (batch()[:3000], "expected a batch of cifar-10-batches-py"),
        (b"", "expected a batch of cifar-10-batches-py"),
    ],
)
def test_wrong_batches(tmp_path, content, sentence):
    assert sentence in refused(tmp_path, content)
