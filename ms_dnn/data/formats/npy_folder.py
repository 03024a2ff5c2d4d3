"""A folder with ``x.npy`` and ``y.npy``: a user's own, or with ``set.json``, as ``ms-dnn data convert`` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ms_dnn.data.formats.npy_file import NpyHeader, npy_array, npy_header, npy_rows
from ms_dnn.data.formats.npy_pair import read_npy_pair
from ms_dnn.data.formats.stored_set import loaded, notes_from_json
from ms_dnn.data.source import Loaded, Source, existing_file, is_file
from ms_dnn.errors import DataError

X, Y, NOTES = "x.npy", "y.npy", "set.json"
_LONGEST_NOTES = 2**26
_CURE = "take an undamaged copy, or convert the set again"


def read_npy_folder(source: Source, where: str = "") -> Loaded:
    """Read the folder of ``source``, called ``where`` in messages; with ``stream`` the features stay in x.npy.

    Raises :class:`DataError` for missing files, for files that are no such arrays or not of the noted shapes, for
    changed numbers, and for pickled objects, which are never read.
    """
    x_file, y_file = (existing_file(source.folder, (name,), f"the arrays {X} and {Y}") for name in (X, Y))
    notes_file = source.folder / NOTES
    if not is_file(notes_file):
        return read_npy_pair(source, x_file, y_file)
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
