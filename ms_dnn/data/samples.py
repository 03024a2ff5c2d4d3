"""What every reader of prediction input returns, and the two checks that all of them need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ms_dnn.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame


class Samples(NamedTuple):
    """N samples to predict.

    ``x`` (N, I) float64, or a frame where a table's columns were declared; ``labels`` (N,), numbers or texts, or None;
    and names of the rows.
    """

    x: NDArray[np.float64] | DataFrame
    labels: NDArray[np.int64] | NDArray[np.float64] | NDArray[np.str_] | None
    row_names: list[str]


def as_labels(values: NDArray[Any]) -> NDArray[np.int64] | NDArray[np.float64]:
    """Return finite labels as int64 if all of them are whole numbers (class indices), else as float64."""
    labels = values.astype(np.float64)
    small = np.abs(labels) < 2**53  # beyond, float64 skips whole numbers and the cast to int64 may overflow
    whole = bool((small & (labels == np.floor(labels))).all())
    return labels.astype(np.int64) if whole else labels


def check_column_count(path: Path, got: int, expected: int) -> None:
    """Raise :class:`DataError` unless a file has as many feature columns as the network has inputs."""
    if got != expected:
        raise DataError(
            f"{path.name!r} has {got} feature columns, expected {expected}: give the columns of the training data"
        )
