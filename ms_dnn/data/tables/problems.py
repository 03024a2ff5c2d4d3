"""What is wrong with the cells of a table, told all at once: a line for each column and kind of fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ms_dnn.config.loading import entry
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import counted

_LISTED = 20


@dataclass
class _Problem:
    sentence: str
    cells: int
    declaration: Mapping[str, str]


@dataclass
class Problems:
    """Faults of the cells of ``file``, of which the first of each column and kind is told, and the others are counted.

    ``advice`` ends a message on several of them; ``trained`` says that the columns are those of a run, which only
    another training can change.
    """

    file: str
    advice: str = ""
    trained: bool = False
    _found: dict[tuple[str, str], _Problem] = field(default_factory=dict)

    def add(self, column: str, fault: str, cells: int, sentence: str, declaration: Mapping[str, str]) -> None:
        """Note ``cells`` cells of a column with a fault; ``declaration`` is what data.columns could say of it."""
        known = self._found.setdefault((column, fault), _Problem(sentence, 0, declaration))
        known.cells += cells

    @property
    def say(self) -> str:
        """The verb of a cure that changes the configuration."""
        return "train anew and say" if self.trained else "say"

    def check(self) -> None:
        """Raise :class:`DataError` if there are problems: one sentence for one, else a line for each."""
        if not self._found:
            return
        lines = [
            problem.sentence + (f" ({problem.cells} such cells in all)" if problem.cells > 1 else "")
            for problem in self._found.values()
        ]
        if len(lines) == 1:
            raise DataError(lines[0])
        more = [f"and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
        head = f"{self.file}: got {counted(len(lines), 'problem')}, expected none:"
        raise DataError("\n  ".join([head, *lines[:_LISTED], *more]) + self._to_paste() + self.advice)

    def _to_paste(self) -> str:
        """Return the lines that declare what can be declared."""
        told: dict[str, dict[str, str]] = {}
        if self.trained:
            return ""
        for (column, _), problem in self._found.items():
            if problem.declaration:
                told.setdefault(column, {}).update(problem.declaration)
        if not told:
            return ""
        lines = [f"\n    {entry(column, what)}" for column, what in told.items()]
        return "\nTo say what these columns hold, paste:\ndata:\n  columns:" + "".join(lines)
