"""The base of every section and stored record, and how they refuse what does not fit together, or is damaged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from ms_dnn.errors import DataError

Record = TypeVar("Record", bound=BaseModel)


class Settings(BaseModel):
    """Base of every section: immutable, no unknown keys, no silent conversions, no infinities."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Conflict(NamedTuple):
    """One sentence about the value at ``path``, and how to fix it."""

    path: tuple[str | int, ...]
    sentence: str


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
    """Return a stored record. Raises :class:`DataError`, in which it is called ``name``, for any other text."""
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        place = ".".join(str(part)[:40] for part in error.errors(include_url=False)[0]["loc"]) or "the beginning"
        raise DataError(f"got {name} that are wrong at {place}, expected {expected}") from error
