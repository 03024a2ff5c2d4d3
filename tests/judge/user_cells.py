"""Cells as users write them, right and wrong; in a file of their own, for the graph compiler reads their source."""

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops


class Square(nn.Cell):
    """x² with a bprop that says ``factor`` x dout; 2 is right."""

    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = factor

    def construct(self, x):
        return x * x

    def bprop(self, x, out, dout):
        return (ops.cast(Tensor(self.factor, ms.float64), x.dtype) * x * dout,)


class MeanOverSix(nn.Cell):
    """The mean over the samples, whose bprop divides by 6, however many there are."""

    def construct(self, x):
        return x.mean(0)

    def bprop(self, x, out, dout):
        return (ops.ones_like(x) * dout / 6,)


class OneElement(nn.Cell):
    """x² whose bprop is wrong in one element, by a part of it."""

    def __init__(self, index, part):
        super().__init__()
        self.index, self.part = index, part

    def construct(self, x):
        return x * x

    def bprop(self, x, out, dout):
        factors = np.ones(x.shape)
        factors[self.index] += self.part
        return (2 * x * dout * ops.cast(Tensor(factors), x.dtype),)


class NotReduced(nn.Cell):
    """x + b, whose bprop forgets to sum over the rows that b was added to."""

    def construct(self, x, b):
        return x + b

    def bprop(self, x, b, out, dout):
        return dout, dout


class OwnsItsWeight(nn.Cell):
    """w ⊙ x with a bprop: the gradient of w is silently 0."""

    def __init__(self, size, dtype=ms.float32):
        super().__init__()
        self.w = Parameter(Tensor(np.linspace(1, 2, size), dtype), name="w")

    def construct(self, x):
        return x * self.w

    def bprop(self, x, out, dout):
        return (dout * self.w,)


class ThroughNumPy(nn.Cell):
    """x sin x, where sin is NumPy's."""

    def construct(self, x):
        return x * Tensor(np.sin(x.asnumpy()))


class ThroughNumPyWithBprop(nn.Cell):
    """sin x, where sin is NumPy's, with its right derivative."""

    def construct(self, x):
        return Tensor(np.sin(x.asnumpy()))

    def bprop(self, x, out, dout):
        return (ops.cos(x) * dout,)


class Forgets(nn.Cell):
    """x y, whose bprop returns one gradient for two inputs."""

    def construct(self, x, y):
        return x * y

    def bprop(self, x, y, out, dout):
        return (y * dout,)


class WrongType(nn.Cell):
    """2x, whose bprop returns float16."""

    def construct(self, x):
        return x + x

    def bprop(self, x, out, dout):
        return ((dout + dout).astype(ms.float16),)


class Raises(nn.Cell):
    """2x, whose bprop raises."""

    def construct(self, x):
        return x + x

    def bprop(self, x, out, dout):
        raise ValueError("not yet\nwritten")


class Around(nn.Cell):
    """Dense, something, Dense."""

    def __init__(self, inner, dtype=ms.float64, sizes=(5, 7, 3)):
        super().__init__()
        generator = np.random.default_rng(0)
        self.below = nn.Dense(sizes[0], sizes[1], dtype=dtype)
        self.inner = inner
        self.above = nn.Dense(sizes[1], sizes[2], dtype=dtype)
        for parameter in (*self.below.trainable_params(), *self.above.trainable_params()):
            parameter.set_data(Tensor(generator.normal(size=parameter.shape) / 2, dtype))

    def construct(self, x):
        return self.above(self.inner(self.below(x)))


class Biased(nn.Cell):
    """x through a Cell (x, b) that takes its b from here."""

    def __init__(self, cell, size, dtype=ms.float64):
        super().__init__()
        self.cell = cell
        self.b = Parameter(Tensor(np.linspace(-1, 1, size), dtype), name="b")

    def construct(self, x):
        return self.cell(x, self.b)


class Two(nn.Cell):
    """Two outputs of two inputs, and an integer one."""

    def construct(self, x, y):
        return x * y, ops.sin(x), ops.argmax(x, 1)


class SquareInFloat32(nn.Cell):
    """x² as code in mixed precision has it: computed in float32, returned in the dtype of x; a bprop likewise."""

    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = factor

    def construct(self, x):
        return ops.cast(ops.square(ops.cast(x, ms.float32)), x.dtype)

    def bprop(self, x, out, dout):
        return (ops.cast(self.factor * ops.cast(x, ms.float32) * ops.cast(dout, ms.float32), x.dtype),)


class Scaled(nn.Cell):
    """``unit`` times the Cell's output."""

    def __init__(self, cell, unit, dtype=ms.float64):
        super().__init__()
        self.cell, self.unit = cell, Parameter(Tensor(unit, dtype), requires_grad=False)

    def construct(self, x):
        return self.unit * self.cell(x)


class OfScaledInput(nn.Cell):
    """The Cell of x / unit."""

    def __init__(self, cell, unit, dtype=ms.float64):
        super().__init__()
        self.cell, self.unit = cell, Parameter(Tensor(unit, dtype), requires_grad=False)

    def construct(self, x):
        return self.cell(x / self.unit)


def product(x, y):
    """A function of Tensors."""
    return ops.tanh(x) @ y


def right_network():
    """A factory."""
    return Around(Square()), np.random.default_rng(1).normal(size=(6, 5))


def wrong_network():
    """A factory of a wrong Cell, with its inputs and a loss."""
    x = np.random.default_rng(1).normal(size=(6, 5))
    return {"function": Around(Square(2.001)), "inputs": (x,), "loss": squares, "targets": (np.ones((6, 3)),)}


def squares(out, y):
    """A loss."""
    return ((out - y) ** 2).sum()


def broken_factory():
    """A factory that fails."""
    raise RuntimeError("no data here")
