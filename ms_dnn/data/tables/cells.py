"""From the cells of a table's block to numbers and texts; every fault is noted with its row and column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config.data_section import Decimal
from ms_dnn.config.loading import entry, one_line
from ms_dnn.data.tables.dates import dates_in
from ms_dnn.data.tables.problems import Problems

if TYPE_CHECKING:
    from pandas import DataFrame

MISSING = ("", "na", "n/a", "nan", "null", "none", "?")
"""What a missing cell may say, in small letters."""
TRUTHS = {"true": 1.0, "false": 0.0}
SIGNS: dict[Decimal, str] = {"comma": "1.234,5", "point": "1,234.5"}
LARGEST_EXACT = 2**53
_BLANKS = " \u00a0\u202f'’"
_AMOUNT = rf"[-+−]?\d[\d.,{_BLANKS}]*"
_UNIT = r"[%‰°€$£¥￥₩₹₽元円]|US\$|EUR|USD|GBP|CNY|RMB|JPY|CHF|INR|KRW|HKD"
_WITH_UNIT = re.compile(rf"[-+−]?(?P<before>{_UNIT})?\s*{_AMOUNT}(?P<behind>{_UNIT})?")
_WITH_WORD = re.compile(rf"(?P<before>){_AMOUNT}(?P<behind>[^\W\d_]{{1,10}})")
_FILLINGS = {
    "number": "indicator, mean, median, most_frequent or {constant: 0}",
    "date": "indicator, mean, median or {constant: 2000-01-01}",
    "category": "indicator, most_frequent or {constant: a text}",
    "multi_hot": "indicator, most_frequent or {constant: a text}",
}


class Declared(Protocol):
    """A column as the configuration declares it, or as it was fitted."""

    @property
    def kind(self) -> str:
        """What its cells hold: number, date, with a ``format``, or category or multi_hot, with ``categories``."""

    @property
    def missing(self) -> object:
        """What becomes of missing cells; they are refused if it is ``error``."""


def number_in(cell: str) -> float | None:
    """Return the number that a cell spells, or None; Python's ``1_000`` is not one, a typographic minus is."""
    try:
        return None if "_" in cell else float(cell.replace("−", "-"))
    except ValueError:
        return None


def plainly_written(cell: str, decimal: Decimal, unit: str = "", otherwise: str = "no number") -> str:
    """Return a number that is written with a decimal ``comma`` (1.234,5) or ``point`` (1,234.5) as 1234.5.

    Blanks and apostrophes may stand where that has its thousands separators, and the ``unit`` before or behind it. What
    is missing, true or false stays as it is, and what is no such number, or has not the unit, becomes ``otherwise``.
    """
    word = cell.strip()
    if is_missing(word) or word.lower() in TRUTHS:
        return cell
    if unit:
        word = without_unit(word, unit) or ""
    if not word or decimal == "plain":
        return word or otherwise
    thousands, sign = (".", ",") if decimal == "comma" else (",", ".")
    thousands += _BLANKS
    grouped = rf"[-+−]?(?:\d+|[1-9]\d{{0,2}}(?:[{thousands}]\d{{3}})+)?(?:[{sign}]\d+)?(?:[eE][-+]?\d+)?"
    if not re.fullmatch(grouped, word):
        return otherwise
    return re.sub(f"[{thousands}]", "", word).replace(sign, ".")


def without_unit(cell: str, unit: str) -> str | None:
    """Return what is left of a number without the unit before or behind it, "-$ 3" as "-3"; None where it has none."""
    word = cell.strip()
    sign = word[:1] if word[:1] in ("+", "-", "−") else ""
    rest = word.removeprefix(sign).strip()
    bare = rest.removeprefix(unit) if rest.startswith(unit) else rest.removesuffix(unit)
    return None if bare == rest else sign + bare.strip()


def unit_in(cells: Iterable[str], *, any_word: bool = False) -> str:
    """Return the sign of percent or of a currency that all cells have at their numbers, or ``any_word``; else ""."""
    found = set()
    for cell in cells:
        match = (_WITH_WORD if any_word else _WITH_UNIT).fullmatch(cell.strip())
        found.add(match and (match["before"] or match["behind"]))
        if len(found) > 1:
            return ""
    return next(iter(found), None) or ""


def is_missing(cell: str) -> bool:
    """Tell whether a cell says that there is nothing in it."""
    return cell.strip().lower() in MISSING


def numbers_in(
    cells: NDArray[Any], decimal: Decimal = "plain", unit: str = ""
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the cells (N,) as float64, NaN where missing, and which are neither missing nor such a number.

    Numbers are written plainly, or with a ``decimal`` sign, and where they are texts with a ``unit`` if there is one.

    Wrong are texts, Inf, and whole numbers that float64 would round. Where all cells are true or false, in whichever
    case, they are 1 and 0.
    """
    if cells.dtype == np.float64:
        return cells, np.isinf(cells)
    if decimal != "plain" or unit:
        cells = np.array([plainly_written(cell, decimal, unit) for cell in cells], object)
    values = _spelled(cells)
    wrong = ~np.isfinite(values)
    for row in np.flatnonzero(wrong):
        wrong[row] = not is_missing(cells[row])
    for row in np.flatnonzero(np.abs(values) >= LARGEST_EXACT):
        wrong[row] |= is_rounded(cells[row])
    if wrong.any() and (wrong | np.isnan(values)).all():
        truths = [TRUTHS.get(cell.strip().lower()) for cell in cells[wrong]]
        if None not in truths:
            values[wrong], wrong = truths, np.zeros(len(cells), np.bool_)
    return values, wrong


def is_code(cell: str) -> bool:
    """Tell whether a cell of digits is a name and no number: with zeros in front, or beyond what float64 holds."""
    digits = cell.strip().removeprefix("-").removeprefix("+")
    return digits.isdecimal() and ((len(digits) > 1 and digits[0] == "0") or is_rounded(digits))


def is_rounded(cell: str) -> bool:
    """Tell whether a cell is a whole number that float64 does not hold."""
    digits = cell.strip().removeprefix("-").removeprefix("+")
    return digits.isdecimal() and len(digits) < 309 and int(digits) != int(float(digits))


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


def feature_frame(
    block: DataFrame, declared: Mapping[str, Declared], problems: Problems, decimal: Decimal = "plain"
) -> DataFrame:
    """Return the columns of a block, called as in ``declared``, in that order: float64, datetime64, or texts.

    What is missing is NaN or NaT. Added to ``problems`` are texts among numbers, Inf, numbers that float64 cannot hold,
    what is no date, and missing cells of columns that declare none.
    """
    import pandas as pd

    columns = {}
    for name, column in declared.items():
        cells = block[name].to_numpy()
        if column.kind == "number":
            unit = getattr(column, "unit", "")
            values, wrong = numbers_in(cells, decimal, unit)
            if wrong.any():
                _add_wrong_numbers(problems, block, name, wrong, unit)
            missing = np.isnan(values) & ~wrong
            columns[name] = values
        elif column.kind == "date":
            columns[name], missing = _dates(problems, block, name, getattr(column, "format", None))
        else:
            columns[name], missing = _texts(cells, getattr(column, "categories", ()))
        if column.missing == "error" and missing.any():
            _add_missing(problems, block, name, missing, column.kind)
    return pd.DataFrame(columns, index=block.index)


def _add_wrong_numbers(problems: Problems, block: DataFrame, name: str, wrong: NDArray[np.bool_], unit: str) -> None:
    cells = block[name].to_numpy()
    rows = np.flatnonzero(wrong)
    faults = np.array([_fault_of(cells[row], unit) for row in rows])
    for fault in dict.fromkeys(faults.tolist()):
        row = int(rows[np.argmax(faults == fault)])
        text = "the text " if fault == "text" else ""
        got = f"{place_of(block, row, name, problems.file)}: got {text}{shown_cell(cells[row])}"
        declaration = {} if fault == "not finite" else _declaration(cells[rows], len(cells))
        cure = "correct it"
        signs = [sign for sign in SIGNS if not numbers_in(cells[rows], sign, unit)[1].any()]
        if problems.trained:
            declaration = {}
        elif fault == "text" and not unit and (seen := unit_in(cells[rows])):
            declaration = {"unit": seen}
        elif fault == "text" and signs:
            declaration = {}
            cure = f"say how the numbers of this file are written, data.decimal: {' or '.join(signs)}"
        if declaration:
            cure = f"say in data.columns what it holds, for instance {entry(name, declaration)}"
            cure += f", or data.drop: {one_line([name])}"
        expected = {
            "text": f"a number with the unit {unit!r}" if unit else "a number, such as 1234.5",
            "not finite": "a finite number",
            "rounded": "a number that float64 holds, which rounds whole ones beyond 2⁵³",
        }[fault]
        problems.add(name, fault, int((faults == fault).sum()), f"{got}, expected {expected}: {cure}", declaration)


def _fault_of(cell: Any, unit: str) -> str:
    if isinstance(cell, str) and number_in((without_unit(cell, unit) or "no number") if unit else cell) is None:
        return "text"
    return "rounded" if isinstance(cell, str) and is_rounded(cell) else "not finite"


def _declaration(wrong: NDArray[Any], cells: int) -> dict[str, str]:
    """Return what a column probably holds where so many of its cells are no numbers; nothing where these are few."""
    if len(wrong) < cells / 2:
        return {}
    return {"kind": "category", "unseen": "other"} if np.isnat(dates_in(wrong, None)).any() else {"kind": "date"}


def _add_missing(problems: Problems, block: DataFrame, name: str, missing: NDArray[np.bool_], kind: str) -> None:
    row = int(np.argmax(missing))
    declaration = {"missing": "indicator"} if kind == "number" else {"kind": kind, "missing": "indicator"}
    problems.add(
        name,
        "missing",
        int(missing.sum()),
        f"{place_of(block, row, name, problems.file)}: got {shown_cell(block[name].iloc[row])}, expected a value: fill "
        f"it in, drop the line, or {problems.say} in data.columns.{name} what missing cells become (missing: "
        f"{_FILLINGS[kind]})",
        declaration,
    )


def _dates(
    problems: Problems, block: DataFrame, name: str, written: str | None
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the dates of a column, NaT where missing, and where; what is none is added to ``problems``."""
    cells = block[name].to_numpy()
    times = dates_in(cells, written)
    missing = np.isnat(times)
    wrong = missing & ~np.array([is_missing(cell) for cell in cells], np.bool_)
    if wrong.any():
        row = int(np.argmax(wrong))
        place = place_of(block, row, name, problems.file)
        expected = f"a date as {written}" if written else "a date as 2024-01-31, perhaps with a time"
        problems.add(
            name,
            "date",
            int(wrong.sum()),
            f"{place}: got {shown_cell(cells[row])}, expected {expected}: correct it, "
            f"or {problems.say} in data.columns.{name} how dates are written, for instance format: '%d.%m.%Y'",
            {},
        )
    return times, missing & ~wrong


def _texts(cells: NDArray[Any], categories: tuple[str, ...]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the stripped texts, NaN where missing, and where; a category that is listed is never missing."""
    words = {cell: cell.strip() for cell in set(cells)}
    lost = {cell for cell, word in words.items() if word not in categories and is_missing(word)}
    missing = np.fromiter((cell in lost for cell in cells), bool, len(cells))
    texts = np.empty(len(cells), object)
    texts[:] = [np.nan if cell in lost else words[cell] for cell in cells]
    return texts, missing


def place_of(block: DataFrame, row: int, name: str, file: str) -> str:
    """Return where a cell is, as a message begins: "line 7, column 'a' of 't.csv'"."""
    return f"{block.index.name} {block.index[row]}, column {name!r} of {file}"
