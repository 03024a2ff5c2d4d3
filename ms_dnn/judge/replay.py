"""Is a judgement the same as one that was written down? Every number, bit for bit, but for the time it took."""

from __future__ import annotations

import json
from itertools import starmap
from pathlib import Path
from typing import Any

from ms_dnn.errors import SubjectError
from ms_dnn.judge.judgement import SCHEMA_VERSION, Judgement

PASSING = ("seconds",)
"""What may differ."""


def read_judgement(path: Path) -> dict[str, Any]:
    """Return a judgement that ``to_json`` wrote, as plain data.

    Raises:
        SubjectError: the file is missing, no judgement, of another schema, or does not say how it was made.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SubjectError(f"{path}: cannot be read: {error}") from None
    except json.JSONDecodeError as error:
        raise SubjectError(f"{path}: is not JSON: {error}") from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA_VERSION:
        raise SubjectError(f"{path}: got schema {schema!r}, expected a judgement of schema {SCHEMA_VERSION}")
    if not isinstance(document.get("replay"), dict) or "target" not in document["replay"]:
        raise SubjectError(f"{path}: does not say how it was made: only judgements of 'ms-dnn check' can be replayed")
    return document


def first_difference(before: dict[str, Any], judgement: Judgement) -> str | None:
    """Return where a judgement differs from one that was read, as "tensors[2].lines[0].value: 1.5, now 1.25"."""
    now = json.loads(judgement.to_json())
    for document in (before, now):
        for name in PASSING:
            document.pop(name, None)
    return _difference("", before, now)


def _difference(place: str, before: Any, now: Any) -> str | None:
    if isinstance(before, dict) and isinstance(now, dict):
        keys = dict.fromkeys([*before, *now])
        inside = [(f"{place}.{key}".lstrip("."), before.get(key), now.get(key)) for key in keys]
        return next(filter(None, starmap(_difference, inside)), None)
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        inside = [(f"{place}[{number}]", *both) for number, both in enumerate(zip(before, now, strict=True))]
        return next(filter(None, starmap(_difference, inside)), None)
    # repr, for 1 and 1.0 and 0.0 and −0.0 are not the same to a reader of bits.
    return None if repr(before) == repr(now) else f"{place}: {before!r}, now {now!r}"
