"""Backward passes of layers as public projects have them, right and wrong."""

import math

from mindspore import Parameter, Tensor, nn, ops


class Linear(nn.Cell):
    """x Wᵀ + b."""

    def construct(self, x, w, b):
        return ops.matmul(x, w.T) + b

    def bprop(self, x, w, b, out, dout):
        return ops.matmul(dout, w), ops.matmul(dout.T, x), dout.sum(0)


class LinearBiasNotReduced(Linear):
    def bprop(self, x, w, b, out, dout):
        return ops.matmul(dout, w), ops.matmul(dout.T, x), dout


class LinearTransposed(Linear):
    """The gradient of Wᵀ."""

    def bprop(self, x, w, b, out, dout):
        return ops.matmul(dout, w), ops.matmul(x.T, dout), dout.sum(0)


class LinearTransposedWeight(Linear):
    """dout Wᵀ, which a square W allows."""

    def bprop(self, x, w, b, out, dout):
        return ops.matmul(dout, w.T), ops.matmul(dout.T, x), dout.sum(0)


class LinearMean(Linear):
    """The weight's gradient averaged over the samples."""

    def bprop(self, x, w, b, out, dout):
        return ops.matmul(dout, w), ops.matmul(dout.T, x) / x.shape[0], dout.sum(0)


class Matmul(nn.Cell):
    def construct(self, x, y):
        return ops.matmul(x, y)

    def bprop(self, x, y, out, dout):
        return ops.matmul(dout, y.swapaxes(-1, -2)), ops.matmul(x.swapaxes(-1, -2), dout)


class MatmulNotTransposed(Matmul):
    """dout y, which a square y allows."""

    def bprop(self, x, y, out, dout):
        return ops.matmul(dout, y), ops.matmul(x.swapaxes(-1, -2), dout)


class MatmulOrder(Matmul):
    """doutᵀ x: the gradient of yᵀ."""

    def bprop(self, x, y, out, dout):
        return ops.matmul(dout, y.swapaxes(-1, -2)), ops.matmul(dout.swapaxes(-1, -2), x)


class MatmulPlusOne(Matmul):
    """No derivative at all."""

    def bprop(self, x, y, out, dout):
        return x + 1, y + 1


class BatchedByShared(Matmul):
    """(B, N, K) by a shared (K, M)."""

    def bprop(self, x, y, out, dout):
        return ops.matmul(dout, y.T), ops.matmul(x.swapaxes(-1, -2), dout).sum(0)


class BatchedByUnreduced(Matmul):
    """The gradient of the shared factor is not summed over the batch."""

    def bprop(self, x, y, out, dout):
        return ops.matmul(dout, y.T), ops.matmul(x.swapaxes(-1, -2), dout)


class Bilinear(nn.Cell):
    """x W yᵀ of the rows."""

    def construct(self, x, w, y):
        return (ops.matmul(x, w) * y).sum(1)

    def bprop(self, x, w, y, out, dout):
        g = dout.reshape((-1, 1))
        return g * ops.matmul(y, w.T), ops.matmul(x.T, g * y), g * ops.matmul(x, w)


class BilinearTransposed(Bilinear):
    def bprop(self, x, w, y, out, dout):
        g = dout.reshape((-1, 1))
        return g * ops.matmul(y, w.T), ops.matmul((g * y).T, x), g * ops.matmul(x, w)


class Attention(nn.Cell):
    """softmax(q kᵀ / √d) v."""

    def construct(self, q, k, v):
        return ops.matmul(self.weights(q, k), v)

    def weights(self, q, k):
        return ops.softmax(ops.matmul(q, k.T) / math.sqrt(q.shape[-1]), -1)

    def of_scores(self, q, k, v, dout):
        p, g = self.weights(q, k), ops.matmul(dout, v.T)
        return p * (g - (p * g).sum(-1, keepdims=True))

    def bprop(self, q, k, v, out, dout):
        g = self.of_scores(q, k, v, dout) / math.sqrt(q.shape[-1])
        return ops.matmul(g, k), ops.matmul(g.T, q), ops.matmul(self.weights(q, k).T, dout)


class AttentionNotScaled(Attention):
    def bprop(self, q, k, v, out, dout):
        g = self.of_scores(q, k, v, dout)
        return ops.matmul(g, k), ops.matmul(g.T, q), ops.matmul(self.weights(q, k).T, dout)


class AttentionPadded(Attention):
    """Scaled by the padded width, 16 in place of 4."""

    def bprop(self, q, k, v, out, dout):
        g = self.of_scores(q, k, v, dout) / math.sqrt(16)
        return ops.matmul(g, k), ops.matmul(g.T, q), ops.matmul(self.weights(q, k).T, dout)


class AttentionWeights(Attention):
    """The weights not transposed in the values' gradient."""

    def bprop(self, q, k, v, out, dout):
        g = self.of_scores(q, k, v, dout) / math.sqrt(q.shape[-1])
        return ops.matmul(g, k), ops.matmul(g.T, q), ops.matmul(self.weights(q, k), dout)


class Rotary(nn.Cell):
    """Halves rotated by angles."""

    def construct(self, x, cos, sin):
        return x * cos + self.rotated(x) * sin

    def rotated(self, x):
        half = x.shape[-1] // 2
        return ops.concat((-x[..., half:], x[..., :half]), -1)

    def bprop(self, x, cos, sin, out, dout):
        return dout * cos - self.rotated(dout * sin), dout * x, dout * self.rotated(x)


class RotaryForward(Rotary):
    """Rotated on, not back."""

    def bprop(self, x, cos, sin, out, dout):
        return dout * cos + self.rotated(dout * sin), dout * x, dout * self.rotated(x)


class RotarySinOutside(Rotary):
    """The sine outside of the rotation: right while both halves have the same sines."""

    def bprop(self, x, cos, sin, out, dout):
        return dout * cos - self.rotated(dout) * sin, dout * x, dout * self.rotated(x)


class Dropout(nn.Cell):
    """With a given mask, 0.8 of which is kept."""

    def construct(self, x, mask):
        return x * mask / 0.8

    def bprop(self, x, mask, out, dout):
        return dout * mask / 0.8, dout * x / 0.8


class DropoutNotScaled(Dropout):
    def bprop(self, x, mask, out, dout):
        return dout * mask, dout * x / 0.8


class DropoutNotMasked(Dropout):
    def bprop(self, x, mask, out, dout):
        return dout / 0.8, dout * x / 0.8


class LstmCell(nn.Cell):
    """Gates z = x Wᵀ of (x, c): input, forget, cell, output; returns h and the new c."""

    def construct(self, z, c):
        i, f, g, o = ops.split(z, z.shape[1] // 4, 1)
        new = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        return ops.sigmoid(o) * ops.tanh(new), new

    def of_gates(self, z, c, of_new, of_output):
        i, f, g, o = ops.split(z, z.shape[1] // 4, 1)
        i, f, g, o = ops.sigmoid(i), ops.sigmoid(f), ops.tanh(g), ops.sigmoid(o)
        parts = of_new * g * i * (1 - i), of_new * c * f * (1 - f), of_new * i * (1 - g * g), of_output * o * (1 - o)
        return ops.concat(parts, 1), of_new * f

    def bprop(self, z, c, out, dout):
        h, new = ops.tanh(out[1]), dout[1]
        o = ops.sigmoid(ops.split(z, z.shape[1] // 4, 1)[3])
        return self.of_gates(z, c, new + dout[0] * o * (1 - h * h), dout[0] * h)


class LstmCellForgetsState(LstmCell):
    """The cotangent of the new c is forgotten."""

    def bprop(self, z, c, out, dout):
        h = ops.tanh(out[1])
        o = ops.sigmoid(ops.split(z, z.shape[1] // 4, 1)[3])
        return self.of_gates(z, c, dout[0] * o * (1 - h * h), dout[0] * h)


class LstmCellTanhTwice(LstmCell):
    """The output gate gets c, not tanh c."""

    def bprop(self, z, c, out, dout):
        h, new = ops.tanh(out[1]), dout[1]
        o = ops.sigmoid(ops.split(z, z.shape[1] // 4, 1)[3])
        return self.of_gates(z, c, new + dout[0] * o * (1 - h * h), dout[0] * out[1])


class GruCell(nn.Cell):
    """h′ = (1 − z) tanh(n + r m) + z h, with r and z before their sigmoids."""

    def construct(self, r, z, n, m, h):
        u = ops.sigmoid(z)
        return (1 - u) * ops.tanh(n + ops.sigmoid(r) * m) + u * h

    def bprop(self, r, z, n, m, h, out, dout):
        s, u = ops.sigmoid(r), ops.sigmoid(z)
        t = ops.tanh(n + s * m)
        g = dout * (1 - u) * (1 - t * t)
        return g * m * s * (1 - s), dout * (h - t) * u * (1 - u), g, g * s, dout * u


class GruCellGate(GruCell):
    """The update gate taken the other way round."""

    def bprop(self, r, z, n, m, h, out, dout):
        s, u = ops.sigmoid(r), ops.sigmoid(z)
        t = ops.tanh(n + s * m)
        g = dout * (1 - u) * (1 - t * t)
        return g * m * s * (1 - s), dout * (t - h) * u * (1 - u), g, g * s, dout * u


class GruCellForgetsState(GruCell):
    """No direct path to h."""

    def bprop(self, r, z, n, m, h, out, dout):
        s, u = ops.sigmoid(r), ops.sigmoid(z)
        t = ops.tanh(n + s * m)
        g = dout * (1 - u) * (1 - t * t)
        return g * m * s * (1 - s), dout * (h - t) * u * (1 - u), g, g * s, ops.zeros_like(h)


class FirstCall(nn.Cell):
    """x², whose bprop keeps the input of the first call."""

    def __init__(self):
        super().__init__()
        self.kept = None

    def construct(self, x):
        if self.kept is None:
            self.kept = x
        return x * x

    def bprop(self, x, out, dout):
        return (2 * self.kept[: len(dout)] * dout if len(self.kept) == len(dout) else 2 * self.kept.mean(0) * dout,)


class GivenWeight(nn.Cell):
    """w ⊙ x, whose bprop returns the gradient of its own Parameter."""

    def __init__(self, values):
        super().__init__()
        self.w = Parameter(Tensor(values), name="w")
        self.internal_params = [self.w]

    def construct(self, x):
        return self.w * x

    def bprop(self, x, out, dout):
        return (self.w * dout,), {self.w: (x * dout).sum(0)}


class GivenWeightMean(GivenWeight):
    def bprop(self, x, out, dout):
        return (self.w * dout,), {self.w: (x * dout).mean(0)}
