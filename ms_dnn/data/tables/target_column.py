"""The target of a table, gathered block by block in the little memory that classes and numbers take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config.data_section import Decimal
from ms_dnn.config.loading import entry
from ms_dnn.data.dataset import Task
from ms_dnn.data.source import TargetKind
from ms_dnn.data.tables.cells import (
    is_code,
    is_missing,
    is_rounded,
    number_in,
    plainly_written,
    shown_cell,
    unit_in,
)
from ms_dnn.data.tables.problems import Problems
from ms_dnn.errors import DataError


class TargetColumn:
    """The cells of the column ``name`` of ``file``; each distinct text is kept once, and not where numbers are wanted.

    ``classes`` are the names of the classes in their order, or nothing: then those that are found.
    """

    def __init__(
        self,
        name: str,
        file: str,
        kind: TargetKind,
        classes: Sequence[str] = (),
        decimal: Decimal = "plain",
        unit: str = "",
    ) -> None:
        self._name, self._where = name, f"column {name!r} of {file}"
        self._kind, self._listed = "classes" if classes else kind, tuple(classes)
        self._decimal: Decimal = decimal
        self._unit = unit
        self._numbers: list[NDArray[np.float64]] = []
        self._words: dict[str, int] = {}
        self._codes: list[NDArray[np.int64]] = []
        self._any_number = False
        self._faults: dict[str, tuple[str, str]] = {}  # of each kind the first: where it is, and its cell

    def add(self, cells: NDArray[Any], index: Any, problems: Problems) -> None:
        """Take the cells of the next rows, whose numbers are ``index``; note where one is missing, or is no class."""
        for row, cell in enumerate(cells):
            fault = self._fault_of(cell)
            if fault:
                got = f"{index.name} {index[row]}, {self._where}: got {shown_cell(cell)}, expected {fault}"
                problems.add(self._name, "target", 1, got, {})
        texts = [cell.strip() for cell in cells]
        if self._decimal != "plain" or self._unit:
            texts = [plainly_written(text, self._decimal, self._unit, otherwise=text) for text in texts]
        found = [number_in(text) for text in texts]
        numbers = np.array([np.nan if number is None else number for number in found], np.float64)
        is_number = np.array([number is not None for number in found])
        self._any_number |= bool(is_number.any())
        self._numbers.append(numbers)
        with np.errstate(invalid="ignore"):
            wholes = numbers == np.floor(numbers)
        exact = np.array([not is_rounded(text) for text in texts])
        plain = np.array([not is_code(text) for text in texts])
        for fault, good in (
            ("text", is_number),
            ("fraction", wholes),
            ("not finite", np.isfinite(numbers)),
            ("rounded", exact),
            ("code", plain),
        ):
            if fault not in self._faults and not good.all():
                row = int(np.argmin(good))
                self._faults[fault] = f"{index.name} {index[row]}", texts[row]
        if self._kind == "classes" or not self._any_number:
            codes = [self._words.setdefault(text, len(self._words)) for text in texts]
            self._codes.append(np.array(codes, np.int64))

    def _fault_of(self, cell: str) -> str:
        """Return what was expected in place of a cell; nothing where it may be as it is."""
        if self._listed:
            return "" if cell.strip() in self._listed else "one of data.classes: correct it, or list it there"
        if not is_missing(cell):
            return ""
        name = f"; if it is the name of a class, list the classes: data.classes: [{cell.strip()}, …]"
        return f"a value: fill it in or drop the line{name if cell.strip() else ''}"

    def targets(self) -> tuple[NDArray[Any], Task, tuple[str, ...]]:
        """Return y, (M,) int64 or (M, 1) float64, the task and the names of the classes.

        Texts are classes, in sorted order, and numbers a regression target, unless they are to be classes, too: then
        they must be whole, and keep zeros in front. Raises :class:`DataError` for numbers among texts, NaN, Inf, and
        numbers that float64 would round, or that have zeros in front, as a regression target.
        """
        if self._kind == "classes" or not self._any_number:
            unit = "" if self._kind == "classes" else unit_in(self._words)
            if unit:
                raise DataError(
                    f"{self._where}: got {next(iter(self._words))!r} and the like, expected numbers or names of "
                    f"classes: say {entry('data.target_unit', unit)} if these are numbers, else data.target_kind: "
                    "classes"
                )
            if self._kind == "numbers":
                raise DataError(
                    f"{self._where}: got texts, expected numbers as data.target_kind says: set it to classes"
                )
            return self._classes()
        self._refuse("text", "a number as in other lines: correct it, or use target_kind: classes")
        self._refuse("not finite", "a finite number: correct it")
        self._refuse("rounded", "a number that float64 holds: if it names a class, set data.target_kind to classes")
        if self._kind == "auto":
            self._refuse(
                "code",
                "a number without zeros in front: set data.target_kind to classes if it names a class, else to numbers",
            )
        return np.concatenate(self._numbers)[:, np.newaxis], "regression", ()

    def _classes(self) -> tuple[NDArray[np.int64], Task, tuple[str, ...]]:
        names = {word: word for word in self._words}
        if self._listed:
            order = list(self._listed)
        elif "text" in self._faults:
            order = sorted(names)
        else:
            self._refuse("fraction", "a whole number: recode it, or use numbers")
            self._refuse("not finite", "a finite number: correct it")
            names = {word: word if is_code(word) else str(int(float(word))) for word in names}
            order = sorted(set(names.values()), key=lambda name: (int(name), name))
        places = {name: place for place, name in enumerate(order)}
        indices = np.array([places[name] for name in names.values()], np.int64)
        return indices[np.concatenate(self._codes)], "classification", tuple(order)

    def _refuse(self, fault: str, expected: str) -> None:
        if fault in self._faults:
            row, cell = self._faults[fault]
            raise DataError(f"{row}, {self._where}: got {cell[:40]!r}, expected {expected}")
