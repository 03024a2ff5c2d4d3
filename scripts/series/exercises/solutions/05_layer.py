"""A solution of exercise 05."""


def layer(X, W, b):
    """X is (N, I), W (O, I), b (O,); return Z, (N, O)."""
    return X @ W.T + b
