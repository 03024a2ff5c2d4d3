"""A solution of exercise 15."""

import numpy as np


def adam_step(w, dw, m, v, t, r):
    """All but t and r are (I,); return the new w, m and v."""
    m = 0.9 * m + 0.1 * dw
    v = 0.999 * v + 0.001 * dw**2
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return w - r * m_hat / (np.sqrt(v_hat) + 1e-8), m, v
