"""The faulty Cells behind planted_entries. PyNative and compiled see the same forward and the same wrong bprop."""

import os
import signal
from typing import ClassVar

import mindspore as ms
from mindspore import Tensor, nn, ops


class Wrong(nn.Cell):
    """x², with the gradient 3x."""

    factor = 3.0

    def construct(self, x):
        return x * x

    def bprop(self, x, out, dout):
        return (x * dout * Tensor(self.factor, x.dtype),)


class Stale(nn.Cell):
    """mean of x², whose gradient divides by the number of elements that the process saw first."""

    first: ClassVar[list[int]] = []

    def construct(self, x):
        return (x * x).mean()

    def bprop(self, x, out, dout):
        self.first.append(x.size)
        return (x * dout * Tensor(2.0 / self.first[0], x.dtype),)


class SlightlyWrong(Wrong):
    """x², with the gradient 2.002x."""

    factor = 2.002


class Detached(nn.Cell):
    """a b, with no gradient for b."""

    def construct(self, a, b):
        return a * ops.stop_gradient(b)


class Narrow(nn.Cell):
    """x², computed in float32 whatever the dtype."""

    def construct(self, x):
        return ops.cast(ops.square(ops.cast(x, ms.float32)), x.dtype)


class NotANumber(nn.Cell):
    """x², with the gradient 2x · x/x."""

    def construct(self, x):
        return x * x

    def bprop(self, x, out, dout):
        return (x * dout * (x / x),)


class BothOfATie(nn.Cell):
    """max(a, b), whose gradient goes to both in full where they are equal."""

    def construct(self, a, b):
        return ops.maximum(a, b)

    def bprop(self, a, b, out, dout):
        return ops.cast(a >= b, a.dtype) * dout, ops.cast(b >= a, a.dtype) * dout


class Aborts(nn.Cell):
    """Ends the process where it is built in float32's turn or any other."""

    def __init__(self):
        super().__init__()
        os.abort()


class Hangs(nn.Cell):
    """Never returns."""

    def __init__(self):
        super().__init__()
        signal.pause()
