"""What silently spoils gradients in MindSpore, looked for by name before any gradient is compared."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from ms_dnn.errors import SubjectError
from ms_dnn.judge.judgement import Finding
from ms_dnn.judge.locate.watched import watched
from ms_dnn.judge.routes.cells import EPSILONS
from ms_dnn.judge.routes.functions import cells_in, cells_with_bprop, named_cells, without_bprops
from ms_dnn.judge.routes.structure import filled, leaves
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.judge.routes.tensors import as_array, as_sequence, dtype_of
from ms_dnn.judge.user_code import own_line, told

NESTED_OUTPUT = (
    "returns nested outputs and defines bprop: in PyNative MindSpore hands it a wrong dout (2.10), compiled the right "
    "one; return one flat tuple"
)
ROUNDINGS = 1000.0
"""By how many of the largest number two passes of one function may differ: threads add in another order."""


def traps(subject: Subject) -> list[Finding]:
    """Return everything that is found wrong, or worth knowing, before a gradient is taken."""
    functions = (subject.function, subject.loss)
    return [
        *parameters_under_bprop(functions, {v.name for v in subject.variables}),
        *broken_bprops(subject),
        *watched(subject),
        *not_judged(subject),
    ]


def parameters_under_bprop(functions: Sequence[Any], judged: set[str]) -> list[Finding]:
    """Find Cells that own Parameters and define ``bprop``: the gradients of these are silently 0 in PyNative."""
    found = []
    for name, cell in named_cells(functions):
        given = {id(parameter) for parameter in getattr(cell, "internal_params", ())}  # whose gradients bprop returns
        own = [parameter for parameter in cell.trainable_params() if id(parameter) not in given]
        owned = [parameter.name for parameter in own if parameter.name in judged]
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
        ones = (Tensor(np.ones(o.shape), o.dtype) if isinstance(o, Tensor) else o for _, o in leaves(out))
        title = _title(names[id(cell)], cell)
        if any(len(path) > 1 for path, _ in leaves(out)):
            message = f"{title} {NESTED_OUTPUT}"
            findings.append(Finding("nested output under a bprop", "note", "all", None, message))
        inputs = _with_defaults(cell, inputs)
        try:
            got = cell.bprop(*inputs, out, filled(out, ones))
        except Exception as error:  # the user's code may raise anything
            if own_line(error):
                raise SubjectError(f"{title}: its bprop failed: {told(error)}") from error
            findings.append(Finding("bprop fails", "error", "all", None, f"{title}: its bprop fails: {told(error)}"))
            continue
        of_inputs = got[0] if getattr(cell, "internal_params", ()) else got
        for kind, severity, what in _flaws(inputs, of_inputs):
            findings.append(Finding(kind, severity, "all", None, f"{title}: its bprop {what}"))
    return findings


def _with_defaults(cell: nn.Cell, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """Return the inputs and, for those not given, the defaults of ``construct``, as MindSpore hands them to bprop."""
    try:
        bound = inspect.signature(cell.construct).bind(*inputs)
    except (TypeError, ValueError):
        return tuple(inputs)
    bound.apply_defaults()
    return bound.args


def not_judged(subject: Subject) -> list[Finding]:
    """Name what is left out of the judgement, and what is put into it differently from how it was given."""
    said = [
        (
            "one Tensor twice",
            f"{second} is the same Tensor as {first}: in PyNative MindSpore gives each of them the sum of "
            "both gradients, compiled to each its own; they are judged as two Tensors",
        )
        for first, second in subject.same
    ]
    if subject.changed:
        names = ", ".join(subject.changed)
        said.append(
            ("in place", f"the forward pass changes {names} in place; every pass gets a copy, yours is left alone")
        )
    if subject.unjudged:
        names = ", ".join(subject.unjudged)
        said.append(("not judged", f"{names}: no floating-point Tensor, not judged"))
    for name, cell in named_cells((subject.function, subject.loss)):
        seen = {id(child) for _, child in cell.cells_and_names()}
        hidden = [attribute for attribute, value in vars(cell).items() if _hides_cells(attribute, value, seen)]
        if hidden:
            said.append(
                (
                    "hidden Parameters",
                    f"{_title(name, cell)} holds Cells in a plain list or dict ({', '.join(hidden)}): MindSpore does "
                    "not see their Parameters, which are neither judged nor trained; use nn.CellList or nn.CellDict",
                )
            )
    return [Finding(kind, "note", "all", None, message) for kind, message in said]


def _hides_cells(attribute: str, value: Any, seen: set[int]) -> bool:
    if attribute.startswith("_") or not isinstance(value, (list, tuple, dict)) or isinstance(value, nn.Cell):
        return False
    items = value.values() if isinstance(value, dict) else value
    hidden = [item for item in items if isinstance(item, nn.Cell) and id(item) not in seen]
    return any(cell.trainable_params() for cell in hidden)


def not_finite(subject: Subject) -> Finding | None:
    """Return a finding when the forward pass is not finite at the point."""
    terms = subject.terms()
    count = int(np.sum(~np.isfinite(terms)))
    if not count:
        return None
    what = f"{count} of {terms.size} numbers that the forward pass returns are not finite"
    why = "there is nothing to differentiate; judge at a point inside its domain"
    return Finding("not finite", "warning", "all", None, f"{what}: {why}")


def random_forward(subject: Subject) -> Finding | None:
    """Return a finding when two forward passes at one point differ by more than rounding, naming the dropout."""
    first, second = subject.terms(), subject.terms()
    rounding = ROUNDINGS * EPSILONS[subject.dtype] * float(np.max(np.abs(first), initial=0.0))
    if np.all(np.abs(first - second) <= rounding):
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
    kept = {id(p): (p, p.copy(), as_array(p)) for cell in cells_in(*functions) for p in cell.get_parameters()}

    def changed() -> list[str]:
        return [p.name for p, _, before in kept.values() if not np.array_equal(as_array(p), before, equal_nan=True)]

    try:
        yield changed
    finally:
        for parameter, before, numbers in kept.values():
            if not np.array_equal(as_array(parameter), numbers, equal_nan=True):
                ms.ops.assign(parameter, before)


def _flaws(inputs: Sequence[Any], got: Any) -> list[tuple[str, Literal["error", "note"], str]]:
    """Return (kind, severity, what) of everything that a bprop returns and should not."""
    found: list[tuple[str, Literal["error", "note"], str]] = []
    if not isinstance(got, tuple):
        what = f"returns a {type(got).__name__}: PyNative takes it, compiled MindSpore refuses it: return a tuple"
        found.append(("no tuple", "note", what))
        got = tuple(as_sequence(got))
    if len(got) != len(inputs):
        what = f"returns {len(got)} gradients, expected one for each of its {len(inputs)} inputs"
        return [("wrong bprop", "error", what)]
    for place, (value, gradient) in enumerate(zip(inputs, got, strict=True)):
        if not isinstance(value, Tensor) or not isinstance(gradient, Tensor):
            continue
        if tuple(gradient.shape) != tuple(value.shape):
            what = (
                f"returns a gradient of shape {tuple(gradient.shape)} for input {place} of shape {tuple(value.shape)}"
            )
            found.append(
                ("wrong shape", "error", f"{what}; a compiled graph accepts that silently: reduce or reshape it")
            )
        elif gradient.dtype != value.dtype:
            what = f"returns {dtype_of(gradient)} for input {place}, which is {dtype_of(value)}: cast it"
            found.append(("wrong dtype", "error", what))
    return found


def _title(name: str, cell: nn.Cell) -> str:
    kind = type(cell).__name__
    return kind if name == kind else f"{name} ({kind})"
