"""Backward passes of elementwise functions as public projects have them, right and wrong."""

import mindspore as ms
from mindspore import nn, ops


class Exponential(nn.Cell):
    def construct(self, x):
        return ops.exp(x)

    def bprop(self, x, out, dout):
        return (dout * out,)


class Legendre(nn.Cell):
    """½ (5x³ − 3x)."""

    def construct(self, x):
        return 0.5 * (5 * x * x * x - 3 * x)

    def bprop(self, x, out, dout):
        return (dout * 1.5 * (5 * x * x - 1),)


class Sinh(nn.Cell):
    def construct(self, x):
        return (ops.exp(x) - ops.exp(-x)) / 2

    def bprop(self, x, out, dout):
        return (dout * (ops.exp(x) + ops.exp(-x)) / 2,)


class SinhAsItself(Sinh):
    def bprop(self, x, out, dout):
        return (dout * (ops.exp(x) - ops.exp(-x)) / 2,)


class Squared(nn.Cell):
    def construct(self, x):
        return x * x

    def bprop(self, x, out, dout):
        return (2 * x * dout,)


class SquaredHalf(Squared):
    def bprop(self, x, out, dout):
        return (x * dout,)


class TwiceSquared(nn.Cell):
    """(2x)²."""

    def construct(self, x):
        twice = x * 2
        return twice * twice

    def bprop(self, x, out, dout):
        return (4 * (x * 2) * dout,)


class Twice(nn.Cell):
    def construct(self, x):
        return x * 2.0

    def bprop(self, x, out, dout):
        return (dout * 2.0,)


class TwiceThrice(Twice):
    def bprop(self, x, out, dout):
        return (dout * 2.0 * 3.0,)


class Log1p(nn.Cell):
    def construct(self, x):
        return ops.log1p(x)

    def bprop(self, x, out, dout):
        return (dout / (1 + x),)


class Log1pAsLog(Log1p):
    def bprop(self, x, out, dout):
        return (dout / x,)


class Expm1(nn.Cell):
    def construct(self, x):
        return ops.expm1(x)

    def bprop(self, x, out, dout):
        return (dout * (out + 1),)


class Expm1AsExp(Expm1):
    """The output, as of exp."""

    def bprop(self, x, out, dout):
        return (dout * out,)


class Cosine(nn.Cell):
    def construct(self, x):
        return ops.cos(x)

    def bprop(self, x, out, dout):
        return (-ops.sin(x) * dout,)


class CosineSign(Cosine):
    def bprop(self, x, out, dout):
        return (ops.sin(x) * dout,)


class Wave(nn.Cell):
    """sin(x + φ), φ one for each column."""

    def construct(self, x, phase):
        return ops.sin(x + phase)

    def bprop(self, x, phase, out, dout):
        dx = dout * ops.cos(x + phase)
        return dx, dx.sum(0)


class WaveWithoutPhase(Wave):
    """cos(x): the phase is forgotten."""

    def bprop(self, x, phase, out, dout):
        dx = dout * ops.cos(x)
        return dx, (dout * ops.cos(x + phase)).sum(0)


class Power(nn.Cell):
    def construct(self, x, y):
        return ops.pow(x, y)

    def bprop(self, x, y, out, dout):
        return dout * y * ops.pow(x, y - 1), dout * out * ops.log(x)


class PowerExponent(Power):
    """The exponent's gradient without log x."""

    def bprop(self, x, y, out, dout):
        return dout * y * ops.pow(x, y - 1), dout * out


class PowerNotLowered(Power):
    """y xʸ."""

    def bprop(self, x, y, out, dout):
        return dout * y * out, dout * out * ops.log(x)


class SquareByLogarithm(Squared):
    """2 exp(log x), which is NaN for a negative base."""

    def bprop(self, x, out, dout):
        return (2 * ops.exp(ops.log(x)) * dout,)


class Quotient(nn.Cell):
    def construct(self, x, y):
        return x / y

    def bprop(self, x, y, out, dout):
        return dout / y, -dout * out / y


class QuotientSign(Quotient):
    def bprop(self, x, y, out, dout):
        return dout / y, dout * out / y


class QuotientOneOver(Quotient):
    """−x dout / y: the square is forgotten."""

    def bprop(self, x, y, out, dout):
        return dout / y, -dout * out


class SquareRoot(nn.Cell):
    def construct(self, x):
        return ops.sqrt(x)

    def bprop(self, x, out, dout):
        return (dout / (2 * out),)


class SquareRootHalf(SquareRoot):
    def bprop(self, x, out, dout):
        return (dout / out,)


class Absolute(nn.Cell):
    def construct(self, x):
        return ops.abs(x)

    def bprop(self, x, out, dout):
        return (dout * ops.sign(x),)


class AbsoluteAsOne(Absolute):
    def bprop(self, x, out, dout):
        return (dout,)


class Clamp(nn.Cell):
    """To [−½, ½]."""

    def construct(self, x):
        return ops.clamp(x, -0.5, 0.5)

    def bprop(self, x, out, dout):
        return (ops.where(ops.abs(x) <= 0.5, dout, ops.zeros_like(x)),)


class ClampOutside(Clamp):
    """The gradient passes outside."""

    def bprop(self, x, out, dout):
        return (dout,)


class ClampNowhere(Clamp):
    """x ≤ −½ and x ≥ ½ at once."""

    def bprop(self, x, out, dout):
        inside = ops.logical_and(x <= -0.5, x >= 0.5)
        return (ops.where(inside, dout, ops.zeros_like(x)),)


class ClampOneSided(Clamp):
    """What would push the value back passes."""

    def bprop(self, x, out, dout):
        kept = ops.where(ops.logical_and(x > 0.5, dout < 0), ops.zeros_like(x), dout)
        return (ops.where(ops.logical_and(x < -0.5, dout > 0), ops.zeros_like(x), kept),)


class TimesRounded(nn.Cell):
    """x round(x), where round has no derivative."""

    def construct(self, x):
        return x * ops.round(x)

    def bprop(self, x, out, dout):
        return (ops.round(x) * dout,)


class Rounded(nn.Cell):
    """Straight through."""

    def construct(self, x):
        return ops.round(x)

    def bprop(self, x, out, dout):
        return (dout,)


class SignWithin(nn.Cell):
    """Straight through where |x| ≤ 1."""

    def construct(self, x):
        return ops.sign(x)

    def bprop(self, x, out, dout):
        return (ops.where(ops.abs(x) <= 1, dout, ops.zeros_like(x)),)


class Spikes(nn.Cell):
    """Clamped to [0, 4] and rounded, straight through inside."""

    def construct(self, x):
        return ops.round(ops.clamp(x, 0, 4))

    def bprop(self, x, out, dout):
        kept = ops.where(x < 0, ops.zeros_like(x), dout)
        return (ops.where(x > 4, ops.zeros_like(x), kept),)


class Unchanged(nn.Cell):
    """x, with ``factor`` × dout for its gradient."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def construct(self, x):
        return x

    def bprop(self, x, out, dout):
        return (self.factor * dout,)


class GradientClipped(Unchanged):
    def bprop(self, x, out, dout):
        return (ops.clamp(dout, -0.3, 0.3),)


class InFloat64(nn.Cell):
    """exp, computed in float64, returned in the type of x."""

    def construct(self, x):
        return ops.exp(x.astype(ms.float64)).astype(x.dtype)

    def bprop(self, x, out, dout):
        return ((dout.astype(ms.float64) * ops.exp(x.astype(ms.float64))).astype(x.dtype),)


class InFloat64NotCast(InFloat64):
    def bprop(self, x, out, dout):
        return (dout.astype(ms.float64) * ops.exp(x.astype(ms.float64)),)


class InFloat16Backward(InFloat64):
    """The gradient is computed in half precision."""

    def bprop(self, x, out, dout):
        return ((dout.astype(ms.float16) * out.astype(ms.float16)).astype(x.dtype),)
