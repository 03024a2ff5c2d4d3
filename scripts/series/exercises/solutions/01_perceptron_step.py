"""A solution of exercise 01."""


def perceptron_step(w, b, x, y, r):
    """w and x are arrays (I,), b, y and r numbers; return (w, b)."""
    if y * (w @ x + b) > 0:
        return w, b
    return w + r * y * x, b + r * y
