"""Exercise 02 · The gradients of logistic regression

For N samples, return the derivatives of the mean cross-entropy by w and b, where a = sigmoid(x w + b).

编程练习 02 · 逻辑回归的梯度

对 N 个样本，返回平均交叉熵对 w 与 b 的导数，其中 a = sigmoid(x w + b)。
"""

import numpy as np


def logistic_gradients(w, b, x, y):
    """w is (I,), b a number, x (N, I), y (N,) of 0 and 1; return (dw, db)."""
    raise NotImplementedError
