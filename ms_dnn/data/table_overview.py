"""What is in a table, column by column, before anything is to be predicted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ms_dnn.data.recognizing import open_any_table
from ms_dnn.data.source import reading
from ms_dnn.data.tables.files import CsvTable
from ms_dnn.data.tables.guessing import guess_decimal, guess_feature, look_at
from ms_dnn.data.tables.training_table import check_rows
from ms_dnn.presentation.document import Block, Column, Table, line


def table_overview(path: Path) -> dict[str, Any]:
    """Return what a table holds, as JSON-able values: its samples, how it is written, and of each column what it is.

    ``columns`` has of each its name, the kind that ``ms-dnn init`` declares, what was seen, and how many cells are
    missing; ``doubts`` says what may be meant otherwise. Raises :class:`ms_dnn.errors.DataError` for what is no table.
    """
    with reading(f"{path.name!r}: cannot be read (", "): check its permissions", OSError):
        table, _ = open_any_table(path)
    check_rows(table)
    facts = look_at(table)
    decimal, _ = guess_decimal(facts, isinstance(table, CsvTable) and table.delimiter == ";")
    guesses = [guess_feature(one, decimal) for one in facts]
    written = [f"encoded as {table.encoding}", table.separated] if isinstance(table, CsvTable) else ["Parquet"]
    written += [f"numbers with a decimal {decimal}"] if decimal != "plain" else []
    return {
        "file": path.name,
        "samples": facts[0].rows,
        "written": written,
        "doubts": [one.doubt for one in guesses if one.doubt],
        "columns": [
            {"name": one.facts.name, "kind": one.kind, "seen": one.seen, "missing": one.facts.missing.total()}
            for one in guesses
        ],
    }


def table_report(overview: Mapping[str, Any]) -> list[Block]:
    """Return what :func:`table_overview` found, as a line and a table."""
    head = f"{overview['file']}: {overview['samples']:,} rows, {len(overview['columns']):,} columns"
    rows = [
        [one["name"], one["kind"], one["seen"], f"{one['missing']:,}" if one["missing"] else "·"]
        for one in overview["columns"]
    ]
    columns = [Column("column", fold=True), Column("kind"), Column("seen", fold=True), Column("missing", "right")]
    doubts = [line(f"note: {doubt}", "quiet", whole=True) for doubt in overview["doubts"]]
    written = line(", ".join(overview["written"]), whole=True)
    return [line(head, whole=True), written, Table(columns, rows), line(), *doubts]
