"""Exercise 13 · Inverted dropout

Drop each unit with probability p in training: the one whose random number u is below p. Keep the mean of the
outputs by scaling in training. In inference nothing is dropped.

编程练习 13 · 随机失活（Dropout）

训练时以概率 p 丢弃每个神经元：随机数 u 小于 p 的被丢弃；并在训练时缩放，使输出的均值不变。推断时不丢弃。
"""

import numpy as np


def dropout(a, p, u, training):
    """a and u are (N, I), u in [0, 1); return the outputs, (N, I)."""
    raise NotImplementedError
