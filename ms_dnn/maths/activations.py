"""Activations a = σ(z) and, beside each, its derivative as the product dz = da ⊙ σ′(z).

Every function takes and returns tensors of shape (N, O) (any shape, except for softmax) in float16, float32 or
float64 and keeps the dtype. ``*_vjp(z, a, da)`` takes the input z, the output a = σ(z) and the cotangent
da = ∂J/∂a, all of one shape, and returns dz = ∂J/∂z. The derivative is always the one at z, even where it is
cheaper to compute from a.

At a kink the derivative is a convention; it is stated with the function and agrees with MindSpore's.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import mindspore as ms
from mindspore import Tensor, ops
from mindspore.ops.auto_generate import EluGrad, ReluGrad, SigmoidGrad, SiLU, SiLUGrad, TanhGrad

from ms_dnn.errors import NoDerivativeError
from ms_dnn.maths.constants import constant

LEAKY_SLOPE = 0.01
# Computed here and not in the functions: the graph compiler folds Python arithmetic in float32.
SQRT_HALF = math.sqrt(0.5)
INVERSE_SQRT_TWO_PI = 1 / math.sqrt(2 * math.pi)

_relu, _relu_grad = ops.ReLU(), ReluGrad()
_sigmoid, _sigmoid_grad = ops.Sigmoid(), SigmoidGrad()
_tanh, _tanh_grad = ops.Tanh(), TanhGrad()
_elu, _elu_grad = ops.Elu(), EluGrad()
_silu, _silu_grad = SiLU(), SiLUGrad()
_softmax = ops.Softmax(axis=-1)
_sum, _max = ops.ReduceSum(keep_dims=True), ops.ReduceMax(keep_dims=True)


def identity(z: Tensor) -> Tensor:
    """a = z, for regression and for losses that take logits."""
    return z


def identity_vjp(z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    """Return dz = da."""
    return da


def sign(z: Tensor) -> Tensor:
    """a = +1 where z > 0, else −1: the perceptron's prediction, so sign(0) = −1 (MindSpore's own Sign(0) is 0)."""
    return ops.select(z > 0, constant(1.0, z), constant(-1.0, z))


def sigmoid(z: Tensor) -> Tensor:
    """a = 1 / (1 + e⁻ᶻ)."""
    return _sigmoid(z)


def sigmoid_vjp(z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    """Return dz = da · a (1 − a)."""
    return _sigmoid_grad(a, da)


def tanh(z: Tensor) -> Tensor:
    """a = tanh z.

    MindSpore's float32 kernel on CPU is off by 1e-4 at |z| = 5, but good to 2e-7 relative for |z| < 2. The
    double-angle formula tanh z = 2t / (1 + t²), t = tanh(z/2), damps the kernel's error by (1 − t²) just where
    it is large: what remains is 5e-7 absolute everywhere, and relative precision near 0 is kept.
    """
    if z.dtype == ms.float32:
        t = _tanh(z * constant(0.5, z))
        return t / (constant(0.5, z) + constant(0.5, z) * t * t)
    return _tanh(z)


def tanh_vjp(z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    """Return dz = da · (1 − a²)."""
    return _tanh_grad(a, da)


def relu(z: Tensor) -> Tensor:
    """a = max(0, z)."""
    return _relu(z)


def relu_vjp(z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    """Return dz = da where z > 0, else 0. At z = 0 the derivative is taken as 0."""
    return _relu_grad(da, a)  # a > 0 exactly where z > 0, and then z need not be kept


def leaky_relu(z: Tensor) -> Tensor:
    """a = z where z > 0, else 0.01 z (Maas et al. 2013)."""
    return ops.select(z > 0, z, constant(LEAKY_SLOPE, z) * z)


def leaky_relu_vjp(z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    """Return dz = da where z > 0, else 0.01 da. At z = 0 the derivative is taken as 0.01."""
    return ops.select(z > 0, da, constant(LEAKY_SLOPE, z) * da)


def elu(z: Tensor) -> Tensor:
    """a = z where z > 0, else eᶻ − 1 (Clevert et al. 2016, α = 1)."""
    return _elu(z)


def elu_vjp(z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    """Return dz = da where z > 0, else da · (a + 1) = da · eᶻ."""
    return _elu_grad(da, a)


def softplus(z: Tensor) -> Tensor:
    """a = ln(1 + eᶻ), written as z/2 + |z|/2 + ln(1 + e^−|z|) so that nothing overflows.

    z/2 + |z|/2, and not max(0, z), so that automatic differentiation gives ½ at z = 0 as well.
    """
    half = constant(0.5, z)
    return (half * z + half * ops.abs(z)) + _log1p(ops.exp(-ops.abs(z)))


def softplus_vjp(z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    """Return dz = da · σ(z), with the logistic σ."""
    return da * _sigmoid(z)


def _log1p(x: Tensor) -> Tensor:
    """Return ln(1 + x) for 0 ≤ x ≤ 1.

    MindSpore's Log1p on CPU adds first and then takes the logarithm, and so loses every digit for small x. Its
    Atanh does not, and ln(1 + x) = 2 artanh(x / (2 + x)); it is slow, so only float64 pays for it.
    """
    if x.dtype == ms.float64:
        return constant(2.0, x) * ops.atanh(x / (constant(2.0, x) + x))
    return ops.log1p(x)


def silu(z: Tensor) -> Tensor:
    """a = z σ(z) with the logistic σ, also named swish (Elfwing et al. 2018)."""
    return _silu(z)


def silu_vjp(z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    """Return dz = da · σ(z) (1 + z (1 − σ(z)))."""
    return _silu_grad(da, z)


def gelu(z: Tensor) -> Tensor:
    """a = z Φ(z), Φ the normal distribution function (Hendrycks & Gimpel 2016; exact, not the tanh form)."""
    return z * _normal_cdf(z)


def gelu_vjp(z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    """Return dz = da · (Φ(z) + z φ(z)), φ the normal density."""
    density = ops.exp(constant(-0.5, z) * z * z) * constant(INVERSE_SQRT_TWO_PI, z)
    return da * (_normal_cdf(z) + z * density)


def _normal_cdf(z: Tensor) -> Tensor:
    """Return Φ(z) = (1 + erf(z/√2)) / 2."""
    return constant(0.5, z) * (constant(1.0, z) + ops.erf(z * constant(SQRT_HALF, z)))


def softmax(z: Tensor) -> Tensor:
    """a_j = e^{z_j} / Σ_k e^{z_k} over the last axis.

    MindSpore's float32 exponential on CPU is off by up to 8e-6, and its softmax with it. Its power is good to 7e-7.
    """
    if z.dtype == ms.float32:
        powers = ops.pow(constant(math.e, z), z - ops.stop_gradient(_max(z, -1)))
        return powers / _sum(powers, -1)
    return _softmax(z)


def softmax_vjp(z: Tensor, a: Tensor, da: Tensor) -> Tensor:
    """Return dz = a ⊙ (da − Σ_k da_k a_k): the Jacobian diag(a) − a aᵀ applied to da."""
    return a * (da - _sum(da * a, -1))


@dataclass(frozen=True)
class Activation:
    """A function and its derivative, under the name that configurations use."""

    name: str
    function: Callable[[Tensor], Tensor]
    vjp: Callable[[Tensor, Tensor, Tensor], Tensor] | None

    def derivative(self) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """Return the vjp.

        Raises:
            NoDerivativeError: for sign, whose derivative is 0 wherever it exists.
        """
        if self.vjp is None:
            raise NoDerivativeError(
                f"activation '{self.name}' has no useful derivative (0 on both sides of a jump), so no gradient "
                "can pass through it: train the weighted sum z with the perceptron loss and activation "
                "'identity', and take its sign as the prediction"
            )
        return self.vjp


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("identity", identity, identity_vjp),
        Activation("sign", sign, None),
        Activation("sigmoid", sigmoid, sigmoid_vjp),
        Activation("tanh", tanh, tanh_vjp),
        Activation("relu", relu, relu_vjp),
        Activation("leaky_relu", leaky_relu, leaky_relu_vjp),
        Activation("elu", elu, elu_vjp),
        Activation("softplus", softplus, softplus_vjp),
        Activation("silu", silu, silu_vjp),
        Activation("gelu", gelu, gelu_vjp),
        Activation("softmax", softmax, softmax_vjp),
    )
}
