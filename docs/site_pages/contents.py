"""What is where in the series: a question a row, and the chapter and line that treat it."""

import csv
import re
from itertools import groupby
from pathlib import Path

from ms_dnn.series.catalogue import Chapter, chapters
from site_pages.rst import heading

CONTENTS = Path(__file__).parent.parent / "contents.csv"
INTRODUCTION = """
For teachers, and for all who look for one thing. Each row is a question or a picture, the chapter that has it, and the
place in its source.
"""


def rows() -> list[dict[str, str]]:
    """Return the rows: group, topic, chapter (its number), phrase (words that stand in the chapter's source)."""
    with CONTENTS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents_page() -> str:
    """Return the page in RST."""
    known = {chapter.number: chapter for chapter in chapters()}
    parts = [heading("What is where", "="), INTRODUCTION]
    for group, of_group in groupby(rows(), key=lambda row: row["group"]):
        entries = "\n".join(_entry(row, known[int(row["chapter"])]) for row in of_group)
        parts.append(f"{heading(group, '-')}\n.. list-table::\n   :widths: 55 25 20\n   :width: 100%\n\n{entries}\n")
    return "\n".join(parts)


def line_of(phrase: str, chapter: Chapter) -> int:
    """Return the line of the chapter's source on which a phrase begins, wherever the lines are broken.

    Raises:
        ValueError: when the chapter does not contain it.
    """
    lines = chapter.path.read_text(encoding="utf-8").splitlines()
    ends = [number for number in range(len(lines)) if phrase in _joined(lines[number : number + 3])]
    if not ends:
        raise ValueError(f"contents.csv: {chapter.path.name} does not contain {phrase!r}")
    first = ends[0]
    while first + 1 in ends and phrase in _joined(lines[first + 1 : first + 3]):
        first += 1
    return first + 1


def _joined(lines: list[str]) -> str:
    """Return the lines of a comment or of code as one."""
    return re.sub(r"\s+", " ", " ".join(line.removeprefix("#") for line in lines))


def _entry(row: dict[str, str], chapter: Chapter) -> str:
    place = f"{chapter.path.name}:{line_of(row['phrase'], chapter)}"
    return f"   * - {row['topic']}\n     - :doc:`/series/{chapter.name}`\n     - ``{place}``"
