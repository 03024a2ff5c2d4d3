"""Which dtype computes, where it may, and how far two correct gradients may then lie apart."""

from typing import Any

import numpy as np

from ms_dnn.errors import DeviceError

# Largest difference over largest magnitude, a tensor at a time, between two correct gradients that add in another
# order. float64: 5 000 roundings. On Ascend float32 matrix products run on the Cube unit; its own test suite
# compares at 1e-4 there (910B and later), float16 at 1e-3 and bfloat16 at 4e-3.
_TOLERANCES = {
    ("CPU", "float64"): 1e-12,
    ("CPU", "float32"): 1e-5,
    ("CPU", "float16"): 1e-2,
    ("GPU", "float64"): 1e-12,
    ("GPU", "float32"): 1e-4,
    ("GPU", "float16"): 1e-2,
    ("GPU", "bfloat16"): 4e-2,
    ("Ascend", "float32"): 1e-4,
    ("Ascend", "float16"): 1e-2,
    ("Ascend", "bfloat16"): 4e-2,
}


_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


def numpy_dtype(dtype: Any) -> np.dtype[Any]:
    """Return NumPy's dtype for MindSpore's; MindSpore's own function for it warns of its end at each call (2.10)."""
    return np.dtype(str(dtype).lower())


def weights_dtype(precision: str) -> str:
    """Return the dtype of the weights: float32 in mixed precision."""
    return "float32" if precision in _MIXED else precision


def compute_dtype(precision: str) -> str | None:
    """Return the 16-bit dtype that mixed precision computes in, or None for a precision that is not mixed."""
    return _MIXED.get(precision)


def check_precision(precision: str, device: str) -> None:
    """Raise a DeviceError when the device cannot compute in the precision."""
    dtype = _MIXED.get(precision, precision)
    if (device, dtype) in _TOLERANCES:
        return
    if dtype == "bfloat16":
        mixed = "mixed_float16" if precision in _MIXED else "float16"
        raise DeviceError(
            f"precision '{precision}' on {device}: MindSpore's MatMul and activations take no bfloat16 there; use "
            f"precision {mixed} or float32"
        )
    reason = "Ascend's MatMul takes no float64" if precision == "float64" else f"it is not known on {device}"
    raise DeviceError(
        f"precision '{precision}' on {device}: {reason}; use precision float32, or device CPU for float64"
    )


def comparison_tolerance(precision: str, device: str) -> float:
    """Return the relative difference that two correct gradients may show (see the table above).

    Raises:
        DeviceError: when the device cannot compute in the precision.
    """
    check_precision(precision, device)
    return _TOLERANCES[device, precision]
