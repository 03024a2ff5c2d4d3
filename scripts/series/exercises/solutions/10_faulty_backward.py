"""A solution of exercise 10."""


def faulty_backward(x, W, dz):
    """x is (N, I), W (O, I), dz (N, O); return (dx, dW, db)."""
    return dz @ W, 1.5 * dz.T @ x, dz.sum(axis=0)
