"""The gradient of the gradient: ours with ``order=2`` and ``torch.autograd.gradgradcheck`` on the same backward passes.

A function and its derivative are written once, with the few operations of a :class:`Package`, and made a Cell with a
``bprop`` in MindSpore and a Function with a ``backward`` in torch. Most faults leave the first gradient as it is and
spoil what is differentiated further, which is what ``gradgradcheck`` is for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from mindspore import Tensor, nn, ops

from ms_dnn.judge.check import check_gradients
from ms_dnn.judge.judgement import Verdict
from ms_dnn.judge.routes.base import STOPPED

OURS, TORCH = "ms-dnn, order=2", "torch gradgradcheck"


class Package(NamedTuple):
    """The operations of a framework; ``held`` returns its argument as a constant."""

    exp: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]
    sin: Callable[[Any], Any]
    cos: Callable[[Any], Any]
    held: Callable[[Any], Any]


MINDSPORE = Package(ops.exp, ops.tanh, ops.sigmoid, ops.sin, ops.cos, ops.stop_gradient)
IN_TORCH = Package(torch.exp, torch.tanh, torch.sigmoid, torch.sin, torch.cos, torch.Tensor.detach)

Formula = Callable[[Package, Any], Any]
Backward = Callable[[Package, Any, Any, Formula], Any]

FUNCTIONS: dict[str, tuple[Formula, Formula]] = {
    "cube": (lambda p, x: x * x * x, lambda p, x: 3 * x * x),
    "exp": (lambda p, x: p.exp(x), lambda p, x: p.exp(x)),
    "tanh": (lambda p, x: p.tanh(x), lambda p, x: 1 - p.tanh(x) * p.tanh(x)),
    "sigmoid": (lambda p, x: p.sigmoid(x), lambda p, x: p.sigmoid(x) * (1 - p.sigmoid(x))),
    "silu": (lambda p, x: x * p.sigmoid(x), lambda p, x: p.sigmoid(x) * (1 + x * (1 - p.sigmoid(x)))),
    "sine": (lambda p, x: p.sin(x), lambda p, x: p.cos(x)),
    "gaussian": (lambda p, x: p.exp(-x * x), lambda p, x: -2 * x * p.exp(-x * x)),
    "damped": (lambda p, x: p.sin(x) * p.exp(-x), lambda p, x: (p.cos(x) - p.sin(x)) * p.exp(-x)),
}
"""Each function of one number, elementwise, and its derivative."""

BACKWARDS: dict[str, Backward] = {
    "right": lambda p, x, dout, d: dout * d(p, x),
    "derivative held": lambda p, x, dout, d: dout * p.held(d(p, x)),
    "second sign": lambda p, x, dout, d: dout * (2 * p.held(d(p, x)) - d(p, x)),
    "second half": lambda p, x, dout, d: dout * (p.held(d(p, x)) + d(p, x)) / 2,
    "second by a millionth": lambda p, x, dout, d: dout * ((1 + 1e-6) * d(p, x) - 1e-6 * p.held(d(p, x))),
    "cotangent held": lambda p, x, dout, d: p.held(dout) * d(p, x),
}
"""Backward passes, all with the right first gradient; the last is wrong only as a function of the cotangent."""


def cases_of(name: str) -> list[dict[str, Any]]:
    """Return one case a backward pass of a function: its name, and which of the two checkers refuses it."""
    value, derivative = FUNCTIONS[name]
    x = np.random.default_rng([len(name), 23]).normal(size=(3, 4))
    return [
        {
            "function": name,
            "backward": kind,
            OURS: _refused_by_ours(value, derivative, backward, x),
            TORCH: _refused_by_torch(value, derivative, backward, x),
        }
        for kind, backward in BACKWARDS.items()
    ]


def _refused_by_ours(value: Formula, derivative: Formula, backward: Backward, x: Any) -> bool:
    class UnderTest(nn.Cell):
        def construct(self, x: Any) -> Any:
            return value(MINDSPORE, x)

        def bprop(self, x: Any, out: Any, dout: Any) -> Any:
            return (backward(MINDSPORE, x, dout, derivative),)

    return check_gradients(UnderTest(), Tensor(x), order=2, modes=("pynative",)).verdict is Verdict.FAIL


def _refused_by_torch(value: Formula, derivative: Formula, backward: Backward, x: Any) -> bool:
    class UnderTest(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return value(IN_TORCH, x)

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> Any:
            return backward(IN_TORCH, ctx.saved_tensors[0], cotangents[0], derivative)

    try:
        torch.autograd.gradgradcheck(UnderTest.apply, [torch.tensor(x, requires_grad=True)])
    except STOPPED:
        return True
    return False
