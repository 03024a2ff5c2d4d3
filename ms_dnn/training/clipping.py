"""Gradients cut to a length, against steps that are too long.

Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (ICML 2013), algorithm 1.
"""

from mindspore import Tensor, ops

from ms_dnn.maths.constants import constant

_sum = ops.ReduceSum()


def clip_by_norm(gradients: tuple[Tensor, ...], limit: float) -> tuple[Tensor, ...]:
    """Return g · min(1, limit / ‖g‖) for the length ‖g‖ of all gradients together; each keeps its shape and dtype."""
    squares = constant(0.0, gradients[0])
    for gradient in gradients:
        squares = squares + _sum(gradient * gradient)
    norm = ops.sqrt(squares)
    one = constant(1.0, norm)
    # Where the norm is within the limit no bit changes; selected and not divided, because the norm may be 0.
    factor = ops.select(norm > constant(limit, norm), constant(limit, norm) / norm, one)
    clipped: tuple[Tensor, ...] = ()
    for gradient in gradients:
        clipped += (gradient * factor,)
    return clipped
