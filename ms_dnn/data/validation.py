"""What a data set must be before a network may learn from it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.lazy_rows import LazyRows, Rows, blocks
from ms_dnn.errors import DataError

_NAMED_AT_MOST = 5
_FEW = 10


def check_dataset(dataset: Dataset, part: str = "data set") -> list[str]:
    """Refuse data that cannot be learnt from; return warnings about data that can, with surprises.

    ``part`` is the word for this data set in the messages, such as ``"training set"``. Warnings are about
    constant features (legal) and about classes without a sample.

    Raises :class:`DataError` for no rows, wrong rank or dtype, x and y of different length, names that do
    not fit the columns, NaN or Inf, labels outside 0..C−1, and one class only.
    """
    where = f"the {part} of {dataset.name!r}"
    _check_shapes(dataset, where)
    _check_names(dataset, where)
    if isinstance(dataset.x, np.ndarray | LazyRows):  # missing values of a frame become what its columns declare
        check_finite(dataset.x, dataset.feature_names, where)
    if dataset.task == "regression":
        check_finite(dataset.y, [f"target {column}" for column in range(dataset.y.shape[1])], where)
        return _constant_features(dataset, part)
    _check_labels(dataset, where)
    return _constant_features(dataset, part) + _absent_classes(dataset, part)


def surprises(dataset: Dataset) -> list[str]:
    """Return what is good to know of a whole set before it is shuffled and split.

    Told are what its reader noted, features that count the rows, samples in the order of their targets, and classes
    whose names differ in case, accents or blanks alone.
    """
    notes = list(dataset.notes)
    counters = [column_title(dataset.feature_names, column) for column in row_counters(dataset)]
    if counters:
        notes.append(
            f"{_first(counters)} counts the rows, which says nothing of new samples: leave it out (tables: data.drop)"
        )
    if is_sorted(dataset.y):
        notes.append("the samples stand in the order of their targets: they are shuffled before they are split")
    alike: dict[str, list[str]] = {}
    for name in dataset.class_names:
        alike.setdefault(unicodedata.normalize("NFKC", name).casefold(), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            notes.append(
                f"the classes {_first([repr(name) for name in names])} look alike: correct them if they are one"
            )
    return notes


def row_counters(dataset: Dataset) -> list[int]:
    """Return the places of features in memory that grow by 1 from each sample to the next, from whatever number."""
    x = dataset.x
    if isinstance(x, LazyRows) or len(x) < _FEW:
        return []
    columns = x.T if isinstance(x, np.ndarray) else (x[name].to_numpy() for name in x.columns)
    found = []
    for place, column in enumerate(columns):
        begins = column.dtype.kind == "f" and column[1] == column[0] + 1
        if begins and (column == column[0] + np.arange(len(column))).all():
            found.append(place)
    return found


def is_sorted(y: NDArray[Any]) -> bool:
    """Tell whether targets, (M,) class indices or (M, O) numbers, stand in their order, classes one after the other."""
    if len(y) < _FEW or (y.ndim == 2 and y.shape[1] > 1):
        return False
    steps = np.diff(y.ravel())
    if y.ndim == 1:
        return 0 < np.count_nonzero(steps) == len(np.unique(y)) - 1
    return bool(steps.any() and ((steps >= 0).all() or (steps <= 0).all()))


def check_finite(values: NDArray[Any] | LazyRows, names: Sequence[str], where: str) -> None:
    """Raise :class:`DataError` that names the first NaN or Inf of ``values`` (N, I) and counts them all.

    ``names`` are the I column names, or nothing: then columns are counted from 0.
    """
    found, bad, rows = "", 0, 0
    for block in blocks(values):
        places = np.argwhere(~np.isfinite(block))
        if len(places) and not bad:
            row, column = (int(index) for index in places[0])
            found = f"{block[row, column]} in {column_title(names, column)}, row {rows + row}"
        bad, rows = bad + len(places), rows + len(block)
    if bad:
        rest = f"; {bad} values are not finite in all" if bad > 1 else ""
        raise DataError(f"{where} has {found} (rows count from 0){rest}; fill in or drop such rows")


def column_title(names: Sequence[str], column: int) -> str:
    """Return what to call a column in a message: its name, or its index."""
    return repr(names[column]) if column < len(names) else f"column {column}"


def _check_shapes(dataset: Dataset, where: str) -> None:
    x, y = dataset.x, dataset.y
    y_rank, y_dtype = (1, np.int64) if dataset.task == "classification" else (2, np.float64)
    if isinstance(x, np.ndarray) and (x.ndim != 2 or x.dtype != np.float64):
        raise DataError(
            f"x in {where} is {x.dtype} of shape {x.shape}; expected float64 of shape (samples, features): "
            "flatten pictures and convert the values"
        )
    if y.ndim != y_rank or y.dtype != y_dtype:
        shape = "(samples,)" if y_rank == 1 else "(samples, outputs)"
        raise DataError(
            f"y in {where} is {y.dtype} of shape {y.shape}; {dataset.task} expects {np.dtype(y_dtype)} of "
            f"shape {shape}: reshape or convert it"
        )
    if len(x) != len(y):
        raise DataError(f"{where} has {len(x)} rows in x but {len(y)} in y; give every sample one target")
    if not x.size or not y.size:
        raise DataError(f"{where} is empty: x is {x.shape}, y is {y.shape}; give at least one sample and feature")


def _check_names(dataset: Dataset, where: str) -> None:
    names, shape = dataset.feature_names, dataset.image_shape
    damaged = [name for name in (*names, *dataset.class_names) if name != name.encode(errors="ignore").decode()]
    if damaged:
        raise DataError(f"{where} has the name {damaged[0]!a}, which is no valid Unicode; rename it")
    if names and len(names) != dataset.n_features:
        raise DataError(
            f"{where} names {len(names)} features but x has {dataset.n_features} columns; name all of them or none"
        )
    if shape is not None and prod(shape) != dataset.n_features:
        raise DataError(
            f"{where} says that its pictures are {'×'.join(map(str, shape))}, but x has {dataset.n_features} "
            f"columns; expected {prod(shape)}: correct image_shape"
        )


def _check_labels(dataset: Dataset, where: str) -> None:
    y, n_classes = dataset.y, dataset.n_classes
    outside = (y < 0) | (y >= n_classes)
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(
            f"{where} has label {y[row]} in row {row} (rows count from 0), {int(outside.sum())} such labels "
            f"in all; expected 0 to {n_classes - 1} for {n_classes} class names: recode the labels"
        )
    present = np.unique(y)
    if len(present) == 1:
        raise DataError(
            f"{where} has samples of one class only, {dataset.class_names[present[0]]!r}; nothing can be "
            "learnt from it: add samples of another class"
        )


def _constant_features(dataset: Dataset, part: str) -> list[str]:
    if isinstance(dataset.x, np.ndarray | LazyRows):
        constant = np.flatnonzero(constant_columns(dataset.x))
    else:
        constant = np.flatnonzero(dataset.x.nunique(dropna=False) == 1)
    if not len(constant):
        return []
    titles = [column_title(dataset.feature_names, int(column)).strip("'") for column in constant]
    verb = "feature is" if dataset.n_features == 1 else "features are"
    what = f"{len(constant)} of {dataset.n_features} {verb} constant in the {part} ({_first(titles)})"
    return [f"{what}: nothing is learnt from that"]


def constant_columns(x: Rows) -> NDArray[np.bool_]:
    """Return which columns of x (M, I) have one value only, (I,)."""
    first = x[:1]
    constant = np.ones(x.shape[1], np.bool_)
    for block in blocks(x):
        constant &= (block == first).all(axis=0)
        if not constant.any():
            break
    return constant


def _absent_classes(dataset: Dataset, part: str) -> list[str]:
    counts = np.bincount(dataset.y, minlength=dataset.n_classes)
    absent = [name for name, count in zip(dataset.class_names, counts, strict=True) if count == 0]
    if not absent:
        return []
    return [f"{len(absent)} of {dataset.n_classes} classes have no sample in the {part} ({_first(absent)})"]


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED_AT_MOST]) + (", …" if len(names) > _NAMED_AT_MOST else "")
