"""What a command is doing, on the last line of the terminal while it lasts.

Not rich's status: that hides the cursor, and Ctrl-C, which ends a command at once before a run listens for it, would
leave it hidden.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOADING = "loading MindSpore"
_TAKE_AWAY = "\r\x1b[2K"
_shown: list[str] = []


@contextmanager
def working(doing: str) -> Iterator[None]:
    """Show on stderr's terminal what is being done until it is done; nothing where stderr is no terminal.

    Example:
        >>> with working("loading MindSpore"):
        ...     step("judging tensor 1 of 12")
    """
    if _shown or not sys.stderr.isatty():
        step(doing)
        yield
        return
    _shown.append("")
    try:
        step(doing)
        yield
    finally:
        _shown.clear()
        print(_TAKE_AWAY, end="", file=sys.stderr, flush=True)


def step(doing: str) -> None:
    """Show what is being done now, if :func:`working` shows anything."""
    if _shown:
        width = shutil.get_terminal_size().columns - 3
        print(f"{_TAKE_AWAY}{doing[:width]} …", end="", file=sys.stderr, flush=True)
