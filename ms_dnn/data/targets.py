"""From the labels of a file to class indices and class names."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.errors import DataError


def class_targets(labels: NDArray[Any]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return class indices (N,) int64 and the names of the classes, which stand in sorted order.

    ``labels`` (N,) are texts, or finite whole numbers of any dtype, which are sorted as numbers.
    """
    if labels.dtype.kind == "f":
        names, y = np.unique(labels, return_inverse=True)
        return y.astype(np.int64), tuple(str(int(name)) for name in names)
    if labels.dtype.kind == "b":
        labels = labels.astype(np.int64)
    names, y = np.unique(labels, return_inverse=True)
    return y.astype(np.int64), tuple(str(name) for name in names)


def refuse_labels_outside(where: str, labels: NDArray[Any], n_classes: int) -> None:
    """Raise :class:`DataError` for the first of the whole numbers ``labels`` (N,) that is not 0 to C − 1."""
    outside = (labels < 0) | (labels >= n_classes)
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(
            f"{where}: got label {labels[row]} in row {row} (rows count from 0), expected 0 to {n_classes - 1}: "
            "recode the labels, or take an undamaged copy"
        )
