"""Feature scaling, fitted on the training set alone and stored with the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ms_dnn.config.columns_section import ScalingKind
from ms_dnn.data.lazy_rows import LazyRows, Rows, blocks
from ms_dnn.data.validation import check_finite, constant_columns
from ms_dnn.errors import DataError


@dataclass(frozen=True, eq=False)
class Scaling:
    """x′ = (x − offset) / scale, column by column.

    ``offset`` and ``scale`` are (I,) float64, in the units of the features. ``standard`` has the mean and the
    standard deviation (divided by N, not N − 1), ``min_max`` the minimum and the range, ``none`` 0 and 1.
    """

    kind: ScalingKind
    offset: NDArray[np.float64]
    scale: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.kind not in get_args(ScalingKind):
            raise DataError(f"unknown scaling {self.kind!r}; choose one of {', '.join(get_args(ScalingKind))}")
        if self.offset.ndim != 1 or self.offset.shape != self.scale.shape:
            raise DataError(
                f"scaling has offset {self.offset.shape} and scale {self.scale.shape}; expected one of each a feature"
            )
        if not (np.isfinite(self.offset).all() and np.isfinite(self.scale).all() and self.scale.all()):
            raise DataError(
                "scaling has an offset or a scale that is not finite, or a scale of 0; the features are too "
                "large for float64 or the stored scaling is damaged: change their units, or fit it again"
            )

    def apply(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the scaled copy of x (N, I), float64; :class:`DataError` for another number of columns."""
        return (self._columns(x) - self.offset) / self.scale

    def invert(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return scaled x (N, I) in its original units, to rounding; raises as :meth:`apply` does."""
        return self._columns(x) * self.scale + self.offset

    def _columns(self, x: ArrayLike) -> NDArray[np.float64]:
        columns = np.asarray(x, dtype=np.float64)
        if columns.ndim != 2 or columns.shape[1] != len(self.offset):
            raise DataError(
                f"scaling got x of shape {columns.shape}; it was fitted on {len(self.offset)} features: give "
                f"shape (samples, {len(self.offset)})"
            )
        return columns


def fit_scaling(kind: ScalingKind, x: ArrayLike | LazyRows) -> Scaling:
    """Measure x (N, I), the training set, with scikit-learn's ``StandardScaler`` or ``MinMaxScaler``, in blocks.

    A constant column gets its value as offset and the scale 1, so that it becomes exactly 0. What is measured is the
    same to the bit whether the rows are in memory or lazy; the means and variances of several blocks are merged as
    Chan, Golub and LeVeque do it, and may differ from those of one pass over all rows in the last bits.

    Raises :class:`DataError` for no rows, wrong rank, NaN or Inf, an unknown kind, and values whose spread
    overflows.
    """
    columns: Rows = x if isinstance(x, LazyRows) else np.asarray(x, dtype=np.float64)
    if len(columns.shape) != 2 or not columns.size:
        raise DataError(f"scaling got x of shape {columns.shape}; expected (samples, features) with at least one each")
    check_finite(columns, (), "the training set to scale")
    offset, scale = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
    if kind != "none":
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):  # Scaling refuses what is not finite
            offset, scale = _measured(kind, columns)
        constant = constant_columns(columns)
        offset, scale = np.where(constant, columns[:1][0], offset), np.where(constant, 1.0, scale)
    return Scaling(kind, offset, scale)


def _measured(kind: str, columns: Rows) -> tuple[Any, Any]:
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    scaler = StandardScaler() if kind == "standard" else MinMaxScaler()
    for block in blocks(columns):
        scaler.partial_fit(block)
    if kind == "standard":
        # scikit-learn takes an overflowing variance for a constant column and leaves such values as they are.
        return scaler.mean_, np.where(np.isfinite(scaler.var_), scaler.scale_, np.inf)
    # 1 / scale_ would lose a bit, and the largest value would not become exactly 1.
    negligible = scaler.data_range_ < 10 * np.finfo(np.float64).eps
    return scaler.data_min_, np.where(negligible, 1.0, scaler.data_range_)
