"""The affine map z = x Wᵀ + b and its three derivatives, in fused kernels.

Shapes: x (N, I), W (O, I), b (O,), z (N, O), all of one floating dtype. In the column form of the texts
(samples as columns) this is Z = W X + b; W and b are the same arrays in both.
"""

from mindspore import Tensor, ops
from mindspore.ops.auto_generate import BiasAddGrad

_times_transposed = ops.MatMul(transpose_b=True)
_times = ops.MatMul()
_transposed_times = ops.MatMul(transpose_a=True)
_bias_add = ops.BiasAdd()
_bias_add_grad = BiasAddGrad()


def affine(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """Return z = x Wᵀ + b, shape (N, O)."""
    return _bias_add(_times_transposed(x, W), b)


def affine_vjp(x: Tensor, W: Tensor, dz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return dx = dz W (N, I), dW = dzᵀ x (O, I) and db = Σ_n dz_n (O,) for the cotangent dz (N, O).

    dz already carries the 1/N of the cost, so dW and db are sums over the samples, not means.
    """
    return _times(dz, W), _transposed_times(dz, x), _bias_add_grad(dz)


def linear(x: Tensor, W: Tensor) -> Tensor:
    """Return z = x Wᵀ, shape (N, O)."""
    return _times_transposed(x, W)


def linear_vjp(x: Tensor, W: Tensor, dz: Tensor) -> tuple[Tensor, Tensor]:
    """Return dx = dz W (N, I) and dW = dzᵀ x (O, I) for the cotangent dz (N, O)."""
    return _times(dz, W), _transposed_times(dz, x)
