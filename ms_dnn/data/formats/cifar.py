"""The binary files of CIFAR-10, which MindSpore's ``Cifar10Dataset`` reads, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.source import Loaded, existing_file, is_file, reading
from ms_dnn.data.targets import check_labels
from ms_dnn.errors import DataError

CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FOLDER = "cifar-10-batches-bin"
_TRAINING = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_FILES = f"the folder {_FOLDER} with {_TRAINING[0]} to {_TRAINING[-1]} and test_batch.bin"
_PIXELS = 32 * 32
_RECORD = 1 + 3 * _PIXELS  # a label, then all red values, all green ones and all blue ones, a byte each
_MOST_RECORDS = 10**5  # ten times those of a published batch


def read_cifar10(folder: Path) -> Loaded:
    """Read ``data_batch_1.bin`` to ``data_batch_5.bin``, and ``test_batch.bin`` as the test set.

    ``folder`` is ``cifar-10-batches-bin``, or the one that it lies in. x is (M, 3072) float64, 0 to 255, as rows of
    pixels of (red, green, blue); y is (M,) 0 to 9.

    Raises :class:`DataError` for missing files, for the Python version of CIFAR-10 (pickles are never executed), and
    for whatever is not such a batch.
    """
    if not is_file(folder / _TRAINING[0]) and is_file(folder / _FOLDER / _TRAINING[0]):
        folder = folder / _FOLDER
    _check_version(folder)
    paths = [existing_file(folder, (name,), _FILES) for name in (*_TRAINING, "test_batch.bin")]
    *train, test = (read_batch(path) for path in paths)
    return Loaded(dataset_of(np.concatenate(train)), dataset_of(test))


def read_batch(path: Path) -> NDArray[np.uint8]:
    """Return the records (N, 3073) of one batch; :class:`DataError` for other sizes and for labels above 9."""
    where = repr(path.name)
    with reading(f"{where}: cannot be read (", "): check the file", OSError, ValueError):
        size = path.stat().st_size
        if not size or size % _RECORD or size > _MOST_RECORDS * _RECORD:
            raise DataError(
                f"{where}: got {size} bytes, expected {_RECORD} for each of 1 to {_MOST_RECORDS} pictures: take an "
                "undamaged copy"
            )
        records = np.fromfile(path, np.uint8, size).reshape(-1, _RECORD)
    check_labels(where, records[:, 0], len(CIFAR_CLASSES))
    return records


def _check_version(folder: Path) -> None:
    """Raise :class:`DataError` for a folder that holds only the Python version of CIFAR-10."""
    for candidate in (folder, folder / "cifar-10-batches-py"):
        if is_file(candidate / "data_batch_1") and not is_file(folder / _TRAINING[0]):
            raise DataError(
                f"data.folder: got the Python version of CIFAR-10 in {str(candidate)!r}, expected the binary version "
                f"(cifar-10-binary.tar.gz), because pickles are never executed: unpack that, and give {_FOLDER}"
            )


def dataset_of(records: NDArray[np.uint8]) -> Dataset:
    """Return the pictures and labels of records (M, 3073)."""
    pictures = records[:, 1:].reshape(-1, 3, _PIXELS).transpose(0, 2, 1)
    x = pictures.reshape(len(records), -1).astype(np.float64)
    y = records[:, 0].astype(np.int64)
    return Dataset("cifar10", x, y, "classification", CIFAR_CLASSES, (), (32, 32, 3), (0.0, 255.0))
