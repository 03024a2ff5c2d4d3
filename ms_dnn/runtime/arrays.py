"""What callers give for an array or a Tensor: lists, frames, arrays, and tensors of PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ms_dnn.errors import ShapeError

if TYPE_CHECKING:
    from mindspore import Tensor


def as_array(values: Any) -> Any:
    """Return a tensor of PyTorch as an array, apart from its graph, bfloat16 as float32; all else as it is."""
    if not hasattr(values, "detach"):
        return values
    tensor = values.detach().cpu()
    return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()


def as_tensor(values: Any, dtype: Any, name: str) -> Tensor:
    """Return numbers as a Tensor of a dtype; a Tensor as it is.

    Raises:
        ShapeError: when they are no numbers, or rows of different lengths; it calls them by ``name``.
    """
    from mindspore import Tensor

    if isinstance(values, Tensor):
        return values
    try:
        array = np.asarray(as_array(values))
        if array.dtype.kind == "O" and array.ndim:  # a frame of several dtypes
            array = array.astype(np.float64)
    except (TypeError, ValueError):
        array = np.empty(0, "U")
    if array.dtype.kind not in "fiub":
        raise ShapeError(f"{name}: got a {type(values).__name__}, expected a Tensor, or numbers in rows of one length")
    return Tensor(array, dtype)
