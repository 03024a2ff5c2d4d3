"""A solution of exercise 13."""


def dropout(a, p, u, training):
    """a and u are (N, I), u in [0, 1); return the outputs, (N, I)."""
    if not training:
        return a
    return a * (u >= p) / (1 - p)
