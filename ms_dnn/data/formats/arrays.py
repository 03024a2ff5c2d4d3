"""NumPy archives (``.npz``) and single arrays (``.npy``), to train on or to predict; never unpickled."""

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
from ms_dnn.data.dataset import Dataset
from ms_dnn.data.source import (
    Loaded,
    Samples,
    TargetKind,
    as_labels,
    check_column_count,
    check_file,
    check_size,
    reading,
)
from ms_dnn.data.targets import targets_of
from ms_dnn.data.validation import check_finite
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import shape_text

ARRAY_SUFFIXES = (".npz", ".npy")
_LARGEST_ARCHIVE = 4 * 2**30
_CURE = "write it with numpy.savez(path, x=x, y=y)"


def read_npz(path: Path, target_kind: TargetKind) -> Loaded:
    """Read a training set: ``x`` (N, …), real, flattened row by row, and ``y`` (N,) or (N, 1).

    y of texts, whole numbers or truth values is classes, in sorted order; of floating-point numbers, a regression
    target. ``target_kind`` overrides that, as far as the values allow.

    Raises :class:`DataError` for a missing or damaged archive, pickled objects, other shapes and dtypes, NaN and Inf.
    """
    check_file(path, "an archive with the arrays x and y")
    where = repr(path.name)
    damaged = (f"{where}: got ", f", expected an archive with the arrays x and y, without pickle: {_CURE}")
    with reading(*damaged), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shapes = _promised_shapes(path)
        for name in ("x", "y"):
            if name not in shapes:
                raise ValueError(f"the arrays {', '.join(sorted(shapes)) or '(none)'}, none of them {name}")
        check_size(f"x in {where}", shapes["x"][0] if shapes["x"] else 0, prod(shapes["x"][1:]))
        with np.load(path, allow_pickle=False) as archive:
            x, y = archive["x"], archive["y"]
    if y.shape not in ((len(x),), (len(x), 1)):
        raise DataError(
            f"y in {where}: got shape {y.shape}, expected ({len(x)},), one target for each row of x: {_CURE}"
        )
    if y.dtype.kind not in "biufU":
        raise DataError(f"y in {where}: got dtype {y.dtype}, expected numbers or texts: convert it")
    rows = np.ascontiguousarray(_real(f"x in {where}", x).reshape(len(x), -1))
    check_finite(rows, (), f"x in {where}")
    return Loaded(Dataset("npz", rows, *targets_of(y, f"y in {where}", target_kind)))


def read_arrays(
    path: Path, feature_count: int, feature_names: Sequence[str] = (), image_shape: tuple[int, ...] | None = None
) -> Samples:
    """Read samples to predict: the array ``x``, or the only one, and ``y`` if there is one.

    x is real, (N, feature_count), or (N, …) with that many values a sample: those are flattened row by row. A
    single sample may be (feature_count,). y is (N,) or (N, 1). Row names are ``row 0``, ``row 1``, …. A note tells of
    samples whose axes are not those of the training pictures, ``image_shape``.

    Raises :class:`DataError` for damaged files, pickled objects, other shapes and dtypes, NaN and Inf, archives that
    unpack to more than 4 GiB, and arrays that would take more than that as float64.
    """
    where = repr(path.name)
    arrays = _load(path)
    x, y = (None if name not in arrays else _real(f"{name} in {where}", arrays[name]) for name in ("x", "y"))
    assert x is not None  # noqa: S101 - there is always one
    if x.ndim == 0 or not x.size:
        raise DataError(f"x in {where} has shape {x.shape}; expected at least one row of {feature_count} values")
    if x.ndim == 1:
        x = x[:, np.newaxis] if feature_count == 1 else x[np.newaxis]
    shape, wanted = _without_ones(x.shape[1:]), _without_ones(image_shape or ())
    x = np.ascontiguousarray(x.reshape(len(x), -1))
    check_column_count(path, x.shape[1], feature_count)
    check_finite(x, feature_names, where)
    if y is not None:
        if y.shape not in ((len(x),), (len(x), 1)):
            raise DataError(f"y in {where} has shape {y.shape} for {len(x)} rows of x; expected ({len(x)},)")
        check_finite(y.reshape(len(x), 1), ("y",), where)
    labels, names = None if y is None else as_labels(y.reshape(-1)), [f"row {row}" for row in range(len(x))]
    if not wanted or len(shape) < 2 or shape == wanted:
        return Samples(x, labels, names)
    note = (
        f"samples of shape {shape_text(shape)} taken row by row as {shape_text(wanted)}, that of the training pictures"
    )
    return Samples(x, labels, names, (f"{where}: {note}; check the order of the axes",))


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length > 1)


def _load(path: Path) -> dict[str, NDArray[Any]]:
    cure = "); write it with numpy.savez(path, x=array)"
    damaged = (f"{path.name!r} cannot be read as NumPy arrays without pickle (", cure)
    with reading(*damaged), path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, NpzFile):
            with loaded:
                return _chosen(path, loaded)
        _check_count(path, "x", loaded.size)
        return {"x": loaded}


def _chosen(path: Path, archive: NpzFile) -> dict[str, NDArray[Any]]:
    """Return x and y, each of which is an array of as many values as fit in memory as float64."""
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
    chosen = {"x": "x" if "x" in candidates else candidates[0]} | ({"y": "y"} if "y" in archive.files else {})
    for name, member in chosen.items():
        entry = archive.zip.getinfo(member if member in archive.zip.namelist() else f"{member}.npy")
        with archive.zip.open(entry) as file:
            if file.read(len(npy.MAGIC_PREFIX)) != npy.MAGIC_PREFIX:
                raise DataError(
                    f"{name} in {path.name!r} is not a NumPy array; write it with numpy.savez(path, x=array)"
                )
        _check_count(path, name, prod(_promised_shape(name, archive.zip, entry)))
    return {name: archive[member] for name, member in chosen.items()}


def _check_count(path: Path, name: str, values: int) -> None:
    if values > source.MOST_VALUES:
        raise DataError(f"{name} in {path.name!r} has {values} values, more than {source.MOST_VALUES}; split it")


def _real(where: str, array: NDArray[Any]) -> NDArray[np.float64]:
    if array.dtype.kind not in "biuf":
        raise DataError(f"{where}: got dtype {array.dtype}, expected real numbers: convert it")
    with np.errstate(over="ignore"):  # a longdouble beyond float64 becomes Inf, which is refused by name
        return np.asarray(array, np.float64)


def _promised_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of x and y, after holding what their headers promise against the size of the file."""
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.removesuffix(".npy")
            if name not in ("x", "y") or name == entry.filename:
                continue
            if entry.file_size > path.stat().st_size * source.HIGHEST_DEFLATE_RATIO:
                raise ValueError(f"{name} of {entry.file_size} bytes in a file of {path.stat().st_size}")
            shapes[name] = _promised_shape(name, archive, entry)
    return shapes


def _promised_shape(name: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[int, ...]:
    """Return the shape that the header of an array says; ValueError unless all of it is in its entry."""
    with archive.open(entry) as file:
        version = npy.read_magic(file)  # type: ignore[no-untyped-call]
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{name} in version {version} of the npy format, not (1, 0) or (2, 0)")
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(file)  # type: ignore[no-untyped-call]
        if dtype.hasobject:
            raise ValueError(f"{name} of dtype {dtype}, which is pickled objects")
        promised = file.tell() + prod(shape) * dtype.itemsize
    if promised != entry.file_size or min(shape, default=0) < 0:
        raise ValueError(f"{name} of shape {shape}, which takes {promised} bytes, in an entry of {entry.file_size}")
    return tuple(shape)
