"""Cell by Cell: which ``bprop`` inside of a larger Cell is wrong by itself.

Each Cell that defines ``bprop`` gets the inputs of the forward pass and the cotangent of MindSpore's own backward pass,
in which no ``bprop`` takes part. What its ``bprop`` makes of them is compared with MindSpore's derivative of its
``construct``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn

from ms_dnn.judge.faults.evidence import largest
from ms_dnn.judge.faults.names import DOUT_IGNORED, DOUT_PASSED_ON, OTHER_INPUT, PYTHON_NUMBER
from ms_dnn.judge.faults.naming import name_residual
from ms_dnn.judge.judgement import FaultyPart
from ms_dnn.judge.locate.paths import name_paths
from ms_dnn.judge.locate.traps import recorded_calls
from ms_dnn.judge.routes.base import GRAD_OPERATION, STOPPED, GradientRoute, Gradients
from ms_dnn.judge.routes.cells import CellGradient
from ms_dnn.judge.routes.functions import cells_with_bprop, named_cells
from ms_dnn.judge.routes.slope import Array
from ms_dnn.judge.routes.structure import leaves
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.judge.routes.tensors import as_array, is_float

OF_ANOTHER = 1e-5
"""Relative difference up to which an array is the gradient of another input."""
HOOK = "_cell_backward_hook"
OF_NUMBERS = 4 * 2.0**-23
"""Relative error that Python's numbers in a formula leave, which MindSpore rounds to float32."""


def faulty_cells(subject: Subject, tolerance: float) -> list[FaultyPart]:
    """Return the (Cell, input) pairs whose ``bprop`` is wrong by itself, from the output downward."""
    functions = (subject.function, subject.loss)
    cells = cells_with_bprop(functions)
    if not cells:
        return []
    names = {id(cell): name for name, cell in named_cells(functions)}
    # Both in the order in which they happen; a Cell that is called twice is judged by its first call.
    # Where MindSpore cannot differentiate what a Cell does, those above it are judged and it is not.
    with recorded_calls(cells) as calls, recorded_cotangents(cells) as cotangents, suppress(*STOPPED):
        CellGradient(GRAD_OPERATION, subject, bprops=False).gradients()
    first_calls = {id(cell): (cell, inputs) for cell, inputs, _ in reversed(calls)}
    last_cotangents = dict(cotangents)
    faulty = []
    for key, (cell, inputs) in first_calls.items():
        if key in last_cotangents:
            faulty += _faulty_inputs(names[key], cell, inputs, last_cotangents[key], tolerance)
    return faulty


def faulty_gradients(subject: Subject, given: GradientRoute, tolerance: float) -> list[FaultyPart]:
    """Return what a backward pass that the user gives has wrong, against MindSpore's differentiation."""
    try:
        expected, got = CellGradient(GRAD_OPERATION, subject).gradients(), given.gradients()
    except STOPPED:  # found already
        return []
    faulty = []
    for variable in subject.variables:
        if variable.name not in expected or variable.name not in got:
            continue
        right, wrong = (found[variable.name].astype(np.float64) for found in (expected, got))
        scale = max(largest(right), largest(wrong))
        if wrong.shape == right.shape and not largest(wrong - right) <= tolerance * scale:
            sizes = {"the batch": variable.shape[0] if variable.shape else 0}
            named = name_residual(variable.name, wrong, right, sizes, subject.value_of(variable), tolerance)
            fault, diagnosis = named or _of_another(variable.name, variable.name, wrong, expected) or ("", "")
            error = largest(wrong - right) / scale
            faulty.append(FaultyPart(given.name, variable.name, error, diagnosis, fault))
    return faulty


@contextmanager
def recorded_cotangents(cells: Sequence[nn.Cell]) -> Iterator[list[tuple[int, tuple[Tensor, ...]]]]:
    """Record (id of the Cell, cotangents of its outputs) whenever a gradient passes through one in PyNative."""
    found: list[tuple[int, tuple[Tensor, ...]]] = []

    def recorder(key: int) -> Callable[[nn.Cell, Any, Any], None]:
        def record(cell: nn.Cell, of_inputs: Any, of_outputs: Any) -> None:
            found.append((key, tuple(cotangent for _, cotangent in leaves(of_outputs))))

        return record

    before = [vars(cell)[HOOK] for cell in cells]
    handles = [cell.register_backward_hook(recorder(id(cell))) for cell in cells]
    try:
        yield found
    finally:
        for cell, handle, hook in zip(cells, handles, before, strict=True):
            handle.remove()
            if hook is None:  # MindSpore would leave its own, which no copy can have
                object.__setattr__(cell, HOOK, None)
                vars(cell)["_primitives"].pop(HOOK, None)


def _faulty_inputs(
    name: str, cell: nn.Cell, inputs: Sequence[Any], cotangents: Sequence[Tensor], tolerance: float
) -> list[FaultyPart]:
    try:
        subject = Subject(cell, inputs, wrt="inputs", cotangents=[as_array(c) for c in cotangents])
    except ValueError:  # of nested outputs MindSpore's hook gets not all cotangents
        subject = Subject(cell, inputs, wrt="inputs")
    own = CellGradient("bprop", subject)
    try:
        got = own.gradients()
    except STOPPED:  # found by name in ms_dnn.judge.locate.traps
        return []
    expected = CellGradient(GRAD_OPERATION, subject, bprops=False).gradients()
    sizes = {"the batch": len(inputs[0]) if is_float(inputs[0]) and inputs[0].ndim else 0}
    faulty = []
    frozen = {f"input {i}" for i, x in enumerate(inputs) if isinstance(x, Parameter) and not x.requires_grad}
    for variable in subject.variables:
        if variable.name in frozen:  # nobody asks for its gradient
            continue
        right = expected[variable.name].astype(np.float64)
        wrong = got[variable.name].astype(np.float64)
        if wrong.shape != right.shape:
            faulty.append(FaultyPart(name, variable.name, float("inf"), "", "wrong shape"))
            continue
        known = np.isfinite(right)  # where MindSpore's own differentiation is not, it is no witness
        scale, error = max(largest(right[known]), largest(wrong)), largest((wrong - right)[known])
        if not error <= tolerance * scale:
            where, value = f"{variable.name} of {name}", subject.value_of(variable)
            fault, diagnosis = (
                _misused_cotangent(where, variable.name, wrong, right, subject)
                or name_residual(where, wrong, right, sizes, value, tolerance)
                or _of_another(where, variable.name, wrong, expected)
                or _python_number(where, error / scale)
                or name_paths(where, variable.name, subject)
                or ("", "")
            )
            faulty.append(FaultyPart(name, variable.name, error / scale, diagnosis, fault))
    return faulty


def _of_another(where: str, tensor: str, wrong: Array, expected: Gradients) -> tuple[str, str] | None:
    """Name the input whose gradient this is."""
    for name, right in expected.items():
        alike = name != tensor and right.shape == wrong.shape and np.any(right)
        if alike and largest(wrong - right) <= OF_ANOTHER * largest(right):
            return OTHER_INPUT, f"{where} is the gradient of {name}: they are in each other's place"
    return None


def _python_number(where: str, error: float) -> tuple[str, str] | None:
    """Name an error that is as large as a number of Python's leaves beside a float64 Tensor."""
    if error > OF_NUMBERS:
        return None
    why = "MindSpore rounds Python's numbers to float32 beside float64 Tensors; make it a Tensor of float64"
    return PYTHON_NUMBER, f"{where} is off by {error:.1e}, as a number in its formula would be: {why}"


def _misused_cotangent(where: str, tensor: str, wrong: Array, right: Array, subject: Subject) -> tuple[str, str] | None:
    """Name what a bprop does with dout, the gradient from above, whatever its construct computes."""
    cotangents = [as_array(c) for c in subject.cotangents]
    one = len(cotangents) == 1 and cotangents[0].shape == wrong.shape
    if one and np.any(wrong) and (np.array_equal(cotangents[0], wrong) or _masked(cotangents[0], wrong, right)):
        why = "a straight-through estimator, if that is meant; the derivative of construct is another"
        return DOUT_PASSED_ON, f"{where} is dout, the gradient from above, passed on as it is: {why}"
    doubled = Subject(subject.function, subject.given(), wrt="inputs", cotangents=[2 * c for c in cotangents])
    if np.any(wrong) and np.array_equal(CellGradient("bprop", doubled).gradients()[tensor], wrong):
        why = "it is right only while that is 1, until the loss is scaled or another one is added"
        return DOUT_IGNORED, f"{where} does not depend on dout, the gradient from above: {why}"
    return None


def _masked(cotangent: Array, wrong: Array, right: Array) -> bool:
    """Whether dout is passed on within a mask, by a function whose derivative is 0."""
    passed = wrong != 0
    return not np.any(right) and np.array_equal(wrong[passed], cotangent[passed])
