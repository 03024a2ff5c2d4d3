"""A folder with ``x.npy`` and ``y.npy``: a user's own, or with ``set.json``, as ``ms-dnn data convert`` writes it."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.formats.npy_file import NpyHeader, npy_array, npy_header, npy_rows
from ms_dnn.data.formats.row_file import gathered
from ms_dnn.data.formats.stored_set import loaded, notes_from_json
from ms_dnn.data.lazy_rows import blocks
from ms_dnn.data.source import MOST_VALUES, Loaded, Source, check_not_empty, existing_file, is_file
from ms_dnn.data.targets import targets_of
from ms_dnn.errors import DataError

X, Y, NOTES = "x.npy", "y.npy", "set.json"
_LONGEST_NOTES = 2**26
_CURE_OF_USERS = "write it with numpy.save(path, array)"
_CURE = "take an undamaged copy, or convert the set again"


def read_npy_folder(source: Source, where: str = "") -> Loaded:
    """Read the folder of ``source``, called ``where`` in messages; with ``stream`` the features stay in x.npy.

    Raises :class:`DataError` for missing files, for files that are no such arrays or not of the noted shapes, for
    changed numbers, and for pickled objects, which are never read.
    """
    x_file, y_file = (existing_file(source.folder, (name,), f"the arrays {X} and {Y}") for name in (X, Y))
    notes_file = source.folder / NOTES
    if not is_file(notes_file):
        return _read_pair(source, x_file, y_file)
    where = where or repr(str(source.folder))
    for key, given in (("target_kind", source.target_kind != "auto"), ("target", source.target), ("drop", source.drop)):
        if given:
            raise DataError(
                f"data.{key}: got {getattr(source, key)}, but the notes of {where} say what the targets are: leave it "
                f"out, or convert the set again with another {key}"
            )
    notes = notes_from_json(read_notes(notes_file), where)
    shape = (notes.samples, notes.outputs) if notes.outputs else (notes.samples,)
    of_y = _header(y_file, np.dtype("<f8" if notes.outputs else "<i8"), shape)
    y = npy_array(y_file, of_y)
    x = npy_rows(x_file, _header(x_file, notes.x_dtype, (notes.samples, notes.features)))
    return loaded(notes, where, x, y.astype(of_y.dtype.newbyteorder("=")), stream=source.stream)


def read_notes(path: Path) -> bytes:
    """Return what a file of notes holds; :class:`DataError` where it is too long to be one, or cannot be read."""
    try:
        if path.stat().st_size > _LONGEST_NOTES:
            raise DataError(f"{path.name!r}: got {path.stat().st_size} bytes, expected the notes of a set: convert it")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name!r}: cannot be read ({error.strerror}): check the file") from error


def _header(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NpyHeader:
    """Return the header of an array, after it was found to be the one noted."""
    found = npy_header(path, _CURE)
    promised = found._replace(dtype=dtype, shape=shape).promised
    if (found.shape, found.dtype, found.size) != (shape, dtype, promised) or found.fortran:
        raise DataError(
            f"{path.name!r}: got {found.dtype} of shape {found.shape} in {found.size} bytes, expected {dtype} of shape "
            f"{shape} in {promised}, row by row, as {NOTES} notes: {_CURE}"
        )
    return found


def _read_pair(source: Source, x_file: Path, y_file: Path) -> Loaded:
    """Read a user's own x (M, …), real and in C order, flattened row by row, and y (M,) or (M, O).

    With ``stream`` x stays in its file; y is always read.

    Raises :class:`DataError` for damaged files, pickled objects, other shapes, orders and dtypes, and NaN and Inf in y.
    """
    of_x, where = npy_header(x_file, _CURE_OF_USERS), repr(str(x_file))
    if of_x.dtype.kind not in "biuf" or not of_x.shape or of_x.fortran:
        order = " column by column" if of_x.fortran else ""
        raise DataError(
            f"{where}: got {of_x.dtype} of shape {of_x.shape}{order}, expected real numbers of shape (samples, …) row "
            "by row: convert them, and write them with numpy.save(path, numpy.ascontiguousarray(x))"
        )
    if of_x.size != of_x.promised:
        raise _cut_short(where, of_x.size, of_x.promised)
    samples, width = of_x.shape[0], prod(of_x.shape[1:])
    check_not_empty(where, samples, width)
    y = _targets(y_file)
    if y.ndim not in (1, 2) or len(y) != samples:
        raise DataError(
            f"{str(y_file)!r}: got shape {y.shape}, expected ({samples},) or ({samples}, outputs), a target for each "
            f"row of {x_file.name}: {_CURE_OF_USERS}"
        )
    targets, task, class_names = targets_of(y, repr(str(y_file)), source.target_kind)
    rows = npy_rows(x_file, of_x)
    x = rows if source.stream else gathered(where, blocks(rows), samples, width)
    return Loaded(Dataset("npy", x, targets, task, class_names))


def _targets(path: Path) -> NDArray[Any]:
    header = npy_header(path, _CURE_OF_USERS)
    if header.dtype.kind not in "biufU":
        raise DataError(f"{str(path)!r}: got dtype {header.dtype}, expected numbers or texts: convert it")
    if header.size != header.promised:
        raise _cut_short(repr(str(path)), header.size, header.promised)
    if header.fortran or header.size > 8 * MOST_VALUES:
        raise DataError(
            f"{str(path)!r}: got {header.size} bytes{' column by column' * header.fortran}, expected the targets row "
            f"by row, at most {8 * MOST_VALUES} bytes: write whole numbers for classes"
        )
    return npy_array(path, header)


def _cut_short(where: str, size: int, promised: int) -> DataError:
    return DataError(f"{where}: got {size} bytes, expected the {promised} that its header promises: {_CURE_OF_USERS}")
