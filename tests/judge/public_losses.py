"""Backward passes of losses as public projects have them, right and wrong."""

from mindspore import nn, ops


class MeanSquare(nn.Cell):
    """The mean of (x − t)² over all elements."""

    def construct(self, x, t):
        return ((x - t) * (x - t)).mean()

    def bprop(self, x, t, out, dout):
        dx = 2 * (x - t) * dout / x.size
        return dx, -dx


class MeanSquareSum(MeanSquare):
    """1/N forgotten."""

    def bprop(self, x, t, out, dout):
        dx = 2 * (x - t) * dout
        return dx, -dx


class MeanSquareHalf(MeanSquare):
    """The 2 forgotten, as of ½ (x − t)²."""

    def bprop(self, x, t, out, dout):
        dx = (x - t) * dout / x.size
        return dx, -dx


class MeanSquareTarget(MeanSquare):
    """The target's gradient with the sign of x's."""

    def bprop(self, x, t, out, dout):
        dx = 2 * (x - t) * dout / x.size
        return dx, dx


class MeanSquareNoTarget(MeanSquare):
    """No gradient for the target."""

    def bprop(self, x, t, out, dout):
        return (2 * (x - t) * dout / x.size,)


class MeanSquareIgnores(MeanSquare):
    def bprop(self, x, t, out, dout):
        dx = 2 * (x - t) / x.size
        return dx, -dx


class Huber(nn.Cell):
    """Summed, with δ = 1."""

    def construct(self, x, t):
        d = x - t
        return ops.where(ops.abs(d) < 1, 0.5 * d * d, ops.abs(d) - 0.5).sum()

    def bprop(self, x, t, out, dout):
        dx = ops.clamp(x - t, -1, 1) * dout
        return dx, -dx


class HuberIgnores(Huber):
    def bprop(self, x, t, out, dout):
        dx = ops.clamp(x - t, -1, 1)
        return dx, -dx


class HuberNotClipped(Huber):
    def bprop(self, x, t, out, dout):
        dx = (x - t) * dout
        return dx, -dx


class SmoothL1(nn.Cell):
    """The mean, with β = 0.5."""

    def construct(self, x, t):
        d = x - t
        return ops.where(ops.abs(d) < 0.5, d * d, ops.abs(d) - 0.25).mean()

    def bprop(self, x, t, out, dout):
        dx = ops.clamp((x - t) / 0.5, -1, 1) * dout / x.size
        return dx, -dx


class SmoothL1WithoutBeta(SmoothL1):
    """The derivative for β = 1."""

    def bprop(self, x, t, out, dout):
        dx = ops.clamp(x - t, -1, 1) * dout / x.size
        return dx, -dx


class CrossEntropy(nn.Cell):
    """Softmax cross-entropy with label smoothing; reduction "mean", "sum" or "none"."""

    def __init__(self, smoothing=0.125, reduction="mean"):
        super().__init__()
        self.smoothing, self.reduction = smoothing, reduction

    def construct(self, x, t):
        shifted = x - x.max(axis=1, keepdims=True)
        logp = shifted - ops.log(ops.exp(shifted).sum(1, keepdims=True))
        each = -(self.smoothed(x, t) * logp).sum(1)
        if self.reduction == "none":
            return each
        return each.sum() if self.reduction == "sum" else each.mean()

    def smoothed(self, x, t):
        one_hot = ops.one_hot(t, x.shape[1]).astype(x.dtype)
        return (1 - self.smoothing) * one_hot + self.smoothing / x.shape[1]

    def bprop(self, x, t, out, dout):
        g = ops.softmax(x, 1) - self.smoothed(x, t)
        if self.reduction == "none":
            return g * dout.reshape((-1, 1)), ops.zeros_like(t)
        return (g * dout / x.shape[0] if self.reduction == "mean" else g * dout), ops.zeros_like(t)


class CrossEntropySum(CrossEntropy):
    """Not divided by N."""

    def bprop(self, x, t, out, dout):
        return (ops.softmax(x, 1) - self.smoothed(x, t)) * dout, ops.zeros_like(t)


class CrossEntropyMean(CrossEntropy):
    """Divided by N, whatever the reduction."""

    def bprop(self, x, t, out, dout):
        return (ops.softmax(x, 1) - self.smoothed(x, t)) * dout / x.shape[0], ops.zeros_like(t)


class CrossEntropyTwice(CrossEntropy):
    """Divided by N twice."""

    def bprop(self, x, t, out, dout):
        return (ops.softmax(x, 1) - self.smoothed(x, t)) * dout / (x.shape[0] * x.shape[0]), ops.zeros_like(t)


class CrossEntropyNotSmoothed(CrossEntropy):
    """The gradient without the smoothing."""

    def bprop(self, x, t, out, dout):
        one_hot = ops.one_hot(t, x.shape[1]).astype(x.dtype)
        return (ops.softmax(x, 1) - one_hot) * dout / x.shape[0], ops.zeros_like(t)


class CrossEntropyFirst(CrossEntropy):
    """Not reduced; all samples get the cotangent of the first."""

    def bprop(self, x, t, out, dout):
        return (ops.softmax(x, 1) - self.smoothed(x, t)) * dout[0], ops.zeros_like(t)


class Focal(nn.Cell):
    """Binary, of logits, γ = 2, summed."""

    def construct(self, x, t):
        p = ops.sigmoid(x)
        q = t * p + (1 - t) * (1 - p)
        return -((1 - q) * (1 - q) * ops.log(q)).sum()

    def bprop(self, x, t, out, dout):
        p = ops.sigmoid(x)
        q = t * p + (1 - t) * (1 - p)
        of_q = 2 * (1 - q) * ops.log(q) - (1 - q) * (1 - q) / q
        return dout * of_q * (2 * t - 1) * p * (1 - p), dout * of_q * (2 * p - 1)


class FocalConstant(Focal):
    """(1 − q)² taken for a constant."""

    def bprop(self, x, t, out, dout):
        p = ops.sigmoid(x)
        q = t * p + (1 - t) * (1 - p)
        of_q = 2 * (1 - q) * ops.log(q) - (1 - q) * (1 - q) / q
        constant = -(1 - q) * (1 - q) / q
        return dout * constant * (2 * t - 1) * p * (1 - p), dout * of_q * (2 * p - 1)


class FocalSign(Focal):
    """The − of the loss is forgotten."""

    def bprop(self, x, t, out, dout):
        p = ops.sigmoid(x)
        q = t * p + (1 - t) * (1 - p)
        of_q = 2 * (1 - q) * ops.log(q) - (1 - q) * (1 - q) / q
        return -dout * of_q * (2 * t - 1) * p * (1 - p), dout * of_q * (2 * p - 1)


class Dice(nn.Cell):
    """(2 Σ x t + ε) / (Σ x + Σ t + ε)."""

    def construct(self, x, t):
        return (2 * (x * t).sum() + 1e-4) / (x.sum() + t.sum() + 1e-4)

    def bprop(self, x, t, out, dout):
        union = x.sum() + t.sum() + 1e-4
        return dout * (2 * t - out) / union, dout * (2 * x - out) / union


class DiceWithoutEpsilon(Dice):
    """The ε of the numerator is forgotten."""

    def bprop(self, x, t, out, dout):
        inter, union = (x * t).sum(), x.sum() + t.sum() + 1e-4
        return dout * 2 * (t * union - inter) / (union * union), dout * (2 * x - out) / union


class DiceByPrecedence(Dice):
    """a / union * union, and + in place of −."""

    def bprop(self, x, t, out, dout):
        inter, union = (x * t).sum(), x.sum() + t.sum() + 1e-4
        return dout * 2 * (t * union + inter) / union * union, dout * (2 * x - out) / union


class Hinge(nn.Cell):
    """The mean of max(0, 1 − t x)."""

    def construct(self, x, t):
        return ops.relu(1 - t * x).mean()

    def bprop(self, x, t, out, dout):
        inside = (t * x < 1).astype(x.dtype) * dout / x.size
        return -t * inside, -x * inside


class HingeEverywhere(Hinge):
    """Also where the margin is kept."""

    def bprop(self, x, t, out, dout):
        inside = (t * x < 1).astype(x.dtype) * dout / x.size
        return -t * dout / x.size, -x * inside


class Divergence(nn.Cell):
    """KL of log-probabilities x to probabilities t, summed and divided by the batch."""

    def construct(self, x, t):
        return (t * (ops.log(t) - x)).sum() / x.shape[0]

    def bprop(self, x, t, out, dout):
        return -t * dout / x.shape[0], (ops.log(t) + 1 - x) * dout / x.shape[0]


class DivergenceMean(Divergence):
    """Divided by all elements."""

    def bprop(self, x, t, out, dout):
        return -t * dout / x.size, (ops.log(t) + 1 - x) * dout / x.shape[0]


class DivergenceTarget(Divergence):
    """(t log t)′ = log t."""

    def bprop(self, x, t, out, dout):
        return -t * dout / x.shape[0], (ops.log(t) - x) * dout / x.shape[0]


class Bce(nn.Cell):
    """Of logits, with a weight of the positives for each column; the mean."""

    def construct(self, x, t, weight):
        positive, negative = ops.log1p(ops.exp(-ops.abs(x))) + ops.relu(-x), ops.log1p(ops.exp(-ops.abs(x)))
        return (weight * t * positive + (1 - t) * (negative + ops.relu(x))).mean()

    def bprop(self, x, t, weight, out, dout):
        s, scale = ops.sigmoid(x), dout / x.size
        positive, negative = ops.log1p(ops.exp(-x)), ops.log1p(ops.exp(x))
        dx = scale * (-weight * t * (1 - s) + (1 - t) * s)
        return dx, scale * (weight * positive - negative), scale * (t * positive).sum(0)


class BceWithoutWeight(Bce):
    """σ(x) − t."""

    def bprop(self, x, t, weight, out, dout):
        scale = dout / x.size
        positive, negative = ops.log1p(ops.exp(-x)), ops.log1p(ops.exp(x))
        return scale * (ops.sigmoid(x) - t), scale * (weight * positive - negative), scale * (t * positive).sum(0)


class BceWeightNotReduced(Bce):
    def bprop(self, x, t, weight, out, dout):
        s, scale = ops.sigmoid(x), dout / x.size
        positive, negative = ops.log1p(ops.exp(-x)), ops.log1p(ops.exp(x))
        dx = scale * (-weight * t * (1 - s) + (1 - t) * s)
        return dx, scale * (weight * positive - negative), scale * t * positive


class Triplet(nn.Cell):
    """max(0, ‖a − p‖² − ‖a − n‖² + 1), summed over the rows."""

    def construct(self, a, p, n):
        return ops.relu(((a - p) * (a - p)).sum(1) - ((a - n) * (a - n)).sum(1) + 1).sum()

    def active(self, a, p, n, dout):
        margin = ((a - p) * (a - p)).sum(1) - ((a - n) * (a - n)).sum(1) + 1
        return 2 * dout * (margin > 0).astype(a.dtype).reshape((-1, 1))

    def bprop(self, a, p, n, out, dout):
        g = self.active(a, p, n, dout)
        return g * (n - p), g * (p - a), g * (a - n)


class TripletNegative(Triplet):
    """The negative's gradient with the sign of the positive's."""

    def bprop(self, a, p, n, out, dout):
        g = self.active(a, p, n, dout)
        return g * (n - p), g * (p - a), g * (n - a)


class TripletNoMargin(Triplet):
    """The anchor's gradient also where the margin is kept."""

    def bprop(self, a, p, n, out, dout):
        g = self.active(a, p, n, dout)
        return 2 * dout * (n - p), g * (p - a), g * (a - n)


class Contrastive(nn.Cell):
    """½ t d² + ½ (1 − t) max(0, 2 − d)², d = ‖x − y‖ of the rows; the mean."""

    def construct(self, x, y, t):
        d = ops.sqrt(((x - y) * (x - y)).sum(1))
        gap = ops.relu(2 - d)
        return (0.5 * t * d * d + 0.5 * (1 - t) * gap * gap).mean()

    def of_rows(self, x, y, t, sign):
        d = ops.sqrt(((x - y) * (x - y)).sum(1))
        return (t + sign * (1 - t) * ops.relu(2 - d) / d).reshape((-1, 1)) * (x - y) / x.shape[0]

    def bprop(self, x, y, t, out, dout):
        d = ops.sqrt(((x - y) * (x - y)).sum(1))
        gap = ops.relu(2 - d)
        dx = dout * self.of_rows(x, y, t, -1.0)
        return dx, -dx, dout * 0.5 * (d * d - gap * gap) / x.shape[0]


class ContrastivePulls(Contrastive):
    """Pairs that differ are pulled together."""

    def bprop(self, x, y, t, out, dout):
        d = ops.sqrt(((x - y) * (x - y)).sum(1))
        gap = ops.relu(2 - d)
        dx = dout * self.of_rows(x, y, t, 1.0)
        return dx, -dx, dout * 0.5 * (d * d - gap * gap) / x.shape[0]
