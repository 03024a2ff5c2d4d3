"""Exercise 09 · The gradients of one sample

Backpropagate: every layer has a = sigmoid(W a + b), and the loss is ½‖a − y‖². Return the gradients of all W
and b for one sample.

编程练习 09 · 单个样本的梯度

反向传播：每层 a = sigmoid(W a + b)，损失为 ½‖a − y‖²。返回一个样本对所有 W 与 b 的梯度。
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sample_gradients(weights, biases, x, y):
    """weights are (O, I) each, biases (O,), x (I,), y (O,); return a list of (dW, db), one pair a layer."""
    raise NotImplementedError
