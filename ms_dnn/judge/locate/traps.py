"""What silently spoils gradients in MindSpore, looked for by name before any gradient is compared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from ms_dnn.judge.judgement import Finding
from ms_dnn.judge.routes.cells import cells_with_bprop, named_cells, without_bprops
from ms_dnn.judge.routes.subject import Subject, as_array, as_sequence, dtype_of
from ms_dnn.presentation.notation import first_line

MINDSPORE = str(Path(ms.__file__).parent)
DETOURS = ("asnumpy", "__array__", "item", "tolist", "numpy")
"""Methods of a Tensor whose result no derivative follows."""


def traps(subject: Subject) -> list[Finding]:
    """Return everything that is found wrong, or worth knowing, before a gradient is taken."""
    functions = (subject.function, subject.loss)
    return [
        *parameters_under_bprop(functions, {v.name for v in subject.variables}),
        *broken_bprops(subject),
        *detours(subject),
    ]


def parameters_under_bprop(functions: Sequence[Any], judged: set[str]) -> list[Finding]:
    """Find Cells that own Parameters and define ``bprop``: the gradients of these are silently 0 in PyNative."""
    found = []
    for name, cell in named_cells(functions):
        owned = [parameter.name for parameter in cell.trainable_params() if parameter.name in judged]
        if cell.has_bprop and owned:
            message = (
                f"{_title(name, cell)} defines bprop and owns the Parameters {', '.join(owned)}: in PyNative their "
                "gradients are silently 0, compiled it is an error; put the bprop into a Cell without Parameters "
                "that takes them as inputs, and hold that Cell in the one that owns them"
            )
            found.append(Finding("Parameters under a bprop", "error", "all", owned[0], message))
    return found


def broken_bprops(subject: Subject) -> list[Finding]:
    """Call each ``bprop`` on its own and find wrong counts, shapes and dtypes, which compiled graphs accept."""
    cells = cells_with_bprop((subject.function, subject.loss))
    if not cells:
        return []
    names = {id(cell): name for name, cell in named_cells((subject.function, subject.loss))}
    findings = []
    with recorded_calls(cells) as calls:
        subject.terms()
    for cell, inputs, out in calls:
        outs = as_sequence(out)
        cotangents = [Tensor(np.ones(o.shape), o.dtype) if isinstance(o, Tensor) else o for o in outs]
        title = _title(names[id(cell)], cell)
        try:
            got = cell.bprop(*inputs, out, cotangents[0] if out is outs[0] else tuple(cotangents))
        except (RuntimeError, ValueError, TypeError, AttributeError, IndexError) as error:
            wrong = [("bprop fails", f"fails: {first_line(error)}")]
        else:
            wrong = _mismatches(inputs, got)
        findings += [Finding(kind, "error", "all", None, f"{title}: its bprop {what}") for kind, what in wrong]
    return findings


def detours(subject: Subject) -> list[Finding]:
    """Find where the forward pass leaves MindSpore: what comes back is a constant, and the gradient stops."""
    places: dict[str, str] = {}

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call" and getattr(argument, "__name__", "") in DETOURS:
            caller: FrameType | None = frame
            owner = getattr(argument, "__self__", None)
        elif event == "call" and frame.f_code.co_name in DETOURS:
            caller, owner = frame.f_back, frame.f_locals.get("self")
        else:
            return
        if isinstance(owner, Tensor) and caller is not None and not _of_mindspore(caller):
            place = f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}"
            places.setdefault(place, argument.__name__ if event == "c_call" else frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        subject.outputs()
    finally:
        sys.setprofile(before)
    message = (
        "the forward pass leaves MindSpore at {} ({}): what comes back is a constant to differentiation, and the "
        "gradient through it is silently lost; compute with mindspore.ops, or give the Cell a bprop"
    )
    return [Finding("NumPy detour", "warning", "all", None, message.format(*place)) for place in places.items()]


def random_forward(subject: Subject) -> Finding | None:
    """Return a finding when two forward passes at one point differ, naming the dropout that does it."""
    first, second = subject.terms(), subject.terms()
    if np.array_equal(first, second, equal_nan=True):
        return None
    cells = named_cells((subject.function, subject.loss))
    dropouts = [
        _title(name, cell) for name, cell in cells if "dropout" in type(cell).__name__.lower() and cell.training
    ]
    kind = "unseeded dropout" if dropouts else "random forward"
    why = ": something in it draws random numbers or keeps a state; make what is drawn an input, then judge again"
    if dropouts:
        why = (
            f", because {', '.join(dropouts)} draws a new mask each time: there is no one function to differentiate; "
            "judge with cell.set_train(False), or multiply by a mask that is an input"
        )
    return Finding(kind, "warning", "all", None, f"two forward passes on the same input differ{why}")


@contextmanager
def recorded_calls(cells: Sequence[nn.Cell]) -> Iterator[list[tuple[nn.Cell, tuple[Any, ...], Any]]]:
    """Record (Cell, inputs, output) of each call of the Cells in PyNative, which takes no hook on a Cell with bprop."""
    calls: list[tuple[nn.Cell, tuple[Any, ...], Any]] = []

    def record(cell: nn.Cell, inputs: tuple[Any, ...], output: Any) -> None:
        calls.append((cell, inputs, output))

    with without_bprops(cells):
        handles = [cell.register_forward_hook(record) for cell in cells]
        try:
            yield calls
        finally:
            for handle in handles:
                handle.remove()


@contextmanager
def parameters_restored(functions: Sequence[Any]) -> Iterator[Callable[[], list[str]]]:
    """Put every Parameter back at the end; yields a function that names those that have changed until then."""
    cells = [function for function in functions if isinstance(function, nn.Cell)]
    kept = {id(p): (p, p.copy(), as_array(p)) for cell in cells for p in cell.get_parameters()}

    def changed() -> list[str]:
        return [p.name for p, _, before in kept.values() if not np.array_equal(as_array(p), before, equal_nan=True)]

    try:
        yield changed
    finally:
        for parameter, before, numbers in kept.values():
            if not np.array_equal(as_array(parameter), numbers, equal_nan=True):
                ms.ops.assign(parameter, before)


def _mismatches(inputs: Sequence[Any], got: Any) -> list[tuple[str, str]]:
    if not isinstance(got, tuple):
        return [("wrong bprop", f"returns a {type(got).__name__}, expected a tuple with one gradient an input")]
    if len(got) != len(inputs):
        return [("wrong bprop", f"returns {len(got)} gradients, expected one for each of its {len(inputs)} inputs")]
    found = []
    for place, (value, gradient) in enumerate(zip(inputs, got, strict=True)):
        if not isinstance(value, Tensor) or not isinstance(gradient, Tensor):
            continue
        if tuple(gradient.shape) != tuple(value.shape):
            what = (
                f"returns a gradient of shape {tuple(gradient.shape)} for input {place} of shape {tuple(value.shape)}"
            )
            found.append(("wrong shape", f"{what}; a compiled graph accepts that silently: reduce or reshape it"))
        elif gradient.dtype != value.dtype:
            what = f"returns {dtype_of(gradient)} for input {place}, which is {dtype_of(value)}: cast it"
            found.append(("wrong dtype", what))
    return found


def _of_mindspore(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(MINDSPORE)


def _title(name: str, cell: nn.Cell) -> str:
    kind = type(cell).__name__
    return kind if name == kind else f"{name} ({kind})"
