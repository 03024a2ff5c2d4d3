"""Exercise 10 · Plant a fault

Write the backward pass of the layer z = x Wᵀ + b with a fault that nobody sees: dx and db are right, dW has
the right shape and still points downhill, but is wrong. Then see what the checker says.

编程练习 10 · 埋下一个错误

写出层 z = x Wᵀ + b 的反向传播，并在其中埋下一个不易察觉的错误：dx 与 db 正确，dW 形状正确、仍指向使成本下降
的方向，但数值是错的。然后看看检验器怎么说。
"""

import numpy as np


def faulty_backward(x, W, dz):
    """x is (N, I), W (O, I), dz (N, O); return (dx, dW, db)."""
    raise NotImplementedError
