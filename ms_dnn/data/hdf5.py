"""The two HDF5 files of the cat pictures."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.source import (
    HIGHEST_DEFLATE_RATIO,
    Loaded,
    existing_file,
    reason,
    refuse_other_width,
    refuse_too_many_values,
)
from ms_dnn.data.targets import refuse_labels_outside
from ms_dnn.errors import DataError

_FILES = "train_catvnoncat.h5 and test_catvnoncat.h5"
_MOST_CLASSES = 1000


def read_hdf5_set(folder: Path) -> Loaded:
    """Read ``train_catvnoncat.h5``, and ``test_catvnoncat.h5`` as the test part.

    Each has ``<part>_set_x`` (M, height, width, 3) uint8, ``<part>_set_y`` (M,) whole numbers, and ``list_classes``
    (C,), the names of the classes. x becomes (M, height · width · 3) float64, 0 to 255.

    Raises :class:`DataError` when h5py is not installed, and for missing and damaged files, other shapes and dtypes,
    and arrays that live in another file.
    """
    parts = ("train", "test")
    paths = [existing_file(folder, (f"{part}_catvnoncat.h5",), _FILES) for part in parts]
    train, test = (_read_part(path, part) for path, part in zip(paths, parts, strict=True))
    refuse_other_width("hdf5", train, test)
    if test.class_names != train.class_names:
        raise DataError(
            f"{paths[1].name!r}: got the classes {', '.join(test.class_names)}, expected "
            f"{', '.join(train.class_names)} as in the training file: take both files from one set"
        )
    return Loaded(train, test)


def _read_part(path: Path, part: str) -> Dataset:
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            "data.set: got hdf5, expected the package h5py, which reads such files and is not installed: "
            "pip install 'ms-dnn[data]'"
        ) from error
    where = repr(path.name)
    try:
        with h5py.File(path, "r") as file:
            x = _array(h5py, file, f"{part}_set_x", 4)
            y = _array(h5py, file, f"{part}_set_y", 1)
            names = _array(h5py, file, "list_classes", 1)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
    except Exception as error:  # h5py raises a dozen types on damaged bytes
        raise DataError(
            f"{where}: got a file that cannot be read ({reason(error)}), expected HDF5: take an undamaged copy"
        ) from error
    return _dataset(where, part, x, y, names)


def _array(h5py: Any, file: Any, name: str, axes: int) -> NDArray[Any]:
    """Read one array, after its shape and dtype were seen to be right and its size to fit the file."""
    link = file.get(name, getlink=True) if name in file else None
    found = file[name] if isinstance(link, h5py.HardLink) else None
    if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
        raise DataError(f"got no array {name} in the file itself, expected one: take an undamaged copy")
    kinds, cure = {4: ("u", "uint8"), 1: ("iuS", "whole numbers or, for list_classes, texts")}[axes]
    shape, dtype = found.shape, found.dtype
    if shape is None or len(shape) != axes or dtype.kind not in kinds or (axes == 4 and dtype.itemsize != 1):
        raise DataError(f"got {name} of shape {shape} and dtype {dtype}, expected {axes} axes of {cure}: convert it")
    refuse_too_many_values(name, shape[0], prod(shape[1:]))
    promised = prod(shape) * dtype.itemsize
    if promised > found.id.get_storage_size() * HIGHEST_DEFLATE_RATIO or found.id.get_storage_size() > _size(file):
        raise DataError(f"got {name} of {promised} bytes in a file of {_size(file)}, expected all of it: take a copy")
    return np.asarray(found[()])


def _size(file: Any) -> int:
    return Path(file.filename).stat().st_size


def _dataset(where: str, part: str, x: NDArray[Any], y: NDArray[Any], names: NDArray[Any]) -> Dataset:
    if names.dtype.kind != "S" or y.dtype.kind == "S" or x.shape[3] != 3 or len(names) > _MOST_CLASSES:
        raise DataError(
            f"{where}: got {part}_set_x of shape {x.shape}, {part}_set_y of dtype {y.dtype} and list_classes of "
            f"shape {names.shape} and dtype {names.dtype}, expected (M, height, width, 3), whole numbers and at most "
            f"{_MOST_CLASSES} texts: convert them"
        )
    if len(x) != len(y):
        raise DataError(f"{where}: got {len(y)} labels, expected {len(x)}, one for each picture: add the missing ones")
    refuse_labels_outside(where, y, len(names))
    class_names = tuple(name.decode("utf-8", "replace") for name in names.tolist())
    shape = (x.shape[1], x.shape[2], 3)
    rows = x.reshape(len(x), -1).astype(np.float64)
    return Dataset("hdf5", rows, y.astype(np.int64), "classification", class_names, (), shape, (0.0, 255.0))
