"""A data set: features, targets, and the names by which people know them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.lazy_rows import LazyRows

if TYPE_CHECKING:
    from pandas import DataFrame

Task = Literal["classification", "regression"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """M samples as rows. Nothing is checked here: :func:`ms_dnn.data.check_dataset` does that.

    ``x`` is (M, I) float64, or a frame where a table's columns were declared: float64 columns with NaN for missing
    numbers, text columns with NaN for missing ones, and the rows' numbers in the file as index; or lazy rows, where
    they are left in their file. ``y`` is (M,) int64, class indices 0..C−1, for classification and (M, O) float64 for
    regression. ``class_names`` has C entries (none
    for regression) and ``feature_names`` I entries (none if the features have no names). Pictures carry
    ``image_shape``, whose product is I, in row-major order: (height, width) for grey ones, (height, width, channels)
    for others; and ``value_range`` (black, white). Both are None for
    other data. ``weights`` (M,) says what each sample weighs in the cost of training; None where all weigh 1.
    """

    name: str
    x: NDArray[np.float64] | DataFrame | LazyRows
    y: NDArray[np.int64] | NDArray[np.float64]
    task: Task
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    image_shape: tuple[int, ...] | None = None
    value_range: tuple[float, float] | None = None
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def n_features(self) -> int:
        """I, the number of columns of x."""
        return int(self.x.shape[1])

    @property
    def n_classes(self) -> int:
        """C, the number of classes; 0 for regression."""
        return len(self.class_names)

    def rows(self, rows: NDArray[np.int64] | Sequence[int]) -> NDArray[np.float64] | DataFrame | LazyRows:
        """Return copies of these rows of x, in this order; lazy rows stay lazy."""
        if isinstance(self.x, LazyRows):
            return self.x.take(np.asarray(rows, np.int64))
        return self.x[rows] if isinstance(self.x, np.ndarray) else self.x.iloc[rows]

    def take(self, rows: NDArray[np.int64] | Sequence[int]) -> Dataset:
        """Return a data set of copies of these rows, in this order, under the same names."""
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, x=self.rows(rows), y=self.y[rows], weights=weights)
