"""The chapters there are, read from their first lines: nothing of them is run, and no MindSpore is loaded."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from ms_dnn.errors import SeriesError

CHAPTERS = Path(__file__).parent / "chapters"
"""A link to ``scripts/series`` in the checkout; the chapters themselves in an installed package."""
_FIELD = re.compile(r"^:(\w+): (.*(?:\n +.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Chapter:
    """One script of the series, and what it says of itself."""

    number: int
    title: str
    teaches: str
    needs: str
    path: Path

    @property
    def name(self) -> str:
        """The stem of the file, as ``09_backpropagation``."""
        return self.path.stem


def chapters() -> list[Chapter]:
    """Return all chapters in their order.

    Raises:
        SeriesError: when there is none, or one does not say what it teaches and needs.
    """
    found = [_read(path) for path in sorted(CHAPTERS.glob("[0-9][0-9]_*.py"))]
    if not found:
        raise SeriesError(f"series: no chapter in {CHAPTERS}: install ms-dnn again, or use a checkout of it")
    return found


def find_chapter(number: str) -> Chapter:
    """Return the chapter of a number, "9" or "09".

    Raises:
        SeriesError: when there is none.
    """
    known = chapters()
    found = next((chapter for chapter in known if chapter.number == int(number)), None)
    if found is None:
        raise SeriesError(
            f"series: got chapter {number}, expected {known[0].number} to {known[-1].number}: ms-dnn series lists them"
        )
    return found


def _read(path: Path) -> Chapter:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    fields = {name: " ".join(words.split()) for name, words in _FIELD.findall(text)}
    if not {"Teaches", "Needs"} <= fields.keys():
        raise SeriesError(f"{path}: its docstring does not say what the chapter teaches and needs (:Teaches:, :Needs:)")
    return Chapter(int(path.stem[:2]), text.partition("\n")[0], fields["Teaches"], fields["Needs"], path)
