"""Normalisation x̂ = (x − μ) / √(σ² + ε) over the samples (batch) or over the units (layer), and its derivative.

Ioffe and Szegedy, "Batch normalization", ICML 2015, and Ba, Kiros and Hinton, "Layer normalization", 2016. Both are
one formula along another axis; M numbers share each mean μ and variance σ² = 1/M Σ (x − μ)².
"""

from mindspore import Tensor, ops

from ms_dnn.maths.constants import constant

OVER_SAMPLES = 0
OVER_UNITS = 1

_sum = ops.ReduceSum(keep_dims=True)
_sum_of_rows = ops.ReduceSum()
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
    centred = x - _spread(mean, x)
    variance = _mean(centred * centred, axis)
    scale = _rsqrt(variance + constant(epsilon, x))
    return centred * _spread(scale, x), scale, mean, variance


def normalize_vjp(x_hat: Tensor, scale: Tensor, dx_hat: Tensor, axis: int) -> Tensor:
    """Return dx = (dx̂ − mean dx̂ − x̂ · mean(dx̂ ⊙ x̂)) / √(σ² + ε), (N, O), for the cotangent dx̂ (N, O).

    μ and σ² depend on x as well: through μ every dx loses the mean of dx̂, through σ² its part along x̂.
    """
    along = x_hat * _spread(_mean(dx_hat * x_hat, axis), x_hat)
    return (dx_hat - along - _spread(_mean(dx_hat, axis), x_hat)) * _spread(scale, x_hat)


def scale_and_shift(x_hat: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Return z = γ ⊙ x̂ + β, (N, O), for x̂ (N, O), γ (O,), β (O,)."""
    return x_hat * _spread(gamma, x_hat) + _spread(beta, x_hat)


def scale_and_shift_vjp(x_hat: Tensor, gamma: Tensor, dz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return dx̂ = γ ⊙ dz (N, O), dγ = Σ_n dz_n ⊙ x̂_n (O,) and dβ = Σ_n dz_n (O,)."""
    return dz * _spread(gamma, dz), _sum_of_rows(dz * x_hat, 0), _sum_of_rows(dz, 0)


def batch_norm_vjp(x_hat: Tensor, scale: Tensor, gamma: Tensor, dz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return dx (N, O), dγ and dβ (O,) of z = γ ⊙ x̂ + β over the samples: both steps in one.

    Over the samples the means of dx̂ are γ dβ/N and γ dγ/N, so dx = γ/√(σ² + ε) ⊙ (dz − dβ/N − x̂ ⊙ dγ/N).
    """
    samples = constant(x_hat.shape[0], x_hat)
    d_gamma, d_beta = _sum_of_rows(dz * x_hat, 0), _sum_of_rows(dz, 0)
    reduced = dz - x_hat * _spread(d_gamma / samples, x_hat) - _spread(d_beta / samples, x_hat)
    return reduced * _spread(gamma * scale.reshape(-1), x_hat), d_gamma, d_beta


def _mean(x: Tensor, axis: int) -> Tensor:
    return _sum(x, axis) / constant(x.shape[axis], x)


def _spread(v: Tensor, x: Tensor) -> Tensor:
    """Return a row v, one number a unit, shaped as x (N, O); a column as it is.

    MindSpore's CPU kernels take twice as long to broadcast a row inside a product, but not a column.
    """
    return v if v.shape[0] == x.shape[0] and v.ndim == 2 else ops.broadcast_to(v, x.shape)
