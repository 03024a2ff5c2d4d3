"""What is where in the series: a question a row, and the chapter that treats it."""

import csv
from itertools import groupby
from pathlib import Path

from ms_dnn.series.catalogue import Chapter, chapters
from site_pages.rst import heading

CONTENTS = Path(__file__).parent.parent / "contents.csv"
INTRODUCTION = """
For teachers, and for whoever looks for one thing. Each row is a question or a picture, and the chapter that has it.
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
        entries = "\n".join(_entry(row["topic"], known[int(row["chapter"])]) for row in of_group)
        parts.append(f"{heading(group, '-')}\n.. list-table::\n   :widths: 70 30\n\n{entries}\n")
    return "\n".join(parts)


def _entry(topic: str, chapter: Chapter) -> str:
    return f"   * - {topic}\n     - :doc:`/series/{chapter.name}`"
