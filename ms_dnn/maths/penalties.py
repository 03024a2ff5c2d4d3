"""Penalties on a weight w of any shape and, beside each, the derivative, shaped as w; both in the dtype of w.

Goodfellow, Bengio and Courville, "Deep Learning" (2016), section 7.1: J̃ = J + λ₁ ‖w‖₁ + λ₂/2 ‖w‖₂².
"""

from mindspore import Tensor, ops

from ms_dnn.maths.constants import constant

_sum = ops.ReduceSum()


def l1(w: Tensor) -> Tensor:
    """Return ‖w‖₁ = Σ |w|, 0-d."""
    return _sum(ops.abs(w))


def l1_gradient(w: Tensor) -> Tensor:
    """Return sign(w); 0 at the kink w = 0, as MindSpore has it."""
    return ops.sign(w)


def l2(w: Tensor) -> Tensor:
    """Return ½ ‖w‖₂² = ½ Σ w², 0-d: with the ½, so that the derivative has no 2."""
    return constant(0.5, w) * _sum(w * w)


def l2_gradient(w: Tensor) -> Tensor:
    """Return w."""
    return w
