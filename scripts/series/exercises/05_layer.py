"""Exercise 05 · A layer without a loop

Compute the weighted sums Z of all samples and all units at once, without a loop: one row a sample, one column
a unit.

编程练习 05 · 不用循环的一层

不用循环，一次算出所有样本、所有神经元的加权和 Z：每行一个样本，每列一个神经元。
"""

import numpy as np


def layer(X, W, b):
    """X is (N, I), W (O, I), b (O,); return Z, (N, O)."""
    raise NotImplementedError
