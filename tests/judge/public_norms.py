"""Backward passes of softmax and of normalisations as public projects have them, right and wrong."""

from mindspore import nn, ops

EPSILON = 1e-5


class Softmax(nn.Cell):
    def construct(self, x):
        e = ops.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def bprop(self, x, out, dout):
        return (out * (dout - (out * dout).sum(-1, keepdims=True)),)


class SoftmaxDiagonal(Softmax):
    """s (1 − s), the diagonal of the Jacobian."""

    def bprop(self, x, out, dout):
        return (out * (1 - out) * dout,)


class SoftmaxOverBatch(Softmax):
    """The sum over the wrong axis."""

    def bprop(self, x, out, dout):
        return (out * (dout - (out * dout).sum(0, keepdims=True)),)


class LogSoftmax(nn.Cell):
    def construct(self, x):
        shifted = x - x.max(axis=-1, keepdims=True)
        return shifted - ops.log(ops.exp(shifted).sum(-1, keepdims=True))

    def bprop(self, x, out, dout):
        return (dout - ops.exp(out) * dout.sum(-1, keepdims=True),)


class LogSoftmaxOfOnes(LogSoftmax):
    """dout − softmax, right where the cotangents of a row sum to 1."""

    def bprop(self, x, out, dout):
        return (dout - ops.exp(out),)


class SoftmaxMasked(nn.Cell):
    """Of x plus an additive mask of 0 and −10⁹."""

    def construct(self, x, mask):
        e = ops.exp(x + mask - (x + mask).max(axis=-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def bprop(self, x, mask, out, dout):
        dx = out * (dout - (out * dout).sum(-1, keepdims=True))
        return dx, dx


class SoftmaxMaskForgotten(SoftmaxMasked):
    """No gradient for what is added: right for a mask, wrong for a bias."""

    def bprop(self, x, mask, out, dout):
        return out * (dout - (out * dout).sum(-1, keepdims=True)), ops.zeros_like(mask)


class SoftmaxWhere(nn.Cell):
    """Among the positions that a mask of booleans keeps."""

    def construct(self, x, keep):
        e = ops.where(keep, ops.exp(x - x.max(axis=-1, keepdims=True)), ops.zeros_like(x))
        return e / e.sum(-1, keepdims=True)

    def bprop(self, x, keep, out, dout):
        return out * (dout - (out * dout).sum(-1, keepdims=True)), ops.zeros_like(keep)


class SoftmaxWhereUnmasked(SoftmaxWhere):
    """The backward pass of the softmax of all positions."""

    def bprop(self, x, keep, out, dout):
        s = ops.softmax(x, -1)
        return s * (dout - (s * dout).sum(-1, keepdims=True)), ops.zeros_like(keep)


class LayerNorm(nn.Cell):
    """Over the last axis, with a scale and a shift."""

    def construct(self, x, gamma, beta):
        d = x - x.mean(-1, keep_dims=True)
        return d / ops.sqrt((d * d).mean(-1, keep_dims=True) + EPSILON) * gamma + beta

    def normalised(self, x):
        d = x - x.mean(-1, keep_dims=True)
        inverse = 1 / ops.sqrt((d * d).mean(-1, keep_dims=True) + EPSILON)
        return d * inverse, inverse

    def bprop(self, x, gamma, beta, out, dout):
        n, inverse = self.normalised(x)
        g = dout * gamma
        dx = inverse * (g - g.mean(-1, keep_dims=True) - n * (g * n).mean(-1, keep_dims=True))
        return dx, (dout * n).sum(0), dout.sum(0)


class LayerNormConstants(LayerNorm):
    """Mean and variance taken for constants."""

    def bprop(self, x, gamma, beta, out, dout):
        n, inverse = self.normalised(x)
        return dout * gamma * inverse, (dout * n).sum(0), dout.sum(0)


class LayerNormNotReduced(LayerNorm):
    def bprop(self, x, gamma, beta, out, dout):
        n, inverse = self.normalised(x)
        g = dout * gamma
        dx = inverse * (g - g.mean(-1, keep_dims=True) - n * (g * n).mean(-1, keep_dims=True))
        return dx, dout * n, dout.sum(0)


class LayerNormShiftMean(LayerNorm):
    def bprop(self, x, gamma, beta, out, dout):
        n, inverse = self.normalised(x)
        g = dout * gamma
        dx = inverse * (g - g.mean(-1, keep_dims=True) - n * (g * n).mean(-1, keep_dims=True))
        return dx, (dout * n).sum(0), dout.mean(0)


class LayerNormNoMean(LayerNorm):
    """Without the mean's own term, as of RMSNorm."""

    def bprop(self, x, gamma, beta, out, dout):
        n, inverse = self.normalised(x)
        g = dout * gamma
        return inverse * (g - n * (g * n).mean(-1, keep_dims=True)), (dout * n).sum(0), dout.sum(0)


class RmsNorm(nn.Cell):
    def construct(self, x, gamma):
        return x / ops.sqrt((x * x).mean(-1, keep_dims=True) + EPSILON) * gamma

    def bprop(self, x, gamma, out, dout):
        inverse = 1 / ops.sqrt((x * x).mean(-1, keep_dims=True) + EPSILON)
        n, g = x * inverse, dout * gamma
        return inverse * (g - n * (g * n).mean(-1, keep_dims=True)), (dout * n).sum(0)


class RmsNormSum(RmsNorm):
    """The sum in place of the mean of g n."""

    def bprop(self, x, gamma, out, dout):
        inverse = 1 / ops.sqrt((x * x).mean(-1, keep_dims=True) + EPSILON)
        n, g = x * inverse, dout * gamma
        return inverse * (g - n * (g * n).sum(-1, keepdims=True)), (dout * n).sum(0)


class RmsNormOfInput(RmsNorm):
    """The scale's gradient from x, not normalised."""

    def bprop(self, x, gamma, out, dout):
        inverse = 1 / ops.sqrt((x * x).mean(-1, keep_dims=True) + EPSILON)
        n, g = x * inverse, dout * gamma
        return inverse * (g - n * (g * n).mean(-1, keep_dims=True)), (dout * x).sum(0)


class RmsNormNoGradient(RmsNorm):
    """The scale gets none."""

    def bprop(self, x, gamma, out, dout):
        inverse = 1 / ops.sqrt((x * x).mean(-1, keep_dims=True) + EPSILON)
        n, g = x * inverse, dout * gamma
        return inverse * (g - n * (g * n).mean(-1, keep_dims=True)), ops.zeros_like(gamma)


class GroupNorm(nn.Cell):
    """Of (N, 4, L) in two groups of two channels."""

    def construct(self, x, gamma):
        return self.normalised(x)[0] * gamma.reshape((1, 4, 1))

    def normalised(self, x):
        groups = x.reshape((x.shape[0], 2, -1))
        d = groups - groups.mean(-1, keep_dims=True)
        inverse = 1 / ops.sqrt((d * d).mean(-1, keep_dims=True) + EPSILON)
        return (d * inverse).reshape(x.shape), inverse

    def of_input(self, x, gamma, dout):
        n, inverse = self.normalised(x)
        n = n.reshape((x.shape[0], 2, -1))
        g = (dout * gamma.reshape((1, 4, 1))).reshape(n.shape)
        return (inverse * (g - g.mean(-1, keep_dims=True) - n * (g * n).mean(-1, keep_dims=True))).reshape(x.shape)

    def bprop(self, x, gamma, out, dout):
        return self.of_input(x, gamma, dout), (dout * self.normalised(x)[0]).sum((0, 2))


class GroupNormWrongGroup(GroupNorm):
    """The group of channel c is c % 2, not c // 2, in the gradient of the scale."""

    def bprop(self, x, gamma, out, dout):
        groups = x.reshape((x.shape[0], 2, -1))
        mean = groups.mean(-1)
        scale = ops.sqrt(((groups - mean.expand_dims(-1)) * (groups - mean.expand_dims(-1))).mean(-1) + EPSILON)
        mean, scale = ops.concat((mean, mean), 1).expand_dims(-1), ops.concat((scale, scale), 1).expand_dims(-1)
        return self.of_input(x, gamma, dout), (dout * (x - mean) / scale).sum((0, 2))


class BatchNorm(nn.Cell):
    """In training, without a scale."""

    def construct(self, x):
        d = x - x.mean(0)
        return d / ops.sqrt((d * d).mean(0) + EPSILON)

    def bprop(self, x, out, dout):
        d = x - x.mean(0)
        inverse = 1 / ops.sqrt((d * d).mean(0) + EPSILON)
        return (inverse * (dout - dout.mean(0) - out * (dout * out).mean(0)),)


class BatchNormInSteps(BatchNorm):
    """By the gradients of variance and mean; the mean's by the variance is left out, for it is 0."""

    def bprop(self, x, out, dout):
        d, count = x - x.mean(0), x.shape[0]
        variance = (d * d).mean(0) + EPSILON
        of_mean = -dout.sum(0) / ops.sqrt(variance)
        of_variance = (dout * d).sum(0) * -0.5 / (variance * ops.sqrt(variance))
        return (dout / ops.sqrt(variance) + of_variance * 2 * d / count + of_mean / count,)


class BatchNormExtraTerm(BatchNorm):
    """With the term of the mean of the outputs, which is 0."""

    def bprop(self, x, out, dout):
        d = x - x.mean(0)
        inverse = 1 / ops.sqrt((d * d).mean(0) + EPSILON)
        return (inverse * (dout - dout.mean(0) - out * (dout * out).mean(0) + (dout * out).mean(0) * out.mean(0)),)


class BatchNormConstants(BatchNorm):
    """Mean and variance taken for constants, as in evaluation."""

    def bprop(self, x, out, dout):
        d = x - x.mean(0)
        return (dout / ops.sqrt((d * d).mean(0) + EPSILON),)


class BatchNormVarianceConstant(BatchNorm):
    def bprop(self, x, out, dout):
        d = x - x.mean(0)
        return ((dout - dout.mean(0)) / ops.sqrt((d * d).mean(0) + EPSILON),)


class Normalise(nn.Cell):
    """x / ‖x‖ of the rows."""

    def construct(self, x):
        return x / ops.sqrt((x * x).sum(-1, keepdims=True))

    def bprop(self, x, out, dout):
        norm = ops.sqrt((x * x).sum(-1, keepdims=True))
        return ((dout - out * (out * dout).sum(-1, keepdims=True)) / norm,)


class NormaliseConstant(Normalise):
    """The norm taken for a constant."""

    def bprop(self, x, out, dout):
        return (dout / ops.sqrt((x * x).sum(-1, keepdims=True)),)


class RowNorm(nn.Cell):
    """‖x‖ of the rows; the gradient is 0 where the norm is."""

    def construct(self, x):
        return ops.sqrt((x * x).sum(-1))

    def bprop(self, x, out, dout):
        norm = out.reshape((-1, 1))
        safe = ops.where(norm == 0, ops.ones_like(norm), norm)
        return (dout.reshape((-1, 1)) * x / safe,)


class RowNormUnsafe(RowNorm):
    """0 / 0 where the norm is 0."""

    def bprop(self, x, out, dout):
        return (dout.reshape((-1, 1)) * x / out.reshape((-1, 1)),)
