"""Exercise 07 · XOR by hand

Choose the weights and biases of a 2-2-1 network that computes XOR: its hidden layer has ReLU, and an output
above 0 means 1. So (0, 1) and (1, 0) must give more than 0, (0, 0) and (1, 1) not.

编程练习 07 · 手工构造异或（XOR）

为 2-2-1 网络选择权重与偏置，使它计算异或：隐藏层用 ReLU，输出大于 0 表示 1。因此 (0, 1) 与 (1, 0) 的输出应大
于 0，(0, 0) 与 (1, 1) 则不大于 0。
"""

import numpy as np


def xor_network():
    """Return W1 (2, 2), b1 (2,), W2 (1, 2), b2 (1,)."""
    raise NotImplementedError
