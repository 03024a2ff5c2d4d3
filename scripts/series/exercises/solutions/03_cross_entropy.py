"""A solution of exercise 03."""

import numpy as np


def cross_entropy(z, y):
    """z and y are (N,), y of 0 and 1; return the losses, (N,)."""
    return y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
