"""Training data in a CSV file with a header: numeric features and one target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.source import Loaded, TargetKind, refuse_missing_file, refuse_too_many_values
from ms_dnn.data.tables import Lines, listed, number_in, read_lines
from ms_dnn.data.targets import class_targets
from ms_dnn.errors import DataError

_MISSING = ("", "na", "n/a", "nan", "null", "none", "?")


def read_training_table(path: Path, target: str, target_kind: TargetKind, drop: Sequence[str]) -> Loaded:
    """Read UTF-8 text with a header and one sample a line, separated by commas, semicolons or tabs.

    The column ``target`` is the target, those in ``drop`` are ignored, and all others are features, x (N, I) float64
    under the names of the header. A target of texts is classes, in sorted order; one of numbers is a regression
    target, y (N, 1), unless ``target_kind`` is ``classes``: then the numbers must be whole.

    Raises :class:`DataError` with line and column for ragged lines, missing values, and texts among numbers, and for
    a missing file, and unknown or repeated columns.
    """
    refuse_missing_file(path, "a table with a header")
    lines = read_lines(path)
    if len(lines) < 2:
        raise DataError(f"{path.name!r}: got {len(lines)} lines, expected a header and one sample a line: add them")
    header, samples = lines[0][1], lines[1:]
    for line, cells in samples:
        if len(cells) != len(header):
            raise DataError(
                f"line {line} of {path.name!r}: got {len(cells)} columns, expected {len(header)} as in the header: "
                "correct that line"
            )
    features = _feature_columns(path, header, target, drop)
    refuse_too_many_values(repr(path.name), len(samples), len(features))
    x = np.empty((len(samples), len(features)))
    for row, (line, cells) in enumerate(samples):
        x[row] = [_feature(path, line, header[column], cells[column]) for column in features]
    column = header.index(target)
    cells = [_present(path, line, target, cells[column]) for line, cells in samples]
    return Loaded(_dataset(path, x, cells, samples, target, target_kind, [header[column] for column in features]))


def _feature_columns(path: Path, header: list[str], target: str, drop: Sequence[str]) -> list[int]:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path.name!r}: got the columns {listed(twice)} twice, expected each once: rename one")
    for key, names in (("target", [target]), ("drop", drop)):
        unknown = [name for name in names if name not in header]
        if unknown:
            raise DataError(
                f"data.{key}: got {listed(unknown)}, expected columns of {path.name!r}, whose header is "
                f"{listed(header)}: correct the name, or add the header"
            )
    features = [column for column, name in enumerate(header) if name != target and name not in drop]
    if target in drop or not features:
        raise DataError(f"data.drop: got {listed(drop)}, expected to be left with the target and a feature: drop fewer")
    return features


def _present(path: Path, line: int, name: str, cell: str) -> str:
    if cell.lower() in _MISSING:
        got = repr(cell) if cell else "an empty cell"
        raise DataError(
            f"line {line}, column {name!r} of {path.name!r}: got {got}, expected a value: fill it in or drop the line"
        )
    return cell


def _feature(path: Path, line: int, name: str, cell: str) -> float:
    number = number_in(_present(path, line, name, cell))
    if number is None:
        raise DataError(
            f"line {line}, column {name!r} of {path.name!r}: got the text {cell[:40]!r}, expected a number: drop the "
            f"column with data.drop: [{name}]"
        )
    if not np.isfinite(number):
        raise DataError(
            f"line {line}, column {name!r} of {path.name!r}: got {cell!r}, expected a finite number: correct or drop "
            "the line"
        )
    return number


def _dataset(
    path: Path,
    x: NDArray[np.float64],
    cells: list[str],
    samples: Lines,
    target: str,
    target_kind: TargetKind,
    names: list[str],
) -> Dataset:
    numbers = [number_in(cell) for cell in cells]
    is_number = np.array([number is not None for number in numbers])
    where = f"column {target!r} of {path.name!r}"
    if target_kind == "classes" or not is_number.any():
        if target_kind == "numbers":
            raise DataError(f"{where}: got texts, expected numbers as data.target_kind says: set it to classes")
        labels = np.array(cells)
        if is_number.all():
            labels = np.array(numbers, np.float64)
            _refuse_row(labels == np.floor(labels), where, cells, samples, "a whole number: recode it, or use numbers")
            _refuse_row(np.isfinite(labels), where, cells, samples, "a finite number: correct it")
        y, class_names = class_targets(labels)
        return Dataset("csv", x, y, "classification", class_names, tuple(names))
    _refuse_row(is_number, where, cells, samples, "a number as in other lines: correct it, or use target_kind: classes")
    values = np.array(numbers, np.float64)
    _refuse_row(np.isfinite(values), where, cells, samples, "a finite number: correct it")
    return Dataset("csv", x, values[:, np.newaxis], "regression", (), tuple(names))


def _refuse_row(good: NDArray[np.bool_], where: str, cells: list[str], samples: Lines, expected: str) -> None:
    if not good.all():
        row = int(np.argmin(good))
        raise DataError(f"line {samples[row][0]}, {where}: got {cells[row][:40]!r}, expected {expected}")
