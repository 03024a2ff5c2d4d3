"""A solution of exercise 17."""

import numpy as np


class ScaledTanh:
    """x, a and da are (N, I); s and t are (I,), shared by all samples."""

    def forward(self, x, s, t):
        """Return (a, cache)."""
        y = np.tanh(x)
        return s * y + t, (y, s)

    def backward(self, cache, da):
        """Return (dx, ds, dt)."""
        y, s = cache
        return da * s * (1 - y**2), (da * y).sum(axis=0), da.sum(axis=0)
