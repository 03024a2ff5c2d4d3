"""What was measured of each column, and the scikit-learn transformer that it makes; a line of features.json each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import Self

from ms_dnn.config.columns_section import Filling, ScalingKind, Unseen
from ms_dnn.features.scaling import Scaling

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

OTHER, MISSING = "(other)", "(missing)"
"""What features of unseen and of missing categories are called; a cell that says so means it."""


class _Fitted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    column: str
    missing: Filling


class FittedNumber(_Fitted):
    """A column of numbers: x′ = (x − offset) / scale, after missing values became ``fill``."""

    kind: Literal["number"] = "number"
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
        return (self.column,)


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

    def _cells(self, cells: Any) -> NDArray[Any]:
        """Return texts (N,) with ``fill`` for what is missing, from a column (N, 1)."""
        from sklearn.impute import SimpleImputer

        column = np.asarray(cells, object)
        if self.fill is None:
            return column[:, 0]
        imputer = SimpleImputer(strategy="constant", fill_value=self.fill, keep_empty_features=True)
        return np.asarray(imputer.fit_transform(column), object)[:, 0]


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

    def transformer(self) -> Pipeline:
        """Return the transformer of a column (N, 1), which learns nothing more from what it is fitted on."""
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

        known = [list(self.encoded)]
        encoder = (
            OneHotEncoder(categories=known, handle_unknown="ignore", sparse_output=False)
            if self.encoding == "one_hot"
            else OrdinalEncoder(categories=known)
        )
        return make_pipeline(FunctionTransformer(self._known), encoder)

    def _known(self, cells: Any) -> NDArray[Any]:
        column = self._cells(cells)
        if self.unseen == "other":
            known = frozenset(self.encoded)
            column = np.array([cell if cell in known else OTHER for cell in column], object)
        return column[:, np.newaxis]


class FittedMultiHot(_FittedTexts):
    """A column whose cells hold several categories: one feature a category, 1 where a cell has it."""

    kind: Literal["multi_hot"] = "multi_hot"
    separator: Annotated[str, Field(min_length=1)]

    def words(self, cell: str) -> Sequence[str]:
        """Return the categories in one cell, without surrounding blanks."""
        return words_in(cell, self.separator)

    def transformer(self) -> BaseEstimator:
        """Return the transformer of a column (N, 1), which learns nothing more from what it is fitted on."""
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(self._encode)

    def _encode(self, cells: Any) -> NDArray[np.float64]:
        from sklearn.preprocessing import MultiLabelBinarizer

        known = frozenset(self.encoded)
        other = (OTHER,) if self.unseen == "other" else ()
        sets = []
        for cell in self._cells(cells):
            words = self.words(cell)
            kept = [word for word in words if word in known]
            sets.append((*kept, *other) if len(kept) < len(words) else kept)
        binarizer = MultiLabelBinarizer(classes=list(self.encoded)).fit([])
        return np.asarray(binarizer.transform(sets), np.float64)


Fitted = FittedNumber | FittedCategory | FittedMultiHot


class Numbers:
    """Neighbouring columns of numbers that are treated alike, as one transformer."""

    def __init__(self, columns: Sequence[FittedNumber]) -> None:
        first = columns[0]
        self.missing = first.missing
        self.fill = [column.fill for column in columns]
        offset, scale = ([getattr(column, key) for column in columns] for key in ("offset", "scale"))
        self.scaling = Scaling(first.scaling, np.array(offset, np.float64), np.array(scale, np.float64))
        self.features = tuple(column.column for column in columns)
        if self.missing == "indicator":
            self.features += tuple(f"{column.column}={MISSING}" for column in columns)

    def transformer(self) -> BaseEstimator:
        """Return the transformer of these columns (N, I); it must be fitted on :meth:`example`."""
        from sklearn.impute import MissingIndicator, SimpleImputer
        from sklearn.pipeline import FeatureUnion, make_pipeline
        from sklearn.preprocessing import FunctionTransformer

        scaled = FunctionTransformer(self.scaling.apply)
        if self.missing == "error":
            return scaled
        filled = make_pipeline(SimpleImputer(strategy="mean"), scaled)
        if self.missing != "indicator":
            return filled
        return FeatureUnion([("values", filled), ("missing", MissingIndicator(features="all"))])

    def example(self) -> list[float]:
        """Return the one row whose means are the values for missing cells."""
        return [0.0 if fill is None else fill for fill in self.fill]


def words_in(cell: str, separator: str) -> list[str]:
    """Return the categories in one cell, each once, without surrounding blanks and without empty ones."""
    return list(dict.fromkeys(word for part in cell.split(separator) if (word := part.strip())))
