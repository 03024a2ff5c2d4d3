"""``ms-dnn series``: the chapters that teach, listed and run."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ms_dnn.cli.options import DeviceName
from ms_dnn.errors import SeriesError
from ms_dnn.runtime.durable import check_new_folder

if TYPE_CHECKING:
    from ms_dnn.series.catalogue import Chapter


def series(
    chapter: Annotated[
        str | None, typer.Argument(help="Number or name of a chapter; left out: list them.", show_default=False)
    ] = None,
    device: DeviceName = None,
    language: Annotated[Literal["en", "zh-CN"], typer.Option(help="Of the pictures.")] = "en",
    figures: Annotated[
        Path | None, typer.Option(help="Folder for the pictures; else they are shown where there is a screen.")
    ] = None,
) -> None:
    """List the chapters of the series, what each teaches and needs, or run one."""
    from ms_dnn.series.catalogue import chapters, find_chapter

    if chapter is None:
        if figures is not None:
            raise SeriesError("--figures keeps the pictures of a chapter, and none was named: ms-dnn series lists them")
        _print_chapters(chapters())
        return
    if figures is not None:
        check_new_folder(figures, "--figures")
    path = find_chapter(chapter).path.resolve()
    options: list[tuple[str, str]] = [("--device", device or "auto"), ("--language", language)]
    if figures is not None:
        options.append(("--figures", str(figures)))
    command = [sys.executable, str(path), *(word for pair in options for word in pair)]
    if os.name == "nt":  # there a new process does not take the place of this one: the shell would not wait for it
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - a chapter of ours
    # In place of this process: a chapter is a script of its own, with Python's way of ending and of being interrupted.
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - a chapter of ours


def _print_chapters(chapters: "Sequence[Chapter]") -> None:
    """Print a row a chapter: number and title, what it teaches, what it needs."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, leading=1)
    table.add_column("chapter", style="bold", max_width=24)
    table.add_column("teaches", ratio=3)
    table.add_column("needs", ratio=2)
    for chapter in chapters:
        table.add_row(*(Text(cell) for cell in (chapter.title, chapter.teaches, chapter.needs)))
    console = Console()
    console.print(table)
    console.print("ms-dnn series NUMBER runs one; --figures FOLDER keeps its pictures", style="dim")
