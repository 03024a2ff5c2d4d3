"""MindRecord files, which MindSpore's own reader reads in a process of its own."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.formats.npy_file import npy_header, npy_rows
from ms_dnn.data.formats.npy_folder import NOTES, X, Y, read_npy_folder
from ms_dnn.data.formats.row_file import gathered
from ms_dnn.data.lazy_rows import blocks
from ms_dnn.data.source import Loaded, Source, check_file, is_file, reading
from ms_dnn.data.targets import targets_of
from ms_dnn.errors import DataError

INDEX_SUFFIX = ".db"
NAMES = "names.json"
REFUSED = 3  # exit code of the process for what is no damage
_LONGEST_HEADER = 2**28
_CURE = "take an undamaged copy, or write the set again"


def read_mindrecord(source: Source) -> Loaded:
    """Read the MindRecord of ``source``: x are its numbers, and y its field ``target``, or ``y``.

    A file of several that were written as one set stands for all of them. With ``stream`` the features are copied to
    a file in the folder for temporary files, which has no name and goes with the process. The notes of a set that
    ``ms-dnn data convert`` wrote are heeded, and its numbers compared with their checksums.

    Raises :class:`DataError` for missing and damaged files, changed numbers, unknown fields, and fields that are no
    numbers.
    """
    path = source.file
    check_file(path, "a MindRecord")
    where = repr(path.name)
    for name in dict.fromkeys((path.name, *_files(path))):
        _check_index(path.with_name(name))
    with tempfile.TemporaryDirectory(dir=source.scratch) as made:
        folder = Path(made)
        _write_arrays(source, folder)
        if is_file(folder / NOTES):
            return read_npy_folder(replace(source, folder=folder), where)
        target = f"{source.target or 'y'!r} of {where}"
        y, task, class_names = targets_of(np.load(folder / Y, allow_pickle=False), target, source.target_kind)
        names = json.loads((folder / NAMES).read_text(encoding="utf-8")) if is_file(folder / NAMES) else ()
        rows = npy_rows(folder / X, npy_header(folder / X, _CURE))
        x = rows if source.stream else gathered(where, blocks(rows), *rows.shape)
        return Loaded(Dataset("mindrecord", x, y, task, class_names, tuple(names)))


def index_of(path: Path) -> Path:
    """Return the index that belongs to a MindRecord."""
    return path.with_name(path.name + INDEX_SUFFIX)


def converted(notes: str) -> bool:
    """Tell whether the description of a schema is what ``ms-dnn data convert`` notes of a set, damaged or not."""
    return '"x_crc":' in notes or '"y_crc":' in notes


def _write_arrays(source: Source, folder: Path) -> None:
    """Have the numbers written into ``folder`` by a process that may be ended by a signal."""
    where = repr(source.file.name)
    options = (source.target or "y", "stream" if source.stream else "whole", *source.drop)
    code, said = run_mindrecord("read", source.file.absolute(), folder, *options)
    if code == REFUSED:
        raise DataError(said)
    if code:
        said = said if code > 0 else f"its reader was {said}"
        raise DataError(
            f"{where}: got a file that cannot be read ({said[:200].rstrip('. ')}), expected a MindRecord: {_CURE}"
        )


def run_mindrecord(*arguments: object) -> tuple[int, str]:
    """Run ``mindrecord_process``; return its exit code with the last line of stderr, or by what it was ended."""
    command = [sys.executable, "-m", "ms_dnn.data.formats.mindrecord_process", *map(str, arguments)]
    process = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")  # noqa: S603 - this very package
    if process.returncode < 0:
        return process.returncode, f"ended by signal {-process.returncode}"
    return process.returncode, (process.stderr.strip().splitlines() or [""])[-1]


def _files(path: Path) -> list[str]:
    """Return the names of all files of a set from the header of one; whether it is damaged, the reader will say."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, _LONGEST_HEADER)))
        return [Path(name).name for name in header["shard_addresses"]]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return [path.name]


def _check_index(path: Path) -> None:
    """Raise unless the index of a file is one of tables: a view could compute for ever."""
    index = index_of(path)
    if not is_file(index):
        raise DataError(f"{path.name!r}: got no index {index.name!r} beside it, expected both files: put it there")
    damaged = (f"{index.name!r}: got an index that cannot be read (", f"), expected that of {path.name!r}: {_CURE}")
    with reading(*damaged, sqlite3.Error, ValueError, TypeError):
        with closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            tables = dict(database.execute("SELECT NAME, TYPE FROM SQLITE_MASTER"))
            if (tables.get("INDEXES"), tables.get("SHARD_NAME")) != ("table", "table"):
                raise ValueError("no tables INDEXES and SHARD_NAME")
            (name,) = database.execute("SELECT NAME FROM SHARD_NAME").fetchone()
        if name != path.name:
            raise ValueError(f"the index of {str(name)[:100]!r}: MindRecords keep their names")
