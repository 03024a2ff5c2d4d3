"""Training data in a table with named columns: features and one target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.cells import feature_frame, is_missing, number_in, numbers_in, shown_cell
from ms_dnn.data.columns import Column, DropColumn, FeatureColumn, NumberColumn, WeightColumn, nearest_name
from ms_dnn.data.dataset import Dataset
from ms_dnn.data.source import Loaded, Source, refuse_missing_file, refuse_too_many_values
from ms_dnn.data.table_files import CsvTable, ParquetTable, TableFile
from ms_dnn.data.tables import listed
from ms_dnn.data.targets import class_targets
from ms_dnn.errors import DataError


def read_training_table(source: Source) -> Loaded:
    """Read the table of ``source``, CSV with a header or Parquet.

    The column ``target`` is the target, one may be declared as the weight of the samples, those in ``drop`` and those
    declared as dropped are ignored, and all others are features. Without declared columns x is (N, I) float64; with
    them it is a frame of these columns, float64 with NaN for missing numbers, and texts with NaN for missing ones,
    whose index holds the numbers of the rows. A target of texts is classes, in sorted order; one of numbers is a
    regression target, y (N, 1), unless ``target_kind`` is ``classes``: then the numbers must be whole.

    Raises :class:`DataError` with row and column for ragged lines, missing values that no declaration provides for,
    and texts among numbers, and for a missing or damaged file, and unknown or repeated columns.
    """
    refuse_missing_file(source.file, "a table with a header")
    table = ParquetTable(source.file) if source.set == "parquet" else CsvTable(source.file)
    declared = _declared(table, source)
    texts, target = _text_columns(table.first, declared), source.target
    x, cells, numbers, weights = [], [], [], []
    for block in table.blocks(header=True, texts={*texts, table.first.index(target)}):
        block.columns = table.first
        x.append(feature_frame(block, declared, repr(source.file.name)))
        column = block[target].to_numpy()
        _refuse_missing_target(column, f"column {target!r} of {source.file.name!r}", block.index)
        cells.append(column)
        numbers.append(block.index.to_numpy())
        if source.weight is not None:
            weights.append(_weights(block, source.weight, source.file.name))
    import pandas as pd

    frame = pd.concat(x) if len(x) > 1 else x[0]
    names = tuple(declared)
    targets = [cell.strip() for block in cells for cell in block]
    y, task, classes = _targets(source, targets, [f"{table.noun} {n}" for block in numbers for n in block])
    features = frame if source.columns else frame.to_numpy(np.float64)
    of_samples = np.concatenate(weights) if weights else None
    return Loaded(Dataset(source.set, features, y, task, classes, names, weights=of_samples))


def _weights(block: Any, name: str, file: str) -> NDArray[np.float64]:
    """Return what the samples of a block weigh, (N,)."""
    cells = block[name].to_numpy()
    weights, _ = numbers_in(cells)
    good = np.isfinite(weights) & (weights >= 0)
    if not good.all():
        row = int(np.argmin(good))
        raise DataError(
            f"{block.index.name} {block.index[row]}, column {name!r} of {file!r}: got {shown_cell(cells[row])}, "
            "expected the weight of a sample, a number ≥ 0: correct it"
        )
    return weights


def _declared(table: TableFile, source: Source) -> dict[str, FeatureColumn]:
    """Return what each feature column is, in the order of the table, after the header was found to be right."""
    name, header = repr(table.path.name), table.first
    samples = table.rows - (table.has_header is None)
    if samples < 1:
        raise DataError(f"{name}: got {table.rows} lines, expected a header and one sample a line: add them")
    if table.ragged:
        line, width = table.ragged
        raise DataError(
            f"line {line} of {name}: got {width} columns, expected {len(header)} as in the header: correct that line"
        )
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise DataError(f"{name}: got the columns {listed(twice)} twice, expected each once: rename one")
    _refuse_unknown_names(name, header, source)
    if source.target in source.columns:
        raise DataError(
            f"data.columns: got the target {source.target!r}, expected features only: what the target is, "
            "data.target_kind says"
        )
    columns: dict[str, Column] = {column: NumberColumn() for column in header} | dict(source.columns)
    declared = {
        column: kind
        for column, kind in columns.items()
        if column not in (source.target, *source.dropped) and not isinstance(kind, DropColumn | WeightColumn)
    }
    if source.target in source.dropped or not declared:
        raise DataError(
            f"data.drop: got {listed(source.drop)}, expected to be left with the target and a feature: drop fewer"
        )
    refuse_too_many_values(name, samples, len(declared))
    return declared


def _refuse_unknown_names(name: str, header: Sequence[str], source: Source) -> None:
    for key, names in (("target", [source.target]), ("drop", source.drop), ("columns", tuple(source.columns))):
        unknown = [column for column in names if column not in header]
        if unknown:
            meant = nearest_name(unknown[0], header)
            raise DataError(
                f"data.{key}: got {listed(unknown)}, expected columns of {name}, whose header is {listed(header)}: "
                + (f"did you mean {meant!r}?" if meant else "correct the name, or add the header")
            )


def _text_columns(header: Sequence[str], declared: Mapping[str, FeatureColumn]) -> list[int]:
    return [header.index(name) for name, column in declared.items() if not isinstance(column, NumberColumn)]


def _refuse_missing_target(cells: NDArray[Any], where: str, index: Any) -> None:
    for row, cell in enumerate(cells):
        if is_missing(cell):
            raise DataError(
                f"{index.name} {index[row]}, {where}: got {shown_cell(cell)}, expected a value: fill it in or drop the "
                "line"
            )


def _targets(source: Source, cells: Sequence[str], rows: Sequence[str]) -> tuple[NDArray[Any], Any, tuple[str, ...]]:
    """Return y, the task and the names of the classes; ``rows`` are what messages call the cells' rows."""
    numbers = [number_in(cell) for cell in cells]
    is_number = np.array([number is not None for number in numbers])
    where = f"column {source.target!r} of {source.file.name!r}"
    if source.target_kind == "classes" or not is_number.any():
        if source.target_kind == "numbers":
            raise DataError(f"{where}: got texts, expected numbers as data.target_kind says: set it to classes")
        labels = np.array(cells)
        if is_number.all():
            labels = np.array(numbers, np.float64)
            _refuse_row(labels == np.floor(labels), where, cells, rows, "a whole number: recode it, or use numbers")
            _refuse_row(np.isfinite(labels), where, cells, rows, "a finite number: correct it")
        y, class_names = class_targets(labels)
        return y, "classification", class_names
    _refuse_row(is_number, where, cells, rows, "a number as in other lines: correct it, or use target_kind: classes")
    values = np.array(numbers, np.float64)
    _refuse_row(np.isfinite(values), where, cells, rows, "a finite number: correct it")
    return values[:, np.newaxis], "regression", ()


def _refuse_row(good: NDArray[np.bool_], where: str, cells: Sequence[str], rows: Sequence[str], expected: str) -> None:
    if not good.all():
        row = int(np.argmin(good))
        raise DataError(f"{rows[row]}, {where}: got {cells[row][:40]!r}, expected {expected}")
