"""From the columns of a data set to what the network takes: fitted on the training set, applied block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ms_dnn.config.columns_section import (
    CategoryColumn,
    Column,
    DateColumn,
    DropColumn,
    Filling,
    MultiHotColumn,
    NumberColumn,
    ScalingKind,
    WeightColumn,
    filling,
)
from ms_dnn.data.lazy_rows import VALUES_AT_ONCE, LazyRows
from ms_dnn.data.source import check_size
from ms_dnn.data.tables.dates import date_of, date_parts, date_text
from ms_dnn.data.tables.declared import quoted_names
from ms_dnn.errors import DataError
from ms_dnn.features.fitted import (
    MISSING,
    OTHER,
    Fitted,
    FittedCategory,
    FittedDate,
    FittedMultiHot,
    FittedNumber,
    words_in,
)
from ms_dnn.features.scaling import fit_scaling

if TYPE_CHECKING:
    from pandas import DataFrame

Rows = Any  # a frame, or numbers (N, I): NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """What was fitted on the training set, column by column, in the order of the table."""

    columns: tuple[Fitted, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the encoded features: ``width``, ``colour=red``, ``colour=(other)``, ``width=(missing)``, …."""
        return tuple(name for column in self.columns for name in column.features)

    @property
    def declared(self) -> dict[str, Fitted]:
        """The columns by their names, as a reader of tables takes them."""
        return {column.column: column for column in self.columns}

    def filling(self, name: str) -> str:
        """Return what the missing cells of a column become, in words."""
        column = next(column for column in self.columns if column.column == name)
        fill = column.fill if isinstance(column.fill, str) else f"{column.fill:.6g}"
        return f"{column.missing.replace('_', ' ')}: {fill}" if fill else "none"

    def apply(self, rows: Rows, where: str = "the rows") -> NDArray[np.float64]:
        """Return the encoded rows (N, number of names) float64; each row by itself, so that blocks may be any.

        ``rows`` is a frame with these columns in any order, or, if all are numbers, (N, I). ``where`` is what messages
        call them. Raises :class:`DataError` for other columns, and for categories that were not seen in training
        where ``unseen`` is ``error``, with row and column.
        """
        table = self._numbers(rows) if self._only_numbers else self._frame(rows, where)
        if len(table) == 0:
            return np.empty((0, len(self.names)))
        check_size(where, len(table), len(self.names))
        encoded = np.empty((len(table), len(self.names)))
        step = max(1, VALUES_AT_ONCE // max(len(self.names), len(self.columns)))
        for start in range(0, len(table), step):
            self._encode(table[start : start + step], encoded[start : start + step])
        return encoded

    def of(self, rows: Rows, where: str = "the rows") -> NDArray[np.float64] | LazyRows:
        """Return what :meth:`apply` does; of lazy rows, lazy ones that are encoded when they are fetched."""
        if not isinstance(rows, LazyRows):
            return self.apply(rows, where)
        return LazyRows((len(rows), len(self.names)), lambda numbers: self.apply(rows[numbers], where))

    @property
    def invertible(self) -> bool:
        """Whether each feature is a number of the table, scaled at most: what :meth:`invert` can take back."""
        return self._only_numbers and len(self.names) == len(self.columns)

    def invert(self, encoded: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return encoded rows (N, I) in their original units, to rounding; only where they are :attr:`invertible`."""
        offset, scale, _ = self._measured
        return encoded * scale + offset

    @cached_property
    def _measured(self) -> tuple[NDArray[np.float64], ...]:
        """Offsets, scales and values for missing cells (NaN for none) of the columns of numbers."""
        numbers = [column for column in self.columns if isinstance(column, FittedNumber)]
        return tuple(np.array([getattr(c, key) for c in numbers], np.float64) for key in ("offset", "scale", "fill"))

    @property
    def _only_numbers(self) -> bool:
        return all(isinstance(column, FittedNumber) for column in self.columns)

    def _numbers(self, rows: Rows) -> NDArray[np.float64]:
        if not isinstance(rows, np.ndarray | list | tuple):
            rows = self._frame(rows, "the rows")
        numbers = np.asarray(rows, np.float64)
        if numbers.ndim != 2 or numbers.shape[1] != len(self.columns):
            raise DataError(
                f"the features got x of shape {numbers.shape}; they were fitted on {len(self.columns)} features: give "
                f"shape (samples, {len(self.columns)})"
            )
        return numbers

    def _frame(self, rows: Rows, where: str) -> DataFrame:
        names = [column.column for column in self.columns]
        absent = [name for name in names if name not in getattr(rows, "columns", ())]
        if absent:
            raise DataError(f"{where}: got no column {absent[0]!r}, expected a frame with all columns: add it")
        frame: DataFrame = rows[names]
        for column in self.columns:
            if isinstance(column, FittedCategory | FittedMultiHot) and column.unseen == "error":
                _check_unseen(column, frame[column.column], where)
        return frame

    def _encode(self, block: Rows, encoded: NDArray[np.float64]) -> None:
        """Write the features of a block (N, number of columns), a frame or numbers, into ``encoded``."""
        ends = np.cumsum([len(column.features) for column in self.columns])
        begins = np.append(0, ends[:-1])
        numbers = np.array([isinstance(column, FittedNumber) for column in self.columns])
        x = block if isinstance(block, np.ndarray) else block.loc[:, numbers].to_numpy(np.float64)
        empty = np.isnan(x)
        offset, scale, fill = self._measured
        encoded[:, begins[numbers]] = (np.where(empty, fill, x) - offset) / scale
        indicated = (ends - begins)[numbers] == 2
        encoded[:, begins[numbers][indicated] + 1] = empty[:, indicated]
        for place, (column, begin, end) in enumerate(zip(self.columns, begins, ends, strict=True)):
            if not isinstance(column, FittedNumber):
                encoded[:, begin:end] = column.encode(block.iloc[:, place].to_numpy())


def fit_features(
    rows: Rows,
    scaling: ScalingKind = "standard",
    declared: Mapping[str, Column] | None = None,
    names: tuple[str, ...] = (),
    where: str = "the training set",
) -> Features:
    """Measure the training set, and nothing else.

    ``rows`` is a frame, or numbers (N, I), perhaps lazy, called ``names`` or ``column 0``, …. Columns that are not
    ``declared`` are numbers, and numbers without a ``scaling`` of their own get this one.

    Raises :class:`DataError` for a column without any value, and for values that cannot be scaled.
    """
    declared = declared or {}
    if isinstance(rows, np.ndarray | list | tuple | LazyRows):
        x = rows if isinstance(rows, LazyRows) else np.asarray(rows, np.float64)
        fitted = fit_scaling(scaling, x)
        names = names or tuple(f"column {i}" for i in range(x.shape[1]))
        measured = zip(names, fitted.offset.tolist(), fitted.scale.tolist(), strict=True)
        return Features(
            tuple(
                FittedNumber(column=name, missing="error", scaling=scaling, offset=offset, scale=scale, fill=None)
                for name, offset, scale in measured
            )
        )
    columns: list[Fitted] = []
    for name in rows.columns:
        column = declared.get(name, NumberColumn())
        assert not isinstance(column, DropColumn | WeightColumn)  # noqa: S101 - readers leave such columns out
        cells = rows[name].to_numpy()
        try:
            if isinstance(column, NumberColumn):
                columns.append(_fit_number(name, column, cells, column.scaling or scaling))
            elif isinstance(column, DateColumn):
                columns.append(_fit_date(name, column, cells, column.scaling or scaling))
            else:
                columns.append(_fit_texts(name, column, cells))
        except DataError as error:
            raise DataError(f"column {name!r} of {where}: {error}") from error
    return Features(tuple(columns))


def _fit_number(name: str, column: NumberColumn, cells: ArrayLike, scaling: ScalingKind) -> FittedNumber:
    from sklearn.impute import SimpleImputer

    x = np.asarray(cells, np.float64)[:, np.newaxis]
    missing, constant = filling(column)
    fill = None
    if missing != "error":
        _check_any_value(missing, bool(np.isnan(x).all()))
        strategy = "mean" if missing == "indicator" else missing
        imputer = SimpleImputer(strategy=strategy, fill_value=constant, keep_empty_features=True)
        x = imputer.fit_transform(x)
        fill = float(imputer.statistics_[0])
    fitted = fit_scaling(scaling, x)
    return FittedNumber(
        column=name,
        missing=missing,
        unit=column.unit,
        scaling=scaling,
        offset=float(fitted.offset[0]),
        scale=float(fitted.scale[0]),
        fill=fill,
    )


def _fit_date(name: str, column: DateColumn, times: NDArray[np.datetime64], scaling: ScalingKind) -> FittedDate:
    missing, fill = filling(column)
    empty = np.isnat(times)
    _check_any_value(missing, bool(empty.all()))
    present = times[~empty].astype(np.int64)
    if missing in ("mean", "median", "indicator"):
        middle = np.median(present) if missing == "median" else present.mean()
        fill = date_text(np.datetime64(int(middle), "s"))
    filled = times if fill is None else np.where(empty, date_of(fill), times)
    fitted = fit_scaling(scaling, date_parts(filled, column.parts))
    return FittedDate(
        column=name,
        missing=missing,
        format=column.format,
        parts=column.parts,
        scaling=scaling,
        offset=tuple(fitted.offset.tolist()),
        scale=tuple(fitted.scale.tolist()),
        fill=fill,
    )


def _check_any_value(missing: Filling, empty: bool) -> None:
    if empty and missing not in ("constant", "error"):
        raise DataError(f"got no value, expected some to learn what missing cells become ({missing}): drop it")


def _fit_texts(name: str, column: CategoryColumn | MultiHotColumn, cells: NDArray[Any]) -> Fitted:
    from sklearn.impute import SimpleImputer

    present = [cell for cell in cells if isinstance(cell, str)]
    missing, fill = filling(column)
    _check_any_value(missing, not present)
    if missing == "indicator":
        fill = MISSING
    elif missing == "most_frequent":
        imputer = SimpleImputer(strategy="most_frequent").fit(np.asarray(cells, object)[:, np.newaxis])
        fill = str(imputer.statistics_[0])
    separator = column.separator if isinstance(column, MultiHotColumn) else None
    categories = column.categories or _categories({*present} | ({fill} if fill else set()), separator)
    if not categories:
        raise DataError("got no category, expected some to learn from: drop it, or list its categories")
    if column.unseen == "error" and fill not in (None, MISSING):
        _check_fill(missing, [fill] if separator is None else words_in(fill, separator), categories)
    common: dict[str, Any] = {"column": name, "missing": missing, "fill": fill}
    common |= {"unseen": column.unseen, "categories": categories}
    if isinstance(column, MultiHotColumn):
        return FittedMultiHot(separator=column.separator, **common)
    return FittedCategory(encoding=column.encoding, **common)


def _check_fill(missing: Filling, words: Sequence[str], categories: tuple[str, ...]) -> None:
    strange = [word for word in words if word not in categories]
    if strange:
        raise DataError(
            f"got {strange[0]!r} for missing cells ({missing}), expected one of the categories "
            f"{quoted_names(categories)}: fill with one of those, list it among the categories, or set unseen to other"
        )


def _categories(cells: set[str], separator: str | None) -> tuple[str, ...]:
    """Return the categories of the training set in sorted order."""
    words = cells if separator is None else {word for cell in cells for word in words_in(cell, separator)}
    return tuple(sorted(words - {OTHER, MISSING}))


def _check_unseen(column: FittedCategory | FittedMultiHot, cells: Any, where: str) -> None:
    unseen = {cell for cell in set(cells) if isinstance(cell, str) and column.unseen_in(cell)}
    if not unseen:
        return
    row = next(row for row, cell in enumerate(cells) if cell in unseen)
    name, cell = column.column, column.unseen_in(cells.iloc[row])[0]
    raise DataError(
        f"{cells.index.name or 'row'} {cells.index[row]}, column {name!r} of {where}: got {cell[:40]!r}, expected one "
        f"of {quoted_names(column.categories)}: correct it, or before training list it in "
        f"data.columns.{name}.categories, or set data.columns.{name}.unseen to other or ignore"
    )
