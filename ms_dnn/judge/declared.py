"""Gradients that are meant to be no derivatives: declared by ``expect``, and judged against what was declared.

A straight-through estimator passes dout on, a gradient reversal −dout, a scaled gradient k dout. Such a Cell is
replaced, in a copy, by the function whose derivative that is: f(x₀) + k (x − x₀), which has the value of the Cell at
the point x₀, and the slope k. What surrounds the Cell stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mindspore import Tensor, nn, ops

from ms_dnn.errors import SubjectError
from ms_dnn.judge.locate.traps import recorded_calls
from ms_dnn.judge.routes.functions import copies, named_cells
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.judge.routes.tensors import as_array, copied

FACTORS = {"straight-through": 1.0, "reversal": -1.0, "stopped": 0.0}
"""Names of factors k."""
Expected = str | float | Mapping[str, str | float]
"""What is declared of every Cell with a bprop, or by the names of Cells."""


class Declared(nn.Cell):
    """f(x₀) + k (x − x₀) in the first input x; the others are constants."""

    def __init__(self, value: Tensor, at: Tensor, factor: float) -> None:
        super().__init__(auto_prefix=False)
        self.value, self.at = copied(value), copied(at)
        self.factor = Tensor(np.asarray(factor), at.dtype)  # a Python number would be rounded to float32

    def construct(self, x: Tensor, *others: Any) -> Tensor:
        """Return a value shaped as x."""
        return ops.stop_gradient(self.value) + self.factor * (x - ops.stop_gradient(self.at))


def as_declared(subject: Subject, expected: Expected) -> Subject:
    """Return the subject with the declared Cells replaced, at the same point.

    Raises:
        SubjectError: a Cell or a factor is unknown, a Cell is not called or changes the shape of its first input.
    """
    given, functions = subject.given(), (subject.function, subject.loss)
    factors = _factors(functions, expected)
    with recorded_calls([cell for cell, _ in factors.values()]) as calls:
        subject.terms()
    replaced: dict[int, nn.Cell] = {}
    for name, (cell, factor) in factors.items():
        values = [(inputs[0], out) for called, inputs, out in calls if called is cell]
        if len(values) != 1:
            raise SubjectError(f"expect: '{name}' is called {len(values)} times, expected once")
        x, out = values[0]
        if not isinstance(out, Tensor) or out.shape != x.shape:
            raise SubjectError(f"expect: '{name}' does not return one Tensor shaped as its first input")
        replaced[id(cell)] = Declared(out, x, factor)
    function, loss = copies(*functions, instead=replaced)
    cotangents = [as_array(cotangent) for cotangent in subject.cotangents]
    return Subject(function, given, loss, subject.targets, subject.wrt, subject.seed, cotangents)


def _factors(functions: Sequence[Any], expected: Expected) -> dict[str, tuple[nn.Cell, float]]:
    """Return (Cell, k) by the name of the Cell, for those that are declared."""
    known = {name: cell for name, cell in named_cells(functions) if cell.has_bprop}
    if not known:
        raise SubjectError("expect: no Cell here defines bprop, so every gradient is a derivative")
    by_name = expected if isinstance(expected, Mapping) else dict.fromkeys(known, expected)
    factors = {}
    for name, factor in by_name.items():
        if name not in known:
            raise SubjectError(f"expect: got '{name}', expected Cells with a bprop: {', '.join(known)}")
        if factor not in FACTORS and not isinstance(factor, (int, float)):
            raise SubjectError(f"expect: got {factor!r}, expected a factor or one of {', '.join(FACTORS)}")
        factors[name] = known[name], float(FACTORS.get(factor, factor))  # type: ignore[arg-type]
    return factors
