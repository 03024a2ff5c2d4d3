"""The functions that are judged, and the Cells in them: also those that a function only refers to.

A training step is often a function around a network that it does not own, as in MindSpore's quickstart:
``def forward_fn(data, label): return loss_fn(net(data), label)``. Its Cells are found in what it closes over, in its
globals, in the arguments of a ``functools.partial`` and in the object of a method.
"""

from __future__ import annotations

import copy
import functools
import inspect
import os
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import mindspore as ms
from mindspore import Parameter, Tensor, nn

from ms_dnn.judge.routes.tensors import FLOATS, cast, is_float


def cells_in(*functions: Any) -> list[nn.Cell]:
    """Return the Cells that are among the functions, or that these refer to, each once."""
    found: dict[int, nn.Cell] = {}
    seen: set[int] = set()
    waiting = list(functions)[::-1]
    while waiting:
        function = waiting.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        if isinstance(function, nn.Cell):
            found[id(function)] = function
        else:
            waiting += _referred_to(function)[::-1]
    return list(found.values())


def _referred_to(function: Any) -> list[Any]:
    if isinstance(function, functools.partial):
        return [function.func, *function.args, *function.keywords.values()]
    if isinstance(function, types.MethodType):
        return [function.__self__]
    if isinstance(function, types.FunctionType):
        names = inspect.getclosurevars(function)
        of_globals = [value for value in names.globals.values() if isinstance(value, nn.Cell)]
        return [*names.nonlocals.values(), *of_globals, *(function.__defaults__ or ())]
    return []


def named_cells(functions: Sequence[Any]) -> list[tuple[str, nn.Cell]]:
    """Return (name, Cell) of the Cells in the functions and of all below them, each once."""
    found: dict[int, tuple[str, nn.Cell]] = {}
    for function in cells_in(*functions):
        for name, cell in function.cells_and_names():
            found.setdefault(id(cell), (name or type(cell).__name__, cell))
    return list(found.values())


def cells_with_bprop(functions: Sequence[Any]) -> list[nn.Cell]:
    """Return all Cells in the functions and below them that define ``bprop``, each once."""
    return [cell for _, cell in named_cells(functions) if cell.has_bprop]


def trainable_parameters(*functions: Any) -> list[Parameter]:
    """Return the trainable Parameters of the Cells in the functions, each once."""
    found: dict[int, Parameter] = {}
    for cell in cells_in(*functions):
        found.update({id(parameter): parameter for parameter in cell.trainable_params()})
    return list(found.values())


def copies(*functions: Any, instead: Mapping[int, nn.Cell] | None = None) -> tuple[Any, ...]:
    """Return copies of the functions and of the Cells in them; what two of them share, their copies share.

    ``instead`` has Cells to be put into the copies, by the ids of those whose place they take.
    """
    memo: dict[int, Any] = dict(instead or {})
    return tuple(_copy(function, memo) for function in functions)


def _copy(function: Any, memo: dict[int, Any]) -> Any:
    if isinstance(function, nn.Cell):
        return copy.deepcopy(function, memo)
    if id(function) in memo or not cells_in(function):
        return memo.get(id(function), function)
    if isinstance(function, functools.partial):
        arguments = [_copy(value, memo) for value in function.args]
        keywords = {name: _copy(value, memo) for name, value in function.keywords.items()}
        made: Any = functools.partial(_copy(function.func, memo), *arguments, **keywords)
    elif isinstance(function, types.MethodType):
        made = types.MethodType(function.__func__, _copy(function.__self__, memo))
    else:
        names = inspect.getclosurevars(function)
        known = {name: _copy(value, memo) for name, value in names.globals.items() if isinstance(value, nn.Cell)}
        closure = tuple(types.CellType(_copy(cell.cell_contents, memo)) for cell in function.__closure__ or ())
        defaults = tuple(_copy(value, memo) for value in function.__defaults__ or ()) or None
        scope = {**function.__globals__, **known}
        made = types.FunctionType(function.__code__, scope, function.__name__, defaults, closure)
        made.__kwdefaults__ = function.__kwdefaults__
    memo[id(function)] = made
    return made


def cast_cell(cell: nn.Cell, dtype: str) -> None:
    """Bring every floating-point Parameter and Tensor attribute of the Cell and its children to a dtype, in place."""
    for parameter in cell.get_parameters():
        if is_float(parameter):
            parameter.set_dtype(FLOATS[dtype])
    for _, child in cell.cells_and_names():
        for name, value in list(vars(child).items()):
            if isinstance(value, Tensor) and not isinstance(value, Parameter):
                object.__setattr__(child, name, cast(value, dtype))


@contextmanager
def without_bprops(functions: Sequence[Any]) -> Iterator[None]:
    """Let PyNative differentiate what ``construct`` does in these Cells and their children: no bprop, no ``@jit``."""
    cells = cells_with_bprop(functions)
    before = os.environ.get("MS_JIT")
    os.environ["MS_JIT"] = "0"  # in a graph, has_bprop is no longer asked
    for cell in cells:
        object.__setattr__(cell, "has_bprop", False)
    try:
        yield
    finally:
        for cell in cells:
            object.__setattr__(cell, "has_bprop", True)
        if before is None:
            del os.environ["MS_JIT"]
        else:
            os.environ["MS_JIT"] = before


@contextmanager
def pynative_mode() -> Iterator[None]:
    """Run in PyNative whatever the mode is that the user's program has set, and set that again."""
    before = ms.get_context("mode")
    if before != ms.PYNATIVE_MODE:
        ms.set_context(mode=ms.PYNATIVE_MODE)
    try:
        yield
    finally:
        if before != ms.PYNATIVE_MODE:
            ms.set_context(mode=before)
