"""What a reader has done: chapters that were read to their end, exercises that were solved.

A line of JSON each, appended in one write, so that several processes may do so at once.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Literal

Deed = Literal["read", "solved"]


def progress_file() -> Path:
    """Return ``$XDG_STATE_HOME/ms-dnn/series.jsonl``; the state folder is ``~/.local/state`` unless it is set."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "ms-dnn" / "series.jsonl"


def progress() -> dict[Deed, set[int]]:
    """Return the numbers of the chapters that were read and whose exercises were solved.

    A file that cannot be understood is put aside, with one sentence on stderr.
    """
    done: dict[Deed, set[int]] = {"read": set(), "solved": set()}
    path = progress_file()
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            done[entry["done"]].add(int(entry["chapter"]))
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        _put_aside(path, error)
        return {"read": set(), "solved": set()}
    return done


def record(deed: Deed, chapter: int) -> None:
    """Note that a chapter was read or its exercise solved; where nothing can be written, say so on stderr."""
    if chapter in progress()[deed]:
        return
    path = progress_file()
    line = json.dumps({"done": deed, "chapter": chapter}) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        print(f"series: {path}: progress is not kept ({error.strerror})", file=sys.stderr)


def _put_aside(path: Path, error: Exception) -> None:
    aside = path.with_name(f"{path.name}.unreadable")
    try:
        path.replace(aside)
        print(f"series: {path} could not be read ({error}): it is {aside.name} now, nothing is marked", file=sys.stderr)
    except OSError:
        print(f"series: {path} unreadable ({error}); nothing is marked", file=sys.stderr)
