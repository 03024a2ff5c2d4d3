"""Data sets written anew, as MindRecord or as NumPy arrays that can be read in parts."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ms_dnn.data import Source, check_dataset, load_data
from ms_dnn.data.formats.mindrecord import index_of, read_mindrecord, run_mindrecord
from ms_dnn.data.formats.npy_folder import NOTES, X, Y, read_npy_folder
from ms_dnn.data.formats.stored_set import Notes, noted, stored_targets
from ms_dnn.data.lazy_rows import Rows, blocks
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import first_line

Kind = Literal["mindrecord", "npy"]
UNFINISHED = ".unfinished"


def convert_data(source: Source, output: Path, kind: Kind) -> Notes:
    """Write the data set of a source, before it is split and scaled, and return what was noted of it.

    ``npy`` makes the folder ``output`` with x.npy, y.npy and set.json; ``mindrecord`` the files ``output`` and
    ``output.db``. They are written in the folder ``output.unfinished``, read back and compared by checksum, and only
    then get their names, the MindRecord itself last. A kill leaves that folder, which the next conversion replaces.
    What else does not stay in memory is there, too: the arrays of a MindRecord, and the rows of a source that can only
    be read from its beginning to its end.

    Raises:
        DataError: when the data cannot be used or converted, the output exists, or it cannot be written.
    """
    for path in (output, index_of(output)) if kind == "mindrecord" else (output,):
        if os.path.lexists(path):
            raise DataError(f"{path}: exists already, expected a new name: choose another, or move it away")
    _require_undeclared_columns(source)
    unfinished = output.with_name(output.name + UNFINISHED)
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        found = load_data(replace(source, stream=True, scratch=unfinished))
        for part in found:
            if part is not None:
                check_dataset(part)
        notes, features = noted(found)
        written = unfinished / output.name
        _write(kind, written, notes, features, stored_targets(found))
        _publish(written, output)
    except (OSError, _UnwrittenError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise DataError(
            f"{output}: the set could not be written ({reason}); nothing is left of it: free some space, or "
            "choose another place"
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return notes


class _UnwrittenError(Exception):
    """What was written is not what should have been."""


def _require_undeclared_columns(source: Source) -> None:
    if source.weight is not None:
        raise DataError(
            f"data.columns.{source.weight}: got weights of the samples, which neither npy nor mindrecord keeps: "
            "take the column out of data.columns and put it in data.drop to convert the rest"
        )
    if source.validation_folder is not None:
        raise DataError(
            "data.validation_folder: got a validation set of its own, which neither npy nor mindrecord keeps: leave it "
            "out to convert the rest"
        )
    if source.columns:
        raise DataError(
            "data.columns: got declared columns, expected numbers to convert, because what categories become is "
            "learnt from the training set: train on the table itself, or leave columns out"
        )


def _write(kind: Kind, path: Path, notes: Notes, features: list[Rows], y: NDArray[Any]) -> None:
    """Write a set and read it back."""
    write, read = (_write_npy, read_npy_folder) if kind == "npy" else (_write_mindrecord, read_mindrecord)
    try:
        write(path, notes, features, y)
        read(Source(kind, file=path, folder=path, stream=True, scratch=path.parent))
    except (DataError, RuntimeError) as error:
        raise _UnwrittenError(str(error)) from error


def _publish(written: Path, output: Path) -> None:
    """Give what was written its name, durably."""
    paths = [index_of(written), written] if written.is_file() else [*written.iterdir(), written]
    for path in paths:
        if os.name == "nt" and path.is_dir():  # Windows opens no folders, and syncs what is open for writing
            continue
        descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    if written.is_file():
        index_of(written).rename(index_of(output))
    try:
        written.rename(output)
    except OSError:
        index_of(output).unlink(missing_ok=True)
        raise


def _write_npy(folder: Path, notes: Notes, features: list[Rows], y: NDArray[Any]) -> None:
    folder.mkdir()
    with (folder / X).open("wb") as file:
        shape = notes.samples, notes.features
        header = {"descr": notes.x_dtype.str, "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(file, header)  # type: ignore[no-untyped-call]  # NumPy leaves it untyped
        for rows in features:
            for block in blocks(rows):
                file.write(np.ascontiguousarray(block, notes.x_dtype).data)
    np.save(folder / Y, np.ascontiguousarray(y, y.dtype.newbyteorder("<")), allow_pickle=False)
    (folder / NOTES).write_text(notes.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _write_mindrecord(path: Path, notes: Notes, features: list[Rows], y: NDArray[Any]) -> None:
    arrays = path.with_name(f"{path.name}.arrays")
    _write_npy(arrays, notes, features, y)
    _run_writer(arrays, path)
    shutil.rmtree(arrays)


def _run_writer(arrays: Path, path: Path) -> None:
    code, said = run_mindrecord("write", arrays.absolute(), path.absolute())
    if code:
        raise DataError(f"MindSpore's FileWriter failed: {said[:200] if code > 0 else f'it was {said}'}")
