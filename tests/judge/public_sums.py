"""Backward passes of what broadcasts, gathers and pools as public projects have them, right and wrong."""

from mindspore import nn, ops


class Add(nn.Cell):
    """x (N, M) + b (M,)."""

    def construct(self, x, b):
        return x + b

    def bprop(self, x, b, out, dout):
        return dout, dout.sum(0)


class AddNotReduced(Add):
    def bprop(self, x, b, out, dout):
        return dout, dout


class AddKept(Add):
    """Summed with the axis kept: (1, M)."""

    def bprop(self, x, b, out, dout):
        return dout, dout.sum(0, keepdims=True)


class Multiply(nn.Cell):
    """x (N, M) b (N, 1)."""

    def construct(self, x, b):
        return x * b

    def bprop(self, x, b, out, dout):
        return dout * b, (dout * x).sum(1, keepdims=True)


class MultiplyWrongAxis(Multiply):
    """Summed over the rows, which a square x allows."""

    def bprop(self, x, b, out, dout):
        return dout * b, (dout * x).sum(0).reshape((-1, 1))


class MultiplySwapped(Multiply):
    """Each factor gets the gradient of the other."""

    def bprop(self, x, b, out, dout):
        return (dout * x), (dout * b).sum(1, keepdims=True)


class ScalarTimes(nn.Cell):
    """A scalar times a vector."""

    def construct(self, x, a):
        return a * x

    def bprop(self, x, a, out, dout):
        return a * dout, (dout * x).sum()


class ScalarTimesVector(ScalarTimes):
    """The scalar's gradient stays a vector."""

    def bprop(self, x, a, out, dout):
        return a * dout, dout * x


class ProductTwice(nn.Cell):
    """x y y."""

    def construct(self, x, y):
        return x * y * y

    def bprop(self, x, y, out, dout):
        return dout * y * y, 2 * dout * x * y


class ProductTwiceIgnores(ProductTwice):
    def bprop(self, x, y, out, dout):
        return x + y, x * y


class SineTimes(nn.Cell):
    """sin(x) y."""

    def construct(self, x, y):
        return ops.sin(x) * y

    def bprop(self, x, y, out, dout):
        return ops.cos(x) * dout * y, ops.sin(x) * dout


class SineTimesSwapped(SineTimes):
    def bprop(self, x, y, out, dout):
        return ops.sin(x) * dout, ops.cos(x) * dout * y


class Gather(nn.Cell):
    """Rows of a table."""

    def construct(self, table, index):
        return ops.gather(table, index, 0)

    def bprop(self, table, index, out, dout):
        return ops.tensor_scatter_add(ops.zeros_like(table), index.reshape((-1, 1)), dout), ops.zeros_like(index)


class GatherAssigns(Gather):
    """Of a repeated row, the last gradient only."""

    def bprop(self, table, index, out, dout):
        return ops.tensor_scatter_update(ops.zeros_like(table), index.reshape((-1, 1)), dout), ops.zeros_like(index)


class GatherAverages(Gather):
    """Divided by how often the row is taken."""

    def bprop(self, table, index, out, dout):
        index = index.reshape((-1, 1))
        often = ops.tensor_scatter_add(ops.zeros_like(table), index, ops.ones_like(dout))
        total = ops.tensor_scatter_add(ops.zeros_like(table), index, dout)
        return total / ops.maximum(often, ops.ones_like(often)), ops.zeros_like(index).reshape((-1,))


class GatherSlides(Gather):
    """Each gradient to the row of its own place."""

    def bprop(self, table, index, out, dout):
        return ops.concat((dout, ops.zeros_like(table)[dout.shape[0] :]), 0), ops.zeros_like(index)


class ScatterAdd(nn.Cell):
    """Rows added to rows of a base."""

    def construct(self, base, rows, index):
        return ops.tensor_scatter_add(base, index.reshape((-1, 1)), rows)

    def bprop(self, base, rows, index, out, dout):
        return dout, ops.gather(dout, index, 0), ops.zeros_like(index)


class ScatterAddSlides(ScatterAdd):
    """The rows' gradients are not gathered."""

    def bprop(self, base, rows, index, out, dout):
        return dout, dout[: rows.shape[0]], ops.zeros_like(index)


class ScatterAddOverwrites(ScatterAdd):
    """The base gets no gradient where rows were added, as if they had replaced it."""

    def bprop(self, base, rows, index, out, dout):
        zeros = ops.zeros_like(rows)
        return (
            ops.tensor_scatter_update(dout, index.reshape((-1, 1)), zeros),
            ops.gather(dout, index, 0),
            ops.zeros_like(index),
        )


class Largest(nn.Cell):
    """Of each row; ties share the gradient."""

    def construct(self, x):
        return x.max(axis=1)

    def bprop(self, x, out, dout):
        ties = (x == out.reshape((-1, 1))).astype(x.dtype)
        return (dout.reshape((-1, 1)) * ties / ties.sum(1, keepdims=True),)


class LargestFirst(Largest):
    """The first of the ties gets the gradient."""

    def bprop(self, x, out, dout):
        first = ops.one_hot(x.argmax(axis=1), x.shape[1]).astype(x.dtype)
        return (dout.reshape((-1, 1)) * first,)


class LargestAll(Largest):
    """Each of the ties gets all of the gradient: together they get too much."""

    def bprop(self, x, out, dout):
        return (dout.reshape((-1, 1)) * (x == out.reshape((-1, 1))).astype(x.dtype),)


class LargestNear(Largest):
    """What is within 0.5 of the largest gets the gradient, too."""

    def bprop(self, x, out, dout):
        return (dout.reshape((-1, 1)) * (x > out.reshape((-1, 1)) - 0.5).astype(x.dtype),)


class MaxPool(nn.Cell):
    """2 × 2 of (H, W)."""

    def construct(self, x):
        return self.windows(x).max(axis=-1)

    def windows(self, x):
        h, w = x.shape[0] // 2, x.shape[1] // 2
        return x.reshape((h, 2, w, 2)).transpose((0, 2, 1, 3)).reshape((h, w, 4))

    def back(self, windows):
        h, w, _ = windows.shape
        return windows.reshape((h, w, 2, 2)).transpose((0, 2, 1, 3)).reshape((2 * h, 2 * w))

    def bprop(self, x, out, dout):
        largest = (self.windows(x) == out.expand_dims(-1)).astype(x.dtype)
        return (self.back(largest / largest.sum(-1, keepdims=True) * dout.expand_dims(-1)),)


class MaxPoolEverywhere(MaxPool):
    """As of average pooling."""

    def bprop(self, x, out, dout):
        return (self.back(ops.ones_like(self.windows(x)) * dout.expand_dims(-1) / 4),)


class MaxPoolLayout(MaxPool):
    """The windows are not brought back to their places."""

    def bprop(self, x, out, dout):
        largest = (self.windows(x) == out.expand_dims(-1)).astype(x.dtype)
        return ((largest * dout.expand_dims(-1)).reshape(x.shape),)


class AveragePool(MaxPool):
    def construct(self, x):
        return self.windows(x).mean(-1)

    def bprop(self, x, out, dout):
        return (self.back(ops.ones_like(self.windows(x)) * dout.expand_dims(-1) / 4),)


class AveragePoolSum(AveragePool):
    """1/4 forgotten."""

    def bprop(self, x, out, dout):
        return (self.back(ops.ones_like(self.windows(x)) * dout.expand_dims(-1)),)


class Convolution(nn.Cell):
    """(C, H, W) with (O, C, 2, 2), by im2col."""

    def construct(self, x, w):
        columns = self.columns(x)
        return ops.matmul(w.reshape((w.shape[0], -1)), columns).reshape((w.shape[0], x.shape[1] - 1, x.shape[2] - 1))

    def columns(self, x):
        shifted = (x[:, :-1, :-1], x[:, :-1, 1:], x[:, 1:, :-1], x[:, 1:, 1:])
        return ops.stack(shifted, 1).reshape((x.shape[0] * 4, -1))

    def image(self, columns, x):
        c, h, w = x.shape
        parts = columns.reshape((c, 4, h - 1, w - 1))
        padded = ops.pad(parts[:, 0], (0, 1, 0, 1)) + ops.pad(parts[:, 1], (1, 0, 0, 1))
        return padded + ops.pad(parts[:, 2], (0, 1, 1, 0)) + ops.pad(parts[:, 3], (1, 0, 1, 0))

    def bprop(self, x, w, out, dout):
        g, flat = dout.reshape((w.shape[0], -1)), w.reshape((w.shape[0], -1))
        return self.image(ops.matmul(flat.T, g), x), ops.matmul(g, self.columns(x).T).reshape(w.shape)


class ConvolutionFlipped(Convolution):
    """The kernel is flipped once too often on the way back."""

    def bprop(self, x, w, out, dout):
        g, flat = dout.reshape((w.shape[0], -1)), ops.flip(w, (2, 3)).reshape((w.shape[0], -1))
        return self.image(ops.matmul(flat.T, g), x), ops.matmul(g, self.columns(x).T).reshape(w.shape)


class ConvolutionKernelFlipped(Convolution):
    """The kernel's gradient is flipped."""

    def bprop(self, x, w, out, dout):
        g, flat = dout.reshape((w.shape[0], -1)), w.reshape((w.shape[0], -1))
        dw = ops.matmul(g, self.columns(x).T).reshape(w.shape)
        return self.image(ops.matmul(flat.T, g), x), ops.flip(dw, (2, 3))


class ConvolutionOneChannel(Convolution):
    """All goes to the channel that is written last."""

    def bprop(self, x, w, out, dout):
        g, flat = dout.reshape((w.shape[0], -1)), w.reshape((w.shape[0], -1))
        dx = self.image(ops.matmul(flat.T, g), x)
        dx = ops.concat((ops.zeros_like(dx)[:-1], dx[-1:]), 0)
        return dx, ops.matmul(g, self.columns(x).T).reshape(w.shape)
