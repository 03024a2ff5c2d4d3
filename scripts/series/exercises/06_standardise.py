"""Exercise 06 · Scaling that knows the training set alone

Bring every feature (column) to mean 0 and standard deviation 1 of the training set, and scale the test set in
the same way. A column that is constant in the training set becomes 0 there.

编程练习 06 · 只在训练集上拟合的特征缩放

使训练集的每个特征（列）均值为 0、标准差为 1，并用同样的方式缩放测试集。在训练集中取值不变的列，缩放后应为 0。
"""

import numpy as np


def standardise(train, test):
    """train is (N, I), test (M, I); return both scaled."""
    raise NotImplementedError
