"""Backward passes of what moves elements as public projects have them, right and wrong."""

from mindspore import nn, ops


class Cumsum(nn.Cell):
    def construct(self, x):
        return ops.cumsum(x, 0)

    def bprop(self, x, out, dout):
        return (ops.flip(ops.cumsum(ops.flip(dout, (0,)), 0), (0,)),)


class CumsumNotReversed(Cumsum):
    def bprop(self, x, out, dout):
        return (ops.cumsum(dout, 0),)


class CumsumFlippedOnce(Cumsum):
    """Not flipped back."""

    def bprop(self, x, out, dout):
        return (ops.cumsum(ops.flip(dout, (0,)), 0),)


class Cumprod(nn.Cell):
    """Of rows of four elements; the gradient without a division."""

    def construct(self, x):
        a, b, c, d = x[:, 0:1], x[:, 1:2], x[:, 2:3], x[:, 3:4]
        return ops.concat((a, a * b, a * b * c, a * b * c * d), 1)

    def bprop(self, x, out, dout):
        a, b, c, d = x[:, 0:1], x[:, 1:2], x[:, 2:3], x[:, 3:4]
        of_c = dout[:, 2:3] + d * dout[:, 3:4]
        of_b = dout[:, 1:2] + c * of_c
        return (ops.concat((dout[:, 0:1] + b * of_b, a * of_b, a * b * of_c, a * b * c * dout[:, 3:4]), 1),)


class CumprodDivides(Cumprod):
    """By the reversed sum of out dout, over x: 0 / 0."""

    def bprop(self, x, out, dout):
        return (ops.flip(ops.cumsum(ops.flip(out * dout, (1,)), 1), (1,)) / x,)


class CumprodGivesZero(Cumprod):
    """0 in place of 0 / 0."""

    def bprop(self, x, out, dout):
        total = ops.flip(ops.cumsum(ops.flip(out * dout, (1,)), 1), (1,))
        safe = ops.where(x == 0, ops.ones_like(x), x)
        return (ops.where(x == 0, ops.zeros_like(x), total / safe),)


class Roll(nn.Cell):
    """By one row."""

    def construct(self, x):
        return ops.concat((x[-1:], x[:-1]), 0)

    def bprop(self, x, out, dout):
        return (ops.concat((dout[1:], dout[:1]), 0),)


class RollOn(Roll):
    """Rolled on, not back."""

    def bprop(self, x, out, dout):
        return (ops.concat((dout[-1:], dout[:-1]), 0),)


class Flip(nn.Cell):
    def construct(self, x):
        return ops.flip(x, (0,))

    def bprop(self, x, out, dout):
        return (ops.flip(dout, (0,)),)


class FlipForgotten(Flip):
    def bprop(self, x, out, dout):
        return (dout,)


class FlipOtherAxis(Flip):
    def bprop(self, x, out, dout):
        return (ops.flip(dout, (1,)),)


class Pad(nn.Cell):
    """One column on the left, two on the right."""

    def construct(self, x):
        return ops.pad(x, (1, 2))

    def bprop(self, x, out, dout):
        return (dout[:, 1:-2],)


class PadSides(Pad):
    """Left and right mistaken."""

    def bprop(self, x, out, dout):
        return (dout[:, 2:-1],)


class Slice(nn.Cell):
    """Rows 1 and 2."""

    def construct(self, x):
        return x[1:3]

    def bprop(self, x, out, dout):
        zeros = ops.zeros_like(x)
        return (ops.concat((zeros[:1], dout, zeros[3:]), 0),)


class SliceAtStart(Slice):
    """The gradient is put into the first rows."""

    def bprop(self, x, out, dout):
        return (ops.concat((dout, ops.zeros_like(x)[2:]), 0),)


class Transpose(nn.Cell):
    def construct(self, x):
        return x.T * 1

    def bprop(self, x, out, dout):
        return (dout.T,)


class TransposeForgotten(Transpose):
    """A square matrix, whose gradient is not transposed."""

    def bprop(self, x, out, dout):
        return (dout,)


class Permute(nn.Cell):
    """Axes (1, 2, 0)."""

    def construct(self, x):
        return x.transpose((1, 2, 0)) * 1

    def bprop(self, x, out, dout):
        return (dout.transpose((2, 0, 1)),)


class PermuteAgain(Permute):
    """The same permutation in place of its inverse."""

    def bprop(self, x, out, dout):
        return (dout.transpose((1, 2, 0)),)


class Concat(nn.Cell):
    def construct(self, x, y):
        return ops.concat((x, y), 1)

    def bprop(self, x, y, out, dout):
        return dout[:, : x.shape[1]], dout[:, x.shape[1] :]


class ConcatForgets(Concat):
    """The second gets nothing."""

    def bprop(self, x, y, out, dout):
        return dout[:, : x.shape[1]], ops.zeros_like(y)


class ConcatSwapped(Concat):
    """Two of one width in the wrong order."""

    def bprop(self, x, y, out, dout):
        return dout[:, y.shape[1] :], dout[:, : y.shape[1]]


class ConcatSame(Concat):
    """Both get the first half."""

    def bprop(self, x, y, out, dout):
        return dout[:, : x.shape[1]], dout[:, : x.shape[1]]


class Split(nn.Cell):
    """The first two columns, and the rest."""

    def construct(self, x):
        return x[:, :2] * 1, x[:, 2:] * 1

    def bprop(self, x, out, dout):
        return (ops.concat((dout[0], dout[1]), 1),)


class SplitForgets(Split):
    """Of a tuple of cotangents, the first only."""

    def bprop(self, x, out, dout):
        return (ops.concat((dout[0], ops.zeros_like(dout[1])), 1),)


class Where(nn.Cell):
    """x where the condition holds, y elsewhere."""

    def construct(self, keep, x, y):
        return ops.where(keep, x, y)

    def bprop(self, keep, x, y, out, dout):
        zeros = ops.zeros_like(dout)
        return ops.zeros_like(keep), ops.where(keep, dout, zeros), ops.where(keep, zeros, dout)


class WhereBoth(Where):
    """Both get all of the gradient."""

    def bprop(self, keep, x, y, out, dout):
        zeros = ops.zeros_like(dout)
        return ops.zeros_like(keep), ops.where(keep, dout, zeros), dout


class WhereSwapped(Where):
    """The masks mistaken for one another."""

    def bprop(self, keep, x, y, out, dout):
        zeros = ops.zeros_like(dout)
        return ops.zeros_like(keep), ops.where(keep, zeros, dout), ops.where(keep, dout, zeros)


class SafeLogarithm(nn.Cell):
    """log x where x > 0, else 0, with the condition inside as well."""

    def construct(self, x):
        safe = ops.where(x > 0, x, ops.ones_like(x))
        return ops.where(x > 0, ops.log(safe), ops.zeros_like(x))

    def bprop(self, x, out, dout):
        safe = ops.where(x > 0, x, ops.ones_like(x))
        return (ops.where(x > 0, dout / safe, ops.zeros_like(x)),)


class SafeLogarithmNot(SafeLogarithm):
    """The mask times 1/0."""

    def bprop(self, x, out, dout):
        return (dout / ops.relu(x) * (x > 0).astype(x.dtype),)


class Repeat(nn.Cell):
    """Rows twice, one after the other."""

    def construct(self, x):
        return ops.concat((x, x), 0)

    def bprop(self, x, out, dout):
        return (dout[: x.shape[0]] + dout[x.shape[0] :],)


class RepeatInterleaved(Repeat):
    """Summed as if each row had come twice in a row."""

    def bprop(self, x, out, dout):
        return (dout.reshape((x.shape[0], 2, -1)).sum(1),)


class RepeatNotSummed(Repeat):
    def bprop(self, x, out, dout):
        return (dout[: x.shape[0]],)


class Outer(nn.Cell):
    """x yᵀ of two vectors."""

    def construct(self, x, y):
        return x.reshape((-1, 1)) * y

    def bprop(self, x, y, out, dout):
        return (dout * y).sum(1), (dout * x.reshape((-1, 1))).sum(0)


class OuterOrder(Outer):
    """The sums of a square cotangent over each other's axes."""

    def bprop(self, x, y, out, dout):
        return (dout * y.reshape((-1, 1))).sum(0), (dout * x.reshape((-1, 1))).sum(0)
