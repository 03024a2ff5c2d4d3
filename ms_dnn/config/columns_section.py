"""The columns of a table: what each holds, and what becomes of cells that are empty or new.

Each is declared here alone: the readers of tables and the features take these very objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NoReturn, get_args

from pydantic import AfterValidator, BeforeValidator, Field, Tag, model_validator

from ms_dnn.config.settings import Conflict, Settings, mapping_or

Filling = Literal["error", "mean", "median", "most_frequent", "constant", "indicator"]
ScalingKind = Literal["none", "standard", "min_max"]
Unseen = Literal["error", "other", "ignore"]
DatePart = Literal["year", "month", "weekday", "day", "hour"]
_Categories = Annotated[tuple[str, ...], Field(strict=False)]


class ConstantNumber(Settings):
    """A number in place of every missing one."""

    constant: float = Field(description="The number.")


class ConstantText(Settings):
    """A text in place of every missing one."""

    constant: str = Field(description="The text; for multi_hot, '' is no category at all.")


class ConstantDate(Settings):
    """A date in place of every missing one."""

    constant: str = Field(description="The date, as ISO 8601 writes it: 2024-01-31, perhaps with a time.")

    def _conflicts(self) -> Iterator[Conflict]:
        try:
            datetime.fromisoformat(self.constant)
        except ValueError:
            yield Conflict(("constant",), f"got {self.constant!r}, expected a date such as 2024-01-31")


_MissingDates = Annotated[
    Annotated[Literal["error", "mean", "median", "indicator"], Tag("word")] | Annotated[ConstantDate, Tag("constant")],
    mapping_or("word", "constant"),
]
_MissingNumbers = Annotated[
    Annotated[Literal["error", "mean", "median", "most_frequent", "indicator"], Tag("word")]
    | Annotated[ConstantNumber, Tag("constant")],
    mapping_or("word", "constant"),
]
_MissingTexts = Annotated[
    Annotated[Literal["error", "most_frequent", "indicator"], Tag("word")] | Annotated[ConstantText, Tag("constant")],
    mapping_or("word", "constant"),
]


class _Column(Settings):
    @model_validator(mode="before")
    @classmethod
    def _is_of_its_kind(cls, values: Any) -> Any:
        """In Python, the class says the kind."""
        (kind,) = get_args(cls.model_fields["kind"].annotation)
        return {"kind": kind, **values} if isinstance(values, dict) else values


class NumberColumn(_Column):
    """A column of numbers, one feature."""

    kind: Literal["number"] = "number"
    unit: str = Field(
        "", description="What stands before or behind each number, such as % or €, and is taken away: 45 % is 45."
    )
    scaling: ScalingKind | None = Field(None, description="Left out: that of data.scaling.")
    missing: _MissingNumbers = Field(
        "error",
        description="What missing cells become, measured on the training set; indicator is the mean, and one feature "
        "more that is 1 there.",
    )


class CategoryColumn(_Column):
    """A column of texts, each a category."""

    kind: Literal["category"]
    encoding: Literal["one_hot", "integer"] = Field(
        "one_hot", description="A feature for each category, or one that counts them, which puts them in an order."
    )
    categories: _Categories = Field((), description="Left out: those of the training set, in sorted order.")
    unseen: Unseen = Field(
        "error",
        description="Other categories are refused, or are one of their own (other; integer: the last number), or no "
        "category (ignore). Left out: error for one_hot, other for integer.",
    )
    missing: _MissingTexts = Field(
        "error", description="What missing cells become; indicator is a category of their own."
    )

    @model_validator(mode="before")
    @classmethod
    def _counts_unseen_ones_last(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("encoding") == "integer" and "unseen" not in values:
            return {**values, "unseen": "other"}
        return values

    def _conflicts(self) -> Iterator[Conflict]:
        if self.encoding == "integer" and self.unseen == "ignore":
            yield Conflict(("unseen",), "integer has no number for no category; use other, or encoding one_hot")
        if self.encoding == "integer" and self.missing == "indicator":
            yield Conflict(("missing",), "integer is one feature only; use a constant, or encoding one_hot")
        _, constant = filling(self)
        yield from _conflicts_of(self.categories, constant, [] if constant is None else [constant])


class MultiHotColumn(_Column):
    """A column whose cells hold several categories: a feature for each, 1 where the cell has it."""

    kind: Literal["multi_hot"]
    separator: str = Field(
        ";",
        min_length=1,
        description="What stands between two categories of a cell.",
        json_schema_extra={"expected": "a text of at least one character"},
    )
    categories: _Categories = Field((), description="Left out: those of the training set, in sorted order.")
    unseen: Unseen = Field("error", description="Other categories are refused, or one of their own, or left out.")
    missing: _MissingTexts = Field(
        "error", description="What missing cells become; indicator is a category of their own."
    )

    def _conflicts(self) -> Iterator[Conflict]:
        _, constant = filling(self)
        words = [part.strip() for part in (constant or "").split(self.separator) if part.strip()]
        yield from _conflicts_of(self.categories, constant, words)


class DateColumn(_Column):
    """A column of dates or times: a feature for each of its parts, such as the month."""

    kind: Literal["date"]
    parts: tuple[DatePart, ...] = Field(
        ("year", "month", "weekday", "day"),
        strict=False,
        min_length=1,
        description="What becomes a feature: year, month (1 to 12), weekday (0 is Monday), day, hour (0 to 23).",
    )
    format: str | None = Field(
        None,
        description="How the dates are written, as in Python's strptime: '%d.%m.%Y'. Left out: as ISO 8601 does, "
        "2024-01-31 or 2024-01-31 08:30.",
    )
    scaling: ScalingKind | None = Field(None, description="Left out: that of data.scaling.")
    missing: _MissingDates = Field(
        "error",
        description="What missing cells become, measured on the training set; indicator is the mean, and one feature "
        "more that is 1 there.",
    )

    def _conflicts(self) -> Iterator[Conflict]:
        if len(set(self.parts)) < len(self.parts):
            yield Conflict(("parts",), "got a part twice; list each once")
        if self.format is not None and not {"%Y", "%y", "%c", "%x", "%s"} & set(re.findall("%.", self.format)):
            yield Conflict(("format",), f"got {self.format!r}, expected one with a year, such as '%d.%m.%Y'")


class DropColumn(_Column):
    """A column that is no feature."""

    kind: Literal["drop"]


class WeightColumn(_Column):
    """A column that is no feature, but what its sample weighs in the cost of training: numbers ≥ 0, none missing."""

    kind: Literal["weight"]


def _with_kinds(columns: Any) -> Any:
    """Say of columns of numbers that they are."""
    if not isinstance(columns, dict):
        return columns
    return {name: {"kind": "number", **one} if isinstance(one, dict) else one for name, one in columns.items()}


FeatureColumn = NumberColumn | CategoryColumn | MultiHotColumn | DateColumn
Column = Annotated[FeatureColumn | DropColumn | WeightColumn, Field(discriminator="kind")]


class Columns(dict[str, Column]):
    """Declarations by the names of the columns, which nobody changes; they can be hashed, as every section can."""

    def __hash__(self) -> int:  # type: ignore[override]  # dict has none
        return hash(frozenset(self.items()))

    def __setitem__(self, name: str, column: Column) -> NoReturn:
        raise TypeError("a configuration is not changed; parse another one")


ColumnsConfig = Annotated[
    dict[str, Column],
    BeforeValidator(_with_kinds),
    AfterValidator(Columns),
    Field(json_schema_extra={"expected": "a mapping of column names"}),
]


def filling(column: FeatureColumn) -> tuple[Filling, Any]:
    """Return what missing cells become, in a word, and the value itself where that is ``constant``, else None."""
    missing = column.missing
    return (missing, None) if isinstance(missing, str) else ("constant", missing.constant)


def _conflicts_of(categories: tuple[str, ...], constant: str | None, words: Sequence[str]) -> Iterator[Conflict]:
    """Find a category that is listed twice, and a constant whose ``words`` are not all listed."""
    twice = sorted({word for word in categories if categories.count(word) > 1})
    if twice:
        yield Conflict(("categories",), f"got {twice[0]!r} twice; list each category once")
    if categories and any(word not in categories for word in words):
        yield Conflict(("missing",), f"{constant!r} is none of the categories; list it, or use one of them")
