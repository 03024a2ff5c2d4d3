"""``ms-dnn series``: the chapters that teach, listed, found, run, and their exercises."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ms_dnn.cli.options import DeviceName
from ms_dnn.errors import SeriesError
from ms_dnn.runtime.durable import check_new_folder, write_file

if TYPE_CHECKING:
    from ms_dnn.series.catalogue import Chapter
    from ms_dnn.series.search import Hit

Language = Literal["en", "zh-CN"]
EXERCISE = "exercise"
MOST_HITS = 15
"""Rows of a list of hits, which fits one screen."""


def series(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="Number of a chapter to run; words to find chapters by, in English or Chinese; or: exercise NUMBER. "
            "Left out: list the chapters, and what was done.",
            show_default=False,
        ),
    ] = None,
    device: DeviceName = None,
    language: Annotated[Language, typer.Option(help="Of all that is shown.")] = "en",
    figures: Annotated[
        Path | None, typer.Option(help="Folder for the pictures; else they are shown where there is a screen.")
    ] = None,
    no_prose: Annotated[bool, typer.Option("--no-prose", help="What the chapter prints alone.")] = False,
    answers: Annotated[bool, typer.Option("--answers", help="Show the answers to the questions, too.")] = False,
    notebook: Annotated[
        bool, typer.Option("--notebook", help="Write the chapter as a notebook here, and open it in Jupyter.")
    ] = False,
    file: Annotated[Path | None, typer.Option(help="Of an exercise: your file.", show_default=False)] = None,
    hint: Annotated[bool, typer.Option("--hint", help="Of an exercise: show the hint.")] = False,
    solution: Annotated[bool, typer.Option("--solution", help="Of an exercise: show the solution.")] = False,
) -> None:
    """List the chapters of the series, find those of a word, run one, or judge what you wrote for its exercise."""
    of_chapter = {
        "--device": device, "--figures": figures, "--no-prose": no_prose, "--answers": answers, "--notebook": notebook
    }  # fmt: skip
    of_exercise = {"--file": file, "--hint": hint, "--solution": solution}
    if not what:
        _check_unused({**of_chapter, **of_exercise}, "no chapter was named")
        _print_chapters(language)
    elif what[0] == EXERCISE:
        from ms_dnn.cli.exercise import exercise

        _check_unused(of_chapter, "it is an option of a chapter, not of an exercise")
        raise typer.Exit(exercise(what[1:], language, file=file, hint=hint, solution=solution))
    else:
        _check_unused(of_exercise, "it is an option of an exercise: ms-dnn series exercise NUMBER")
        chapter = _chosen(" ".join(what), language)
        if chapter is None:
            _check_unused(of_chapter, "several chapters were found: name the number of one")
        elif notebook:
            _open_notebook(chapter, language)
        else:
            _run(chapter, device, language, figures, no_prose=no_prose, answers=answers)


def _check_unused(options: dict[str, Any], reason: str) -> None:
    """Raise a SeriesError when an option was given that nothing would heed."""
    given = next((name for name, value in options.items() if value), None)
    if given is not None:
        raise SeriesError(f"{given}: {reason}")


def _chosen(query: str, language: Language) -> "Chapter | None":
    """Return the chapter that is meant; when several may be, list them and return None."""
    from ms_dnn.series.catalogue import find_chapter
    from ms_dnn.series.search import TITLE, search

    if query.isdecimal():
        return find_chapter(query)
    hits = search(query, language)
    if len(hits) == 1 or (hits[0].rank == TITLE and hits[1].rank != TITLE):
        return hits[0].chapter
    _print_hits(hits[:MOST_HITS], language)
    return None


def _run(
    chapter: "Chapter", device: str | None, language: Language, figures: Path | None, *, no_prose: bool, answers: bool
) -> None:
    if figures is not None:
        check_new_folder(figures, "--figures")
    command = [sys.executable, "-m", "ms_dnn.series.reading", str(chapter.path.resolve())]
    command += ["--device", device or "auto", "--language", language]
    command += ["--figures", str(figures)] if figures is not None else []
    command += [name for name, asked in (("--no-prose", no_prose), ("--answers", answers)) if asked]
    if os.name == "nt":  # there a new process does not take the place of this one: the shell would not wait for it
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - a chapter of ours
    # In place of this process: a chapter is a script of its own, with Python's way of ending and of being interrupted.
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - a chapter of ours


def _print_chapters(language: Language) -> None:
    """Print a row a chapter: number and title, whether it was read and its exercise solved."""
    from ms_dnn.series.catalogue import chapters
    from ms_dnn.series.exercises.catalogue import exercises
    from ms_dnn.series.progress import progress
    from ms_dnn.series.translation import INDEX, translated

    done, with_exercise = progress(), {one.chapter for one in exercises()}
    rows = []
    for chapter in chapters():
        number = chapter.number
        solved = "✓" if number in done["solved"] else "–" if number in with_exercise else ""
        rows.append((translated(chapter.title, INDEX, language), "✓" if number in done["read"] else "–", solved))
    if language == "zh-CN":
        _print_table(("章", "已读", "编程练习"), rows)
        print("ms-dnn series 编号：运行一章　　ms-dnn series 词语：查找")
        print("ms-dnn series exercise 编号：编程练习")
    else:
        _print_table(("chapter", "read", "exercise"), rows)
        print("ms-dnn series NUMBER runs one, ms-dnn series WORD finds them, ms-dnn series exercise NUMBER")
        print("中文：ms-dnn series --language zh-CN")


def _print_hits(hits: "Sequence[Hit]", language: Language) -> None:
    from ms_dnn.series.translation import INDEX, translated

    option = f" --language {language}" if language != "en" else ""
    titles = [translated(hit.chapter.title, INDEX, language) for hit in hits]
    places = [hit.name.in_language(language) for hit in hits]
    rows = [
        (f"ms-dnn series {hit.chapter.number}{option}", title, "" if place == title else place)
        for hit, title, place in zip(hits, titles, places, strict=True)
    ]
    _print_table(("运行", "章", "小节") if language == "zh-CN" else ("to run it", "chapter", "section"), rows)


def _print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    longest = max(cell_len(row[0]) for row in rows)  # a command is not cut
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, head in enumerate(heads):
        table.add_column(head, overflow="ellipsis", no_wrap=True, min_width=longest if number == 0 else None)
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _open_notebook(chapter: "Chapter", language: Language) -> None:
    """Write the chapter's notebook into the working directory, and open it where there is a Jupyter."""
    from ms_dnn.series.notebook import notebook_text

    path = Path(f"{chapter.name}.{language}.ipynb")
    if path.exists():
        print(f"{path} is there already, and stays as it is" if language == "en" else f"{path} 已存在，保持不变")
    else:
        write_file(path, notebook_text(chapter.path, language))
        print(f"wrote {path}" if language == "en" else f"已写入 {path}")
    jupyter = next(filter(None, map(shutil.which, ("jupyter-lab", "jupyter-notebook"))), None)
    if jupyter is None:
        print(
            "there is no Jupyter here to open it with: pip install jupyterlab, then jupyter lab"
            if language == "en"
            else "这里没有可以打开它的 Jupyter：请先 pip install jupyterlab，再运行 jupyter lab"
        )
    else:
        raise typer.Exit(subprocess.run([jupyter, str(path)], check=False).returncode)  # noqa: S603 - the reader's own
