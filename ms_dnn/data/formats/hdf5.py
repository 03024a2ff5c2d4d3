"""The two HDF5 files of the cat pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.formats.row_file import gathered
from ms_dnn.data.lazy_rows import rows_at_once
from ms_dnn.data.source import HIGHEST_DEFLATE_RATIO, Loaded, check_same_shape, check_size, existing_file, reading
from ms_dnn.data.targets import check_labels
from ms_dnn.errors import DataError

_FILES = "train_catvnoncat.h5 and test_catvnoncat.h5"
_MOST_CLASSES = 1000
_BYTES_AT_ONCE = 2**26


def read_hdf5_set(folder: Path, scratch: Path | None = None) -> Loaded:
    """Read ``train_catvnoncat.h5``, and ``test_catvnoncat.h5`` as the test set.

    Each has ``<part>_set_x`` (M, height, width, 3) uint8, ``<part>_set_y`` (M,) whole numbers, and ``list_classes``
    (C,), the names of the classes. x becomes (M, height · width · 3) float64, 0 to 255; with ``scratch`` it need not
    fit in memory.

    Raises :class:`DataError` when h5py is not installed, and for missing and damaged files, other shapes and dtypes,
    and arrays that live in another file.
    """
    parts = ("train", "test")
    paths = [existing_file(folder, (f"{part}_catvnoncat.h5",), _FILES) for part in parts]
    train, test = (_read_part(path, part, scratch) for path, part in zip(paths, parts, strict=True))
    check_same_shape("hdf5", train, test)
    if test.class_names != train.class_names:
        raise DataError(
            f"{paths[1].name!r}: got the classes {', '.join(test.class_names)}, expected "
            f"{', '.join(train.class_names)} as in the training file: take both files from one set"
        )
    return Loaded(train, test)


def _read_part(path: Path, part: str, scratch: Path | None) -> Dataset:
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            "data.set: got hdf5, expected the package h5py, which reads such files and is not installed: "
            "pip install 'ms-dnn[data]'"
        ) from error
    where = repr(path.name)
    with _reading(where):
        file = h5py.File(path, "r")
    with file:
        with _reading(where):
            pictures = _array(h5py, file, f"{part}_set_x", 4)
            labels, names = (_array(h5py, file, name, 1)[()] for name in (f"{part}_set_y", "list_classes"))
        _check_shapes(where, part, pictures, labels, names)
        samples, *shape = pictures.shape
        x = gathered(f"{where}: {part}_set_x", _blocks(where, pictures), samples, prod(shape), scratch)
    class_names = tuple(name.decode("utf-8", "replace") for name in names.tolist())
    y = labels.astype(np.int64)
    return Dataset("hdf5", x, y, "classification", class_names, (), tuple(shape), (0.0, 255.0))


@contextmanager
def _reading(where: str) -> Iterator[None]:
    """Turn whatever h5py raises into :class:`DataError` about the file."""
    try:
        with reading("got a file that cannot be read (", "), expected HDF5: take an undamaged copy"):
            yield
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def _blocks(where: str, pictures: Any) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures as rows, some at a time; whole chunks of the file, each of which is unpacked as one."""
    width = prod(pictures.shape[1:])
    chunk = pictures.chunks[0] if pictures.chunks else 1
    step = max(rows_at_once(width), min(chunk, _BYTES_AT_ONCE // width))
    for first in range(0, len(pictures), step):
        with _reading(where):
            block = np.asarray(pictures[first : first + step])
        yield block.reshape(len(block), -1)


def _array(h5py: Any, file: Any, name: str, axes: int) -> Any:
    """Return one array, unread, after its shape and dtype were seen to be right and its size to fit the file."""
    link = file.get(name, getlink=True) if name in file else None
    found = file[name] if isinstance(link, h5py.HardLink) else None
    if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
        raise DataError(f"got no array {name} in the file itself, expected one: take an undamaged copy")
    kinds, cure = {4: ("u", "uint8"), 1: ("iuS", "whole numbers or, for list_classes, texts")}[axes]
    shape, dtype = found.shape, found.dtype
    if shape is None or len(shape) != axes or dtype.kind not in kinds or (axes == 4 and dtype.itemsize != 1):
        raise DataError(f"got {name} of shape {shape} and dtype {dtype}, expected {axes} axes of {cure}: convert it")
    if axes == 1:
        check_size(name, shape[0], 1)
    promised = prod(shape) * dtype.itemsize
    if promised > found.id.get_storage_size() * HIGHEST_DEFLATE_RATIO or found.id.get_storage_size() > _size(file):
        raise DataError(f"got {name} of {promised} bytes in a file of {_size(file)}, expected all of it: take a copy")
    return found


def _size(file: Any) -> int:
    return Path(file.filename).stat().st_size


def _check_shapes(where: str, part: str, x: Any, y: NDArray[Any], names: NDArray[Any]) -> None:
    if names.dtype.kind != "S" or y.dtype.kind == "S" or x.shape[3] != 3 or len(names) > _MOST_CLASSES:
        raise DataError(
            f"{where}: got {part}_set_x of shape {x.shape}, {part}_set_y of dtype {y.dtype} and list_classes of "
            f"shape {names.shape} and dtype {names.dtype}, expected (M, height, width, 3), whole numbers and at most "
            f"{_MOST_CLASSES} texts: convert them"
        )
    if len(x) != len(y):
        raise DataError(f"{where}: got {len(y)} labels, expected {len(x)}, one for each picture: add the missing ones")
    check_labels(where, y, len(names))
