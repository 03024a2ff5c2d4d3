"""Single NumPy arrays (``.npy``) that are read where they lie, never unpickled."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ms_dnn.data.formats.row_file import RowFile
from ms_dnn.data.lazy_rows import LazyRows
from ms_dnn.data.source import reading


class NpyHeader(NamedTuple):
    """What the header of a ``.npy`` file says: its numbers ``begin`` at that byte; ``size`` is that of the file."""

    begin: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    size: int

    @property
    def promised(self) -> int:
        """The bytes of a file with this header."""
        return self.begin + prod(self.shape) * self.dtype.itemsize


def npy_header(path: Path, cure: str) -> NpyHeader:
    """Read the header of an array; :class:`DataError`, which ends with ``cure``, for what is no array of version 1."""
    damaged = (f"{path.name!r}: got a file that cannot be read (", f"), expected a NumPy array of version 1.0: {cure}")
    with reading(*damaged), path.open("rb") as file:
        if npy.read_magic(file) != (1, 0):  # type: ignore[no-untyped-call]
            raise ValueError("another version of the npy format than 1.0")
        shape, fortran, dtype = npy.read_array_header_1_0(file)  # type: ignore[no-untyped-call]
        return NpyHeader(file.tell(), dtype, tuple(shape), fortran and len(shape) > 1, path.stat().st_size)


def npy_rows(path: Path, header: NpyHeader) -> LazyRows:
    """Return the rows (M, I) of an array of real numbers (M, …), which are read where they lie."""
    width = prod(header.shape[1:])
    length = width * header.dtype.itemsize
    return RowFile(path, header.begin + length * np.arange(header.shape[0]), length).column(header.dtype, width)


def npy_array(path: Path, header: NpyHeader) -> NDArray[Any]:
    """Return all of an array whose header was found to fit its file."""
    with reading(f"{path.name!r}: cannot be read (", "): check the file", OSError, ValueError):
        return np.fromfile(path, header.dtype, prod(header.shape), offset=header.begin).reshape(header.shape)
