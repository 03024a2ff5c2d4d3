"""Normalisation x̂ = (x − μ) / √(σ² + ε) over the samples (batch) or over the units (layer), and its derivative.

Ioffe and Szegedy, "Batch normalization", ICML 2015, and Ba, Kiros and Hinton, "Layer normalization", 2016. Both are
one formula along another axis; M numbers share each mean μ and variance σ² = 1/M Σ (x − μ)².
"""

from collections.abc import Callable

from mindspore import Tensor, ops

from ms_dnn.maths.constants import constant

OVER_SAMPLES = 0
OVER_UNITS = 1

Means = Callable[[tuple[Tensor, ...], int], tuple[Tensor, ...]]

_sum = ops.ReduceSum(keep_dims=True)
_sum_of_rows = ops.ReduceSum()
_rsqrt = ops.Rsqrt()


def means_of(tensors: tuple[Tensor, ...], axis: int) -> tuple[Tensor, ...]:
    """Return the mean of each (N, O) tensor along an axis, which is kept."""
    means: tuple[Tensor, ...] = ()
    for x in tensors:
        means += (_sum(x, axis) / constant(x.shape[axis], x),)
    return means


def normalize(x: Tensor, axis: int, epsilon: float, means: Means = means_of) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return x̂ (N, O), 1/√(σ² + ε), μ and σ² for x (N, O).

    The last three are (1, O) over the samples and (N, 1) over the units.

    Args:
        x: what is normalised.
        axis: :data:`OVER_SAMPLES` or :data:`OVER_UNITS`.
        epsilon: ε > 0.
        means: :func:`means_of`, or one that takes the means over more samples than there are in x.
    """
    (mean,) = means((x,), axis)
    centred = x - _spread(mean, x, axis)
    (variance,) = means((centred * centred,), axis)
    scale = _rsqrt(variance + constant(epsilon, x))
    return centred * _spread(scale, x, axis), scale, mean, variance


def normalize_vjp(x_hat: Tensor, scale: Tensor, dx_hat: Tensor, axis: int, means: Means = means_of) -> Tensor:
    """Return dx = (dx̂ − mean dx̂ − x̂ · mean(dx̂ ⊙ x̂)) / √(σ² + ε), (N, O), for the cotangent dx̂ (N, O).

    μ and σ² depend on x as well: through μ every dx loses the mean of dx̂, through σ² its part along x̂.
    """
    of_all, along = means((dx_hat, dx_hat * x_hat), axis)
    reduced = dx_hat - x_hat * _spread(along, x_hat, axis) - _spread(of_all, x_hat, axis)
    return reduced * _spread(scale, x_hat, axis)


def scale_and_shift(x_hat: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Return z = γ ⊙ x̂ + β, (N, O), for x̂ (N, O), γ (O,), β (O,)."""
    return x_hat * gamma + beta


def scale_and_shift_vjp(x_hat: Tensor, gamma: Tensor, dz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return dx̂ = γ ⊙ dz (N, O), dγ = Σ_n dz_n ⊙ x̂_n (O,) and dβ = Σ_n dz_n (O,)."""
    return dz * gamma, _sum_of_rows(dz * x_hat, 0), _sum_of_rows(dz, 0)


def batch_norm_vjp(
    x_hat: Tensor, scale: Tensor, gamma: Tensor, dz: Tensor, means: Means = means_of
) -> tuple[Tensor, Tensor, Tensor]:
    """Return dx (N, O), dγ and dβ (O,) of z = γ ⊙ x̂ + β over the samples: both steps in one.

    γ is one number a unit and leaves the means over the samples: dx = γ/√(σ² + ε) ⊙ (dz − mean dz − x̂ ⊙ mean(dz ⊙ x̂)).
    """
    products = dz * x_hat
    of_all, along = means((dz, products), OVER_SAMPLES)
    reduced = dz - x_hat * _spread(along, x_hat, OVER_SAMPLES) - _spread(of_all, x_hat, OVER_SAMPLES)
    dx = reduced * _spread(gamma * scale.reshape(-1), x_hat, OVER_SAMPLES)
    return dx, _sum_of_rows(products, 0), _sum_of_rows(dz, 0)


def _spread(v: Tensor, x: Tensor, axis: int) -> Tensor:
    """Return v, one number a unit where the axis is that of the samples, shaped as x (N, O); a column as it is.

    MindSpore's CPU kernels take twice as long to broadcast a row inside a product, but not a column.
    """
    return ops.broadcast_to(v, x.shape) if axis == OVER_SAMPLES else v
