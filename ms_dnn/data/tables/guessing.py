"""What the columns of a table probably hold, guessed from all of their cells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config.data_section import Decimal
from ms_dnn.data.tables.cells import (
    SIGNS,
    TRUTHS,
    is_code,
    is_missing,
    is_rounded,
    numbers_in,
    unit_in,
    without_unit,
)
from ms_dnn.data.tables.dates import date_text, dates_in
from ms_dnn.data.tables.files import TableFile
from ms_dnn.data.tables.training_table import is_unnamed
from ms_dnn.presentation.notation import counted

MOST_CATEGORIES = 50
MOST_CLASSES_OF_NUMBERS = 20
_DATE_FORMATS = (
    None,
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%Y年%m月%d日",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M",
)
_NAMES_OF_CLASSES = ("na", "n/a", "none")  # of Namibia, and of those who have nothing
_FEW = 50
_MOST_TEXTS = 10_000


@dataclass
class ColumnFacts:
    """What was seen in the cells of a column.

    Attributes:
        name: of the column.
        place: of the column, from 0.
        rows: cells seen, the missing ones among them.
        missing: cells that say that there is nothing in them, and how often each such text stood there.
        wrong: cells that are neither missing nor numbers.
        codes: cells that are digits, but names rather than numbers.
        rounded: cells of digits that float64 does not hold.
        whole: whether all numbers are whole ones.
        decimals: the ways of writing with which all cells so far are numbers.
        low, high: of the numbers.
        unit: sign of percent or of a currency, which stands at the numbers of the first cells, and is left out of all
            that follows; None before there are any.
        counter: whether the cells count the rows, from whatever number.
        formats: in which all cells so far are dates.
        first, last: of the dates in the first of these formats.
        texts: how often each text stood there; those beyond the first ten thousand are left out.
    """

    name: str
    place: int
    rows: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    codes: int = 0
    rounded: int = 0
    whole: bool = True
    decimals: list[Decimal] = field(default_factory=lambda: list(SIGNS))
    low: float = np.inf
    high: float = -np.inf
    unit: str | None = None
    counter: bool = True
    formats: list[str | None] = field(default_factory=lambda: list(_DATE_FORMATS))
    times: list[NDArray[Any]] = field(default_factory=list)
    texts: Counter[str] = field(default_factory=Counter)

    def add(self, cells: NDArray[Any]) -> None:
        """Take the next cells, all of them texts."""
        words = Counter(cell.strip() for cell in cells)
        lost = {word: words.pop(word) for word in list(words) if is_missing(word)}
        if self.unit is None and words:
            self.unit = unit_in(words)
        if self.unit:
            cells = np.array([without_unit(cell, self.unit) or cell for cell in cells], object)
        values, wrong = numbers_in(cells)
        self.missing.update(lost)
        self.wrong += int(wrong.sum())
        digits = [word for word in words if word[-1].isdecimal() and (word.lstrip("+-")[0] == "0" or len(word) > 15)]
        self.codes += sum(words[word] for word in digits if is_code(word))
        self.rounded += sum(words[word] for word in digits if is_rounded(word))
        good = values[np.isfinite(values)]
        if len(good):
            self.low, self.high = min(self.low, good.min()), max(self.high, good.max())
            self.whole &= bool((good == np.floor(good)).all())
        if self.counter:
            first = self.low if self.rows else values[0]
            self.counter = bool((values == first + self.rows + np.arange(len(cells))).all())
        given = np.array([(self.unit and without_unit(word, self.unit)) or word for word in words], object)
        if len(good):
            self.formats = []  # plain numbers are no dates
        if len(given):
            self._narrow_decimals(given, bool(wrong.any()))
            self._narrow_formats(given)
        self.texts.update({word: n for word, n in words.items() if len(self.texts) < _MOST_TEXTS or word in self.texts})
        self.rows += len(cells)

    def _narrow_decimals(self, given: NDArray[Any], wrong: bool) -> None:
        """Leave out the ways of writing in which some text is no number; plain numbers are written with a point."""
        for sign in list(self.decimals):
            asked = wrong or sign != "point"
            if asked and any(numbers_in(part, sign)[1].any() for part in (given[:_FEW], given[_FEW:])):
                self.decimals.remove(sign)

    def _narrow_formats(self, given: NDArray[Any]) -> None:
        """Leave out the formats in which some text is no date."""
        for written in list(self.formats):
            if np.isnat(times := dates_in(given, written)).any():
                self.formats.remove(written)
            elif written == self.formats[0]:
                self.times += [times.min(keepdims=True), times.max(keepdims=True)]

    @property
    def booleans(self) -> bool:
        """Whether all texts are true or false."""
        return bool(self.texts) and {text.lower() for text in self.texts} <= set(TRUTHS)

    @property
    def present(self) -> int:
        """Cells that are not missing."""
        return self.rows - self.missing.total()


@dataclass(frozen=True)
class ColumnGuess:
    """What a column probably holds: a kind, the options of its entry in data.columns, and what was seen, in words."""

    facts: ColumnFacts
    kind: str
    seen: str
    options: dict[str, Any] = field(default_factory=dict)
    doubt: str = ""

    @property
    def declaration(self) -> dict[str, Any]:
        """The entry in data.columns; nothing where none is needed."""
        return ({} if self.kind == "number" else {"kind": self.kind}) | self.options


def look_at(table: TableFile) -> list[ColumnFacts]:
    """Return what is in each column of a table with a header."""
    facts = [ColumnFacts(name, place) for place, name in enumerate(table.first)]
    for block in table.blocks(header=True, texts=range(len(facts))):
        for column in facts:
            column.add(block[column.place].to_numpy())
    return facts


def guess_decimal(facts: list[ColumnFacts], semicolons: bool) -> tuple[Decimal, str]:
    """Return how the numbers of a table are written, and what is to be doubted about that.

    ``semicolons`` says that semicolons separate its cells, as they do where numbers have a decimal comma.
    """
    asking = [one for one in facts if one.wrong and one.decimals and not one.rounded]
    plain = [one for one in facts if one.present and not one.wrong and not one.codes and not one.booleans]
    signs = [sign for sign in SIGNS if all(sign in one.decimals for one in (*asking, *plain))]
    if not asking or not signs:
        return "plain", ""
    sign: Decimal = "comma" if "comma" in signs and (semicolons or len(signs) == 1) else "point"
    if len(signs) == 1:
        return sign, ""
    return sign, f"whether 1,234 is 1234 or 1.234 cannot be told: read as {SIGNS[sign]} is written (data.decimal)"


def guess_feature(facts: ColumnFacts, decimal: Decimal = "plain") -> ColumnGuess:
    """Return what a column that is not the target probably holds."""
    lost = facts.missing.total()
    holes = f", {lost:,} missing" if lost else ""
    if is_unnamed(facts.name):
        return ColumnGuess(facts, "drop", "no name: an index, or empty")
    if not facts.present:
        return ColumnGuess(facts, "drop", "no values")
    if facts.counter and facts.rows > 2 and not facts.unit:
        return ColumnGuess(facts, "drop", "counts the rows")
    filled: dict[str, Any] = {"missing": "indicator"} if lost else {}
    numbers: dict[str, Any] = ({"unit": facts.unit} if facts.unit else {}) | filled
    of_unit = f", with {facts.unit}" if facts.unit else ""
    if facts.wrong and decimal in facts.decimals and not facts.rounded:
        return ColumnGuess(facts, "number", f"numbers with a decimal {decimal}{of_unit}{holes}", numbers)
    if facts.formats and len(facts.texts) > 1:
        return _guess_date(facts, holes, filled)
    if facts.booleans:
        return ColumnGuess(facts, "number", f"true and false, as 1 and 0{holes}", filled)
    if facts.wrong * 2 < facts.present and not (facts.codes or facts.rounded):
        return ColumnGuess(facts, "number", f"{facts.low:.6g} to {facts.high:.6g}{of_unit}{holes}", numbers)
    return _guess_texts(facts, holes, filled)


def _guess_date(facts: ColumnFacts, holes: str, filled: dict[str, Any]) -> ColumnGuess:
    first, last = min(facts.times)[0], max(facts.times)[0]
    written = {} if facts.formats[0] is None else {"format": facts.formats[0]}
    hours = any(":" in text for text in facts.texts)
    parts = {"parts": ["year", "month", "weekday", "day", "hour"]} if hours else {}
    doubt = ""
    if len(facts.formats) > 1 and written:
        doubt = f"days and months of {facts.name!r} cannot be told apart: read as {facts.formats[0]}, else correct it"
    return ColumnGuess(
        facts, "date", f"{date_text(first)} to {date_text(last)}{holes}", written | parts | filled, doubt
    )


def _guess_texts(facts: ColumnFacts, holes: str, filled: dict[str, Any]) -> ColumnGuess:
    words = {part.strip() for text in facts.texts for part in text.split(";")} - {""}
    several = any(";" in text for text in facts.texts)
    if several and len(words) <= MOST_CATEGORIES and 2 * len(words) <= facts.present:
        seen = f"{counted(len(words), 'word')}, several in a cell{holes}"
        options = {"unseen": "other"} | ({"missing": {"constant": ""}} if filled else {})
        return ColumnGuess(facts, "multi_hot", seen, options)
    distinct, example = len(facts.texts), next(iter(facts.texts))
    units = sum(text.lstrip("+-−.,($€£¥")[:1].isdecimal() for text in facts.texts) > distinct / 2 and not facts.codes
    unit = unit_in(facts.texts, any_word=True)
    cure = f"declare kind: number, unit: {unit}" if unit else "write them as 1234.5"
    hint = f" (if these are numbers, {cure})" if units and not facts.rounded else ""
    if distinct <= MOST_CATEGORIES and (2 * distinct <= facts.present or distinct <= 2):
        doubt = f"{facts.name!r} is taken for categories, such as {example[:30]!r}{hint}" if hint else ""
        seen = f"{counted(distinct, 'text')}{holes}"
        return ColumnGuess(facts, "category", seen, {"unseen": "other"} | filled, doubt)
    seen = f"{'over ' * (distinct == _MOST_TEXTS)}{distinct:,} different texts, such as {example[:30]!r}"
    return ColumnGuess(facts, "drop", f"{seen}{holes}", {}, f"{facts.name!r} is left out: it has {seen}{hint}")


def guess_target(facts: ColumnFacts, decimal: Decimal = "plain") -> ColumnGuess:
    """Return what the target probably is: kind ``classes`` or ``numbers``, with the options of the data section."""
    lost = {word: n for word, n in facts.missing.items() if word.lower() in _NAMES_OF_CLASSES}
    classes = [text for text, _ in sorted(facts.texts.items())]
    if (
        lost
        and len(lost) == len(facts.missing)
        and facts.wrong == facts.present
        and len(classes) + len(lost) <= MOST_CATEGORIES
    ):
        names = sorted([*classes, *lost])
        doubt = (
            f"{', '.join(map(repr, lost))} is taken for the name of a class of {facts.name!r}, not for a missing value"
        )
        return ColumnGuess(facts, "classes", _counts(facts.texts + Counter(lost)), {"classes": names}, doubt)
    of_unit = f", with {facts.unit}" if facts.unit else ""
    numbers = {"target_kind": "numbers"} | ({"target_unit": facts.unit} if facts.unit else {})
    if facts.wrong and decimal in facts.decimals and not facts.rounded:
        return ColumnGuess(facts, "numbers", f"numbers with a decimal {decimal}{of_unit}", numbers)
    if facts.wrong > facts.rounded or facts.booleans:
        return ColumnGuess(facts, "classes", _counts(facts.texts))
    few = (
        facts.whole
        and not facts.unit
        and len(facts.texts) <= MOST_CLASSES_OF_NUMBERS
        and 3 * len(facts.texts) <= facts.present
    )
    if facts.codes or facts.rounded or few:
        other = (
            "" if facts.codes else "; for regression: target_kind numbers, loss squared_error, 1 unit in the last layer"
        )
        return ColumnGuess(facts, "classes", _counts(facts.texts) + other, {"target_kind": "classes"})
    return ColumnGuess(facts, "numbers", f"{facts.low:.6g} to {facts.high:.6g}{of_unit}", numbers)


def _counts(texts: Counter[str]) -> str:
    """Return classes with how many samples each has."""
    told = [f"{text} ({count:,})" for text, count in texts.most_common(5)]
    number = "1 class" if len(texts) == 1 else f"{len(texts):,} classes"
    return f"{number}: {', '.join(told)}" + (", …" if len(texts) > len(told) else "")
