"""What was fitted, as JSON that a person can read: one line a column, and every bit of its numbers."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ms_dnn.errors import DataError
from ms_dnn.features.columns import Features
from ms_dnn.features.fitted import Fitted

VERSION = 1


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal[1]
    columns: Annotated[tuple[Annotated[Fitted, Field(discriminator="kind")], ...], Field(min_length=1)]


def features_to_json(features: Features) -> str:
    """Return JSON from which :func:`features_from_json` restores every bit: floats are written by ``repr``."""
    lines = (
        json.dumps({"column": column.column, "kind": column.kind, **column.model_dump(mode="json")}, ensure_ascii=False)
        for column in features.columns
    )
    return f'{{"version": {VERSION}, "columns": [\n' + ",\n".join(lines) + "\n]}\n"


def features_from_json(text: str) -> Features:
    """Restore what :func:`features_to_json` wrote. Raises :class:`DataError` for anything else."""
    try:
        stored = _Stored.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"]) or "the beginning"
        raise DataError(
            f"got features that are wrong at {place}, expected version {VERSION} of what was fitted"
        ) from error
    names = [column.column for column in stored.columns]
    if len(set(names)) < len(names):
        raise DataError("got features with a column twice, expected each once")
    return Features(stored.columns)
