"""What the audit knows of one public API: the call, an independent formula of it, and where both are evaluated."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Formula = Callable[..., Any]
"""Float64 arrays (and integers) x0, x1, … to one float64 array or a tuple of them."""
Inputs = Callable[[np.random.Generator], tuple[Array, ...]]
"""Random numbers to x0, x1, … and the parameters' values after them."""
DTYPES = ("float64", "float32", "float16")
MODES = ("PyNative", "compiled")


HISTORIES: dict[str, Callable[[Array], Array]] = {
    "after one element": lambda x: x[tuple(slice(1) for _ in x.shape)],
    "after one sample": lambda x: x[:1] if x.ndim else x,
}
"""What each input is cut to before the gradient at its full shape is asked for, in a process of its own."""


@dataclass(frozen=True)
class Case:
    """One point, or set of points, of the domain.

    Attributes:
        label: what is special: "ordinary", "zeros", "ties", "large", "soft labels", …
        inputs: makes x0, x1, … and the parameters after them; float arrays are float64 and are rounded to the dtype
            under examination, integer and boolean arrays are passed as they are.
        dtypes: in which it is evaluated; e.g. without "float16" where values overflow it.
    """

    label: str
    inputs: Inputs
    dtypes: tuple[str, ...] = DTYPES


@dataclass(frozen=True)
class Entry:
    """One API under examination.

    Attributes:
        name: under which it is found and listed, "nn.ELU".
        call: MindSpore's side as source text: a constructor whose product is applied to all ("nn.ELU(alpha=1.0)"),
            or an expression in x0, x1, … ("ops.sum(x0, 1)"). For ``kind="update"`` the constructor of an optimizer of
            ``params``.
        formula: the published formula in NumPy or SciPy; written without a look at MindSpore's source.
        cases: where it is evaluated.
        applied: how the constructor's product is applied, if not to x0, x1, … in order: "self.op(x0, (x1, x2))".
        parameters: names of Cell parameters that get the last inputs as values, and are differentiated too.
        dtypes: in which it is evaluated.
        differentiable: numbers of the inputs that are differentiated; None means every float one, parameters included.
        second_order: whether the gradient's own gradient is judged, on the first case.
        known: why it is WRONG or differs by convention, for the published table; "" when nothing is known.
        kind: "function", or "update" for an optimizer: x0 are the parameters (n,), x1 the gradients (steps, n), and
            the formula returns the parameters after each step, (steps, n).
        family: the catalogue's file; filled in by the catalogue.
    """

    name: str
    call: str
    formula: Formula
    cases: tuple[Case, ...]
    applied: str = ""
    parameters: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = DTYPES
    differentiable: tuple[int, ...] | None = None
    second_order: bool = False
    known: str = ""
    kind: Literal["function", "update"] = "function"
    family: str = ""

    @property
    def is_expression(self) -> bool:
        """Whether ``call`` speaks of x0, x1, … itself."""
        return re.search(r"\bx\d+\b", self.call) is not None

    def plain(self, inputs: tuple[Array, ...]) -> int:
        """Return the number of the inputs that are not parameters."""
        return len(inputs) - len(self.parameters)

    def tensors(self, inputs: tuple[Array, ...]) -> tuple[str, ...]:
        """Return the names of the inputs: x0, x1, … and then the parameters'."""
        return (*(f"x{i}" for i in range(self.plain(inputs))), *self.parameters)

    def differentiated(self, inputs: tuple[Array, ...]) -> tuple[int, ...]:
        """Return the numbers of the inputs whose gradient is judged."""
        if self.kind == "update":
            return ()
        floats = tuple(i for i, value in enumerate(inputs) if value.dtype.kind == "f")
        return floats if self.differentiable is None else self.differentiable

    def inputs(self, case: Case, dtype: str) -> tuple[Array, ...]:
        """Return the inputs of a case, floats rounded to the dtype; the same in every run."""
        values = case.inputs(self.generator(case, "inputs"))
        return tuple(
            np.array(value, dtype) if np.asarray(value).dtype.kind == "f" else np.array(value) for value in values
        )

    def tasks(self) -> list[tuple[str, str]]:
        """Return what is to be judged: (dtype, mode) for all, and (one dtype, history) for what is differentiated."""
        asked = [(dtype, mode) for dtype in self.dtypes for mode in MODES]
        if self.kind == "update" or self.differentiable == ():
            return asked
        dtype = "float32" if "float32" in self.dtypes else self.dtypes[0]
        return [*asked, *((dtype, history) for history in HISTORIES)]

    def earlier(self, case: Case, dtype: str, history: str) -> tuple[Array, ...]:
        """Return the inputs of a case, cut as the history says; parameters keep their shapes."""
        inputs = self.inputs(case, dtype)
        plain = self.plain(inputs)
        return (*(HISTORIES[history](x) for x in inputs[:plain]), *inputs[plain:])

    def generator(self, case: Case, purpose: str) -> np.random.Generator:
        """Return a stream of random numbers that belongs to this entry, case and purpose alone."""
        return np.random.default_rng(zlib.crc32(f"{self.name} {case.label} {purpose}".encode()))
