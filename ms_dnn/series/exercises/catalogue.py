"""The exercises there are: their stubs, their solutions, and what is said of them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ms_dnn.errors import SeriesError
from ms_dnn.series.catalogue import CHAPTERS
from ms_dnn.series.post import Words

STUBS = CHAPTERS / "exercises"
SOLUTIONS = STUBS / "solutions"
_WORDS = Path(__file__).parent / "words.yaml"
_CHINESE = "编程练习 "
"""How the title of the Chinese half of a stub's docstring begins."""


@dataclass(frozen=True)
class Task:
    """An exercise as its reader sees it."""

    chapter: int
    stub: Path
    solution: Path
    title: Words
    text: Words
    hint: Words
    faults: dict[str, Words]


@cache
def exercises() -> list[Task]:
    """Return the exercises in the order of their chapters."""
    said = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return [_read(path, said[int(path.name[:2])]) for path in sorted(STUBS.glob("[0-9][0-9]_*.py"))]


def find_exercise(chapter: int) -> Task | None:
    """Return the exercise of a chapter, if it has one."""
    return next((task for task in exercises() if task.chapter == chapter), None)


def exercise_of(words: list[str]) -> Task:
    """Return the exercise that a command line names.

    Raises:
        SeriesError: when it names none.
    """
    numbers = [task.chapter for task in exercises()]
    found = find_exercise(int(words[0])) if len(words) == 1 and words[0].isdecimal() else None
    if found is None:
        got = f"got '{' '.join(words)}'" if words else "none was named"
        raise SeriesError(f"series exercise: {got}, expected a number from {numbers[0]} to {numbers[-1]}")
    return found


def _read(stub: Path, said: dict[str, Any]) -> Task:
    text = ast.get_docstring(ast.parse(stub.read_text(encoding="utf-8"))) or ""
    english, _, chinese = text.partition(f"\n\n{_CHINESE}")
    halves = [half.partition("\n\n") for half in (english, _CHINESE + chinese)]
    (title, _, task), (chinese_title, _, chinese_task) = halves
    faults = {key: Words(**words) for key, words in said["faults"].items()}
    return Task(
        int(stub.name[:2]),
        stub,
        SOLUTIONS / stub.name,
        Words(chinese_title, title),
        Words(chinese_task.strip(), task.strip()),
        Words(**said["hint"]),
        faults,
    )
