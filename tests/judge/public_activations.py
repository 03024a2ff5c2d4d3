"""Backward passes of activations as public projects have them, right and wrong."""

import math

import mindspore as ms
from mindspore import Tensor, nn, ops

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


# As Tensors: a number of Python's is rounded to float32 beside a Tensor of float64, and so is Tensor(0.1) in a graph.
ROOT_2, ROOT_2_PI = Tensor(math.sqrt(2), ms.float64), Tensor(math.sqrt(2 * math.pi), ms.float64)
ROOT_2_OVER_PI, CUBIC = Tensor(math.sqrt(2 / math.pi), ms.float64), Tensor(0.044715, ms.float64)


def of_type(number, x):
    return ops.cast(number, x.dtype)


class Swish(nn.Cell):
    def construct(self, x):
        return x * ops.sigmoid(x)

    def bprop(self, x, out, dout):
        s = ops.sigmoid(x)
        return (dout * (s + out * (1 - s)),)


class SwishOfTheInput(Swish):
    """The formula takes the output; it is given the input."""

    def bprop(self, x, out, dout):
        s = ops.sigmoid(x)
        return (dout * (x + s * (1 - x)),)


class Mish(nn.Cell):
    def construct(self, x):
        return x * ops.tanh(ops.log1p(ops.exp(x)))

    def bprop(self, x, out, dout):
        t = ops.tanh(ops.log1p(ops.exp(x)))
        return (dout * (t + x * (1 - t * t) * ops.sigmoid(x)),)


class MishWithoutInner(Mish):
    """The sigmoid, the derivative of softplus, is forgotten."""

    def bprop(self, x, out, dout):
        t = ops.tanh(ops.log1p(ops.exp(x)))
        return (dout * (t + x * (1 - t * t)),)


class Gelu(nn.Cell):
    def construct(self, x):
        return 0.5 * x * self.twice(x)

    def twice(self, x):
        return 1 + ops.erf(x / of_type(ROOT_2, x))

    def density(self, x):
        return ops.exp(-0.5 * x * x) / of_type(ROOT_2_PI, x)

    def bprop(self, x, out, dout):
        return (dout * (0.5 * self.twice(x) + x * self.density(x)),)


class GeluUnnormalised(Gelu):
    """The density without its 1/√2π."""

    def bprop(self, x, out, dout):
        return (dout * (0.5 * self.twice(x) + x * ops.exp(-0.5 * x * x)),)


class GeluByNumbers(Gelu):
    """The right formula with numbers of Python's, which float64 gets as they are in float32."""

    def construct(self, x):
        return 0.5 * x * (1 + ops.erf(x / math.sqrt(2)))

    def bprop(self, x, out, dout):
        density = ops.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        return (dout * (0.5 * (1 + ops.erf(x / math.sqrt(2))) + x * density),)


class GeluTanh(nn.Cell):
    def construct(self, x):
        return 0.5 * x * (1 + self.tanh(x))

    def tanh(self, x):
        return ops.tanh(of_type(ROOT_2_OVER_PI, x) * (x + of_type(CUBIC, x) * x * x * x))

    def with_inner(self, x, dout, factor):
        t = self.tanh(x)
        inner = of_type(ROOT_2_OVER_PI, x) * (1 + factor * of_type(CUBIC, x) * x * x)
        return (dout * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner),)

    def bprop(self, x, out, dout):
        return self.with_inner(x, dout, 3)


class GeluTanhWithoutThree(GeluTanh):
    """(x³)′ = x²."""

    def bprop(self, x, out, dout):
        return self.with_inner(x, dout, 1)


class GeluTanhByErf(GeluTanh):
    """The derivative of the exact form."""

    def bprop(self, x, out, dout):
        density = ops.exp(-0.5 * x * x) / of_type(ROOT_2_PI, x)
        return (dout * (0.5 * (1 + ops.erf(x / of_type(ROOT_2, x))) + x * density),)


class Softplus(nn.Cell):
    """max(x, 0) + log(1 + exp(−|x|))."""

    def construct(self, x):
        return ops.relu(x) + ops.log1p(ops.exp(-ops.abs(x)))

    def bprop(self, x, out, dout):
        return (dout * ops.sigmoid(x),)


class SoftplusOverflows(Softplus):
    """eˣ / (1 + eˣ)."""

    def bprop(self, x, out, dout):
        return (dout * ops.exp(x) / (1 + ops.exp(x)),)


class HardSwish(nn.Cell):
    """Closed at ±3."""

    def construct(self, x):
        return x * ops.clamp(x + 3, 0, 6) / 6

    def bprop(self, x, out, dout):
        inside = dout * (x / 3 + 0.5)
        above = ops.where(x > 3, dout, inside)
        return (ops.where(x < -3, ops.zeros_like(x), above),)


class HardSwishOpen(HardSwish):
    """Open at ±3: the other one-sided derivative."""

    def bprop(self, x, out, dout):
        inside = dout * (x / 3 + 0.5)
        above = ops.where(x >= 3, dout, inside)
        return (ops.where(x <= -3, ops.zeros_like(x), above),)


class HardSwishNotCut(HardSwish):
    """The parabola's derivative beyond 3, too."""

    def bprop(self, x, out, dout):
        return (ops.where(x < -3, ops.zeros_like(x), dout * (x / 3 + 0.5)),)


class HardSwishBeyond(HardSwish):
    """At −3, between 0 and −½, it says 1."""

    def bprop(self, x, out, dout):
        inside = dout * (x / 3 + 0.5)
        above = ops.where(x > 3, dout, inside)
        below = ops.where(x < -3, ops.zeros_like(x), above)
        return (ops.where(x == -3, dout, below),)


class HardSigmoid(nn.Cell):
    def construct(self, x):
        return ops.clamp(x / 6 + 0.5, 0, 1)

    def bprop(self, x, out, dout):
        return (ops.where(ops.abs(x) < 3, dout / 6, ops.zeros_like(x)),)


class HardSigmoidOfKeras(HardSigmoid):
    """The slope 0.2 of another definition."""

    def bprop(self, x, out, dout):
        return (ops.where(ops.abs(x) < 3, dout * 0.2, ops.zeros_like(x)),)


class HardSigmoidOutside(HardSigmoid):
    """The gradient passes outside."""

    def bprop(self, x, out, dout):
        return (dout / 6,)


class LeakyRelu(nn.Cell):
    def __init__(self, slope=0.1):
        super().__init__()
        self.slope = slope

    def construct(self, x):
        return ops.where(x > 0, x, self.slope * x)

    def bprop(self, x, out, dout):
        return (ops.where(x > 0, dout, self.slope * dout),)


class LeakyReluByOutput(LeakyRelu):
    """By the sign of the output, which is the input's only while the slope is positive."""

    def bprop(self, x, out, dout):
        return (ops.where(out > 0, dout, self.slope * dout),)


class LeakyReluAtZeroSlope(LeakyRelu):
    """By out ≥ 0, which with a slope of 0 is everywhere."""

    def bprop(self, x, out, dout):
        return (ops.where(out >= 0, dout, self.slope * dout),)


class PRelu(nn.Cell):
    def construct(self, x, a):
        return ops.where(x > 0, x, a * x)

    def bprop(self, x, a, out, dout):
        return ops.where(x > 0, dout, a * dout), ops.where(x > 0, ops.zeros_like(x), x * dout).sum(0)


class PReluNotReduced(PRelu):
    """The slope's gradient in the shape of x."""

    def bprop(self, x, a, out, dout):
        return ops.where(x > 0, dout, a * dout), ops.where(x > 0, ops.zeros_like(x), x * dout)


class PReluEverywhere(PRelu):
    """The slope's gradient also where it is not used."""

    def bprop(self, x, a, out, dout):
        return ops.where(x > 0, dout, a * dout), (x * dout).sum(0)


class PReluMean(PRelu):
    """The slope's gradient averaged over the samples."""

    def bprop(self, x, a, out, dout):
        return ops.where(x > 0, dout, a * dout), ops.where(x > 0, ops.zeros_like(x), x * dout).mean(0)


class Elu(nn.Cell):
    """α = 1.5."""

    def construct(self, x):
        return ops.where(x > 0, x, 1.5 * (ops.exp(x) - 1))

    def bprop(self, x, out, dout):
        return (ops.where(x > 0, dout, dout * (out + 1.5)),)


class EluWithoutAlpha(Elu):
    """eˣ, as for α = 1."""

    def bprop(self, x, out, dout):
        return (ops.where(x > 0, dout, dout * ops.exp(x)),)


class Selu(nn.Cell):
    def construct(self, x):
        return SELU_SCALE * ops.where(x > 0, x, SELU_ALPHA * (ops.exp(x) - 1))

    def bprop(self, x, out, dout):
        one = ops.ones_like(x)
        return (SELU_SCALE * dout * ops.where(x > 0, one, SELU_ALPHA * ops.exp(x)),)


class SeluWithoutScale(Selu):
    def bprop(self, x, out, dout):
        one = ops.ones_like(x)
        return (dout * ops.where(x > 0, one, SELU_ALPHA * ops.exp(x)),)


class LogSigmoid(nn.Cell):
    def construct(self, x):
        return -(ops.relu(-x) + ops.log1p(ops.exp(-ops.abs(x))))

    def bprop(self, x, out, dout):
        return (dout * ops.sigmoid(-x),)


class LogSigmoidSign(LogSigmoid):
    """The inner −1 is forgotten."""

    def bprop(self, x, out, dout):
        return (-dout * ops.sigmoid(-x),)


class LogSigmoidAsSigmoid(LogSigmoid):
    def bprop(self, x, out, dout):
        return (dout * ops.sigmoid(x),)


class Tanh(nn.Cell):
    def construct(self, x):
        return ops.tanh(x)

    def bprop(self, x, out, dout):
        return (dout * (1 - out * out),)


class TanhOfOutput(Tanh):
    """tanh′ at the output."""

    def bprop(self, x, out, dout):
        return (dout * (1 - ops.tanh(out) * ops.tanh(out)),)


class Relu(nn.Cell):
    def construct(self, x):
        return ops.relu(x)

    def bprop(self, x, out, dout):
        return (ops.where(x > 0, dout, ops.zeros_like(x)),)


class ReluTimesOutput(Relu):
    def bprop(self, x, out, dout):
        return (out * dout,)


class ReluFive(Relu):
    def bprop(self, x, out, dout):
        return (5 * x,)
