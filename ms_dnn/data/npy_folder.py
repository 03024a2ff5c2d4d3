"""A folder with ``x.npy``, ``y.npy`` and ``set.json``, as ``ms-dnn data convert --to npy`` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ms_dnn.data.row_file import RowFile
from ms_dnn.data.source import Loaded, Source, existing_file, reason
from ms_dnn.data.stored_set import loaded, notes_from_json
from ms_dnn.errors import DataError

X, Y, NOTES = "x.npy", "y.npy", "set.json"
_FILES = f"{X}, {Y} and {NOTES}, as 'ms-dnn data convert' writes them"
_LONGEST_NOTES = 2**26


def read_npy_folder(source: Source) -> Loaded:
    """Read the folder of ``source``; with ``stream`` the features stay in x.npy.

    Raises :class:`DataError` for missing files, for files that are no such arrays or not of the noted shapes, for
    changed numbers, and for pickled objects, which are never read.
    """
    x_file, y_file, notes_file = (existing_file(source.folder, (name,), _FILES) for name in (X, Y, NOTES))
    where = repr(str(source.folder))
    notes = notes_from_json(read_notes(notes_file), where)
    shape = (notes.samples, notes.outputs) if notes.outputs else (notes.samples,)
    y = _targets(y_file, np.dtype("<f8" if notes.outputs else "<i8"), shape)
    first = _numbers_begin(x_file, notes.x_dtype, (notes.samples, notes.features))
    width = notes.features * notes.x_dtype.itemsize
    rows = RowFile(x_file, first + width * np.arange(notes.samples), width)
    return loaded(notes, where, rows.column(notes.x_dtype, notes.features), y, stream=source.stream)


def read_notes(path: Path) -> bytes:
    """Return what a file of notes holds; :class:`DataError` where it is too long to be one, or cannot be read."""
    try:
        if path.stat().st_size > _LONGEST_NOTES:
            raise DataError(f"{path.name!r}: got {path.stat().st_size} bytes, expected the notes of a set: convert it")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name!r}: cannot be read ({error.strerror}): check the file") from error


def _numbers_begin(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    """Return where the numbers of an array begin, after its header was found to be the one expected."""
    try:
        with path.open("rb") as file:
            if npy.read_magic(file) != (1, 0):  # type: ignore[no-untyped-call]
                raise ValueError("another version of the npy format than 1.0")
            found, fortran, of = npy.read_array_header_1_0(file)  # type: ignore[no-untyped-call]
            begin, size = file.tell(), path.stat().st_size
    except Exception as error:  # NumPy's header parser raises several types on damaged bytes
        raise DataError(
            f"{path.name!r}: got a file that cannot be read ({reason(error)}), expected a NumPy array of version 1.0: "
            "take an undamaged copy, or convert the set again"
        ) from error
    promised = begin + int(np.prod(shape, dtype=object)) * dtype.itemsize
    if (found, of, size) != (shape, dtype, promised) or (fortran and len(shape) > 1):
        raise DataError(
            f"{path.name!r}: got {of} of shape {found} in {size} bytes, expected {dtype} of shape {shape} in "
            f"{promised}, row by row, as {NOTES} notes: take an undamaged copy, or convert the set again"
        )
    return begin


def _targets(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    begin = _numbers_begin(path, dtype, shape)
    try:
        y = np.fromfile(path, dtype, offset=begin).reshape(shape)
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name!r}: cannot be read ({reason(error)}): check the file") from error
    return y.astype(dtype.newbyteorder("="))
