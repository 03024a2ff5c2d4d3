"""Constants at the precision of the tensor they meet."""

from mindspore import Tensor


def constant(value: float, like: Tensor) -> Tensor:
    """Return ``value`` as a 0-d tensor of the dtype of ``like``.

    A bare Python number times a float64 tensor is rounded to float32 first by MindSpore, which costs half
    of the digits. Inside a compiled graph the dtype is known, so the result is a constant of the graph.
    """
    return Tensor(value, like.dtype)
