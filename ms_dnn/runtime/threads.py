"""One thread at a time in MindSpore, which can neither compile nor compute in two of them."""

from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

MINDSPORE = RLock()
"""Held over all that a process does in MindSpore."""


def one_thread_at_a_time(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function such that a thread that calls it waits until no other one is in any such function."""

    @wraps(function)
    def serialised(*args: P.args, **kwargs: P.kwargs) -> R:
        with MINDSPORE:
            return function(*args, **kwargs)

    return serialised
