"""Exercise 01 · One step of the perceptron rule

For one sample x with the class y, which is +1 or −1, return the new w and b after one step of rate r. A
sample that is classified correctly, y (w · x + b) > 0, changes nothing.

编程练习 01 · 感知机学习规则的一步

给定一个样本 x 及其类别 y（+1 或 −1），返回以学习率 r 走一步之后的 w 与 b。分类正确的样本，即 y (w · x + b)
> 0，不改变任何参数。
"""

import numpy as np


def perceptron_step(w, b, x, y, r):
    """w and x are arrays (I,), b, y and r numbers; return (w, b)."""
    raise NotImplementedError
