"""Derivatives beyond the first in reverse mode: the gradient as a function of its own, and MindSpore's forward mode."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from ms_dnn.judge.routes.base import SlopeRoute
from ms_dnn.judge.routes.slope import EPSILON, Array, Slope
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.judge.routes.tensors import FLOATS, copied, dtype_of

FORWARD_MODE = "forward mode"


class FirstGradient(nn.Cell):
    """(x, dout) ↦ ∂J/∂x: (inputs…, cotangents…) → the gradient of J by each input that J is differentiated by.

    Judged like any function, this is the second derivative, which a loss that contains a gradient needs (a gradient
    penalty, a meta-learning step): MindSpore then differentiates what ``bprop`` does with the inputs and with dout.
    """

    def __init__(self, subject: Subject) -> None:
        super().__init__(auto_prefix=False)
        self.contraction = subject.contraction
        self.inputs, self.targets = len(subject.inputs), tuple(subject.targets)
        self.gradient = ms.grad(subject.contraction, tuple(v.place for v in subject.variables if v.kind == "input"))

    def construct(self, *given: Any) -> Any:
        """Return one gradient an input."""
        return self.gradient(*given[: self.inputs], *self.targets, *given[self.inputs :])


class ForwardMode(SlopeRoute):
    """MindSpore's ``jvp``: the derivative along v in one pass from the inputs to J, through every ``bprop``."""

    name = FORWARD_MODE
    witness = False

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.variables = {variable.name: variable for variable in subject.variables}

    def slope(self, tensor: str, direction: Array) -> Slope:
        """Return d/dt J(θ + t v) at t = 0."""
        place = self.variables[tensor].place
        inputs = [copied(value) for value in self.subject.inputs]
        constants = self.subject.arguments[len(inputs) :]

        def of_one(value: Tensor) -> Tensor:
            return self.subject.contraction(*inputs[:place], value, *inputs[place + 1 :], *constants)

        along = Tensor(direction, FLOATS[dtype_of(inputs[place])])
        value = float(ms.jvp(of_one, inputs[place], along)[1].asnumpy())
        size = float(np.linalg.norm(self.subject.terms()))
        nothing = np.zeros(0)
        return Slope(value, EPSILON * size, "smooth", value, value, 0.0, size, nothing, nothing, nothing)
