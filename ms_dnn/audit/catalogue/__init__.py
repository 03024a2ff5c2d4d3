"""Every API that the audit examines: one file with ``ENTRIES`` a family, and a table of what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from ms_dnn.audit.entry import Entry
from ms_dnn.errors import MsDnnError
from ms_dnn.presentation.notation import nearest_names

FAMILIES = (
    "activations",
    "losses",
    "losses_binary_and_margin",
    "elementwise",
    "elementwise_binary",
    "elementwise_special",
    "reductions",
    "linear_algebra",
    "shapes",
    "indexing",
    "dense_and_norms",
    "convolution_and_pooling",
    "embedding_and_recurrent",
    "optimizers",
)


class UnknownApiError(MsDnnError):
    """A name or glob matches nothing in the catalogue."""


def with_known_faults(entries: Sequence[Entry], rows: Sequence[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """Return the entries with what is known of them: each row says ``why`` of the entries named in ``apis``.

    Raises:
        ValueError: when two entries have one name, or no entry has a name of the rows.
    """
    names = [entry.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two entries of the audit have one name: {', '.join(twice)}")
    known = {name: row["why"] for row in rows for name in row["apis"]}
    if strangers := known.keys() - set(names):
        raise ValueError(f"{FAULTS.name} speaks of {', '.join(sorted(strangers))}, which no entry has as its name")
    return tuple(replace(entry, known=known.get(entry.name, "")) for entry in entries)


FAULTS = Path(__file__).with_name("known_faults.yaml")
ENTRIES = with_known_faults(
    [replace(entry, family=family) for family in FAMILIES for entry in import_module(f"{__name__}.{family}").ENTRIES],
    yaml.safe_load(FAULTS.read_text(encoding="utf-8")),
)


def chosen(patterns: Sequence[str], entries: Sequence[Entry] = ENTRIES) -> tuple[Entry, ...]:
    """Return the entries whose name, or family, matches one of the names or globs; all without any.

    A name that no entry has, but for its variant, means all variants: "nn.GELU" is "nn.GELU (exact)" and "… (tanh)".

    Raises:
        UnknownApiError: when a pattern matches nothing; the message gives the nearest names.
    """
    if not patterns:
        return tuple(entries)
    found: set[str] = set()
    for pattern in patterns:
        whole = {entry.name for entry in entries if entry.family == pattern or fnmatchcase(entry.name, pattern)}
        matching = whole or {entry.name for entry in entries if entry.name.partition(" (")[0] == pattern}
        if not matching:
            near = nearest_names(pattern, [entry.name for entry in entries], most=4, cutoff=0.5)
            cure = f"did you mean {', '.join(near)}?" if near else f"families are {', '.join(FAMILIES)}"
            raise UnknownApiError(f"audit: '{pattern}' matches none of {len(entries)} APIs: {cure}")
        found |= matching
    return tuple(entry for entry in entries if entry.name in found)
