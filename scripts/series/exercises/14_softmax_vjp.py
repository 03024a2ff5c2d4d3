"""Exercise 14 · The backward pass of softmax

Return dz = ∂J/∂z from a = softmax(z) and da = ∂J/∂a. Each row is a sample, and its sum of a is 1.

编程练习 14 · softmax 的反向传播

由 a = softmax(z) 与 da = ∂J/∂a 求 dz = ∂J/∂z。每行是一个样本，该行 a 之和为 1。
"""

import numpy as np


def softmax_vjp(a, da):
    """a and da are (N, C); return dz, (N, C)."""
    raise NotImplementedError
