"""Normalisation x̂ = (x − μ) / √(σ² + ε) over the samples (batch) or over the units (layer), and its derivative.

Ioffe and Szegedy, "Batch normalization", ICML 2015, and Ba, Kiros and Hinton, "Layer normalization", 2016. Both are
one formula along another axis; M numbers share each mean μ and variance σ² = 1/M Σ (x − μ)².
"""

from mindspore import Tensor, ops

from ms_dnn.maths.constants import constant

OVER_SAMPLES = 0
OVER_UNITS = 1

_sum = ops.ReduceSum(keep_dims=True)
_rsqrt = ops.Rsqrt()


def normalize(x: Tensor, axis: int, epsilon: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return x̂ (N, O), 1/√(σ² + ε), μ and σ² for x (N, O).

    The last three are (1, O) over the samples and (N, 1) over the units.

    Args:
        x: what is normalised.
        axis: :data:`OVER_SAMPLES` or :data:`OVER_UNITS`.
        epsilon: ε > 0.
    """
    mean = _mean(x, axis)
    centred = x - mean
    variance = _mean(centred * centred, axis)
    scale = _rsqrt(variance + constant(epsilon, x))
    return centred * scale, scale, mean, variance


def normalize_vjp(x_hat: Tensor, scale: Tensor, dx_hat: Tensor, axis: int) -> Tensor:
    """Return dx = (dx̂ − mean dx̂ − x̂ · mean(dx̂ ⊙ x̂)) / √(σ² + ε), (N, O), for the cotangent dx̂ (N, O).

    μ and σ² depend on x as well: through μ every dx loses the mean of dx̂, through σ² its part along x̂.
    """
    return scale * (dx_hat - _mean(dx_hat, axis) - x_hat * _mean(dx_hat * x_hat, axis))


def scale_and_shift(x_hat: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Return z = γ ⊙ x̂ + β, (N, O), for x̂ (N, O), γ (O,), β (O,)."""
    return x_hat * gamma + beta


def scale_and_shift_vjp(x_hat: Tensor, gamma: Tensor, dz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return dx̂ = γ ⊙ dz (N, O), dγ = Σ_n dz_n ⊙ x̂_n (O,) and dβ = Σ_n dz_n (O,)."""
    return dz * gamma, (dz * x_hat).sum(axis=0), dz.sum(axis=0)


def _mean(x: Tensor, axis: int) -> Tensor:
    return _sum(x, axis) / constant(x.shape[axis], x)
