"""Exercise 03 · Cross-entropy that does not overflow

Return the cross-entropy of each sample, −y ln a − (1 − y) ln(1 − a) with a = sigmoid(z), computed from z so
that it is right for z = 1000 and z = −1000, too.

编程练习 03 · 不会溢出的交叉熵

返回每个样本的交叉熵 −y ln a − (1 − y) ln(1 − a)，其中 a = sigmoid(z)。请直接由 z 计算，使 z = 1000 和 z = −1000
时结果也正确。
"""

import numpy as np


def cross_entropy(z, y):
    """z and y are (N,), y of 0 and 1; return the losses, (N,)."""
    raise NotImplementedError
