"""The chapters of the series on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ms_dnn.series.catalogue import Chapter


def print_chapters(chapters: Sequence[Chapter]) -> None:
    """Print a row a chapter: number and title, what it teaches, what it needs."""
    table = Table(box=SIMPLE_HEAD, leading=1)
    table.add_column("chapter", style="bold", max_width=24)
    table.add_column("teaches", ratio=3)
    table.add_column("needs", ratio=2)
    for chapter in chapters:
        table.add_row(*(Text(cell) for cell in (chapter.title, chapter.teaches, chapter.needs)))
    console = Console()
    console.print(table)
    console.print("ms-dnn series NUMBER runs one; --figures FOLDER keeps its pictures", style="dim")
