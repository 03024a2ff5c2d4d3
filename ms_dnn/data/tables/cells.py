"""From the cells of a table's block to numbers and texts; every fault is told with its row and column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ms_dnn.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame

MISSING = ("", "na", "n/a", "nan", "null", "none", "?")
"""What a missing cell may say, in small letters."""


class Declared(Protocol):
    """A column as the configuration declares it, or as it was fitted."""

    @property
    def kind(self) -> str:
        """What its cells hold: number, category or multi_hot; the latter two have ``categories``."""

    @property
    def missing(self) -> object:
        """What becomes of missing cells; they are refused if it is ``error``."""


def number_in(cell: str) -> float | None:
    """Return the number that a cell spells, or None; Python's ``1_000`` is not one."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def is_missing(cell: str) -> bool:
    """Tell whether a cell says that there is nothing in it."""
    return cell.strip().lower() in MISSING


def numbers_in(cells: NDArray[Any]) -> tuple[NDArray[np.float64], int | None]:
    """Return the cells (N,) as float64, NaN where they are missing, and the first that is no finite number.

    What is neither missing nor a finite number is NaN or Inf in the result.
    """
    if cells.dtype == np.float64:
        values, wrong = cells, np.isinf(cells)
    else:
        values = _spelled(cells)
        wrong = ~np.isfinite(values)
        for row in np.flatnonzero(wrong):
            wrong[row] = not is_missing(cells[row])
    return values, int(np.argmax(wrong)) if wrong.any() else None


def _spelled(cells: NDArray[Any]) -> NDArray[np.float64]:
    if "_" not in "".join(cells):
        try:
            return cells.astype(np.float64)
        except ValueError:  # some cell is no number
            pass
    numbers = (number_in(cell) for cell in cells)
    return np.array([np.nan if number is None else number for number in numbers], np.float64)


def shown_cell(cell: Any) -> str:
    """Return a cell as a message shows it."""
    if isinstance(cell, str):
        return repr(cell.strip()[:40]) if cell.strip() else "an empty cell"
    return "an empty cell" if np.isnan(cell) else repr(str(cell))


def feature_frame(block: DataFrame, declared: Mapping[str, Declared], file: str) -> DataFrame:
    """Return the columns of a block, called as in ``declared``, in that order: float64, or texts with NaN for nothing.

    ``file`` is the name of the file, for messages. Raises :class:`DataError` with row and column for texts among
    numbers, for Inf, and for missing cells of columns that declare none.
    """
    import pandas as pd

    columns = {}
    for name, column in declared.items():
        cells = block[name].to_numpy()
        if column.kind == "number":
            values, wrong = numbers_in(cells)
            if wrong is not None:
                raise _no_number(f"{_place(block, wrong, name, file)}: got", name, cells[wrong])
            missing = np.isnan(values)
            columns[name] = values
        else:
            columns[name], missing = _texts(cells, getattr(column, "categories", ()))
        if column.missing == "error" and missing.any():
            row = int(np.argmax(missing))
            raise DataError(
                f"{_place(block, row, name, file)}: got {shown_cell(cells[row])}, expected a value: fill it in, drop "
                f"the line, or say in data.columns.{name} what missing cells become (missing: …)"
            )
    return pd.DataFrame(columns, index=block.index)


def _texts(cells: NDArray[Any], categories: tuple[str, ...]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the stripped texts, NaN where missing, and where; a category that is listed is never missing."""
    words = {cell: cell.strip() for cell in set(cells)}
    lost = {cell for cell, word in words.items() if word not in categories and is_missing(word)}
    missing = np.fromiter((cell in lost for cell in cells), bool, len(cells))
    texts = np.empty(len(cells), object)
    texts[:] = [np.nan if cell in lost else words[cell] for cell in cells]
    return texts, missing


def _place(block: DataFrame, row: int, name: str, file: str) -> str:
    return f"{block.index.name} {block.index[row]}, column {name!r} of {file}"


def _no_number(place: str, name: str, cell: Any) -> DataError:
    if isinstance(cell, str) and number_in(cell) is None:
        return DataError(
            f"{place} the text {shown_cell(cell)}, expected a number: drop the column or declare its kind in "
            f"data.columns, for instance data.drop: [{name}]"
        )
    return DataError(f"{place} {shown_cell(cell)}, expected a finite number: correct or drop the line")
