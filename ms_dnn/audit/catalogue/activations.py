"""Activation functions of nn, ops and mint."""

from __future__ import annotations

import numpy as np
from scipy.special import erf, expit, log_expit, log_softmax

from ms_dnn.audit.catalogue import stale
from ms_dnn.audit.catalogue.draws import fixed, normal
from ms_dnn.audit.entry import Array, Case, Entry

ORDINARY = Case("ordinary", normal((3, 4), scale=2.0))
ZEROS = Case("zeros", fixed([0.0, -0.0, 0.0, 0.0]))
LARGE = Case("large", fixed([-30.0, -10.0, 10.0, 30.0]))
VERY_LARGE = Case("very large", fixed([-1000.0, -100.0, 0.5, 100.0, 1000.0]))
CASES = (ORDINARY, ZEROS, LARGE, VERY_LARGE)
SMOOTH = CASES
"""The same points; zero is no kink of these functions, so that it must be RIGHT there."""
SATURATED = Case("saturated", fixed([-6.0, -5.0, 4.5, 5.5]))
ROWS = (
    ORDINARY,
    Case("ties", fixed([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0], [-2.0, 3.0, 3.0, -2.0]])),
    Case(
        "large", fixed([[-30.0, -10.0, 10.0, 30.0], [1000.0, 990.0, -1000.0, 999.0], [-500.0, -501.0, -502.0, -503.0]])
    ),
)
"""For functions of a whole row."""
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def kinks(*at: float) -> Case:
    """A case exactly at kinks: four numbers."""
    return Case("kinks", fixed(list(at)))


def _elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _celu(x: Array, alpha: float) -> Array:
    return np.maximum(x, 0) + np.minimum(0, alpha * np.expm1(np.minimum(x, 0) / alpha))


def _selu(x: Array) -> Array:
    return SELU_SCALE * _elu(x, SELU_ALPHA)


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


def _relu6(x: Array) -> Array:
    return np.minimum(np.maximum(x, 0), 6)


def _leaky(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


def _prelu(x: Array, w: Array) -> Array:
    """One slope a channel; channels are axis 1."""
    return np.where(x > 0, x, w.reshape(1, -1) * x)


def _gelu(x: Array) -> Array:
    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


def _gelu_tanh(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def _fast_gelu(x: Array) -> Array:
    return x * expit(1.702 * x)


def _silu(x: Array) -> Array:
    return x * expit(x)


def _softplus(x: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """Linear above the threshold, as PyTorch and MindSpore document it."""
    return np.where(beta * x > threshold, x, np.logaddexp(beta * x, 0) / beta)


def _mish(x: Array) -> Array:
    return x * np.tanh(np.logaddexp(x, 0))


def _softsign(x: Array) -> Array:
    return x / (1 + np.abs(x))


def _softshrink(x: Array, limit: float) -> Array:
    return np.sign(x) * np.maximum(np.abs(x) - limit, 0)


def _hardshrink(x: Array, limit: float) -> Array:
    return np.where(np.abs(x) > limit, x, 0)


def _hardsigmoid(x: Array) -> Array:
    return np.clip((x + 3) / 6, 0, 1)


def _hardswish(x: Array) -> Array:
    return x * np.clip(x + 3, 0, 6) / 6


def _threshold(x: Array, threshold: float, value: float) -> Array:
    return np.where(x > threshold, x, value)


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _softmax_channels(x: Array) -> Array:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _log_softmax(x: Array) -> Array:
    return np.asarray(log_softmax(x, axis=-1))


def _glu(x: Array) -> Array:
    a, b = np.split(x, 2, axis=-1)
    return a * expit(b)


def _swiglu(x: Array) -> Array:
    a, b = np.split(x, 2, axis=-1)
    return a * expit(a) * b


def _tanhshrink(x: Array) -> Array:
    """x − tanh x; by its series near 0, where the difference cancels."""
    series = x**3 / 3 - 2 * x**5 / 15 + 17 * x**7 / 315 - 62 * x**9 / 2835
    return np.where(np.abs(x) < 0.02, series, x - np.tanh(x))


PRELU_CASES = (
    Case("ordinary", lambda rng: (2 * rng.standard_normal((2, 3, 2)).reshape(4, 3), np.array([0.25, 0.1, -0.5]))),
    Case("zeros", lambda rng: (np.zeros((4, 3)), np.array([0.25, 0.1, -0.5]))),
    Case("large", lambda rng: (300 * rng.standard_normal((4, 3)), np.array([0.25, 0.1, 2.0]))),
)
HALF = kinks(-0.5, 0.5, -0.5, 0.5)
SHRINK_JUMP = kinks(-0.75, 0.75, -0.25, 0.25)
AT_3 = kinks(-3.0, 3.0, 0.0, 2.0)
AT_6 = kinks(6.0, 0.0, 6.0, 3.0)
AT_1 = kinks(-1.0, 1.0, -1.0, 1.0)

SELU_GRADIENT = (
    "For x < 0 the gradient is λ (1 + y), which is that of ELU with α = 1 put at the scaled output, instead of "
    "λ α eˣ = y + λ α. At x = -0.1 it gives 0.875 instead of 1.591, at -3 it gives -0.705 instead of 0.088: even the "
    "sign is wrong. The forward is right. Use λ·(ops.relu(x) + α·ops.expm1(ops.minimum(x, 0))), which is right."
)
MISH_OVERFLOW = (
    "The forward is NaN from x = 45 on in float32 and at 50 in float64, where mish(x) = x, while the gradient stays "
    "right; float16 is right at 12 and NaN at 100. Far left it is 0 instead of x eˣ, and float64 has float32's "
    "precision. Use x·(2·ops.sigmoid(2·ops.softplus(x)) - 1), which is right to 5e-7."
)
LOG_SIGMOID_OVERFLOW = (
    "The output is -∞ and the gradient NaN far left, where the answers are x and 1, as if e⁻ˣ had overflowed: "
    "at x = -12 in float16 (-11 is right), at -88.6 in float32 (-88 is right), at -1000 in float64 (-100 is right). "
    "Use ops.minimum(x, 0) - ops.log1p(ops.exp(-ops.abs(x))), which is right everywhere."
)
NN_LOG_SIGMOID_OVERFLOW = (
    f"{LOG_SIGMOID_OVERFLOW} In float16 nn.LogSigmoid's gradient is 0 already at x = -10 where it is 1, which "
    "ops.logsigmoid has right."
)
FAST_GELU_OVERFLOW = (
    "The forward is right, but the gradient is NaN for large negative x, where it is 0: an exponential in its formula "
    "must have overflowed. In float32 x = -300 is right and -500 NaN. Use x·ops.sigmoid(1.702 x)."
)
TANH_FLOAT32 = (
    "Float32 tanh on CPU is a rational approximation, off by 1.5e-5 at |x| = 4 and 1e-4 at 5, where it even exceeds 1: "
    "tanh(5) = 1.00001. The gradient 1 - y² is taken from that output, so that it is -2.0e-5 at x = 5 instead of "
    "1.8e-4. float64 and float16 are right. Use 2·ops.sigmoid(2 x) - 1 where saturated units matter."
)
RRELU_AT_0 = (
    "At x = 0 the gradient is 0, which lies outside the two slopes [lower, 1] there; the documented formula puts 0 on "
    "the side of slope 1, PyTorch on the other one. Everywhere else it is right. It matters only where activations are "
    "exactly 0, as after another ReLU."
)

ENTRIES = (
    Entry("nn.ReLU", "nn.ReLU()", _relu, CASES, second_order=True),
    Entry("ops.relu", "ops.relu(x0)", _relu, CASES, second_order=True),
    Entry("mint.nn.functional.relu", "mint.nn.functional.relu(x0)", _relu, CASES, second_order=True),
    Entry("nn.ReLU6", "nn.ReLU6()", _relu6, (*CASES, AT_6)),
    Entry("ops.relu6", "ops.relu6(x0)", _relu6, (*CASES, AT_6)),
    Entry("mint.nn.functional.relu6", "mint.nn.functional.relu6(x0)", _relu6, (*CASES, AT_6)),
    Entry("nn.LeakyReLU", "nn.LeakyReLU(alpha=0.25)", lambda x: _leaky(x, 0.25), CASES),
    Entry("ops.leaky_relu", "ops.leaky_relu(x0)", lambda x: _leaky(x, 0.2), CASES),
    Entry(
        "mint.nn.functional.leaky_relu",
        "mint.nn.functional.leaky_relu(x0, 0.25)",
        lambda x: _leaky(x, 0.25),
        CASES,
    ),
    Entry("nn.PReLU", "nn.PReLU(channel=3)", _prelu, PRELU_CASES, parameters=("w",)),
    Entry("ops.prelu", "ops.prelu(x0, x1)", _prelu, PRELU_CASES),
    Entry("mint.nn.functional.prelu", "mint.nn.functional.prelu(x0, x1)", _prelu, PRELU_CASES),
    Entry(
        "nn.RReLU (lower = upper)",
        "nn.RReLU(lower=0.25, upper=0.25)",
        lambda x: _leaky(x, 0.25),
        CASES,
        known=RRELU_AT_0,
    ),
    Entry("nn.ELU", "nn.ELU(alpha=1.0)", _elu, CASES, second_order=True),
    Entry("ops.elu", "ops.elu(x0)", _elu, CASES, second_order=True),
    Entry(
        "mint.nn.functional.elu", "mint.nn.functional.elu(x0, 0.5)", lambda x: _elu(x, 0.5), CASES, second_order=True
    ),
    Entry("nn.CELU", "nn.CELU(alpha=2.0)", lambda x: _celu(x, 2.0), CASES),
    Entry("ops.celu", "ops.celu(x0, 0.5)", lambda x: _celu(x, 0.5), CASES),
    Entry("nn.SeLU", "nn.SeLU()", _selu, CASES, known=SELU_GRADIENT),
    Entry("ops.selu", "ops.selu(x0)", _selu, CASES, known=SELU_GRADIENT),
    Entry("mint.nn.functional.selu", "mint.nn.functional.selu(x0)", _selu, CASES),
    Entry("nn.GELU (exact)", "nn.GELU(approximate=False)", _gelu, SMOOTH, second_order=True),
    Entry("nn.GELU (tanh)", "nn.GELU(approximate=True)", _gelu_tanh, SMOOTH, second_order=True),
    Entry("ops.gelu (exact)", "ops.gelu(x0, approximate='none')", _gelu, SMOOTH, second_order=True),
    Entry("ops.gelu (tanh)", "ops.gelu(x0, approximate='tanh')", _gelu_tanh, SMOOTH, second_order=True),
    Entry("mint.nn.functional.gelu", "mint.nn.functional.gelu(x0)", _gelu, SMOOTH, second_order=True),
    Entry("nn.FastGelu", "nn.FastGelu()", _fast_gelu, SMOOTH, known=FAST_GELU_OVERFLOW),
    Entry("ops.fast_gelu", "ops.fast_gelu(x0)", _fast_gelu, SMOOTH, known=FAST_GELU_OVERFLOW),
    Entry("nn.SiLU", "nn.SiLU()", _silu, SMOOTH, second_order=True),
    Entry("ops.silu", "ops.silu(x0)", _silu, SMOOTH, second_order=True),
    Entry("mint.nn.functional.silu", "mint.nn.functional.silu(x0)", _silu, SMOOTH, second_order=True),
    Entry("nn.Mish", "nn.Mish()", _mish, SMOOTH, known=MISH_OVERFLOW),
    Entry("ops.mish", "ops.mish(x0)", _mish, SMOOTH, known=MISH_OVERFLOW),
    Entry("mint.nn.functional.mish", "mint.nn.functional.mish(x0)", _mish, SMOOTH),
    Entry("nn.Sigmoid", "nn.Sigmoid()", expit, SMOOTH, second_order=True),
    Entry("ops.sigmoid", "ops.sigmoid(x0)", expit, SMOOTH, second_order=True),
    Entry("mint.nn.functional.sigmoid", "mint.nn.functional.sigmoid(x0)", expit, SMOOTH, second_order=True),
    Entry("nn.LogSigmoid", "nn.LogSigmoid()", log_expit, SMOOTH, known=NN_LOG_SIGMOID_OVERFLOW),
    Entry("ops.logsigmoid", "ops.logsigmoid(x0)", log_expit, SMOOTH, known=LOG_SIGMOID_OVERFLOW),
    Entry("mint.nn.functional.logsigmoid", "mint.nn.functional.logsigmoid(x0)", log_expit, SMOOTH),
    Entry("nn.Tanh", "nn.Tanh()", np.tanh, (*SMOOTH, SATURATED), second_order=True, known=TANH_FLOAT32),
    Entry("ops.tanh", "ops.tanh(x0)", np.tanh, (*SMOOTH, SATURATED), second_order=True, known=TANH_FLOAT32),
    Entry(
        "mint.nn.functional.tanh",
        "mint.nn.functional.tanh(x0)",
        np.tanh,
        (*SMOOTH, SATURATED),
        second_order=True,
        known=TANH_FLOAT32,
    ),
    Entry("nn.Tanhshrink", "nn.Tanhshrink()", _tanhshrink, (ORDINARY, LARGE, VERY_LARGE)),
    Entry("ops.tanhshrink", "ops.tanhshrink(x0)", _tanhshrink, (ORDINARY, LARGE, VERY_LARGE)),
    Entry("ops.softplus", "ops.softplus(x0)", _softplus, SMOOTH, second_order=True),
    Entry("ops.softplus (beta)", "ops.softplus(x0, 2)", lambda x: _softplus(x, 2.0), SMOOTH),
    Entry("mint.nn.functional.softplus", "mint.nn.functional.softplus(x0)", _softplus, SMOOTH, second_order=True),
    Entry("nn.Softsign", "nn.Softsign()", _softsign, SMOOTH),
    Entry("ops.softsign", "ops.softsign(x0)", _softsign, SMOOTH),
    Entry("nn.SoftShrink", "nn.SoftShrink(lambd=0.5)", lambda x: _softshrink(x, 0.5), (*CASES, HALF)),
    Entry("ops.softshrink", "ops.softshrink(x0, 0.25)", lambda x: _softshrink(x, 0.25), CASES),
    Entry("mint.nn.functional.softshrink", "mint.nn.functional.softshrink(x0)", lambda x: _softshrink(x, 0.5), CASES),
    Entry("nn.HShrink", "nn.HShrink(lambd=0.5)", lambda x: _hardshrink(x, 0.5), (*CASES, SHRINK_JUMP)),
    Entry("ops.hardshrink", "ops.hardshrink(x0, 0.25)", lambda x: _hardshrink(x, 0.25), CASES),
    Entry("mint.nn.functional.hardshrink", "mint.nn.functional.hardshrink(x0)", lambda x: _hardshrink(x, 0.5), CASES),
    Entry("nn.Hardtanh", "nn.Hardtanh()", lambda x: np.clip(x, -1, 1), (*CASES, AT_1)),
    Entry("ops.hardtanh", "ops.hardtanh(x0, -0.5, 2.0)", lambda x: np.clip(x, -0.5, 2), CASES),
    Entry(
        "mint.nn.functional.hardtanh",
        "mint.nn.functional.hardtanh(x0, -1.0, 1.0)",
        lambda x: np.clip(x, -1, 1),
        (*CASES, AT_1),
    ),
    Entry("nn.HSigmoid", "nn.HSigmoid()", _hardsigmoid, (*CASES, AT_3)),
    Entry("ops.hardsigmoid", "ops.hardsigmoid(x0)", _hardsigmoid, (*CASES, AT_3)),
    Entry("mint.nn.functional.hardsigmoid", "mint.nn.functional.hardsigmoid(x0)", _hardsigmoid, (*CASES, AT_3)),
    Entry("nn.HSwish", "nn.HSwish()", _hardswish, (*CASES, AT_3)),
    Entry("ops.hardswish", "ops.hardswish(x0)", _hardswish, (*CASES, AT_3)),
    Entry("mint.nn.functional.hardswish", "mint.nn.functional.hardswish(x0)", _hardswish, (*CASES, AT_3)),
    Entry("nn.Threshold", "nn.Threshold(0.5, 2.0)", lambda x: _threshold(x, 0.5, 2), CASES),
    Entry("ops.threshold", "ops.threshold(x0, 0.5, 2.0)", lambda x: _threshold(x, 0.5, 2), CASES),
    Entry(
        "mint.nn.functional.threshold",
        "mint.nn.functional.threshold(x0, 0.5, 2.0)",
        lambda x: _threshold(x, 0.5, 2),
        CASES,
    ),
    Entry("nn.Softmax", "nn.Softmax(axis=-1)", _softmax, ROWS, second_order=True, known=stale.SOFTMAX),
    Entry("ops.softmax", "ops.softmax(x0, -1)", _softmax, ROWS, second_order=True, known=stale.SOFTMAX),
    Entry(
        "mint.nn.functional.softmax",
        "mint.nn.functional.softmax(x0, -1)",
        _softmax,
        ROWS,
        second_order=True,
        known=stale.SOFTMAX,
    ),
    Entry(
        "nn.Softmax2d",
        "nn.Softmax2d()",
        _softmax_channels,
        (Case("ordinary", normal((2, 3, 2, 2), scale=2.0)),),
        known=stale.SOFTMAX,
    ),
    Entry("nn.Softmin", "nn.Softmin(axis=-1)", lambda x: _softmax(-x), ROWS, known=stale.SOFTMAX),
    Entry("ops.softmin", "ops.softmin(x0, -1)", lambda x: _softmax(-x), ROWS, known=stale.SOFTMAX),
    Entry("nn.LogSoftmax", "nn.LogSoftmax(axis=-1)", _log_softmax, ROWS, second_order=True),
    Entry("ops.log_softmax", "ops.log_softmax(x0, -1)", _log_softmax, ROWS, second_order=True),
    Entry(
        "mint.nn.functional.log_softmax",
        "mint.nn.functional.log_softmax(x0, -1)",
        _log_softmax,
        ROWS,
        second_order=True,
    ),
    Entry("nn.GLU", "nn.GLU(axis=-1)", _glu, ROWS),
    Entry("ops.glu", "ops.glu(x0, -1)", _glu, ROWS),
    Entry("mint.nn.functional.glu", "mint.nn.functional.glu(x0, -1)", _glu, ROWS),
    Entry("ops.swiglu", "ops.swiglu(x0, -1)", _swiglu, ROWS),
)
