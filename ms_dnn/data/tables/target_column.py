"""The target of a table, gathered block by block in the little memory that classes and numbers take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Task
from ms_dnn.data.source import TargetKind
from ms_dnn.data.tables.cells import is_missing, number_in, shown_cell
from ms_dnn.data.targets import class_targets
from ms_dnn.errors import DataError


class TargetColumn:
    """The cells of the column of ``where``; each distinct text is kept once, and not where numbers are wanted."""

    def __init__(self, where: str, kind: TargetKind) -> None:
        self._where, self._kind = where, kind
        self._numbers: list[NDArray[np.float64]] = []
        self._words: dict[str, int] = {}
        self._codes: list[NDArray[np.int64]] = []
        self._any_number = False
        self._faults: dict[str, tuple[str, str]] = {}  # of each kind the first: where it is, and its cell

    def add(self, cells: NDArray[Any], index: Any) -> None:
        """Take the cells of the next rows, whose numbers are ``index``; :class:`DataError` where one is missing."""
        for row, cell in enumerate(cells):
            if is_missing(cell):
                raise DataError(
                    f"{index.name} {index[row]}, {self._where}: got {shown_cell(cell)}, expected a value: fill it in "
                    "or drop the line"
                )
        texts = [cell.strip() for cell in cells]
        found = [number_in(text) for text in texts]
        numbers = np.array([np.nan if number is None else number for number in found], np.float64)
        is_number = np.array([number is not None for number in found])
        self._any_number |= bool(is_number.any())
        self._numbers.append(numbers)
        with np.errstate(invalid="ignore"):
            wholes = numbers == np.floor(numbers)
        for fault, good in (("text", is_number), ("fraction", wholes), ("not finite", np.isfinite(numbers))):
            if fault not in self._faults and not good.all():
                row = int(np.argmin(good))
                self._faults[fault] = f"{index.name} {index[row]}", texts[row]
        if self._kind == "classes" or not self._any_number:
            codes = [self._words.setdefault(text, len(self._words)) for text in texts]
            self._codes.append(np.array(codes, np.int64))

    def targets(self) -> tuple[NDArray[Any], Task, tuple[str, ...]]:
        """Return y, (M,) int64 or (M, 1) float64, the task and the names of the classes.

        Texts are classes, in sorted order, and numbers a regression target, unless they are to be classes, too: then
        they must be whole. Raises :class:`DataError` for numbers among texts, and for NaN and Inf.
        """
        if self._kind == "classes" or not self._any_number:
            if self._kind == "numbers":
                raise DataError(
                    f"{self._where}: got texts, expected numbers as data.target_kind says: set it to classes"
                )
            return self._classes()
        self._refuse("text", "a number as in other lines: correct it, or use target_kind: classes")
        self._refuse("not finite", "a finite number: correct it")
        return np.concatenate(self._numbers)[:, np.newaxis], "regression", ()

    def _classes(self) -> tuple[NDArray[np.int64], Task, tuple[str, ...]]:
        if "text" not in self._faults:
            self._refuse("fraction", "a whole number: recode it, or use numbers")
            self._refuse("not finite", "a finite number: correct it")
            y, names = class_targets(np.concatenate(self._numbers))
            return y, "classification", names
        order, names = class_targets(np.array(list(self._words)))
        return order[np.concatenate(self._codes)], "classification", names

    def _refuse(self, fault: str, expected: str) -> None:
        if fault in self._faults:
            row, cell = self._faults[fault]
            raise DataError(f"{row}, {self._where}: got {cell[:40]!r}, expected {expected}")
