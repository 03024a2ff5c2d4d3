"""What a user declares about the columns of a table: the kind of each, and what to do where a cell is empty or new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ScalingKind = Literal["none", "standard", "min_max"]
Missing = Literal["error", "mean", "median", "most_frequent", "constant", "indicator"]
Unseen = Literal["error", "other", "ignore"]


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers; ``scaling`` None is that of the whole table, ``constant`` the value for ``constant``."""

    scaling: ScalingKind | None = None
    missing: Missing = "error"
    constant: float | None = None


@dataclass(frozen=True)
class CategoryColumn:
    """A column of texts, each a category; ``categories`` empty are those of the training part, in sorted order."""

    encoding: Literal["one_hot", "integer"] = "one_hot"
    categories: tuple[str, ...] = ()
    unseen: Unseen = "error"
    missing: Missing = "error"
    constant: str | None = None


@dataclass(frozen=True)
class MultiHotColumn:
    """A column whose cells hold several categories each, with ``separator`` between them."""

    separator: str = ";"
    categories: tuple[str, ...] = ()
    unseen: Unseen = "error"
    missing: Missing = "error"
    constant: str | None = None


@dataclass(frozen=True)
class DropColumn:
    """A column that is no feature."""


@dataclass(frozen=True)
class WeightColumn:
    """A column that is no feature: what its sample weighs in the cost of training."""


FeatureColumn = NumberColumn | CategoryColumn | MultiHotColumn
Column = FeatureColumn | DropColumn | WeightColumn
