"""Which of the arrays that were given becomes which argument of the function: by name, else in order."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mindspore import Tensor, nn

from ms_dnn.errors import SubjectError
from ms_dnn.judge.routes.tensors import dtype_of
from ms_dnn.presentation.notation import counted, shape_text

IN_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
SHOWN = 8
"""Inputs that a message lists; more would hide what it says."""


@dataclass(frozen=True)
class Given:
    """A value and where it comes from.

    Attributes:
        value: an array, a Tensor, or a Python value.
        source: for people: "y in dump.npz".
        name: under which it is kept there, or its number in a dump; "" where it has none.
        keyword: whether it was passed by that name.
    """

    value: Any
    source: str
    name: str = ""
    keyword: bool = False

    def __str__(self) -> str:
        return f"{self.source} ({_described(self.value)})"


def arguments_of(function: Any, groups: Sequence[Sequence[Given]], skip: int = 0) -> tuple[Given, ...]:
    """Return the arguments of the function in its own order.

    A group, which is what one file or folder holds, is matched by name where all its names are names of parameters;
    keywords always are. Everything else fills the free places in order.

    Args:
        function: a Cell, whose ``construct`` counts, or a function.
        groups: what each option of the command line gave.
        skip: parameters at the beginning that are not given, as the output that a loss takes.

    Raises:
        SubjectError: there are too many or too few, or a keyword that the function lacks.
    """
    everything = [given for group in groups for given in group]
    parameters = _parameters(function) if everything else None
    if parameters is None:
        _check_keywords(function, everything, ())
        return tuple(everything)
    known = [parameter for parameter in parameters if parameter.kind in IN_PLACE][skip:]
    names = [parameter.name for parameter in known]
    _check_keywords(function, everything, names)
    by_name: dict[str, Given] = {}
    in_order: list[Given] = []
    for group in groups:
        matched = all(given.name in names for given in group)
        for given in group:
            if matched or given.keyword:
                if given.name in by_name:
                    raise SubjectError(f"input '{given.name}': given twice, as {by_name[given.name]} and as {given}")
                by_name[given.name] = given
            else:
                in_order.append(given)
    free = [name for name in names if name not in by_name]
    placed = {**by_name, **dict(zip(free, in_order, strict=False))}
    more = in_order[len(free) :]
    takes_more = any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters)
    missing = [p.name for p in known if p.default is inspect.Parameter.empty and p.name not in placed]
    if missing or (more and not takes_more):
        raise SubjectError(_mismatch(function, names, placed, more, missing))
    last = max((place for place, name in enumerate(names) if name in placed), default=-1)
    filled = [placed.get(p.name) or Given(p.default, "the default", p.name) for p in known[: last + 1]]
    return (*filled, *more)


def origins(function: Any, arguments: Sequence[Given], skip: int = 0) -> str:
    """Return which array became which input: "x is arr_0 in dump.npz (float32 2×3)"; "" where no file has names."""
    if not any(given.name for given in arguments):
        return ""
    known = [p.name for p in _parameters(function) or () if p.kind in IN_PLACE][skip:]
    names = [*known, *(f"input {place}" for place in range(len(known), len(arguments)))]
    return _listed([f"{name} is {given}" for name, given in zip(names, arguments, strict=False)])


def _parameters(function: Any) -> list[inspect.Parameter] | None:
    """Return what the function takes; None where nothing says it."""
    called: Callable[..., Any] = function.construct if isinstance(function, nn.Cell) else function
    try:
        return list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        return None


def _check_keywords(function: Any, everything: Sequence[Given], names: Sequence[str]) -> None:
    unknown = [given for given in everything if given.keyword and given.name not in names]
    if unknown:
        raise SubjectError(
            f"{unknown[0].source}: was passed as '{unknown[0].name}', but {_title(function)} takes no such input by "
            f"place; it takes {', '.join(names) or 'no names'}: judge the function that was called"
        )


def _mismatch(
    function: Any, names: Sequence[str], placed: dict[str, Given], more: Sequence[Given], missing: Sequence[str]
) -> str:
    takes = f"{_title(function)} takes {counted(len(names), 'input')} ({', '.join(names)})"
    shares = [f"{name} is {placed[name]}" for name in names if name in placed]
    shares += [f"nothing is {name}" for name in missing] + [f"{given} is one too many" for given in more]
    return f"{takes}, got {len(placed) + len(more)}: {_listed(shares)}"


def _listed(shares: Sequence[str]) -> str:
    left = len(shares) - SHOWN
    return ", ".join(shares[:SHOWN]) + (f" and {left} more" if left > 0 else "")


def _title(function: Any) -> str:
    if isinstance(function, nn.Cell):
        return type(function).__name__
    return str(getattr(function, "__name__", type(function).__name__))


def _described(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{dtype_of(value)} {shape_text(value.shape)}"
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{value.dtype} {shape_text(value.shape)}"
    said = repr(value)
    return said if len(said) <= 40 else f"{said[:39]}…"
