"""The base of every section and stored record, and how they refuse what does not fit together, or is damaged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from typing_extensions import Self

from ms_dnn.errors import DataError, NewerVersionError

Record = TypeVar("Record", bound=BaseModel)


class Conflict(NamedTuple):
    """One sentence about the value at ``path``, and how to fix it."""

    path: tuple[str | int, ...]
    sentence: str


class Settings(BaseModel):
    """Base of every section: immutable, no unknown keys, no silent conversions, no infinities, no conflicts."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        found = list(self._conflicts())
        if found:
            raise refusal(type(self).__name__, found)
        return self

    def _conflicts(self) -> Iterable[Conflict]:
        """Return what is wrong with values that are each allowed, but not together."""
        return ()


def mapping_or(other: str, mapping: str) -> Discriminator:
    """Return what tells the tag of a value, ``mapping`` or ``other``.

    The tag keeps the errors of the two alternatives apart: a bad mapping is not also a bad number.
    """
    return Discriminator(lambda value: mapping if isinstance(value, dict | BaseModel) else other)


def refusal(title: str, conflicts: Iterable[Conflict]) -> ValidationError:
    """Turn conflicts into the exception that a pydantic validator raises; each keeps its own place."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("conflict", "{sentence}", {"sentence": conflict.sentence}),
            loc=conflict.path,
            input=None,
        )
        for conflict in conflicts
    ]
    return ValidationError.from_exception_data(title, details)


def record_from_json(kind: type[Record], text: str | bytes, name: str, expected: str) -> Record:
    """Return a stored record. Raises :class:`DataError`, in which it is called ``name``, for any other text.

    Where a later ``version`` wrote it, that is a :class:`NewerVersionError`.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part)[:40] for part in fault["loc"]) or "the beginning"
        if place == "version" and isinstance(fault["input"], int) and fault["input"] > 1:
            raise NewerVersionError(
                f"got {name} of version {fault['input']}, expected 1: a newer ms-dnn wrote them, so upgrade this one"
            ) from error
        raise DataError(f"got {name} that are wrong at {place}, expected {expected}") from error
