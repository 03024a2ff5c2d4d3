"""From the targets of a file to class indices and class names, or to numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Task
from ms_dnn.data.source import TargetKind
from ms_dnn.data.validation import check_finite
from ms_dnn.errors import DataError


def targets_of(y: NDArray[Any], where: str, target_kind: TargetKind) -> tuple[NDArray[Any], Task, tuple[str, ...]]:
    """Return the targets of an array, the task, and the names of its classes.

    ``y`` is (N,) or (N, O) of dtype kinds b, i, u, f and U. Texts, whole numbers and truth values, (N,) or (N, 1), are
    classes, which come back as (N,) int64; floating-point numbers are regression targets, (N, O) float64.
    ``target_kind`` overrides that, as far as the values allow. ``where`` names y in messages.

    Raises :class:`DataError` for NaN and Inf, and for values that ``target_kind`` or several columns do not allow.
    """
    columns = y.reshape(len(y), -1)
    if y.dtype.kind == "f":
        with np.errstate(over="ignore"):  # a longdouble beyond float64 becomes Inf, which is refused by name
            columns = columns.astype(np.float64)
        check_finite(columns, ("y",) if columns.shape[1] == 1 else (), where)
    if target_kind == "numbers" or (target_kind == "auto" and y.dtype.kind == "f"):
        if y.dtype.kind == "U":
            raise DataError(f"{where}: got texts, expected numbers as data.target_kind says: set it to classes")
        return columns.astype(np.float64), "regression", ()
    if columns.shape[1] != 1:
        raise DataError(
            f"{where}: got {y.dtype} of shape {y.shape}, expected one class a sample, shape ({len(y)},): give the "
            "number of the class, or for regression set data.target_kind to numbers"
        )
    labels = columns[:, 0]
    if y.dtype.kind == "f" and (labels != np.floor(labels)).any():
        row = int(np.argmax(labels != np.floor(labels)))
        raise DataError(
            f"{where}: got {labels[row]} in row {row} (rows count from 0), expected whole numbers for classes: recode "
            "it, or set data.target_kind to numbers"
        )
    indices, class_names = class_targets(labels)
    return indices, "classification", class_names


def class_targets(labels: NDArray[Any]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return class indices (N,) int64 and the names of the classes, which stand in sorted order.

    ``labels`` (N,) are texts, or finite whole numbers of any dtype, which are sorted as numbers.
    """
    names, y = np.unique(labels, return_inverse=True)
    return y.astype(np.int64), tuple(str(int(name) if labels.dtype.kind in "fb" else name) for name in names)


def check_labels(where: str, labels: NDArray[Any], n_classes: int) -> None:
    """Raise :class:`DataError` for the first of the whole numbers ``labels`` (N,) that is not 0 to C − 1."""
    outside = (labels < 0) | (labels >= n_classes)
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(
            f"{where}: got label {labels[row]} in row {row} (rows count from 0), expected 0 to {n_classes - 1}: "
            "recode the labels, or take an undamaged copy"
        )
