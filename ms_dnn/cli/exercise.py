"""``ms-dnn series exercise NUMBER``: the stub for the reader, and the verdict on what the reader wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ms_dnn.errors import SeriesError
from ms_dnn.runtime.durable import check_new_folder, write_file

if TYPE_CHECKING:
    from ms_dnn.series.exercises.catalogue import Task

FOLDER = Path("exercises")
"""Where the reader's files are, in the working directory, unless ``--file`` names one."""


def exercise(words: list[str], language: str, *, file: Path | None, hint: bool, solution: bool) -> int:
    """Give the stub, the hint or the solution, or judge the reader's file; return the exit code, 1 when it is wrong."""
    from ms_dnn.series.exercises.catalogue import exercise_of

    task = exercise_of(words)
    if hint and solution:
        raise SeriesError("--hint, --solution: name one of them")
    if hint or solution:
        typer.echo(task.hint.in_language(language) if hint else task.solution.read_text(encoding="utf-8").rstrip())
        return 0
    path = file or FOLDER / task.stub.name
    if not path.exists():
        _give_stub(task, path, language)
        return 0
    return _judge(task, path, language)


def _give_stub(task: Task, path: Path, language: str) -> None:
    check_new_folder(path.parent, "--file")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, task.stub.read_text(encoding="utf-8"))
    command = _command(task, path, language)
    typer.echo(f"{task.title.in_language(language)}\n\n{task.text.in_language(language)}\n")
    if language == "zh-CN":
        typer.echo(f"已写入 {path}。写好后再运行一次：{command}；提示：{command} --hint")
    else:
        typer.echo(f"{path} is there for you to write in; then again: {command}; if you are stuck: {command} --hint")


def _judge(task: Task, path: Path, language: str) -> int:
    from ms_dnn.series.exercises.judging import judge
    from ms_dnn.series.progress import record

    verdict = judge(task, path)
    if verdict.right:
        record("solved", task.chapter)
        typer.echo(
            f"✓ 编程练习 {task.chapter:02}：正确。" if language == "zh-CN" else f"✓ exercise {task.chapter:02}: right."
        )
    else:
        typer.echo(f"✗ 编程练习 {task.chapter:02}：" if language == "zh-CN" else f"✗ exercise {task.chapter:02}:")
    for sentence in verdict.sentences:
        typer.echo(f"  {sentence.in_language(language)}")
    return 0 if verdict.right else 1


def _command(task: Task, path: Path, language: str) -> str:
    options = f" --file {path}" if path.parent != FOLDER else ""
    options += f" --language {language}" if language != "en" else ""
    return f"ms-dnn series exercise {task.chapter}{options}"
