"""NumPy archives (``.npz``) and single arrays (``.npy``), never unpickled."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from ms_dnn.data import source
from ms_dnn.data.formats.npz import promised_shape
from ms_dnn.data.samples import Samples, as_labels, check_column_count
from ms_dnn.data.validation import check_finite
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import first_line

ARRAY_SUFFIXES = (".npz", ".npy")
_LARGEST_ARCHIVE = 4 * 2**30


def read_arrays(path: Path, feature_count: int, feature_names: Sequence[str] = ()) -> Samples:
    """Read the array ``x``, or the only one, and ``y`` if there is one.

    x is real, (N, feature_count), or (N, …) with that many values a sample: those are flattened row by row. A
    single sample may be (feature_count,). y is (N,) or (N, 1). Row names are ``row 0``, ``row 1``, …

    Raises :class:`DataError` for damaged files, pickled objects, other shapes and dtypes, NaN and Inf, archives that
    unpack to more than 4 GiB, and arrays that would take more than that as float64.
    """
    arrays = _load(path)
    x = _feature_rows(path, _real(path, "x", arrays["x"]), feature_count)
    check_finite(x, feature_names, repr(path.name))
    labels = None
    if "y" in arrays:
        labels = as_labels(_label_column(path, _real(path, "y", arrays["y"]), len(x)))
    return Samples(x, labels, [f"row {row}" for row in range(len(x))])


def _load(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, NpzFile):
                with loaded:
                    return _chosen(path, loaded)
            _check_size(path, "x", loaded.size)
            return {"x": loaded}
    except DataError:
        raise
    except Exception as error:  # zip, zlib and NumPy's header parser raise a dozen types on damaged bytes
        raise DataError(
            f"{path.name!r} cannot be read as NumPy arrays without pickle ({first_line(error)}); write it with "
            "numpy.savez(path, x=array)"
        ) from error


def _chosen(path: Path, archive: NpzFile) -> dict[str, NDArray[Any]]:
    unpacked = sum(entry.file_size for entry in archive.zip.infolist()) if archive.zip else 0
    if unpacked > _LARGEST_ARCHIVE:
        raise DataError(
            f"{path.name!r} unpacks to {unpacked / 2**30:.1f} GiB, more than {_LARGEST_ARCHIVE / 2**30:.0f}; split it"
        )
    candidates = [name for name in archive.files if name != "y"]
    if "x" not in candidates and len(candidates) != 1:
        raise DataError(
            f"{path.name!r} holds the arrays {', '.join(archive.files) or '(none)'}; expected one named x, "
            "or a single one"
        )
    chosen = {"x": "x" if "x" in candidates else candidates[0]}
    if "y" in archive.files:
        chosen["y"] = "y"
    for name, member in chosen.items():
        _check_member(path, name, archive.zip, member)
    return {name: archive[member] for name, member in chosen.items()}


def _check_member(path: Path, name: str, archive: zipfile.ZipFile, member: str) -> None:
    """Raise unless a member is an array of as many values as fit in memory as float64, before it is unpacked."""
    entry = archive.getinfo(member if member in archive.namelist() else f"{member}.npy")
    with archive.open(entry) as file:
        if file.read(len(npy.MAGIC_PREFIX)) != npy.MAGIC_PREFIX:
            raise DataError(f"{name} in {path.name!r} is not a NumPy array; write it with numpy.savez(path, x=array)")
        file.seek(0)
        values = prod(promised_shape(name, file, entry.file_size))
    _check_size(path, name, values)


def _check_size(path: Path, name: str, values: int) -> None:
    if values > source.MOST_VALUES:
        raise DataError(f"{name} in {path.name!r} has {values} values, more than {source.MOST_VALUES}; split it")


def _real(path: Path, name: str, array: NDArray[Any]) -> NDArray[np.float64]:
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name} in {path.name!r} has dtype {array.dtype}; expected real numbers: convert it")
    with np.errstate(over="ignore"):  # a longdouble beyond float64 becomes Inf, which is refused by name
        return array.astype(np.float64)


def _feature_rows(path: Path, x: NDArray[np.float64], feature_count: int) -> NDArray[np.float64]:
    if x.ndim == 0 or not x.size:
        raise DataError(f"x in {path.name!r} has shape {x.shape}; expected at least one row of {feature_count} values")
    if x.ndim == 1:
        x = x[:, np.newaxis] if feature_count == 1 else x[np.newaxis]
    rows = np.ascontiguousarray(x.reshape(len(x), -1))
    check_column_count(path, rows.shape[1], feature_count)
    return rows


def _label_column(path: Path, y: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    if y.shape not in ((rows,), (rows, 1)):
        raise DataError(f"y in {path.name!r} has shape {y.shape} for {rows} rows of x; expected ({rows},)")
    check_finite(y.reshape(rows, 1), ("y",), repr(path.name))
    return y.reshape(rows)
