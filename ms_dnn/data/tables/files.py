"""Tables in files, block by block, as pandas frames: CSV, whatever separates its cells, and Parquet."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ms_dnn.config.data_section import Decimal
from ms_dnn.data.lazy_rows import rows_at_once
from ms_dnn.data.source import MOST_VALUES, reading
from ms_dnn.data.tables.dialect import (
    AUTO,
    DELIMITERS,
    Dialect,
    delimiter_of,
    encoding_of,
    excel_delimiter,
    first_lines,
)
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import first_line

if TYPE_CHECKING:
    from pandas import DataFrame

CSV_SUFFIXES = (".csv", ".tsv")
PARQUET_SUFFIXES = (".parquet",)
TABLE_SUFFIXES = CSV_SUFFIXES + PARQUET_SUFFIXES
BLOCK = 2**16
"""Rows of a block at most; rows of many cells come in smaller ones."""


class CsvTable:
    """Text, one sample a line; the ``dialect`` says its encoding and delimiter, or they are found out.

    Python's csv module measures the file first, in little memory: pandas knows no line numbers, fills up short lines in
    silence, and has read a whole block before it counts. Blank lines are skipped.

    Attributes:
        path: the file.
        noun: what a row is called in messages, "line" (from 1) or "row" (from 0).
        first: cells of the first line; in Parquet the names of the columns.
        rows: number of rows, the first line among them only where ``has_header`` is None.
        has_header: True where the format always names its columns, None where only the caller can tell.
        ragged: number of the first row that has another number of cells than the first, and that number of cells.
        even: whether all rows but the first have as many cells as that one.
        decimal: how its numbers are written.
        encoding: of the text, as Python calls it.
        separated: what separates the cells, and why it is that, in words.

    Raises :class:`DataError` for what is not text of that encoding, or not CSV.
    """

    noun = "line"
    has_header: bool | None = None

    def __init__(self, path: Path, dialect: Dialect = AUTO) -> None:
        self.path = path
        self.decimal = dialect.decimal
        self.first: list[str] = []
        self.ragged: tuple[int, int] | None = None
        self.even = True
        self._lines = array("q")  # number of each record's last line, negative where it is blank
        with self._reading():
            self.encoding = encoding_of(path, dialect.encoding)
            with path.open(encoding=self.encoding, newline="") as file:
                lines = first_lines(_without_nul(file))
                self.delimiter, because = delimiter_of(path, lines, dialect.delimiter)
                file.seek(0)
                excel = bool(lines) and excel_delimiter(lines[0]) is not None
                self._measure(csv.reader(_without_nul(file), delimiter=self.delimiter), excel)
        name = next((name for name, sign in DELIMITERS.items() if sign == self.delimiter), repr(self.delimiter))
        self.separated = f"separated by {name}, {because}"
        self.rows = sum(line > 0 for line in self._lines)

    def _reading(self) -> AbstractContextManager[None]:
        return reading(
            f"{self.path.name!r} cannot be read as CSV (",
            "); correct its quotes, or save it as UTF-8 text",
            OSError,
            ValueError,
            csv.Error,
        )

    def _measure(self, reader: Any, excel: bool) -> None:
        """Count the records and their cells; ``excel`` says that the first one declares the delimiter."""
        width = 0
        for cells in reader:
            blank = not cells or (len(cells) == 1 and not cells[0].strip()) or (excel and not self._lines)
            self._lines.append(-reader.line_num if blank else reader.line_num)
            if blank or len(cells) == width:
                self.even &= blank or self.ragged is None
                continue
            if not self.first:
                self.first, width = [cell.strip() for cell in cells], len(cells)
            elif self.ragged is None:
                self.ragged = (reader.line_num, len(cells))
                self.even = sum(line > 0 for line in self._lines) == 2
            else:
                self.even &= len(cells) == self.ragged[1]

    def blocks(self, header: bool, texts: Collection[int] = ()) -> Iterator[DataFrame]:
        """Yield frames of at most :data:`BLOCK` rows whose index holds the rows' numbers under the name ``noun``.

        Columns are called 0, 1, …. A cell is a text, "" where there is nothing; columns that a Parquet file stores as
        numbers are float64 with NaN where there is nothing, unless they are among ``texts``. ``header`` leaves out the
        first line. Raises :class:`DataError` for a damaged file.
        """
        lines = np.frombuffer(self._lines, np.int64)
        width, start, skip = len(self.first), 0, header
        for block in self._parsed(width):
            numbers = lines[start : start + len(block)]
            start += len(block)
            if start > len(lines) or block.shape[1] != width:
                break
            block.index = np.abs(numbers)
            block.index.name = self.noun
            kept = numbers > 0
            if skip and kept.any():
                kept[np.argmax(kept)], skip = False, False
            yield block if kept.all() else block[kept]
        if start != len(lines):
            with self._reading():
                raise ValueError("its quotes or line ends are out of order")

    def _parsed(self, width: int) -> Iterator[DataFrame]:
        import pandas as pd

        with (
            self._reading(),
            pd.read_csv(
                self.path,
                sep=self.delimiter,
                header=None,
                names=range(width),
                index_col=False,
                dtype=object,
                na_filter=False,
                skip_blank_lines=False,
                encoding=self.encoding,
                chunksize=min(BLOCK, rows_at_once(width)),
            ) as blocks,
        ):
            yield from blocks


def _without_nul(file: Any) -> Iterator[str]:
    for line in file:
        if "\0" in line:  # pandas would cut the cell off there
            raise csv.Error("line contains NUL")
        yield line


class ParquetTable:
    """A Parquet file of columns of numbers, texts, dates and truth values, with the attributes of :class:`CsvTable`.

    Nothing that the file says about pandas or Python objects is followed; nothing is unpickled.

    Raises :class:`DataError` for a damaged file, columns of other types, and row groups that do not fit in memory.
    """

    noun = "row"
    has_header: bool | None = True
    decimal: Decimal = "plain"
    ragged: tuple[int, int] | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            import pyarrow.parquet as pq
        except ImportError as error:
            raise DataError(
                f"{path.name!r}: got a Parquet file, expected the package pyarrow, which reads such files and cannot "
                f"be imported ({first_line(error)}): pip install 'ms-dnn[data]'"
            ) from error
        with self._reading(), pq.ParquetFile(path) as file:
            self.rows, schema = file.metadata.num_rows, file.schema_arrow
            groups = (file.metadata.row_group(group) for group in range(file.metadata.num_row_groups))
            size = max((group.total_byte_size for group in groups), default=0)
        self.first = [str(name) for name in schema.names]
        self._types = list(schema.types)
        self._texts = [name for name, kind in zip(self.first, self._types, strict=True) if _is_text(kind)]
        if size > 8 * MOST_VALUES:
            raise DataError(
                f"{path.name!r}: got a row group of {size} bytes unpacked, expected at most {8 * MOST_VALUES}: write "
                "it with smaller ones"
            )

    def blocks(self, header: bool, texts: Collection[int] = ()) -> Iterator[DataFrame]:
        """Yield frames as :class:`CsvTable` does. Raises :class:`DataError` for columns of other types."""
        for name, kind in zip(self.first, self._types, strict=True):
            _check_type(self.path, name, kind, self.first.index(name) in texts)
        import pandas as pd
        import pyarrow.parquet as pq

        start = 0
        # Texts come as dictionaries: a short file can repeat a long text many times. Reading ahead would keep the
        # whole file in memory.
        with self._reading(), pq.ParquetFile(self.path, read_dictionary=self._texts, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=min(BLOCK, rows_at_once(len(self.first))), use_threads=False):
                batch.validate(full=True)
                index = pd.RangeIndex(start, start + batch.num_rows, name=self.noun)
                start += batch.num_rows
                if start > self.rows:
                    raise ValueError(f"more than the {self.rows} rows that are promised")
                columns = {i: _cells(batch.column(i), i in texts) for i in range(batch.num_columns)}
                yield pd.DataFrame(columns, index=index)
            if start != self.rows:
                raise ValueError(f"{start} rows where {self.rows} are promised")

    def _reading(self) -> AbstractContextManager[None]:
        return reading(
            f"{self.path.name!r}: got a file that cannot be read (", "), expected Parquet: take an undamaged copy"
        )


TableFile = CsvTable | ParquetTable


def open_table(path: Path, dialect: Dialect = AUTO) -> TableFile:
    """Open a table by the ending of its name, anything but ``.parquet`` as CSV; raises as the two classes do."""
    return ParquetTable(path) if path.suffix.lower() in PARQUET_SUFFIXES else CsvTable(path, dialect)


def _is_text(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _check_type(path: Path, name: str, kind: Any, as_text: bool) -> None:
    import pyarrow.types as types

    value = kind.value_type if types.is_dictionary(kind) else kind
    plain = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
    if not (_is_text(value) or any(test(value) for test in plain)):
        dates = bool(types.is_date(value) or types.is_timestamp(value))
        if dates and as_text:
            return
        cure = f"say {{kind: date}} in data.columns.{name}" if dates else "convert the column before it is saved"
        raise DataError(
            f"column {name!r} of {path.name!r}: got values of type {kind}, expected numbers, texts or truth values: "
            f"{cure}"
        )


def _cells(column: Any, as_text: bool) -> Any:
    """Return numbers (N,) float64 with NaN for nothing, or texts (N,) with "" for nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        words = [*(cell.strip() for cell in _cells(column.dictionary, True)), ""]
        codes = pc.fill_null(column.indices.cast(pa.int64()), len(words) - 1)
        return np.array(words, object)[codes.to_numpy(zero_copy_only=False)]
    if _is_text(column.type) or as_text or pa.types.is_null(column.type):
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us"), safe=False)  # without a zone: in UTC
        filled = pc.fill_null(column.cast(pa.string()), "")
        return filled.to_numpy(zero_copy_only=False).astype(object)
    if pa.types.is_integer(column.type):
        try:
            column.cast(pa.float64())
        except pa.ArrowInvalid:  # float64 would round: as texts, which is told cell by cell
            return _cells(column, True)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
