"""Exercise 08 · Forward through any number of layers

Compute the outputs of all layers for one sample x: z = W a + b and a = tanh(z) in each of them, also in the
last.

编程练习 08 · 任意层数的前向传播

对一个样本 x 计算各层的输出：每层（包括最后一层）z = W a + b，a = tanh(z)。
"""

import numpy as np


def forward(weights, biases, x):
    """weights are (O, I) each, biases (O,), x (I,); return the list of a[1] … a[L]."""
    raise NotImplementedError
