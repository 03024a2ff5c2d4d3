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


def find_chapter(wanted: str) -> Chapter:
    """Return the chapter of a number ("9", "09") or a part of a name ("backprop").

    Raises:
        SeriesError: when none, or more than one, is meant.
    """
    known = chapters()
    if wanted.isdigit():
        meant = [chapter for chapter in known if chapter.number == int(wanted)]
    else:
        meant = [chapter for chapter in known if wanted.lower() in chapter.name]
    if len(meant) != 1:
        names = ", ".join(chapter.name for chapter in meant or known)
        which = "more than one chapter" if meant else "no chapter"
        raise SeriesError(f"series: '{wanted}' is {which}; choose a number or one of {names}")
    return meant[0]


def _read(path: Path) -> Chapter:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    fields = {name: " ".join(words.split()) for name, words in _FIELD.findall(text)}
    if not {"Teaches", "Needs"} <= fields.keys():
        raise SeriesError(f"{path}: its docstring does not say what the chapter teaches and needs (:Teaches:, :Needs:)")
    return Chapter(int(path.stem[:2]), text.partition("\n")[0], fields["Teaches"], fields["Needs"], path)
