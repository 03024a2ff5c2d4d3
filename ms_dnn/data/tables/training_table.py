"""Training data in a table with named columns: features and one target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config.columns_section import Column, DropColumn, FeatureColumn, NumberColumn, WeightColumn
from ms_dnn.config.data_section import Decimal
from ms_dnn.config.loading import one_line
from ms_dnn.data.dataset import Dataset
from ms_dnn.data.formats.row_file import gathered
from ms_dnn.data.source import Loaded, Source, check_file, check_size
from ms_dnn.data.tables.cells import feature_frame, numbers_in, place_of, shown_cell
from ms_dnn.data.tables.declared import quoted_names, repeated
from ms_dnn.data.tables.files import CsvTable, ParquetTable, TableFile
from ms_dnn.data.tables.problems import Problems
from ms_dnn.data.tables.target_column import TargetColumn
from ms_dnn.data.validation import is_sorted, row_counters
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import nearest_name

if TYPE_CHECKING:
    from pandas import DataFrame


def read_training_table(source: Source) -> Loaded:
    """Read the table of ``source``, CSV with a header or Parquet.

    The column ``target`` is the target, one may be declared as the weight of the samples, those in ``drop`` and those
    declared as dropped are ignored, and all others are features. Without declared columns x is (N, I) float64; with
    them it is a frame of these columns, float64 with NaN for missing numbers, and texts with NaN for missing ones,
    whose index holds the numbers of the rows. With ``scratch`` x without declared columns need not fit in memory. A
    target of texts is classes, in sorted order; one of numbers is a regression target, y (N, 1), unless ``target_kind``
    is ``classes``: then the numbers must be whole.

    Raises :class:`DataError` with row and column for ragged lines, missing values that no declaration provides for,
    and texts among numbers, and for a missing or damaged file, and unknown or repeated columns.
    """
    check_file(source.file, "a table with a header")
    table = ParquetTable(source.file) if source.set == "parquet" else CsvTable(source.file, source.dialect)
    declared = _declared(table, source)
    texts, name = _text_columns(table.first, declared), repr(source.file.name)
    target = TargetColumn(
        source.target, name, source.target_kind, source.classes, table.decimal, source.dialect.target_unit
    )
    weights = []
    problems = Problems(name, "" if source.columns else advice_on(source))

    def frames() -> Iterator[DataFrame]:
        for block in table.blocks(header=True, texts={*texts, table.first.index(source.target)}):
            block.columns = table.first
            frame = feature_frame(block, declared, problems, table.decimal)
            target.add(block[source.target].to_numpy(), block.index, problems)
            if source.weight is not None:
                weights.append(_weights(block, source.weight, problems, table.decimal))
            yield frame

    samples = table.rows - (table.has_header is None)
    if source.columns:
        check_size(name, samples, len(declared))
        x = _one_frame(frames())
    else:
        numbers = (frame.to_numpy(np.float64) for frame in frames())
        x = gathered(name, numbers, samples, len(declared), source.scratch)
    problems.check()
    y, task, classes = target.targets()
    of_samples = np.concatenate(weights) if weights else None
    dataset = Dataset(source.set, x, y, task, classes, tuple(declared), weights=of_samples, notes=_notes(table))
    _check_counters(dataset, source)
    return Loaded(dataset)


def advice_on(source: Source) -> str:
    """Return the command that writes a configuration for a table."""
    return f"\nOr have it written: ms-dnn init {quote(str(source.file))} --target {quote(source.target)}"


def _notes(table: TableFile) -> tuple[str, ...]:
    """Say how a CSV file was read, where that is not as UTF-8 and with commas."""
    if not isinstance(table, CsvTable):
        return ()
    encoding = [] if table.encoding.startswith("utf-8") else [f"read as {table.encoding}"]
    delimiter = [] if table.delimiter == "," else [table.separated]
    return (f"{table.path.name!r} is {', '.join(encoding + delimiter)}",) if encoding or delimiter else ()


def _check_counters(dataset: Dataset, source: Source) -> None:
    """Raise :class:`DataError` where a feature that nobody declared counts the rows of a table sorted by its target."""
    names = [dataset.feature_names[place] for place in row_counters(dataset)]
    leaks = [name for name in names if name not in source.columns]
    if leaks and is_sorted(dataset.y):
        raise DataError(
            f"column {leaks[0]!r} of {source.file.name!r}: got the numbers of the rows, which are sorted by "
            f"{source.target!r}, expected features that do not give it away: leave it out with data.drop: "
            f"{one_line(leaks[:1])}, or declare it in data.columns"
        )


def _one_frame(frames: Iterable[DataFrame]) -> DataFrame:
    import pandas as pd

    x = list(frames)
    return pd.concat(x) if len(x) > 1 else x[0]


def _weights(block: DataFrame, name: str, problems: Problems, decimal: Decimal) -> NDArray[np.float64]:
    """Return what the samples of a block weigh, (N,)."""
    cells = block[name].to_numpy()
    weights, _ = numbers_in(cells, decimal)
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        row = int(np.argmax(bad))
        place = place_of(block, row, name, problems.file)
        expected = "expected the weight of a sample, a number ≥ 0: correct it"
        problems.add(name, "weight", int(bad.sum()), f"{place}: got {shown_cell(cells[row])}, {expected}", {})
    return weights


def _declared(table: TableFile, source: Source) -> dict[str, FeatureColumn]:
    """Return what each feature column is, in the order of the table, after the header was found to be right."""
    header = table.first
    check_rows(table)
    name = repr(table.path.name)
    faults = [*_faults_of_header(name, header, source), *_faults_of_names(name, header, source)]
    if faults:
        raise DataError("\n".join(faults))
    columns: dict[str, Column] = {column: NumberColumn() for column in header} | dict(source.columns)
    declared = {
        column: kind
        for column, kind in columns.items()
        if column not in (source.target, *source.dropped) and not isinstance(kind, DropColumn | WeightColumn)
    }
    if len(header) == 1:
        raise DataError(f"{name}: got the column {header[0]!r} alone, expected one beside it to learn from: add one")
    if source.target in source.dropped or not declared:
        raise DataError(
            f"data.drop: got {quoted_names(source.drop)}, expected to be left with the target and a feature: drop fewer"
        )
    return declared


def check_rows(table: TableFile) -> None:
    """Raise :class:`DataError` for a table without samples, and for lines of several lengths."""
    name, width = repr(table.path.name), len(table.first)
    if table.rows - (table.has_header is None) < 1:
        raise DataError(f"{name}: got {table.rows} lines, expected a header and one sample a line: add them")
    if isinstance(table, CsvTable) and table.ragged:
        line, cells = table.ragged
        cure = "correct that line"
        if table.even:
            cure = "all other lines have as many, so correct the header"
            if width == 1:
                cure = (
                    f"all other lines have as many, so delete what is above the header ({shown_cell(table.first[0])})"
                )
        raise DataError(
            f"line {line} of {name}: got {cells} columns, expected {width} as in the header: {cure} ({table.separated})"
        )


def _faults_of_header(file: str, header: Sequence[str], source: Source) -> Iterator[str]:
    """Yield what is wrong with the names of the columns themselves."""
    twice = [name for name in repeated(header) if name or name not in source.dropped]
    if twice:
        yield f"{file}: got the columns {quoted_names(twice)} twice, expected each once: rename one"
    elif unnamed := [name for name in header if is_unnamed(name) and name not in (*source.dropped, *source.columns)]:
        place = header.index(unnamed[0]) + 1
        yield (
            f"{file}: got column {place} with the name {unnamed[0]!r}, expected a name of its own: it is probably an "
            f"index, which counts the rows, or empty; leave it out with data.drop: {one_line(unnamed[:1])}, or give "
            "it a name"
        )
    if source.target in source.columns:
        yield (
            f"data.columns: got the target {source.target!r}, expected features only: what the target is, "
            "data.target_kind says"
        )


def is_unnamed(name: str) -> bool:
    """Tell whether a column has no name of its own, but is what pandas makes of an index."""
    return not name or name.startswith(("Unnamed: ", "__index_level_"))


def _faults_of_names(file: str, header: Sequence[str], source: Source) -> Iterator[str]:
    """Yield which names of the configuration are none of the header's."""
    for key, names in (("target", [source.target]), ("drop", source.drop), ("columns", tuple(source.columns))):
        unknown = [column for column in names if column not in header]
        if unknown:
            meant = nearest_name(unknown[0], header)
            yield (
                f"data.{key}: got {quoted_names(unknown)}, expected columns of {file}, whose header is "
                f"{quoted_names(header)}: "
                + (f"did you mean {meant!r}?" if meant else "correct the name, or add the header")
            )


def _text_columns(header: Sequence[str], declared: Mapping[str, FeatureColumn]) -> list[int]:
    return [header.index(name) for name, column in declared.items() if column.kind != "number"]
