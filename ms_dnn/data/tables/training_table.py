"""Training data in a table with named columns: features and one target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config.columns_section import Column, DropColumn, FeatureColumn, NumberColumn, WeightColumn
from ms_dnn.data.dataset import Dataset
from ms_dnn.data.formats.row_file import gathered
from ms_dnn.data.source import Loaded, Source, check_file, check_size
from ms_dnn.data.tables.cells import feature_frame, numbers_in, shown_cell
from ms_dnn.data.tables.declared import quoted_names, repeated
from ms_dnn.data.tables.files import CsvTable, ParquetTable, TableFile
from ms_dnn.data.tables.target_column import TargetColumn
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
    table = ParquetTable(source.file) if source.set == "parquet" else CsvTable(source.file)
    declared = _declared(table, source)
    texts, name = _text_columns(table.first, declared), repr(source.file.name)
    target = TargetColumn(f"column {source.target!r} of {name}", source.target_kind)
    weights = []

    def frames() -> Iterator[DataFrame]:
        for block in table.blocks(header=True, texts={*texts, table.first.index(source.target)}):
            block.columns = table.first
            frame = feature_frame(block, declared, name)
            target.add(block[source.target].to_numpy(), block.index)
            if source.weight is not None:
                weights.append(_weights(block, source.weight, source.file.name))
            yield frame

    samples = table.rows - (table.has_header is None)
    if source.columns:
        check_size(name, samples, len(declared))
        x = _one_frame(frames())
    else:
        numbers = (frame.to_numpy(np.float64) for frame in frames())
        x = gathered(name, numbers, samples, len(declared), source.scratch)
    y, task, classes = target.targets()
    of_samples = np.concatenate(weights) if weights else None
    return Loaded(Dataset(source.set, x, y, task, classes, tuple(declared), weights=of_samples))


def _one_frame(frames: Iterable[DataFrame]) -> DataFrame:
    import pandas as pd

    x = list(frames)
    return pd.concat(x) if len(x) > 1 else x[0]


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
    if repeated(header):
        raise DataError(
            f"{name}: got the columns {quoted_names(repeated(header))} twice, expected each once: rename one"
        )
    _check_names(name, header, source)
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
            f"data.drop: got {quoted_names(source.drop)}, expected to be left with the target and a feature: drop fewer"
        )
    return declared


def _check_names(name: str, header: Sequence[str], source: Source) -> None:
    for key, names in (("target", [source.target]), ("drop", source.drop), ("columns", tuple(source.columns))):
        unknown = [column for column in names if column not in header]
        if unknown:
            meant = nearest_name(unknown[0], header)
            raise DataError(
                f"data.{key}: got {quoted_names(unknown)}, expected columns of {name}, whose header is "
                f"{quoted_names(header)}: "
                + (f"did you mean {meant!r}?" if meant else "correct the name, or add the header")
            )


def _text_columns(header: Sequence[str], declared: Mapping[str, FeatureColumn]) -> list[int]:
    return [header.index(name) for name, column in declared.items() if column.kind != "number"]
