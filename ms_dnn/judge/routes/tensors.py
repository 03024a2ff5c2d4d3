"""Tensors and their numbers: what MindSpore, NumPy and Python lists make of each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor

from ms_dnn.errors import SubjectError
from ms_dnn.judge.routes.slope import Array

FLOATS = {"float16": ms.float16, "bfloat16": ms.bfloat16, "float32": ms.float32, "float64": ms.float64}


def as_tensor(value: Any) -> Any:
    """Return arrays and lists of numbers as Tensors, in nested lists, tuples and dicts, too; everything else as it is.

    Python's own numbers stay what they are: MindSpore does not differentiate by them.

    Raises:
        SubjectError: an array holds no numbers.
    """
    if isinstance(value, dict):
        return {key: as_tensor(item) for key, item in value.items()}
    if isinstance(value, tuple) or (isinstance(value, list) and not _numbers_only(value)):
        return type(value)(as_tensor(item) for item in value)
    if isinstance(value, (np.ndarray, np.generic, list)) and not isinstance(value, (float, int)):
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise SubjectError(f"inputs: got an array of {array.dtype}, expected floating-point numbers or integers")
        return Tensor(np.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(array.shape))
    return value


def _numbers_only(value: Any) -> bool:
    if isinstance(value, list):
        return all(_numbers_only(item) for item in value)
    return isinstance(value, (bool, int, float))


def as_array(tensor: Tensor) -> Array:
    """Return a copy of the Tensor's numbers, float64."""
    return numbers(tensor).astype(np.float64)


def numbers(tensor: Tensor) -> Array:
    """Return a copy of the Tensor's numbers in its dtype; bfloat16, which NumPy lacks, as float32."""
    return np.array((tensor.astype(ms.float32) if dtype_of(tensor) == "bfloat16" else tensor).asnumpy())


def as_sequence(value: Any) -> Sequence[Any]:
    """Return a tuple or list as it is, anything else alone in a tuple."""
    return value if isinstance(value, (tuple, list)) else (value,)


def is_float(value: Any) -> bool:
    """Return whether the value is a Tensor of floating-point numbers."""
    return isinstance(value, Tensor) and dtype_of(value) in FLOATS


def dtype_of(tensor: Tensor) -> str:
    """Return the dtype as a NumPy name."""
    return str(tensor.dtype).lower()


def cast(value: Any, dtype: str) -> Any:
    """Return a floating-point Tensor in another dtype, everything else as it is."""
    return Tensor(as_array(value), FLOATS[dtype]) if is_float(value) else value


def copied(value: Any) -> Any:
    """Return a Tensor of its own with the same numbers, everything else as it is."""
    return value.copy() if isinstance(value, Tensor) else value
