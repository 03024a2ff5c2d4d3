"""Training data in a NumPy archive: ``x`` and ``y``, never unpickled."""

from __future__ import annotations

import warnings
import zipfile
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.source import (
    HIGHEST_DEFLATE_RATIO,
    Loaded,
    TargetKind,
    check_file,
    check_size,
)
from ms_dnn.data.targets import targets_of
from ms_dnn.data.validation import check_finite
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import first_line

_CURE = "write it with numpy.savez(path, x=x, y=y)"


def read_npz(path: Path, target_kind: TargetKind) -> Loaded:
    """Read ``x`` (N, …), real, flattened row by row, and ``y`` (N,) or (N, 1).

    y of texts, whole numbers or truth values is classes, in sorted order; of floating-point numbers, a regression
    target. ``target_kind`` overrides that, as far as the values allow.

    Raises :class:`DataError` for a missing or damaged archive, pickled objects, other shapes and dtypes, NaN and Inf.
    """
    check_file(path, "an archive with the arrays x and y")
    where = repr(path.name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shapes = _promised(path)
            for name in ("x", "y"):
                if name not in shapes:
                    raise ValueError(f"the arrays {', '.join(sorted(shapes)) or '(none)'}, none of them {name}")
            check_size(f"x in {where}", shapes["x"][0] if shapes["x"] else 0, prod(shapes["x"][1:]))
            with np.load(path, allow_pickle=False) as archive:
                x, y = archive["x"], archive["y"]
    except DataError:
        raise
    except Exception as error:  # zip, zlib and NumPy's header parser raise a dozen types on damaged bytes
        raise DataError(
            f"{where}: got {first_line(error)}, expected an archive with the arrays x and y, without pickle: {_CURE}"
        ) from error
    return Loaded(_dataset(where, x, y, target_kind))


def _promised(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays, after holding what their headers promise against the size of the file."""
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.removesuffix(".npy")
            if name not in ("x", "y") or name == entry.filename:
                continue
            if entry.file_size > path.stat().st_size * HIGHEST_DEFLATE_RATIO:
                raise ValueError(f"{name} of {entry.file_size} bytes in a file of {path.stat().st_size}")
            with archive.open(entry) as file:
                shapes[name] = promised_shape(name, file, entry.file_size)
    return shapes


def promised_shape(name: str, file: IO[bytes], size: int) -> tuple[int, ...]:
    """Return the shape that the header of an array says; ValueError unless all of it is in ``size`` bytes."""
    version = npy.read_magic(file)  # type: ignore[no-untyped-call]
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name} in version {version} of the npy format, not (1, 0) or (2, 0)")
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read_header(file)  # type: ignore[no-untyped-call]
    if dtype.hasobject:
        raise ValueError(f"{name} of dtype {dtype}, which is pickled objects")
    promised = file.tell() + prod(shape) * dtype.itemsize
    if promised != size or min(shape, default=0) < 0:
        raise ValueError(f"{name} of shape {shape}, which takes {promised} bytes, in an entry of {size}")
    return tuple(shape)


def _dataset(where: str, x: NDArray[Any], y: NDArray[Any], target_kind: TargetKind) -> Dataset:
    if x.dtype.kind not in "biuf":
        raise DataError(f"x in {where}: got dtype {x.dtype}, expected real numbers: convert it")
    if y.shape not in ((len(x),), (len(x), 1)):
        raise DataError(
            f"y in {where}: got shape {y.shape}, expected ({len(x)},), one target for each row of x: {_CURE}"
        )
    if y.dtype.kind not in "biufU":
        raise DataError(f"y in {where}: got dtype {y.dtype}, expected numbers or texts: convert it")
    with np.errstate(over="ignore"):  # a longdouble beyond float64 becomes Inf, which is refused by name
        rows = np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float64)
    check_finite(rows, (), f"x in {where}")
    targets, task, class_names = targets_of(y, f"y in {where}", target_kind)
    return Dataset("npz", rows, targets, task, class_names)
