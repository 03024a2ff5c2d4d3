"""Cell by Cell: which ``bprop`` inside of a larger Cell is wrong by itself.

Each Cell that defines ``bprop`` gets the inputs of the forward pass and the cotangent of MindSpore's own backward pass,
in which no ``bprop`` takes part. What its ``bprop`` makes of them is compared with MindSpore's derivative of its
``construct``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn

from ms_dnn.judge.faults.evidence import largest
from ms_dnn.judge.faults.names import DOUT_IGNORED, DOUT_PASSED_ON
from ms_dnn.judge.faults.naming import name_residual
from ms_dnn.judge.judgement import FaultyPart
from ms_dnn.judge.locate.traps import recorded_calls
from ms_dnn.judge.routes.base import GRAD_OPERATION, STOPPED
from ms_dnn.judge.routes.cells import CellGradient
from ms_dnn.judge.routes.functions import cells_with_bprop, named_cells
from ms_dnn.judge.routes.slope import Array
from ms_dnn.judge.routes.structure import leaves
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.judge.routes.tensors import as_array, is_float


def faulty_cells(subject: Subject, tolerance: float) -> list[FaultyPart]:
    """Return the (Cell, input) pairs whose ``bprop`` is wrong by itself, from the output downward."""
    functions = (subject.function, subject.loss)
    cells = cells_with_bprop(functions)
    names = {id(cell): name for name, cell in named_cells(functions)}
    # Both in the order in which they happen; a Cell that is called twice is judged by its first call.
    with recorded_calls(cells) as calls, recorded_cotangents(cells) as cotangents:
        CellGradient(GRAD_OPERATION, subject, bprops=False).gradients()
    first_calls = {id(cell): (cell, inputs) for cell, inputs, _ in reversed(calls)}
    last_cotangents = dict(cotangents)
    faulty = []
    for key, (cell, inputs) in first_calls.items():
        if key in last_cotangents:
            faulty += _faulty_inputs(names[key], cell, inputs, last_cotangents[key], tolerance)
    return faulty


@contextmanager
def recorded_cotangents(cells: Sequence[nn.Cell]) -> Iterator[list[tuple[int, tuple[Tensor, ...]]]]:
    """Record (id of the Cell, cotangents of its outputs) whenever a gradient passes through one in PyNative."""
    found: list[tuple[int, tuple[Tensor, ...]]] = []

    def recorder(key: int) -> Callable[[nn.Cell, Any, Any], None]:
        def record(cell: nn.Cell, of_inputs: Any, of_outputs: Any) -> None:
            found.append((key, tuple(cotangent for _, cotangent in leaves(of_outputs))))

        return record

    handles = [cell.register_backward_hook(recorder(id(cell))) for cell in cells]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


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
            named = _misused_cotangent(where, variable.name, wrong, subject)
            named = named or name_residual(where, wrong, right, sizes, value, tolerance)
            fault, diagnosis = named or ("", "")
            faulty.append(FaultyPart(name, variable.name, error / scale, diagnosis, fault))
    return faulty


def _misused_cotangent(where: str, tensor: str, wrong: Array, subject: Subject) -> tuple[str, str] | None:
    """Name what a bprop does with dout, the gradient from above, whatever its construct computes."""
    cotangents = [as_array(c) for c in subject.cotangents]
    if len(cotangents) == 1 and np.array_equal(cotangents[0], wrong):
        why = "a straight-through estimator, if that is meant; the derivative of construct is another"
        return DOUT_PASSED_ON, f"{where} is dout, the gradient from above, passed on as it is: {why}"
    doubled = Subject(subject.function, subject.given(), wrt="inputs", cotangents=[2 * c for c in cotangents])
    if np.any(wrong) and np.array_equal(CellGradient("bprop", doubled).gradients()[tensor], wrong):
        why = "it is right only while that is 1, until the loss is scaled or another one is added"
        return DOUT_IGNORED, f"{where} does not depend on dout, the gradient from above: {why}"
    return None
