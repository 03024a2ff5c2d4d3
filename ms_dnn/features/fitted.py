"""What was measured of each column, and the encoding of its cells; a line of features.json each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from typing_extensions import Self

from ms_dnn.config.columns_section import DatePart, Filling, ScalingKind, Unseen
from ms_dnn.config.settings import Settings
from ms_dnn.data.tables.dates import date_of, date_parts
from ms_dnn.errors import DataError

OTHER, MISSING = "(other)", "(missing)"
"""What features of unseen and of missing categories are called; a cell that says so means it."""


class _Fitted(Settings):
    column: str
    missing: Filling


class FittedNumber(_Fitted):
    """A column of numbers: x′ = (x − offset) / scale, after missing values became ``fill``."""

    kind: Literal["number"] = "number"
    unit: str = ""
    scaling: ScalingKind
    offset: float
    scale: float
    fill: float | None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.scale == 0 or (self.fill is None) != (self.missing == "error"):
            raise ValueError(f"{self.column!r}: a scale of 0, or a fill without a reason")
        return self

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the encoded features."""
        return (self.column, *((f"{self.column}={MISSING}",) if self.missing == "indicator" else ()))


class FittedDate(_Fitted):
    """A column of dates: each of its ``parts`` is a number, scaled as those of :class:`FittedNumber`."""

    kind: Literal["date"] = "date"
    format: str | None
    parts: Annotated[tuple[DatePart, ...], Field(strict=False, min_length=1)]
    scaling: ScalingKind
    offset: Annotated[tuple[float, ...], Field(strict=False)]
    scale: Annotated[tuple[float, ...], Field(strict=False)]
    fill: str | None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not len(self.parts) == len(self.offset) == len(self.scale) or 0 in self.scale:
            raise ValueError(f"{self.column!r}: a scale of 0, or not one for each part")
        if (self.fill is None) != (self.missing == "error"):
            raise ValueError(f"{self.column!r}: a fill without a reason")
        if self.fill is not None:
            date_of(self.fill)
        return self

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the encoded features."""
        parts = tuple(f"{self.column}.{part}" for part in self.parts)
        return (*parts, *((f"{self.column}={MISSING}",) if self.missing == "indicator" else ()))

    def encode(self, cells: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """Return the features (N, number of features) of dates (N,); :class:`DataError` for what cannot be filled."""
        empty = np.isnat(cells)
        if empty.any() and self.fill is None:
            raise DataError(f"column {self.column!r}: got a missing cell, expected a date: fill it in")
        times = cells if self.fill is None else np.where(empty, date_of(self.fill), cells)
        parts = (date_parts(times, self.parts) - np.array(self.offset)) / np.array(self.scale)
        return np.column_stack([parts, empty]) if self.missing == "indicator" else parts


class _FittedTexts(_Fitted):
    """What a column of categories and one of several categories a cell have in common."""

    unseen: Unseen
    fill: str | None
    categories: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len(set(self.categories)) != len(self.categories):
            raise ValueError(f"{self.column!r}: a category twice")
        if (self.fill is None) != (self.missing == "error"):
            raise ValueError(f"{self.column!r}: a fill without a reason")
        if self.fill is not None and self.unseen == "error" and self.unseen_in(self.fill):
            raise ValueError(f"{self.column!r}: a fill that is no category")
        return self

    @property
    def encoded(self) -> tuple[str, ...]:
        """The categories with those that stand for what is unseen and missing."""
        other = (OTHER,) if self.unseen == "other" else ()
        return (*self.categories, *other, *((MISSING,) if self.missing == "indicator" else ()))

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the encoded features."""
        return tuple(f"{self.column}={category}" for category in self.encoded)

    @abstractmethod
    def words(self, cell: str) -> Sequence[str]:
        """Return the categories in one cell."""

    def unseen_in(self, cell: str) -> list[str]:
        """Return the categories in a cell that are none of those known."""
        return [word for word in self.words(cell) if word not in self.encoded]

    def places(self, cells: NDArray[Any]) -> list[list[int]]:
        """Return the places in ``encoded`` of what is in each of the cells (N,), texts and NaN for missing ones.

        Raises :class:`DataError` for a missing one where there is no ``fill``.
        """
        places = {category: place for place, category in enumerate(self.encoded)}
        other = [places[OTHER]] if self.unseen == "other" else []
        filled = [cell if isinstance(cell, str) else self.fill for cell in cells]
        found = [self.words(cell) for cell in filled if cell is not None]
        if len(found) < len(filled):
            raise DataError(f"column {self.column!r}: got a missing cell, expected a text: fill it in")
        return [[place for word in words for place in ([places[word]] if word in places else other)] for words in found]

    def encode(self, cells: NDArray[Any]) -> NDArray[np.float64]:
        """Return the features (N, number of features) of cells (N,), 1 for each category that a cell has."""
        encoded = np.zeros((len(cells), len(self.encoded)))
        for row, places in zip(encoded, self.places(cells), strict=True):
            row[places] = 1
        return encoded


class FittedCategory(_FittedTexts):
    """A column of categories: one feature a category, or one that counts them from 0."""

    kind: Literal["category"] = "category"
    encoding: Literal["one_hot", "integer"]

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the encoded features."""
        return (self.column,) if self.encoding == "integer" else super().features

    def words(self, cell: str) -> Sequence[str]:
        """Return the cell, which is one category."""
        return (cell,)

    def encode(self, cells: NDArray[Any]) -> NDArray[np.float64]:
        """Return the features (N, number of features) of cells (N,)."""
        return np.array(self.places(cells), np.float64) if self.encoding == "integer" else super().encode(cells)


class FittedMultiHot(_FittedTexts):
    """A column whose cells hold several categories: one feature a category, 1 where a cell has it."""

    kind: Literal["multi_hot"] = "multi_hot"
    separator: Annotated[str, Field(min_length=1)]

    def words(self, cell: str) -> Sequence[str]:
        """Return the categories in one cell, without surrounding blanks."""
        return words_in(cell, self.separator)


Fitted = FittedNumber | FittedCategory | FittedMultiHot | FittedDate


def words_in(cell: str, separator: str) -> list[str]:
    """Return the categories in one cell, each once, without surrounding blanks and without empty ones."""
    return list(dict.fromkeys(word for part in cell.split(separator) if (word := part.strip())))
