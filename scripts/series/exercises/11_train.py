"""Exercise 11 · MAX and ε

Train by gradient descent until one of two rules ends it: max_iterations updates were made, or every change of
the last update was below tolerance in magnitude.

编程练习 11 · MAX 与 ε

用梯度下降训练，直到满足两条规则之一：已做 max_iterations 次更新；或最近一次更新中，所有变化的绝对值都小于 tolerance。
"""

import numpy as np


def train(gradient, w, r, max_iterations, tolerance):
    """Return w, the number of updates, and "tolerance" or "max_iterations"."""
    raise NotImplementedError
