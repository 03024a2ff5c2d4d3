"""The base of every section, and how a section refuses values that do not fit together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError


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
