"""A solution of exercise 07."""

import numpy as np


def xor_network():
    """Return W1 (2, 2), b1 (2,), W2 (1, 2), b2 (1,)."""
    W1, b1 = np.array([[1, 1], [1, 1]]), np.array([0, -1])
    W2, b2 = np.array([[1, -2]]), np.array([-0.5])
    return W1, b1, W2, b2
