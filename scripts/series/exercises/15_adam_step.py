"""Exercise 15 · One step of Adam

Do the t-th step of Adam, t = 1, 2, …, with β₁ = 0.9, β₂ = 0.999 and ε = 1e-8.

编程练习 15 · Adam 的一步

做 Adam 的第 t 步（t = 1, 2, …），其中 β₁ = 0.9，β₂ = 0.999，ε = 1e-8。
"""

import numpy as np


def adam_step(w, dw, m, v, t, r):
    """All but t and r are (I,); return the new w, m and v."""
    raise NotImplementedError
