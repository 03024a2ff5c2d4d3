"""The routes to the gradients of any Cell or function: its own bprop, MindSpore's differentiation, differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from ms_dnn.judge.routes.base import CENTRAL_DIFFERENCES, COMPILED, STOPPED, GradientRoute, Gradients, SlopeRoute
from ms_dnn.judge.routes.slope import SMALLEST, Array, Slope, ladder, slope
from ms_dnn.judge.routes.subject import Subject, as_sequence, numbers
from ms_dnn.runtime.environment import graph_dumps_set_aside
from ms_dnn.runtime.seeding import stream

SMALLEST_STEPS = {"float64": SMALLEST, "float32": 2.0**-14, "float16": 2.0**-8, "bfloat16": 2.0**-6}
"""Where the ladder ends when the function is evaluated in a dtype: below, x + h is x."""
EPSILONS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
SWALLOWED = 8.0
"""Roundings of the largest element below which a step would be lost beside it."""
PROPORTIONAL = 1.5
"""How much faster or slower than a step J may change to count as proportional to it."""
SCALES = 4.0 ** np.arange(-30, 31, 2)
"""Tried for a tensor of zeros, which shows no scale of its own."""


class CellGradient(GradientRoute):
    """MindSpore's gradient of J, in PyNative or compiled, through the bprops of the Cells or around them.

    Args:
        name: what reports call it.
        subject: what is differentiated.
        compiled: in one graph, by ``mindspore.jit``; "(compiled)" is added to the name.
        bprops: False to differentiate what ``construct`` does, as if no Cell defined ``bprop``; PyNative only.
        witness: see :class:`ms_dnn.judge.routes.Route`.
        optional: see :class:`ms_dnn.judge.routes.Route`.
    """

    def __init__(
        self,
        name: str,
        subject: Subject,
        compiled: bool = False,
        bprops: bool = True,
        witness: bool = False,
        optional: bool = False,
    ) -> None:
        self.name = name + COMPILED if compiled else name
        self.subject, self.bprops, self.witness, self.optional = subject, bprops, witness, optional
        self.dtype = subject.dtype
        self.parameters = [v for v in subject.variables if v.kind == "parameter"]
        self.inputs = [v for v in subject.variables if v.kind == "input"]
        places = tuple(variable.place for variable in self.inputs)
        weights = ms.ParameterTuple([subject.parameters[v.place] for v in self.parameters])
        self._both = ms.value_and_grad(subject.contraction, places or None, weights if self.parameters else None)
        if compiled:
            self._both = ms.jit(Compilable(self._both).construct)

    def gradients(self) -> Gradients:
        """Return one array a variable, in the dtype in which MindSpore gives it."""
        untouched = () if self.bprops else (self.subject.function, self.subject.loss)
        with without_bprops(untouched), graph_dumps_set_aside():
            value, found = self._both(*self.subject.arguments)
        self.value = float(value.asnumpy())
        of_inputs, of_parameters = found if self.inputs and self.parameters else (found, found)
        named = dict(zip(self.inputs, as_sequence(of_inputs), strict=False)) if self.inputs else {}
        if self.parameters:
            named.update(zip(self.parameters, as_sequence(of_parameters), strict=False))
        return {v.name: numbers(named[v]) for v in self.subject.variables if v in named and named[v] is not None}


class Compilable(nn.Cell):
    """A function of Tensors as a Cell, for the graph compiler reads methods."""

    def __init__(self, function: Any) -> None:
        super().__init__(auto_prefix=False)
        self.function = function

    def construct(self, *arguments: Any) -> Any:
        """Return what the function does."""
        return self.function(*arguments)


class CentralDifferences(SlopeRoute):
    """Differences of the forward pass in PyNative; see :mod:`ms_dnn.judge.routes.slope`.

    Args:
        subject: what is evaluated, best in float64.
    """

    name = CENTRAL_DIFFERENCES

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.variables = {variable.name: variable for variable in subject.variables}

    def slope(self, tensor: str, direction: Array) -> Slope:
        """Return d/dt J(θ + t v) at t = 0."""
        variable = self.variables[tensor]
        value = self.subject.value_of(variable)

        def terms(positions: Array) -> Array:
            return self.subject.terms_at(variable, [value + t * direction for t in positions])

        scale = float(np.sqrt(np.mean(value**2))) or self._scale_of_zeros(terms)
        # A step below some roundings of the largest element would leave it as it is.
        lost = SWALLOWED * EPSILONS[variable.dtype] * float(np.max(np.abs(value), initial=0.0)) / scale
        return slope(terms, ladder(scale, max(SMALLEST_STEPS[variable.dtype], lost)))

    def _scale_of_zeros(self, terms: Any) -> float:
        """Return the largest step up to which J changes in proportion to the step, and by no more than J itself.

        It follows any change of units. Smaller steps may be all noise; beyond larger ones J may be saturated, or
        proportional again.
        """
        base = self.subject.terms()
        with np.errstate(all="ignore"):
            changes = np.linalg.norm(terms(SCALES) - base, axis=1)
            growth = changes[1:] / changes[:-1] / (SCALES[1] / SCALES[0])
        size = float(np.linalg.norm(base)) or np.inf
        good = (growth > 1 / PROPORTIONAL) & (growth < PROPORTIONAL) & (changes[1:] <= size)
        if not good.any():
            return 1.0
        first = int(np.argmax(good))
        length = int(np.argmin(np.append(good[first:], False)))
        return float(SCALES[first + length])


class RoundingOfGradients:
    """How much of each gradient is rounding: how far it moves when every number moves by one rounding.

    That is how an input error of one rounding shows; where a gradient cancels, it shows relative to its terms.

    Args:
        subject: in the precision in which it is evaluated, best float64.
        route: its gradients.
        dtype: of the judged gradients.
    """

    DRAWS = 3

    def __init__(self, subject: Subject, route: CellGradient, dtype: str) -> None:
        self.subject, self.route = subject, route
        self.epsilon = EPSILONS[dtype]

    def __call__(self) -> dict[str, float]:
        """Return for each tensor the scale of the terms of its gradient: largest movement / ε; {} if it cannot run."""
        try:
            gradients = self.route.gradients()
            moved = dict.fromkeys(gradients, 0.0)
            for draw in range(self.DRAWS):
                again = self._gradients_near(stream(self.subject.seed, "roundings", draw))
                for name, gradient in again.items():
                    change = np.max(np.abs(gradient - gradients[name]), initial=0.0)
                    moved[name] = max(moved[name], float(change) / self.epsilon)
        except STOPPED:  # the judged routes say what is wrong
            return {}
        return {name: size for name, size in moved.items() if np.isfinite(size)}

    def _gradients_near(self, generator: np.random.Generator) -> Gradients:
        """Return the gradients with every number of every variable moved by up to one rounding."""
        with self.subject.restored(*self.subject.variables):
            for variable in self.subject.variables:
                value = self.subject.value_of(variable)
                self.subject.move(variable, value * (1 + self.epsilon * generator.uniform(-1, 1, value.shape)))
            return self.route.gradients()


@contextmanager
def without_bprops(functions: Sequence[Any]) -> Iterator[None]:
    """Let PyNative differentiate what ``construct`` does in these Cells and their children, bprop or not."""
    cells = cells_with_bprop(functions)
    for cell in cells:
        object.__setattr__(cell, "has_bprop", False)
    try:
        yield
    finally:
        for cell in cells:
            object.__setattr__(cell, "has_bprop", True)


def cells_with_bprop(functions: Sequence[Any]) -> list[nn.Cell]:
    """Return all Cells among the functions and below them that define ``bprop``, each once."""
    return [cell for _, cell in named_cells(functions) if cell.has_bprop]


def named_cells(functions: Sequence[Any]) -> list[tuple[str, nn.Cell]]:
    """Return (name, Cell) of the Cells among the functions and of all below them, each once."""
    found: dict[int, tuple[str, nn.Cell]] = {}
    for function in functions:
        if isinstance(function, nn.Cell):
            for name, cell in function.cells_and_names():
                found.setdefault(id(cell), (name or type(cell).__name__, cell))
    return list(found.values())
