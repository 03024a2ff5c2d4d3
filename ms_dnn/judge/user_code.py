"""What an exception says that the user's own code raised: his lines, not ours and not MindSpore's."""

from __future__ import annotations

import traceback
from pathlib import Path

import mindspore as ms

import ms_dnn
from ms_dnn.presentation.notation import first_line

NOT_HIS = tuple(package.__path__[0] for package in (ms, ms_dnn))
TELLING = (RuntimeError, ValueError, TypeError)
"""What MindSpore raises for everything: the class says nothing."""


def own_line(error: BaseException) -> str:
    """Return the innermost line of the user's own code that the error came through; "" where there is none."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if not one.filename.startswith(NOT_HIS)]
    if not frames:
        return ""
    last = frames[-1]
    return f"{Path(last.filename).name}, line {last.lineno}, in {last.name}: {last.line}"


def told(error: BaseException) -> str:
    """Return what the error says, and in brackets the user's own line that it came through."""
    kind = "" if type(error) in TELLING else f"{type(error).__name__}: "
    line = own_line(error)
    return f"{kind}{first_line(error)}{f' ({line})' if line else ''}"
