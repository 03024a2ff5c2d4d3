"""A solution of exercise 09."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sample_gradients(weights, biases, x, y):
    """weights are (O, I) each, biases (O,), x (I,), y (O,); return a list of (dW, db), one pair a layer."""
    inputs, slopes = [x], []
    for W, b in zip(weights, biases):
        z = W @ inputs[-1] + b
        a = sigmoid(z)
        slopes.append(sigmoid(z) * (1 - sigmoid(z)))
        inputs.append(a)
    delta = (a - y) * slopes[-1]
    gradients = [(np.outer(delta, inputs[-2]), delta)]
    for level in range(len(weights) - 2, -1, -1):
        delta = weights[level + 1].T @ delta * slopes[level]
        gradients.append((np.outer(delta, inputs[level]), delta))
    return gradients[::-1]
