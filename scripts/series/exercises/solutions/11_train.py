"""A solution of exercise 11."""

import numpy as np


def train(gradient, w, r, max_iterations, tolerance):
    """Return w, the number of updates, and "tolerance" or "max_iterations"."""
    for iteration in range(1, max_iterations + 1):
        change = -r * gradient(w)
        w = w + change
        if np.abs(change).max() < tolerance:
            return w, iteration, "tolerance"
    return w, max_iterations, "max_iterations"
