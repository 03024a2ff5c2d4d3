"""Patterns of public code in a few lines each; in a file of their own, for the graph compiler reads their source."""

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops


class Absolute(nn.Cell):
    """|x − 1|, with a kink that is not at 0 (L1 and hinge losses)."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def construct(self, x):
        return ops.abs(x - 1)

    def bprop(self, x, out, dout):
        return (self.factor * ops.sign(x - 1) * dout,)


class Relu(nn.Cell):
    """ReLU with another slope, and another choice at 0."""

    def __init__(self, slope=1.0, at_zero=0.0):
        super().__init__()
        self.slope, self.at_zero = slope, at_zero

    def construct(self, x):
        return ops.relu(x)

    def bprop(self, x, out, dout):
        dx = ops.where(x > 0, self.slope * dout, ops.zeros_like(dout))
        return (ops.where(x == 0, self.at_zero * dout, dx),)


class MeanSquare(nn.Cell):
    """A 0-d loss whose bprop may forget dout."""

    def __init__(self, ignores=False):
        super().__init__()
        self.ignores = ignores

    def construct(self, a, y):
        return ((a - y) ** 2).mean()

    def bprop(self, a, y, out, dout):
        da = 2 * (a - y) / a.size
        if not self.ignores:
            da = da * dout
        return da, -da


class StraightThrough(nn.Cell):
    """Rounding whose gradient is passed on."""

    def construct(self, x):
        return ops.round(4 * x) / 4 + 0 * x

    def bprop(self, x, out, dout):
        return (dout,)


class Reversal(nn.Cell):
    """x, whose gradient is −0.25 dout, below a tanh and a matrix."""

    def construct(self, x):
        return x * 1

    def bprop(self, x, out, dout):
        return (ops.cast(Tensor(-0.25, ms.float64), x.dtype) * dout,)


class SquaredNorm(nn.Cell):
    """|row|², whose right bprop avoids what MindSpore's differentiation of the root makes of a row of zeros: 0/0."""

    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = factor

    def construct(self, x):
        norm = ops.sqrt((x * x).sum(-1))
        return norm * norm

    def bprop(self, x, out, dout):
        return (self.factor * x * dout.reshape(-1, 1),)


class RowNorm(nn.Cell):
    """|row|, whose gradient at a row of zeros is 0 by convention."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def construct(self, x):
        return ops.sqrt((x * x).sum(-1))

    def bprop(self, x, out, dout):
        safe = ops.where(out > 0, out, ops.ones_like(out))
        return (self.factor * x * (dout / safe).reshape(-1, 1),)


class CubeOf(nn.Cell):
    """x³ (+ shift), whose bprop returns what ``form`` makes of the gradients."""

    def __init__(self, form, factor=3.0):
        super().__init__()
        self.form, self.factor = form, factor

    def construct(self, x):
        return x * x * x

    def bprop(self, x, out, dout):
        dx = self.factor * x * x * dout
        if self.form == "bare":
            return dx
        return [dx] if self.form == "list" else (dx,)


class KeepsForBprop(nn.Cell):
    """(2x)³, whose bprop uses what construct kept: right, but its own derivative loses a part."""

    def construct(self, x):
        self.kept = 2 * x
        return self.kept * self.kept * self.kept

    def bprop(self, x, out, dout):
        return (6 * self.kept * self.kept * dout,)


class WithDefault(nn.Cell):
    """x³ + shift: MindSpore hands the default to bprop as well."""

    def __init__(self, factor=3.0):
        super().__init__()
        self.factor = factor

    def construct(self, x, shift=None):
        cube = x * x * x
        return cube if shift is None else cube + shift

    def bprop(self, x, shift, out, dout):
        return self.factor * x * x * dout, None if shift is None else dout


class Power(nn.Cell):
    """xⁿ for a Python number n."""

    def construct(self, x, n):
        return x**n

    def bprop(self, x, n, out, dout):
        return n * x ** (n - 1) * dout, 0.0


class Join(nn.Cell):
    """Concatenation of a tuple or list, whose bprop may be wrong for the second."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def construct(self, parts):
        return ops.cat(parts, 1)

    def bprop(self, parts, out, dout):
        columns = parts[0].shape[1]
        return ((dout[:, :columns], self.factor * dout[:, columns:]),)


class Named(nn.Cell):
    """Of a dict."""

    def construct(self, given):
        return given["x"] * given["x"] * given["scale"]


class Halves(nn.Cell):
    """(x², (3x, x³)), whose bprop may forget the nested output."""

    def __init__(self, forgets=False):
        super().__init__()
        self.forgets = forgets

    def construct(self, x):
        return x * x, (3 * x, x * x * x)

    def bprop(self, x, out, dout):
        dx = 2 * x * dout[0]
        if not self.forgets:
            dx = dx + 3 * dout[1][0] + 3 * x * x * dout[1][1]
        return (dx,)


class PlainList(nn.Cell):
    """Layers in a plain list: MindSpore does not see their Parameters."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Dense(3, 4, dtype=ms.float64), nn.Dense(4, 2, dtype=ms.float64)]

    def construct(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Raises(nn.Cell):
    """A construct of the user's that fails in its own way."""

    def construct(self, x):
        return x / {}["nowhere"]


class Weighted(nn.Cell):
    """A network with a bprop in it, to be closed over."""

    def __init__(self, square, weight):
        super().__init__()
        self.weight = Parameter(Tensor(weight), name="weight")
        self.square = square

    def construct(self, x):
        return self.square(ops.matmul(x, self.weight))


class SquareInGraph(nn.Cell):
    """x² whose construct is compiled, with a bprop."""

    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = factor

    @ms.jit
    def construct(self, x):
        return x * x

    def bprop(self, x, out, dout):
        return (self.factor * x * dout,)


class InPlace(nn.Cell):
    """Sets a row of its input."""

    def construct(self, x):
        x[0] = 0.0
        return x * x


class Overwrites(nn.Cell):
    """x², whose bprop changes dout in place."""

    def construct(self, x):
        return x * x

    def bprop(self, x, out, dout):
        dout.mul_(2 * x)
        return (dout,)


class Narrow(nn.Cell):
    """float64 in and out, and float32 in between."""

    def construct(self, x):
        return ops.cast(ops.tanh(ops.cast(x, ms.float32)), ms.float64)


class Recurrent(nn.Cell):
    """The outputs of an LSTM."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 2)

    def construct(self, x):
        return self.lstm(x)[0]


def doubled_in_place(x):
    """sin(2x), where x is doubled in place."""
    y = x * 1
    y.mul_(2.0)
    return ops.sin(y)


def stopped(x):
    """x², one factor of which is stopped."""
    return ops.stop_gradient(x) * x


def loss_around(network):
    """MindSpore's quickstart: a function around a network that it does not own."""

    def forward(data, label):
        return ((network(data) - label) ** 2).mean()

    return forward
