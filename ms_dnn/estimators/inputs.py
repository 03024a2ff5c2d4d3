"""Inputs and targets of other packages as scikit-learn's checks take them; inputs dense, as a compiled step does."""

import math
from typing import Any

import pandas as pd
import psutil
from scipy.sparse import issparse

from ms_dnn.errors import ParameterError

# The array as it is given, in the precision of the weights, and with the padding that it has on the device.
_COPIES = 3


def as_array(values: Any) -> Any:
    """Return a tensor of PyTorch as an array, apart from its graph, bfloat16 as float32; all else as it is."""
    if not hasattr(values, "detach"):
        return values
    tensor = values.detach().cpu()
    return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()


def dense_rows(X: Any) -> Any:
    """Return X (N, I), a sparse one as a dense array, and a DataFrame with sparse columns as one without.

    Raises:
        ParameterError: when a sparse X would not fit into the memory that is free.
    """
    if isinstance(X, pd.DataFrame):
        sparse = {name: dtype.subtype for name, dtype in X.dtypes.items() if isinstance(dtype, pd.SparseDtype)}
        if sparse:
            _require_memory(X, 8)
        return X.astype(sparse)
    if not issparse(X):
        return as_array(X)
    _require_memory(X, X.dtype.itemsize)
    return X.toarray()


def _require_memory(X: Any, itemsize: int) -> None:
    needed, free = _COPIES * math.prod(X.shape) * itemsize, psutil.virtual_memory().available
    if needed > free:
        raise ParameterError(
            f"X: got a sparse matrix of shape {X.shape}, expected one that fits into memory as the dense array that a "
            f"compiled step takes: that is {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free: take fewer columns "
            "(TruncatedSVD, SelectKBest), or give parts of it to partial_fit"
        )
