"""Inputs X as a compiled step takes them: dense."""

import math
from typing import Any

import pandas as pd
import psutil
from scipy.sparse import issparse

from ms_dnn.errors import ParameterError
from ms_dnn.runtime.arrays import as_array

# The array as it is given, in the precision of the weights, and with the padding that it has on the device.
_COPIES = 3


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
