"""Tables as prediction input: CSV, with or without a header, and Parquet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.source import Samples, as_labels, check_column_count, check_is_there, check_size
from ms_dnn.data.tables.cells import (
    TRUTHS,
    Declared,
    feature_frame,
    is_code,
    number_in,
    numbers_in,
    plainly_written,
    shown_cell,
)
from ms_dnn.data.tables.dialect import AUTO, Dialect
from ms_dnn.data.tables.files import TABLE_SUFFIXES, TableFile, open_table
from ms_dnn.data.tables.problems import Problems
from ms_dnn.data.validation import column_title
from ms_dnn.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame

_LABEL_NAMES = ("label", "target", "y")


def read_table(
    path: Path,
    feature_count: int,
    feature_names: Sequence[str] = (),
    target: str = "",
    drop: Sequence[str] = (),
    dialect: Dialect = AUTO,
) -> Samples:
    """Read a table of numbers, one sample a line.

    The first line of a CSV file is a header if none of its cells is a number, or if it names the features. Columns that
    bear the feature names may stand in any order; under other names, or none, they are taken as they stand.
    One column more, named ``label``, ``target`` or ``y``, holds numeric labels; one named as the training data's
    ``target``, labels of any kind. Columns named in ``drop`` are left out. Row names are ``line 2``, …

    Raises :class:`DataError` with line and column (from 1) for ragged lines, text, empty cells, NaN and Inf,
    and for a wrong number of columns, an unreadable file and one without samples.
    """
    table = open_table(path, dialect)
    header = _header(table, feature_names)
    _check_samples(table, bool(header), f"lines of {feature_count} numbers")
    kept = list(range(len(table.first)))
    if header:
        # A column without a name is not the target of a set without one.
        others = {*drop, target} if target else {*drop}
        kept = [i for i, name in enumerate(header) if name in feature_names or name not in others]
        header = [header[column] for column in kept]
    order, label = _columns(path, header, len(kept), feature_count, feature_names)
    check_size(repr(path.name), table.rows, len(kept))
    place = table.first.index(target) if header and target and target in table.first else None
    blocks = table.blocks(bool(header), () if place is None else {place})
    values, labels, names, notes = _gathered(blocks, place, dialect, lambda block: _numbers(table, block, kept, header))
    x = np.concatenate(values)
    if header and feature_names and not set(header) & set(feature_names):
        notes += (f"the header of {path.name!r} names no feature of the training data: columns taken as they stand",)
    return Samples(x[:, order], labels if label is None else as_labels(x[:, label]), names, notes)


def read_declared_table(
    path: Path,
    declared: Mapping[str, Declared],
    target: str = "",
    drop: Sequence[str] = (),
    dialect: Dialect = AUTO,
) -> tuple[Samples, tuple[str, ...]]:
    """Read a table whose columns were declared for training; x is a frame of them, as training data are.

    The header names the columns, which may stand in any order; ``target``, which holds labels, and those in ``drop``
    may be there. A column that is not there is all missing, if its declaration says what missing cells become. Returns
    the samples, and the names of such columns.

    Raises :class:`DataError` for what is no table, for unknown or repeated columns and missing ones that must be there,
    and with row and column as the reader of training data does.
    """
    check_is_there(path)
    if path.suffix.lower() not in TABLE_SUFFIXES or not path.is_file():
        raise DataError(
            f"{str(path)!r} is no table; expected the columns of the training data: give a file "
            f"{' '.join(TABLE_SUFFIXES)}"
        )
    table = open_table(path, dialect)
    header, name = table.first, repr(path.name)
    _check_samples(table, True, f"a header with the columns {quoted_names(list(declared))} and one sample a line")
    absent = [column for column in declared if column not in header]
    needed = [column for column in absent if declared[column].missing == "error"]
    unknown = [column for column in header if column not in (*declared, target, *drop)]
    if needed or unknown or repeated(header) or len(absent) == len(declared):
        raise _unfitting(name, "columns of the training data", needed or absent, unknown, repeated(header))
    check_size(name, table.rows, len(declared))
    texts = {i for i, column in enumerate(header) if column not in declared or declared[column].kind != "number"}
    place = header.index(target) if target in header else None
    import pandas as pd

    problems = Problems(name, trained=True)

    def features(block: Any) -> Any:
        block = block.set_axis(header, axis=1)
        for column in absent:
            block[column] = ""
        return feature_frame(block, declared, problems, table.decimal)

    blocks = table.blocks(True, texts if place is None else {*texts, place})
    frames, labels, names, notes = _gathered(blocks, place, dialect, features)
    problems.check()
    return Samples(pd.concat(frames), labels, names, notes), tuple(absent)


def read_cells(path: Path, feature_names: Sequence[str], dialect: Dialect = AUTO) -> DataFrame:
    """Return all cells of a table as texts, a row a sample; columns without a name are called "column 1", ….

    ``feature_names`` tell the header, as in :func:`read_table`. Raises as that does.
    """
    import pandas as pd

    table = open_table(path, dialect)
    header = _header(table, feature_names)
    cells = pd.concat(table.blocks(bool(header), range(len(table.first))))
    return cells.set_axis(header or [f"column {number + 1}" for number in cells.columns], axis=1)


def _gathered(
    blocks: Iterable[Any], place: int | None, dialect: Dialect, convert: Callable[[Any], Any]
) -> tuple[list[Any], NDArray[Any] | None, list[str], tuple[str, ...]]:
    """Return what becomes of each block, the labels in the column at ``place``, if there is one, names and notes."""
    converted, given, names = [], [], []
    for block in blocks:
        converted.append(convert(block))
        names += [f"{block.index.name} {number}" for number in block.index]
        if place is not None:
            given += [
                plainly_written(cell.strip(), dialect.decimal, dialect.target_unit, otherwise=cell.strip())
                for cell in block[place]
            ]
    lacking = sum(not cell for cell in given)
    notes = (
        (f"{lacking} of {len(given)} labels are missing: nothing to compare the predictions with",) if lacking else ()
    )
    return converted, _labels_given(given) if given and not lacking else None, names, notes


def _check_samples(table: TableFile, header: bool, expected: str) -> None:
    name = repr(table.path.name)
    if not table.rows and table.has_header is None:
        raise DataError(f"{name} is empty; expected one sample a line")
    if table.rows <= (header and table.has_header is None):
        raise DataError(f"{name} has no samples; expected {expected}")
    if table.ragged:
        line, width = table.ragged
        raise DataError(
            f"line {line} of {name} has {width} columns, expected {len(table.first)} as above; correct that line"
        )


def _header(table: TableFile, feature_names: Sequence[str]) -> list[str]:
    """Return the column names, or nothing if the first line is a sample."""
    cells = table.first
    if table.has_header:
        return cells
    names_features = bool(feature_names) and set(feature_names) <= set(cells)
    numbers = any(number_in(cell) is not None for cell in cells) or {cell.lower() for cell in cells} <= set(TRUTHS)
    return cells if names_features or not numbers else []


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
        check_column_count(path, len(features), feature_count)
        return features, label
    missing = [name for name in feature_names if name not in present]
    unknown = [header[column] for column in features if header[column] not in feature_names]
    if missing or unknown or repeated(present):
        raise _unfitting(repr(path.name), f"{feature_count} features", missing, unknown, repeated(present))
    check_column_count(path, len(features), feature_count)
    return [header.index(name) for name in feature_names], label


def _labels_given(cells: list[str]) -> NDArray[Any]:
    """Return the labels of a column, as finite numbers if all of them are, else texts.

    Labels that are not the numbers that they spell (007, or beyond what float64 holds) stay texts.
    """
    numbers = [number_in(cell) for cell in cells]
    if all(number is not None and np.isfinite(number) for number in numbers) and not any(map(is_code, cells)):
        return as_labels(np.array(numbers, np.float64))
    return np.array(cells)


def _numbers(table: TableFile, block: Any, kept: list[int], header: list[str]) -> NDArray[np.float64]:
    """Return the kept columns of a block, (N, I); the first cell that is no finite number is told, row by row."""
    values, wrong = np.empty((len(block), len(kept))), np.empty((len(block), len(kept)), np.bool_)
    cells = [block[column].to_numpy() for column in kept]
    for i, column in enumerate(cells):
        values[:, i], wrong[:, i] = numbers_in(column, table.decimal)
    wrong |= np.isnan(values)
    if wrong.any():
        row, i = (int(index) for index in np.argwhere(wrong)[0])
        title = f"column {i + 1}" + (f" ({column_title(header, i)})" if header else "")
        raise DataError(
            f"{block.index.name} {block.index[row]}, {title} of {table.path.name!r} has {shown_cell(cells[i][row])}; "
            "expected a finite number that float64 holds: correct or drop the line"
        )
    return values


def repeated(names: Sequence[str]) -> list[str]:
    """Return, in sorted order, what stands in a list more than once."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _unfitting(
    file: str, wanted: str, missing: Sequence[str], unknown: Sequence[str], twice: Sequence[str]
) -> DataError:
    return DataError(
        f"the header of {file} does not fit the {wanted}: missing {quoted_names(missing)}; "
        f"unknown {quoted_names(unknown)}; twice {quoted_names(twice)}; correct the header"
    )


def quoted_names(names: Sequence[str]) -> str:
    """Return the first five names in quotes, or ``none``."""
    return ", ".join(repr(name) for name in names[:5]) + (", …" if len(names) > 5 else "") if names else "none"
