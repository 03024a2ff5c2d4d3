"""The idx files of MNIST and Fashion-MNIST, plain or compressed by gzip."""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.source import HIGHEST_DEFLATE_RATIO, Loaded, check_same_shape, check_size, existing_file, reading
from ms_dnn.data.targets import check_labels
from ms_dnn.errors import DataError

IDX_CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
}
_UNSIGNED_BYTES = 8  # third byte of the magic number; the fourth is the number of axes


def read_idx_set(name: str, folder: Path) -> Loaded:
    """Read ``train-`` and ``t10k-`` ``images-idx3-ubyte`` and ``labels-idx1-ubyte``, each plain or ``.gz``.

    x is (M, rows · columns) float64, 0 to 255; y is (M,) 0 to 9; the ``t10k`` files are the test set.

    Raises :class:`DataError` for missing and damaged files, labels above 9, and numbers of pictures and labels
    that differ.
    """
    train, test = (_read_part(name, folder, part) for part in ("train", "t10k"))
    check_same_shape(name, train, test)
    return Loaded(train, test)


def _read_part(name: str, folder: Path, part: str) -> Dataset:
    files = f"the four idx files of {name}, plain or .gz"
    stems = (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte")
    pictures_file, labels_file = (existing_file(folder, (stem, f"{stem}.gz"), files) for stem in stems)
    pictures, labels = read_idx(pictures_file, 3), read_idx(labels_file, 1)
    if len(pictures) != len(labels):
        raise DataError(
            f"{labels_file.name!r}: got {len(labels)} labels, expected {len(pictures)}, one for each picture of "
            f"{pictures_file.name!r}: take both files from one set"
        )
    check_labels(repr(labels_file.name), labels, 10)
    height, width = pictures.shape[1:]
    x = pictures.reshape(len(pictures), -1).astype(np.float64)
    y = labels.astype(np.int64)
    return Dataset(name, x, y, "classification", IDX_CLASSES[name], (), (height, width), (0.0, 255.0))


def read_idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """Read one idx file of unsigned bytes with this many axes; ``.gz`` is decompressed.

    Raises :class:`DataError` for another magic number, and for more or fewer bytes than the header promises. No
    more memory is asked for than a file of its size can fill.
    """
    compressed = path.suffix == ".gz"
    expected = f"), expected {'gzip of ' if compressed else ''}idx: take an undamaged copy"
    with reading(f"{path.name!r}: got a file that cannot be read (", expected, OSError, EOFError, zlib.error):
        most = path.stat().st_size * (HIGHEST_DEFLATE_RATIO if compressed else 1)
        with gzip.open(path) if compressed else path.open("rb") as file:
            return _read_open(path, file, axes, most)


def _read_open(path: Path, file: IO[bytes] | gzip.GzipFile, axes: int, most: int) -> NDArray[np.uint8]:
    header = file.read(4 + 4 * axes)
    magic = bytes((0, 0, _UNSIGNED_BYTES, axes))
    if len(header) < 4 + 4 * axes or header[:4] != magic:
        raise DataError(
            f"{path.name!r}: got the {len(header)} bytes {header[:4].hex(' ') or '(none)'} … as its header, expected "
            f"{magic.hex(' ')} and {axes} sizes (idx of unsigned bytes with {axes} axes): take an undamaged copy"
        )
    shape = tuple(int(size) for size in np.frombuffer(header, ">u4", axes, 4))
    size = prod(shape)
    check_size(repr(path.name), shape[0], prod(shape[1:]))
    content = file.read(size + 1) if size <= most else b""
    if len(content) != size:
        got = f"at most {most}" if size > most else "more" if len(content) > size else str(len(content))
        raise DataError(
            f"{path.name!r}: got {got} bytes after the header, expected the {size} that it promises "
            f"({'×'.join(map(str, shape))}): take an undamaged copy"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)
