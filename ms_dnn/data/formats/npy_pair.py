"""A user's own ``x.npy`` and ``y.npy``: rows that are read where they lie, and the target of each."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.formats.gathering import gathered
from ms_dnn.data.formats.npy_file import npy_array, npy_header, npy_rows
from ms_dnn.data.lazy_rows import blocks
from ms_dnn.data.source import MOST_VALUES, Loaded, Source, check_not_empty
from ms_dnn.data.targets import targets_of
from ms_dnn.errors import DataError

_CURE = "write it with numpy.save(path, array)"


def read_npy_pair(source: Source, x_file: Path, y_file: Path) -> Loaded:
    """Read x (M, …), real and in C order, flattened row by row, and y (M,) or (M, O), as :func:`targets_of` does.

    With ``stream`` x stays in its file; y is always read.

    Raises :class:`DataError` for damaged files, pickled objects, other shapes, orders and dtypes, and NaN and Inf in y.
    """
    of_x, where = npy_header(x_file, _CURE), repr(str(x_file))
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
            f"row of {x_file.name}: {_CURE}"
        )
    targets, task, class_names = targets_of(y, repr(str(y_file)), source.target_kind)
    rows = npy_rows(x_file, of_x)
    x = rows if source.stream else gathered(where, blocks(rows), samples, width)
    return Loaded(Dataset("npy", x, targets, task, class_names))


def _targets(path: Path) -> NDArray[Any]:
    header = npy_header(path, _CURE)
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
    return DataError(f"{where}: got {size} bytes, expected the {promised} that its header promises: {_CURE}")
