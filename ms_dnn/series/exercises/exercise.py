"""What an exercise is: a function that the reader writes, and what it must return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

RIGHT = ""
"""In place of the name of a fault: none."""


@dataclass(frozen=True)
class Exercise:
    """What the function of an exercise must return.

    The task is the stub of the same number in ``chapters/exercises``; the hint, and the words for the faults, are in
    ``words.yaml``.

    Attributes:
        chapter: its number.
        function: the name of the function that the reader writes.
        cases: the arguments of each call.
        compute: ``compute(fault, *arguments)`` returns what the function must return, or returns with a usual fault.
        results: the names of what is returned, in their order.
        gradient: ``gradient(*arguments)`` returns the forward pass as a function of Tensors, and the arrays by which it
            is differentiated, where the results are gradients: then ``check_gradients`` judges them, too.
        judge: judges the function in a way of its own in place of all that; returns the key of what is wrong, or None.
        adapted: makes a function of what the reader writes, where that is a class.
        without_loop: whether the function must do without a loop.
    """

    chapter: int
    function: str
    cases: Sequence[tuple[Any, ...]] = ()
    compute: Callable[..., Any] | None = None
    results: tuple[str, ...] = ()
    gradient: Callable[..., tuple[Callable[..., Any], list[Any]]] | None = None
    judge: Callable[[Callable[..., Any]], str | None] | None = None
    adapted: Callable[[Any], Callable[..., Any]] | None = None
    without_loop: bool = False
