"""NumPy archives (``.npz``) and single arrays (``.npy``), to train on or to predict; never unpickled."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from ms_dnn.data import source
from ms_dnn.data.dataset import Dataset
from ms_dnn.data.formats.array_names import Arrays, listed, pairs_in
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


def read_npz(path: Path, target_kind: TargetKind = "auto", target: str = "", drop: Sequence[str] = ()) -> Loaded:
    """Read a training set, x (N, …), real, flattened row by row, and y (N,) or (N, 1), and a test set if there is one.

    Which arrays these are :func:`pairs_in` says, and a note where they are not called x and y. y of texts, whole
    numbers or truth values is classes, in sorted order; of floating-point numbers, a regression target.
    ``target_kind`` overrides that, as far as the values allow.

    Raises :class:`DataError` for a missing or damaged archive, pickled objects, other names, shapes and dtypes, NaN and
    Inf.
    """
    check_file(path, "an archive with the arrays x and y")
    where = repr(path.name)
    damaged = (f"{where}: got ", f", expected an archive with the arrays x and y, without pickle: {_CURE}")
    with reading(*damaged), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path) as packed:
            names = [name.removesuffix(".npy") for name in packed.namelist() if name.endswith(".npy")]
        splits, note = _chosen_sets(where, names, target, drop)
        for arrays in splits.values():
            shape = _promised_shapes(path, arrays)["x"]
            check_size(f"{arrays['x']} in {where}", shape[0] if shape else 0, prod(shape[1:]))
        with np.load(path, allow_pickle=False) as archive:
            read = {split: (archive[arrays["x"]], archive[arrays["y"]]) for split, arrays in splits.items()}
    sets = []
    for split, (x, y) in read.items():
        of_x, of_y = (f"{splits[split][role]} in {where}" for role in ("x", "y"))
        sets.append((_training_rows(of_x, x), _training_targets(of_y, y, len(x))))
    (x, y), test = sets[0], sets[1] if len(sets) > 1 else None
    if test is not None and (test[0].shape[1] != x.shape[1] or test[1].dtype.kind != y.dtype.kind):
        raise DataError(
            f"{where}: got a test set of {test[0].shape[1]} values a sample and targets of dtype {test[1].dtype}, "
            f"expected {x.shape[1]} and {y.dtype} as in the training set: write both alike"
        )
    all_y = y if test is None else np.concatenate([y, test[1]])
    targets, task, classes = targets_of(all_y, f"{splits['train']['y']} in {where}", target_kind)
    dataset = Dataset("npz", x, targets[: len(x)], task, classes, notes=note)
    return Loaded(dataset, None if test is None else replace(dataset, x=test[0], y=targets[len(x) :], notes=()))


def _chosen_sets(
    where: str, names: Sequence[str], target: str, drop: Sequence[str]
) -> tuple[dict[str, Arrays], tuple[str, ...]]:
    """Return the arrays of the training and the test set, and a note on what was not called x and y."""
    found = pairs_in(names, target, drop)
    whole = {split: found[split] for split in ("train", "test") if len(found.get(split, ())) == 2}
    if "train" not in whole:
        example = next((name for name in names if name not in (*drop, *found.get("train", {}).values())), None)
        named = f"name the targets with data.target, for instance {example} (data.drop leaves out others), or "
        raise DataError(
            f"{where}: got {listed(names)}, expected x and y, or names such as x_train and y_train, data and target: "
            f"{named if example else ''}{_CURE}"
        )
    used = [name for arrays in whole.values() for name in arrays.values()]
    left = [name for name in names if name not in (*used, *drop)]
    test = f", {' and '.join(whole['test'].values())} as the test set" if "test" in whole else ""
    others = f"; left out: {', '.join(left)}" if left else ""
    note = f"{where}: {used[0]} was taken for x, {used[1]} for y{test}{others}"
    plain = target or (not left and {name.lower() for name in used} == {"x", "y"})
    return whole, () if plain else (note,)


def _training_rows(where: str, x: NDArray[Any]) -> NDArray[np.float64]:
    rows = np.ascontiguousarray(_real(where, x).reshape(len(x), -1))
    check_finite(rows, (), where)
    return rows


def _training_targets(where: str, y: NDArray[Any], samples: int) -> NDArray[Any]:
    if y.shape not in ((samples,), (samples, 1)):
        raise DataError(f"{where}: got shape {y.shape}, expected ({samples},), one target for each row of x: {_CURE}")
    if y.dtype.kind not in "biufU":
        raise DataError(f"{where}: got dtype {y.dtype}, expected numbers or texts: convert it")
    return y


def read_arrays(
    path: Path,
    feature_count: int,
    feature_names: Sequence[str] = (),
    image_shape: tuple[int, ...] | None = None,
    target: str = "",
    drop: Sequence[str] = (),
) -> Samples:
    """Read samples to predict: the array ``x``, or what :func:`pairs_in` takes for it, or the only one, and so ``y``.

    x is real, (N, feature_count), or (N, …) with that many values a sample: those are flattened row by row. A
    single sample may be (feature_count,). y is (N,) or (N, 1). Row names are ``row 0``, ``row 1``, …. A note tells of
    samples whose axes are not those of the training pictures, ``image_shape``.

    Raises :class:`DataError` for damaged files, pickled objects, other shapes and dtypes, NaN and Inf, archives that
    unpack to more than 4 GiB, and arrays that would take more than that as float64.
    """
    where = repr(path.name)
    arrays = _load(path, target, drop)
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


def _load(path: Path, target: str, drop: Sequence[str]) -> dict[str, NDArray[Any]]:
    cure = "); write it with numpy.savez(path, x=array)"
    damaged = (f"{path.name!r} cannot be read as NumPy arrays without pickle (", cure)
    with reading(*damaged), path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, NpzFile):
            with loaded:
                return _chosen(path, loaded, target, drop)
        _check_count(path, "x", loaded.size)
        return {"x": loaded}


def _chosen(path: Path, archive: NpzFile, target: str, drop: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return x and y, each of which is an array of as many values as fit in memory as float64."""
    unpacked = sum(entry.file_size for entry in archive.zip.infolist()) if archive.zip else 0
    if unpacked > _LARGEST_ARCHIVE:
        raise DataError(
            f"{path.name!r} unpacks to {unpacked / 2**30:.1f} GiB, more than {_LARGEST_ARCHIVE / 2**30:.0f}; split it"
        )
    found = pairs_in(archive.files, target if target in archive.files else "", drop)
    (chosen,) = found.values() if len(found) == 1 else ({},)
    others = [name for name in archive.files if name not in (*drop, *chosen.values())]
    if "x" not in chosen and len(others) == 1 and len(found) < 2:
        chosen = {"x": others[0], **chosen}
    if "x" not in chosen:
        raise DataError(
            f"{path.name!r} holds the arrays {', '.join(archive.files) or '(none)'}; expected one named x, "
            "or a single one"
        )
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
        numbers = np.asarray(array, np.float64)
    large = np.abs(numbers) >= 2**53 if array.dtype.kind in "iu" else np.zeros(1, np.bool_)
    if large.any() and any(int(value) != int(float(value)) for value in array[large].tolist()):
        raise DataError(
            f"{where}: got whole numbers beyond 2⁵³, expected numbers that float64 holds: leave such columns out, or "
            "subtract an offset"
        )
    return numbers


def _promised_shapes(path: Path, arrays: Arrays) -> dict[str, tuple[int, ...]]:
    """Return the shapes of x and y, after holding what their headers promise against the size of the file."""
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        for role, name in arrays.items():
            entry = archive.getinfo(f"{name}.npy")
            if entry.file_size > path.stat().st_size * source.HIGHEST_DEFLATE_RATIO:
                raise ValueError(f"{name} of {entry.file_size} bytes in a file of {path.stat().st_size}")
            shapes[role] = _promised_shape(name, archive, entry)
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
