"""Exercise 04 · Gradient descent

Walk steps steps of gradient descent from w with the learning rate r, and return all points of the way, the
start included. The function gradient(w) returns the gradient at w.

编程练习 04 · 梯度下降

从 w 出发，以学习率 r 做 steps 步梯度下降，返回途经的所有点（包括起点）。函数 gradient(w) 返回 w 处的梯度。
"""

import numpy as np


def descend(gradient, w, r, steps):
    """w is (I,); return a list of steps + 1 arrays (I,)."""
    raise NotImplementedError
