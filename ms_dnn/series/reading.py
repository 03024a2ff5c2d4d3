"""Run a chapter and show its prose between what it prints: ``python -m ms_dnn.series.reading CHAPTER.py …``.

The chapter is run as a script of its own is, in one piece; before what follows a block of prose, that block is shown.
Its questions are asked at the end, and their answers computed and shown when they are asked for.
"""

from __future__ import annotations

import argparse
import ast
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from ms_dnn.series.chapter import LANGUAGES
from ms_dnn.series.progress import record
from ms_dnn.series.prose import QUESTIONS, Prose, prose_of, rendered

WIDEST = 100
"""Columns of a line of prose, on a wider screen too."""
_SAY = "_ms_dnn_say"


def main() -> None:
    """Read the command line, and run the chapter with what is left of it."""
    if hasattr(signal, "SIGPIPE"):  # the reader went away (ms-dnn series 9 | head): end without a word
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument("chapter", type=Path)
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    parser.add_argument("--no-prose", action="store_true", help="what it prints alone, with its answers")
    parser.add_argument("--answers", action="store_true", help="the answers to its questions, too")
    options, others = parser.parse_known_args()
    sys.argv = [str(options.chapter), "--language", options.language, *others]
    reading = Reading(options.chapter, options.language, prose=not options.no_prose, answers=options.answers)
    reading.run()


class Reading:
    """One run of a chapter."""

    def __init__(self, path: Path, language: str, *, prose: bool, answers: bool) -> None:
        self.path, self.language, self.with_prose, self.answers = path, language, prose, answers
        self.blocks = prose_of(path)

    def run(self) -> None:
        """Run it in the module ``__main__``, where its functions and classes then are; note that it was read."""
        main = ModuleType("__main__", self.blocks[0].text)
        main.__file__ = str(self.path)
        vars(main)[_SAY] = self.say
        sys.modules["__main__"] = main
        sys.path[0] = str(self.path.parent)
        if self.with_prose:
            self.say(0)
        exec(compile(self.program(), str(self.path), "exec"), vars(main))  # noqa: S102 - a chapter of ours
        record("read", int(self.path.name[:2]))
        if self.with_prose:
            self._say_what_is_next()

    def program(self) -> ast.Module:
        """Return the chapter with a call of :meth:`say` before what follows a block of prose."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        if not self.with_prose:
            return tree
        asked_from = next((block.line for block in self.blocks if block.text.startswith(f"{QUESTIONS}\n")), None)
        if not self.answers and asked_from is not None:
            tree.body = [statement for statement in tree.body if statement.lineno < asked_from]
        calls = [_call(number, block.line) for number, block in enumerate(self.blocks) if number]
        tree.body = sorted([*tree.body, *calls], key=lambda statement: statement.lineno)
        return tree

    def say(self, number: int) -> None:
        """Show a block of prose, an empty line around each of its parts."""
        block: Prose = self.blocks[number]
        console = _console()
        console.print()
        for part in rendered(block.text, self.path.stem, self.language, answers=self.answers):
            console.print(part)
            console.print()

    def _say_what_is_next(self) -> None:
        from ms_dnn.series.exercises.catalogue import find_exercise

        number = int(self.path.name[:2])
        rows = [] if self.answers else [(f"ms-dnn series {number} --answers", "答案", "the answers")]
        if find_exercise(number) is not None:
            rows.append((f"ms-dnn series exercise {number}", "编程练习", "a task for you"))
        for command, chinese, english in rows:
            if self.language == "zh-CN":
                print(f"{command} --language zh-CN    {chinese}")
            else:
                print(f"{command}    {english}")


def _call(number: int, line: int) -> ast.stmt:
    """Return the statement that shows a block of prose, as if it stood on that line."""
    call = ast.parse(f"{_SAY}({number})").body[0]
    return ast.increment_lineno(call, line - 1)


def _console() -> Any:
    from rich.console import Console

    console = Console(highlight=False)
    if console.width > WIDEST:
        console.width = WIDEST
    return console


if __name__ == "__main__":
    main()
