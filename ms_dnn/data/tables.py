"""Tables of numbers as text: ``.csv``, with or without a header."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.samples import Samples, as_labels, refuse_column_count
from ms_dnn.data.validation import column_title
from ms_dnn.errors import DataError

TABLE_SUFFIXES = (".csv", ".tsv")
_LABEL_NAMES = ("label", "target", "y")
Lines = list[tuple[int, list[str]]]


def read_table(
    path: Path, feature_count: int, feature_names: Sequence[str] = (), target: str = "", drop: Sequence[str] = ()
) -> Samples:
    """Read UTF-8 text with one sample a line, separated by commas, semicolons or tabs (the first line tells).

    The first line is a header if none of its cells is a number, or if it names the features. Columns that
    bear the feature names may stand in any order; under other names, or none, they are taken as they stand.
    One column more, named ``label``, ``target`` or ``y``, holds numeric labels; one named as the training data's
    ``target``, labels of any kind. Columns named in ``drop`` are left out. Blank lines are skipped. Row names are
    ``line 2``, …

    Raises :class:`DataError` with line and column (from 1) for ragged lines, text, empty cells, NaN and Inf,
    and for a wrong number of columns, an unreadable file and one without samples.
    """
    lines = read_lines(path)
    header = _header(path, lines, feature_names)
    samples = lines[1:] if header else lines
    if not samples:
        raise DataError(f"{path.name!r} has no samples; expected lines of {feature_count} numbers")
    width = len(header) or len(samples[0][1])
    for line, cells in samples:
        if len(cells) != width:
            raise DataError(
                f"line {line} of {path.name!r} has {len(cells)} columns, expected {width} as above; correct that line"
            )
    given = None
    if header:
        given = _labels_given([cells[header.index(target)] for _, cells in samples]) if target in header else None
        kept = [column for column, name in enumerate(header) if name in feature_names or name not in (target, *drop)]
        header = [header[column] for column in kept]
        samples = [(line, [cells[column] for column in kept]) for line, cells in samples]
    order, label = _columns(path, header, len(samples[0][1]), feature_count, feature_names)
    values = np.array([_numbers(path, line, cells, header) for line, cells in samples], dtype=np.float64)
    labels = given if label is None else as_labels(values[:, label])
    return Samples(values[:, order], labels, [f"line {line}" for line, _ in samples])


def read_lines(path: Path) -> Lines:
    """Return (line number from 1, cells without surrounding blanks) of every line that is not blank.

    Raises :class:`DataError` for what is not UTF-8 text or not CSV.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=first.count)
            reader = csv.reader(file, delimiter=delimiter)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, UnicodeError, csv.Error) as error:
        raise DataError(f"{path.name!r} cannot be read as CSV ({error}); save it as UTF-8 text") from error
    return [(line, cells) for line, cells in rows if cells and cells != [""]]


def _header(path: Path, lines: Lines, feature_names: Sequence[str]) -> list[str]:
    """Return the column names, or nothing if the first line is a sample."""
    if not lines:
        raise DataError(f"{path.name!r} is empty; expected one sample a line")
    cells = lines[0][1]
    names_features = bool(feature_names) and set(feature_names) <= set(cells)
    return cells if names_features or all(number_in(cell) is None for cell in cells) else []


def _columns(
    path: Path, header: list[str], width: int, feature_count: int, feature_names: Sequence[str]
) -> tuple[list[int], int | None]:
    """Return the positions of the features, in the network's order, and that of the labels."""
    label = None
    if width == feature_count + 1:
        titles = [name.lower() for name in header]
        spare = (i for i, name in enumerate(titles) if name in _LABEL_NAMES and header[i] not in feature_names)
        label = next(spare, None)
    features = [column for column in range(width) if column != label]
    present = [name for name in header if name in feature_names]
    if not present:
        refuse_column_count(path, len(features), feature_count)
        return features, label
    missing = [name for name in feature_names if name not in present]
    unknown = [header[column] for column in features if header[column] not in feature_names]
    if missing or unknown or len(present) != len(set(present)):
        raise DataError(
            f"the header of {path.name!r} does not fit the {feature_count} features: missing "
            f"{listed(missing)}; unknown {listed(unknown)}; twice "
            f"{listed(sorted({name for name in present if present.count(name) > 1}))}; correct the header"
        )
    refuse_column_count(path, len(features), feature_count)
    return [header.index(name) for name in feature_names], label


def _labels_given(cells: list[str]) -> NDArray[Any] | None:
    """Return the labels of a column, as numbers if all of them are finite ones; None where some are missing."""
    if not all(cells):
        return None
    numbers = [number_in(cell) for cell in cells]
    if all(number is not None and np.isfinite(number) for number in numbers):
        return as_labels(np.array(numbers, np.float64))
    return np.array(cells)


def _numbers(path: Path, line: int, cells: list[str], header: list[str]) -> list[float]:
    numbers: list[float] = []
    for column, cell in enumerate(cells):
        number = number_in(cell)
        if number is None or not np.isfinite(number):
            title = f"column {column + 1}" + (f" ({column_title(header, column)})" if header else "")
            got = repr(cell) if cell else "an empty cell"
            raise DataError(
                f"line {line}, {title} of {path.name!r} has {got}; expected a finite number: correct or drop the line"
            )
        numbers.append(number)
    return numbers


def number_in(cell: str) -> float | None:
    """Return the number that a cell spells, or None; Python's ``1_000`` is not one."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def listed(names: Sequence[str]) -> str:
    """Return the first five names in quotes, or ``none``."""
    return ", ".join(repr(name) for name in names[:5]) + (", …" if len(names) > 5 else "") if names else "none"
