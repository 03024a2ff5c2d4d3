"""The routes to the gradients of any Cell or function: its own bprop, MindSpore's differentiation, differences."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn

from ms_dnn.judge.routes.base import CENTRAL_DIFFERENCES, COMPILED, GradientRoute, Gradients, SlopeRoute
from ms_dnn.judge.routes.functions import without_bprops
from ms_dnn.judge.routes.slope import LARGEST, SMALLEST, Array, Slope, ladder, slope
from ms_dnn.judge.routes.subject import Subject, Variable
from ms_dnn.judge.routes.tensors import as_sequence, copied, numbers
from ms_dnn.runtime.environment import graph_dumps_set_aside

SMALLEST_STEPS = {"float64": SMALLEST, "float32": 2.0**-14, "float16": 2.0**-8, "bfloat16": 2.0**-6}
"""Where the ladder ends when the function is evaluated in a dtype: below, x + h is x."""
EPSILONS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
SWALLOWED = 8.0
"""Roundings of the largest element below which a step would be lost beside it."""
PROPORTIONAL = 1.5
"""How much faster or slower than a step J may change to count as proportional to it."""
ALIKE = 2.0**14
"""Times as large as most, or as small, an element may be to be moved by the same step."""
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
        functions = self.subject.function, self.subject.loss
        with nullcontext() if self.bprops else without_bprops(functions), graph_dumps_set_aside():
            value, found = self._both(*map(copied, self.subject.arguments))
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

        moved = value[direction != 0]
        scale = float(np.sqrt(np.mean(moved**2))) or self._scale_of_zeros(terms)
        # A step below some roundings of the largest element would leave it as it is.
        lost = SWALLOWED * EPSILONS[variable.dtype] * float(np.max(np.abs(moved), initial=0.0)) / scale
        epsilon, smallest = EPSILONS[self.subject.dtype], SMALLEST_STEPS[variable.dtype]
        found = slope(terms, ladder(scale, max(smallest, lost)), epsilon)
        inside = found.steps[0] / (scale * LARGEST) if found.steps.size else 1.0
        if inside < 1.0:  # larger steps leave the domain: as many smaller ones
            again = slope(terms, ladder(scale * inside, max(smallest, lost / inside)), epsilon)
            return min(found, again, key=lambda one: one.error)
        return found

    def parts(self, variable: Variable) -> list[Array]:
        """Return masks of the elements that one step suits: about as large as most, larger, smaller, and zeros."""
        value = np.abs(self.subject.value_of(variable))
        usual, zero = typical(value), value == 0
        large, small = value > ALIKE * usual, ~zero & (value < usual / ALIKE)
        return [part for part in (~(large | small | zero), large, small, zero) if part.any()]

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


def typical(value: Array) -> float:
    """Return the median magnitude of what is not 0; 1 where all is."""
    sizes = np.abs(value[value != 0])
    return float(np.median(sizes)) if sizes.size else 1.0
