"""Further public losses and functions: each Cell is right, or wrong on request."""

import mindspore as ms
import numpy as np
from mindspore import nn, ops


class Pair(nn.Cell):
    """A Cell whose bprop is right, or wrong in one place."""

    def __init__(self, wrong=False):
        super().__init__()
        self.wrong = wrong


class Quantile(Pair):
    """Quantile (pinball) loss at 0.9."""

    def construct(self, p, y):
        e = y - p
        return ops.maximum(0.9 * e, -0.1 * e).mean()

    def bprop(self, p, y, out, dout):
        e = y - p
        g = ops.where(e > 0, ops.full_like(e, -0.9), ops.full_like(e, 0.1)) / e.size
        if self.wrong:
            g = ops.where(e > 0, ops.full_like(e, -0.1), ops.full_like(e, 0.9)) / e.size
        return g * dout, -g * dout


class LogCosh(Pair):
    """log cosh(p − y)."""

    def construct(self, p, y):
        return ops.log(ops.cosh(p - y)).sum()

    def bprop(self, p, y, out, dout):
        t = ops.tanh(p - y) * dout
        return t, (t if self.wrong else -t)


class GaussianNLL(Pair):
    """Negative log-likelihood of a normal distribution with a predicted log variance."""

    def construct(self, m, logv, y):
        return (0.5 * (logv + (y - m) ** 2 * ops.exp(-logv))).mean()

    def bprop(self, m, logv, y, out, dout):
        i = ops.exp(-logv)
        c = dout / m.size
        dm = c * (m - y) * i
        dl = c * 0.5 * (1 - (y - m) ** 2 * i)
        if self.wrong:
            dl = c * (1 - (y - m) ** 2 * i)
        return dm, dl, -dm


class KLStandard(Pair):
    """Divergence of a diagonal normal distribution from the standard one."""

    def construct(self, mu, logv):
        return -0.5 * (1 + logv - mu * mu - ops.exp(logv)).sum(1).mean()

    def bprop(self, mu, logv, out, dout):
        c = dout / (mu.size if self.wrong else mu.shape[0])
        return c * mu, c * 0.5 * (ops.exp(logv) - 1)


class Tversky(Pair):
    """Tversky loss of probabilities."""

    def construct(self, p, y):
        tp, fp, fn = (p * y).sum(), (p * (1 - y)).sum(), ((1 - p) * y).sum()
        return 1 - (tp + 1) / (tp + 0.3 * fp + 0.7 * fn + 1)

    def bprop(self, p, y, out, dout):
        tp, fp, fn = (p * y).sum(), (p * (1 - y)).sum(), ((1 - p) * y).sum()
        d = tp + 0.3 * fp + 0.7 * fn + 1
        f = (tp + 1) / (d * d)
        dp = -(y / d - f * (y + 0.3 * (1 - y) - 0.7 * y))
        if self.wrong:
            dp = -(y / d - f * (0.3 * (1 - y) - 0.7 * y))
        dy = -(p / d - f * (p - 0.3 * p + 0.7 * (1 - p)))
        return dp * dout, dy * dout


class Poisson(Pair):
    """Negative log-likelihood of a Poisson distribution, from log rates."""

    def construct(self, logits, y):
        return (ops.exp(logits) - y * logits).mean()

    def bprop(self, logits, y, out, dout):
        c = dout / logits.size
        return c * (ops.exp(logits) - y), (-logits * c if not self.wrong else ops.zeros_like(y))


class MeanSquareOfMany(Pair):
    """Mean square of many numbers."""

    def construct(self, x, y):
        return ((x - y) ** 2).mean()

    def bprop(self, x, y, out, dout):
        g = 2 * (x - y) / x.size * dout
        if self.wrong:
            g = g * 1.01
        return g, -g


class BinaryCrossEntropy(Pair):
    """Binary cross-entropy of probabilities."""

    def construct(self, p, y):
        return -(y * ops.log(p) + (1 - y) * ops.log(1 - p)).mean()

    def bprop(self, p, y, out, dout):
        g = (p - y) / (p * (1 - p)) / p.size * dout
        if self.wrong:
            g = (p - y) / p.size * dout
        return g, (ops.log(1 - p) - ops.log(p)) / p.size * dout


class ArcFace(Pair):
    """cos(arccos c + m), whose derivative grows beyond bounds at |c| = 1."""

    def construct(self, c):
        return ops.cos(ops.acos(c) + 0.5)

    def bprop(self, c, out, dout):
        t = ops.acos(c)
        g = ops.sin(t + 0.5) / ops.sqrt(1 - c * c)
        return ((-g if self.wrong else g) * dout,)


class VarianceByMoments(Pair):
    """E[x²] − E[x]², which cancels."""

    def construct(self, x):
        return (x * x).mean(0) - x.mean(0) ** 2

    def bprop(self, x, out, dout):
        g = 2 * (x - x.mean(0)) / x.shape[0] * dout
        if self.wrong:
            g = 2 * x / x.shape[0] * dout
        return (g,)


class Wing(Pair):
    """Wing loss of landmarks."""

    def construct(self, p, y):
        d = ops.abs(p - y)
        return ops.where(d < 1.0, 2.0 * ops.log(1 + d / 0.5), d - (1.0 - 2.0 * np.log(3.0))).sum()

    def bprop(self, p, y, out, dout):
        e = p - y
        d = ops.abs(e)
        s = ops.sign(e)
        g = ops.where(d < 1.0, s * 2.0 / (0.5 + d), s) * dout
        if self.wrong:
            g = ops.where(d < 1.0, 2.0 / (0.5 + d), s) * dout
        return g, -g


class Center(Pair):
    """Center loss."""

    def construct(self, f, centers, ids):
        return 0.5 * ((f - ops.gather(centers, ids, 0)) ** 2).sum()

    def bprop(self, f, centers, ids, out, dout):
        d = (f - ops.gather(centers, ids, 0)) * dout
        g = ops.index_add(ops.zeros_like(centers), ids, d, 0)
        return d, (g if self.wrong else -g), ops.zeros_like(ids)


class FocalOfLogits(Pair):
    """Focal loss from logits."""

    def construct(self, z, y):
        p = ops.sigmoid(z)
        return (-((1 - p) ** 2) * y * ops.log(p)).mean()

    def bprop(self, z, y, out, dout):
        p = ops.sigmoid(z)
        g = y * (2 * (1 - p) * p * (1 - p) * ops.log(p) - (1 - p) ** 3)
        if self.wrong:
            g = y * (-((1 - p) ** 3))
        return g * dout / z.size, -((1 - p) ** 2) * ops.log(p) * dout / z.size


class Distances(Pair):
    """Squared distances of all pairs."""

    def construct(self, a, b):
        return ((a.expand_dims(1) - b.expand_dims(0)) ** 2).sum(-1)

    def bprop(self, a, b, out, dout):
        diff = a.expand_dims(1) - b.expand_dims(0)
        t = 2 * dout.expand_dims(-1) * diff
        return t.sum(1), (t.sum(0) if self.wrong else -t.sum(0))


class MaskedMean(Pair):
    """Mean over what a mask keeps."""

    def construct(self, x, m):
        return (x * m).sum(1) / m.sum(1)

    def bprop(self, x, m, out, dout):
        c = (dout / m.sum(1)).expand_dims(-1)
        dx = c * m if not self.wrong else dout.expand_dims(-1) * m / x.shape[1]
        return dx, c * (x - out.expand_dims(-1))


class SoftShrink(Pair):
    """Soft threshold."""

    def construct(self, x):
        return ops.sign(x) * ops.relu(ops.abs(x) - 0.5)

    def bprop(self, x, out, dout):
        m = (ops.abs(x) > 0.5) if not self.wrong else (x > 0.5)
        return (dout * m.astype(x.dtype),)


class Squareplus(Pair):
    """(x + √(x² + 4)) / 2."""

    def construct(self, x):
        return 0.5 * (x + ops.sqrt(x * x + 4))

    def bprop(self, x, out, dout):
        r = x / ops.sqrt(x * x + 4)
        return (dout * (0.5 + (1.0 if self.wrong else 0.5) * r),)


class SafeSqrt(Pair):
    """√x where x > 0, else 0."""

    def construct(self, x):
        s = ops.where(x > 0, x, ops.ones_like(x))
        return ops.where(x > 0, ops.sqrt(s), ops.zeros_like(x))

    def bprop(self, x, out, dout):
        s = ops.where(x > 0, x, ops.ones_like(x))
        g = dout * 0.5 / ops.sqrt(s)
        return (g if self.wrong else ops.where(x > 0, g, ops.zeros_like(x)),)


class Maxout(Pair):
    """Larger one of two neighbours."""

    def construct(self, x):  # (N, 2k)
        return ops.amax(x.reshape(x.shape[0], -1, 2), -1)

    def bprop(self, x, out, dout):
        p = x.reshape(x.shape[0], -1, 2)
        m = (p == out.expand_dims(-1)).astype(x.dtype)
        if self.wrong:
            m = 1 - m
        return ((m * dout.expand_dims(-1)).reshape(x.shape),)


class LogDet(Pair):
    """log |det a|."""

    def construct(self, a):
        return ops.log(ops.abs(ops.det(a)))

    def bprop(self, a, out, dout):
        i = ops.inverse(a)
        return (dout * (i if self.wrong else i.T),)


class TanhFarBelow(Pair):
    """tanh, wrong far below 0."""

    def construct(self, x):
        return ops.tanh(x)

    def bprop(self, x, out, dout):
        g = dout * (1 - out * out)
        if self.wrong:
            g = ops.where(x < -1.5, g * 1.2, g)
        return (g,)


class ClippedSine(Pair):
    """sin x, its gradient clipped by norm."""

    def construct(self, x):
        return ops.sin(x)

    def bprop(self, x, out, dout):
        g = dout * ops.cos(x)
        n = ops.sqrt((g * g).sum())
        limit = 0.5 if self.wrong else 1e6
        return (g * ops.minimum(limit / n, ops.ones_like(n)),)


class ClampTensors(Pair):
    """Clamp between Tensors."""

    def construct(self, x, lo, hi):
        return ops.minimum(ops.maximum(x, lo), hi)

    def bprop(self, x, lo, hi, out, dout):
        z = ops.zeros_like(dout)
        inside = ops.logical_and(x > lo, x < hi)
        dl, dh = ops.where(x <= lo, dout, z), ops.where(x >= hi, dout, z)
        if self.wrong:
            dl, dh = dh, dl
        return ops.where(inside, dout, z), dl.sum(0), dh.sum(0)


class Reparametrised(Pair):
    """Random number by its mean and log variance, the noise given."""

    def construct(self, mu, logv, eps):
        return mu + eps * ops.exp(0.5 * logv)

    def bprop(self, mu, logv, eps, out, dout):
        s = ops.exp(0.5 * logv)
        return dout, dout * eps * s * (1.0 if self.wrong else 0.5), dout * s


class Gumbel(Pair):
    """Softmax at a temperature, the Gumbel noise given."""

    def construct(self, x, noise):
        return ops.softmax((x + noise) / 0.5, -1)

    def bprop(self, x, noise, out, dout):
        g = out * (dout - (out * dout).sum(-1, keepdims=True))
        g = g if self.wrong else g / 0.5
        return g, g


class Sinkhorn(Pair):
    """One step of Sinkhorn's iteration."""

    def construct(self, x):
        k = ops.exp(x)
        k = k / k.sum(1, keepdims=True)
        return k / k.sum(0, keepdims=True)

    def bprop(self, x, out, dout):
        k = ops.exp(x)
        s1 = k.sum(1, keepdims=True)
        a = k / s1
        s0 = a.sum(0, keepdims=True)
        da = (dout - (dout * out).sum(0, keepdims=True)) / s0
        dk = (da - (da * a).sum(1, keepdims=True)) / s1
        if self.wrong:
            dk = da / s1
        return (dk * k,)


class Sorted(Pair):
    """Sorted rows."""

    def construct(self, x):
        return ops.sort(x, -1)[0]

    def bprop(self, x, out, dout):
        i = ops.sort(x, -1)[1]
        if self.wrong:
            return (ops.gather_elements(dout, 1, i),)
        j = ops.sort(i.astype(ms.float32), -1)[1]
        return (ops.gather_elements(dout, 1, j),)


class TopK(Pair):
    """The two largest of each row."""

    def construct(self, x):
        return ops.topk(x, 2)[0]

    def bprop(self, x, out, dout):
        i = ops.topk(x, 2)[1]
        z = ops.zeros_like(x)
        return (ops.tensor_scatter_elements(z, i, dout * (out if self.wrong else 1), 1),)


class Interpolated(Pair):
    """Linear interpolation at given places."""

    def construct(self, x, t):
        i = ops.floor(t).astype(ms.int32)
        f = t - ops.floor(t)
        return ops.gather(x, i, 0) * (1 - f) + ops.gather(x, i + 1, 0) * f

    def bprop(self, x, t, out, dout):
        i = ops.floor(t).astype(ms.int32)
        f = t - ops.floor(t)
        dx = ops.index_add(ops.index_add(ops.zeros_like(x), i, dout * (1 - f), 0), i + 1, dout * f, 0)
        dt = dout * (ops.gather(x, i + 1, 0) - ops.gather(x, i, 0))
        return dx, (ops.zeros_like(t) if self.wrong else dt)
