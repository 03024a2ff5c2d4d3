"""Activation functions of nn, ops and mint."""

from __future__ import annotations

import numpy as np
from scipy.special import erf, expit, log_expit, log_softmax, softmax

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.elementwise import ANY, ZEROS
from ms_dnn.audit.catalogue.inputs import fixed, normal_arrays
from ms_dnn.audit.entry import Array, Case

LARGE = Case("large", fixed([-30.0, -10.0, 10.0, 30.0]))
VERY_LARGE = Case("very large", fixed([-1000.0, -100.0, 0.5, 100.0, 1000.0]))
CASES = (ANY, ZEROS, LARGE, VERY_LARGE)
SATURATED = Case("saturated", fixed([-6.0, -5.0, 4.5, 5.5]))
ROWS = (
    ANY,
    Case("ties", fixed([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0], [-2.0, 3.0, 3.0, -2.0]])),
    Case(
        "large", fixed([[-30.0, -10.0, 10.0, 30.0], [1000.0, 990.0, -1000.0, 999.0], [-500.0, -501.0, -502.0, -503.0]])
    ),
)
"""For functions of a whole row."""
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _celu(x: Array, alpha: float) -> Array:
    return np.maximum(x, 0) + np.minimum(0, alpha * np.expm1(np.minimum(x, 0) / alpha))


def _leaky(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


def _prelu(x: Array, w: Array) -> Array:
    """One slope a channel; channels are axis 1."""
    return np.where(x > 0, x, w.reshape(1, -1) * x)


def _softplus(x: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """Linear above the threshold, as PyTorch and MindSpore document it."""
    return np.where(beta * x > threshold, x, np.logaddexp(beta * x, 0) / beta)


def _softshrink(x: Array, limit: float) -> Array:
    return np.sign(x) * np.maximum(np.abs(x) - limit, 0)


def _hardshrink(x: Array, limit: float) -> Array:
    return np.where(np.abs(x) > limit, x, 0)


def _tanhshrink(x: Array) -> Array:
    """x − tanh x; by its series near 0, where the difference cancels."""
    series = x**3 / 3 - 2 * x**5 / 15 + 17 * x**7 / 315 - 62 * x**9 / 2835
    return np.where(np.abs(x) < 0.02, series, x - np.tanh(x))


PRELU_CASES = (
    Case("ordinary", lambda rng: (2 * rng.standard_normal((2, 3, 2)).reshape(4, 3), np.array([0.25, 0.1, -0.5]))),
    Case("zeros", lambda rng: (np.zeros((4, 3)), np.array([0.25, 0.1, -0.5]))),
    Case("large", lambda rng: (300 * rng.standard_normal((4, 3)), np.array([0.25, 0.1, 2.0]))),
)
HALF = Case("kinks", fixed([-0.5, 0.5, -0.5, 0.5]))
SHRINK_JUMP = Case("kinks", fixed([-0.75, 0.75, -0.25, 0.25]))
AT_3 = Case("kinks", fixed([-3.0, 3.0, 0.0, 2.0]))
AT_6 = Case("kinks", fixed([6.0, 0.0, 6.0, 3.0]))
AT_1 = Case("kinks", fixed([-1.0, 1.0, -1.0, 1.0]))


ENTRIES = (
    *apis(lambda x: np.maximum(x, 0), CASES, "nn.ReLU()", "{ops,F}.relu", second_order=True),
    *apis(lambda x: np.minimum(np.maximum(x, 0), 6), (*CASES, AT_6), "nn.ReLU6()", "{ops,F}.relu6"),
    *apis(lambda x: _leaky(x, 0.25), CASES, "nn.LeakyReLU(alpha=0.25)", "F.leaky_relu(x0, 0.25)"),
    *apis(lambda x: _leaky(x, 0.2), CASES, "ops.leaky_relu"),
    *apis(_prelu, PRELU_CASES, "nn.PReLU(channel=3)", "{ops,F}.prelu", parameters=("w",)),
    *apis(lambda x: _leaky(x, 0.25), CASES, "nn.RReLU(lower=0.25, upper=0.25)  # lower = upper"),
    *apis(_elu, CASES, "nn.ELU(alpha=1.0)", "ops.elu", second_order=True),
    *apis(lambda x: _elu(x, 0.5), CASES, "F.elu(x0, 0.5)", second_order=True),
    *apis(lambda x: _celu(x, 2.0), CASES, "nn.CELU(alpha=2.0)"),
    *apis(lambda x: _celu(x, 0.5), CASES, "ops.celu(x0, 0.5)"),
    *apis(lambda x: SELU_SCALE * _elu(x, SELU_ALPHA), CASES, "nn.SeLU()", "{ops,F}.selu"),
    *apis(
        lambda x: 0.5 * x * (1 + erf(x / np.sqrt(2))),
        CASES,
        "nn.GELU(approximate=False)  # exact",
        "ops.gelu(x0, approximate='none')  # exact",
        "F.gelu",
        second_order=True,
    ),
    *apis(
        lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
        CASES,
        "nn.GELU(approximate=True)  # tanh",
        "ops.gelu(x0, approximate='tanh')  # tanh",
        second_order=True,
    ),
    *apis(lambda x: x * expit(1.702 * x), CASES, "nn.FastGelu()", "ops.fast_gelu"),
    *apis(lambda x: x * expit(x), CASES, "nn.SiLU()", "{ops,F}.silu", second_order=True),
    *apis(lambda x: x * np.tanh(np.logaddexp(x, 0)), CASES, "nn.Mish()", "{ops,F}.mish"),
    *apis(expit, CASES, "nn.Sigmoid()", "{ops,F}.sigmoid", second_order=True),
    *apis(log_expit, CASES, "nn.LogSigmoid()", "{ops,F}.logsigmoid"),
    *apis(np.tanh, (*CASES, SATURATED), "nn.Tanh()", "{ops,F}.tanh", second_order=True),
    *apis(_tanhshrink, (ANY, LARGE, VERY_LARGE), "nn.Tanhshrink()", "ops.tanhshrink"),
    *apis(_softplus, CASES, "{ops,F}.softplus", second_order=True),
    *apis(lambda x: _softplus(x, 2.0), CASES, "ops.softplus(x0, 2)  # beta"),
    *apis(lambda x: x / (1 + np.abs(x)), CASES, "nn.Softsign()", "ops.softsign"),
    *apis(lambda x: _softshrink(x, 0.5), (*CASES, HALF), "nn.SoftShrink(lambd=0.5)"),
    *apis(lambda x: _softshrink(x, 0.25), CASES, "ops.softshrink(x0, 0.25)"),
    *apis(lambda x: _softshrink(x, 0.5), CASES, "F.softshrink"),
    *apis(lambda x: _hardshrink(x, 0.5), (*CASES, SHRINK_JUMP), "nn.HShrink(lambd=0.5)"),
    *apis(lambda x: _hardshrink(x, 0.25), CASES, "ops.hardshrink(x0, 0.25)"),
    *apis(lambda x: _hardshrink(x, 0.5), CASES, "F.hardshrink"),
    *apis(lambda x: np.clip(x, -1, 1), (*CASES, AT_1), "nn.Hardtanh()", "F.hardtanh(x0, -1.0, 1.0)"),
    *apis(lambda x: np.clip(x, -0.5, 2), CASES, "ops.hardtanh(x0, -0.5, 2.0)"),
    *apis(lambda x: np.clip((x + 3) / 6, 0, 1), (*CASES, AT_3), "nn.HSigmoid()", "{ops,F}.hardsigmoid"),
    *apis(lambda x: x * np.clip(x + 3, 0, 6) / 6, (*CASES, AT_3), "nn.HSwish()", "{ops,F}.hardswish"),
    *apis(lambda x: np.where(x > 0.5, x, 2.0), CASES, "nn.Threshold(0.5, 2.0)", "{ops,F}.threshold(x0, 0.5, 2.0)"),
    *apis(lambda x: softmax(x, axis=-1), ROWS, "nn.Softmax(axis=-1)", "{ops,F}.softmax(x0, -1)", second_order=True),
    *apis(lambda x: softmax(x, axis=1), normal_arrays((2, 3, 2, 2), scale=2.0), "nn.Softmax2d()"),
    *apis(lambda x: softmax(-x, axis=-1), ROWS, "nn.Softmin(axis=-1)", "ops.softmin(x0, -1)"),
    *apis(
        lambda x: log_softmax(x, axis=-1),
        ROWS,
        "nn.LogSoftmax(axis=-1)",
        "{ops,F}.log_softmax(x0, -1)",
        second_order=True,
    ),
    *apis(lambda x: x[:, :2] * expit(x[:, 2:]), ROWS, "nn.GLU(axis=-1)", "{ops,F}.glu(x0, -1)"),
    *apis(lambda x: x[:, :2] * expit(x[:, :2]) * x[:, 2:], ROWS, "ops.swiglu(x0, -1)"),
)
