"""Backward passes of what reduces a Tensor as public projects have them, right and wrong."""

from mindspore import nn, ops


class CosineSimilarity(nn.Cell):
    """Of the rows."""

    def construct(self, x, y):
        return (x * y).sum(1) / ops.sqrt((x * x).sum(1) * (y * y).sum(1))

    def bprop(self, x, y, out, dout):
        g, c = dout.reshape((-1, 1)), out.reshape((-1, 1))
        xx, yy = (x * x).sum(1, keepdims=True), (y * y).sum(1, keepdims=True)
        return g * (y / ops.sqrt(xx * yy) - c * x / xx), g * (x / ops.sqrt(xx * yy) - c * y / yy)


class CosineNormsConstant(CosineSimilarity):
    """The norms are taken for constants."""

    def bprop(self, x, y, out, dout):
        g, c = dout.reshape((-1, 1)), out.reshape((-1, 1))
        xx, yy = (x * x).sum(1, keepdims=True), (y * y).sum(1, keepdims=True)
        return g * y / ops.sqrt(xx * yy), g * (x / ops.sqrt(xx * yy) - c * y / yy)


class CosineSwapped(CosineSimilarity):
    """The two gradients in the wrong order."""

    def bprop(self, x, y, out, dout):
        g, c = dout.reshape((-1, 1)), out.reshape((-1, 1))
        xx, yy = (x * x).sum(1, keepdims=True), (y * y).sum(1, keepdims=True)
        return g * (x / ops.sqrt(xx * yy) - c * y / yy), g * (y / ops.sqrt(xx * yy) - c * x / xx)


class Mean(nn.Cell):
    """Over the samples."""

    def construct(self, x):
        return x.mean(0)

    def bprop(self, x, out, dout):
        return (ops.ones_like(x) * dout / x.shape[0],)


class MeanAsSum(Mean):
    def bprop(self, x, out, dout):
        return (ops.ones_like(x) * dout,)


class Sum(nn.Cell):
    """Over the samples."""

    def construct(self, x):
        return x.sum(0)

    def bprop(self, x, out, dout):
        return (ops.ones_like(x) * dout,)


class SumAsMean(Sum):
    def bprop(self, x, out, dout):
        return (ops.ones_like(x) * dout / x.shape[0],)


class SumNotExpanded(Sum):
    """The gradient in the shape of the sum."""

    def bprop(self, x, out, dout):
        return (dout,)


class WeightedMean(nn.Cell):
    """Σ w x / Σ w."""

    def construct(self, x, w):
        return (w * x).sum() / w.sum()

    def bprop(self, x, w, out, dout):
        return dout * w / w.sum(), dout * (x - out) / w.sum()


class WeightedMeanOverCount(WeightedMean):
    """Divided by the number of the elements."""

    def bprop(self, x, w, out, dout):
        return dout * w / x.size, dout * (x - out) / w.sum()


class WeightedMeanSumConstant(WeightedMean):
    """Σ w taken for a constant."""

    def bprop(self, x, w, out, dout):
        return dout * w / w.sum(), dout * x / w.sum()


class Variance(nn.Cell):
    """Unbiased, over the samples."""

    def construct(self, x):
        d = x - x.mean(0)
        return (d * d).sum(0) / (x.shape[0] - 1)

    def bprop(self, x, out, dout):
        return (dout * 2 * (x - x.mean(0)) / (x.shape[0] - 1),)


class VarianceBiased(Variance):
    """Divided by N."""

    def bprop(self, x, out, dout):
        return (dout * 2 * (x - x.mean(0)) / x.shape[0],)


class LogSumExp(nn.Cell):
    def construct(self, x):
        top = x.max(axis=1, keepdims=True)
        return (ops.log(ops.exp(x - top).sum(1, keepdims=True)) + top).reshape((-1,))

    def bprop(self, x, out, dout):
        return (dout.reshape((-1, 1)) * ops.exp(x - out.reshape((-1, 1))),)


class LogSumExpUnnormalised(LogSumExp):
    def bprop(self, x, out, dout):
        return (dout.reshape((-1, 1)) * ops.exp(x - x.max(axis=1, keepdims=True)),)


class LogSumExpOverflows(LogSumExp):
    """eˣ / Σ eˣ, not shifted."""

    def bprop(self, x, out, dout):
        return (dout.reshape((-1, 1)) * ops.exp(x) / ops.exp(x).sum(1, keepdims=True),)


class AuxiliaryLoss(nn.Cell):
    """x; the loss beside it gets the gradient 1."""

    def construct(self, x, loss):
        return x + 0 * loss

    def bprop(self, x, loss, out, dout):
        return dout, ops.ones_like(loss)


def log_sum_exp(x):
    """A function, whose gradient is given beside it."""
    return ops.log(ops.exp(x).sum(1))


def softmax(x):
    return ops.exp(x) / ops.exp(x).sum(1, keepdims=True)


def minus_softmax(x):
    return -softmax(x)
