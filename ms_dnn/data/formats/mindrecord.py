"""MindRecord files as ``ms-dnn data convert`` has MindSpore write them, read without MindSpore.

A MindRecord is a header of JSON, then pages of equal size; beside it lies an SQLite index ``FILE.db`` that says where
in the pages each sample is. That is all that is needed to read any sample where it lies.

Each record holds its own length and x, and y too for regression, each behind its length; labels are an indexed field.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.formats.row_file import RowFile
from ms_dnn.data.formats.stored_set import Notes, loaded, notes_from_json
from ms_dnn.data.source import Loaded, Source, is_file, refuse_missing_file
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import first_line

VERSION = "3.0"
INDEX_SUFFIX = ".db"
_LONGEST_HEADER = 2**28
_LARGEST_PAGE = 2**31
_CURE = "take an undamaged copy, or convert the set again"


def read_mindrecord(source: Source) -> Loaded:
    """Read the MindRecord of ``source`` and its index; with ``stream`` the features stay in the file.

    Raises :class:`DataError` for missing files, for files that are no MindRecord of version 3.0 or were not written by
    ``ms-dnn data convert``, for an index that does not fit, and for changed numbers.
    """
    path = source.file
    refuse_missing_file(path, "a MindRecord that 'ms-dnn data convert' wrote")
    where = repr(path.name)
    if not is_file(index_of(path)):
        raise DataError(f"{where}: got no index {index_of(path).name!r} beside it, expected both files: put it there")
    header = _header(path)
    try:
        notes = notes_from_json(header["schema"][0]["desc"], where)
        pages = int(header["header_size"]), int(header["page_size"])
        if not all(0 <= size < _LARGEST_PAGE for size in pages):
            raise ValueError(f"sizes of {pages} bytes")
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"{where}: got a MindRecord without the notes of a set, expected one that 'ms-dnn data convert' wrote: "
            "convert the set, or write it as npz"
        ) from error
    x_bytes = notes.features * notes.x_dtype.itemsize
    length = 8 + x_bytes if not notes.outputs else 24 + x_bytes + 8 * notes.outputs
    if notes.samples * length > path.stat().st_size:
        raise DataError(
            f"{where}: got {path.stat().st_size} bytes, expected {notes.samples} samples of {length} bytes: {_CURE}"
        )
    offsets, labels = _index(path, notes, pages, length)
    records = RowFile(path, offsets, length)
    if notes.outputs:
        x = records.column(notes.x_dtype, notes.features, 16)
        y: NDArray[Any] = records.column(np.dtype("<f8"), notes.outputs, 24 + x_bytes)[:]
    else:
        x, y = records.column(notes.x_dtype, notes.features, 8), labels
    return loaded(notes, where, x, y, stream=source.stream)


def index_of(path: Path) -> Path:
    """Return the index that belongs to a MindRecord."""
    return path.with_name(path.name + INDEX_SUFFIX)


def _header(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(_LONGEST_HEADER, path.stat().st_size):
                raise ValueError(f"a header of {length} bytes")
            header = json.loads(file.read(length))
        if not isinstance(header, dict) or header.get("version") != VERSION:
            raise ValueError("another header")
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path.name!r}: got a file that cannot be read ({first_line(error)}), expected a MindRecord of version "
            f"{VERSION}: {_CURE}"
        ) from error
    return header


def _index(
    path: Path, notes: Notes, pages: tuple[int, int], length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each record begins, (M,), and its label, (M,), from the index; all within the file."""
    label = "0" if notes.outputs else "y_0"
    query = f"SELECT ROW_ID, PAGE_ID_BLOB, PAGE_OFFSET_BLOB, PAGE_OFFSET_BLOB_END, {label} FROM INDEXES ORDER BY ROW_ID"  # noqa: S608 - one of two constants
    table = np.empty((notes.samples, 5), np.int64)
    rows = 0
    try:
        with closing(sqlite3.connect(f"{index_of(path).absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as index:
            tables = dict(index.execute("SELECT NAME, TYPE FROM SQLITE_MASTER"))  # a view could compute for ever
            if (tables.get("INDEXES"), tables.get("SHARD_NAME")) != ("table", "table"):
                raise ValueError("no tables INDEXES and SHARD_NAME")
            (name,) = index.execute("SELECT NAME FROM SHARD_NAME").fetchone()
            if name != path.name:
                raise ValueError(f"the index of {str(name)[:100]!r}: MindRecords keep their names")
            cursor = index.execute(query)
            while part := cursor.fetchmany(2**16):
                if rows + len(part) > notes.samples:
                    raise ValueError(f"more than the noted {notes.samples} samples")
                table[rows : rows + len(part)] = part
                rows += len(part)
    except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
        raise DataError(
            f"{index_of(path).name!r}: got an index that cannot be read ({first_line(error)}), expected that of "
            f"{path.name!r}: {_CURE}"
        ) from error
    number, page, begin, end, labels = table[:rows].T
    header_size, page_size = pages
    fits = (end - begin == length) & (begin >= 0) & (end <= page_size) & (page >= 0) & (page < 2**31)
    offsets = header_size + page * page_size + begin
    fits &= (number == np.arange(rows)) & (offsets + length <= path.stat().st_size)
    if rows != notes.samples or not fits.all():
        raise DataError(
            f"{path.name!r}: got {int(fits.sum())} samples of {length} bytes within the file, expected "
            f"{notes.samples}: {_CURE}"
        )
    return np.ascontiguousarray(offsets), np.ascontiguousarray(labels)
