"""A solution of exercise 16."""


def worker_mean(gradients, counts):
    """gradients is a list of arrays (I,), counts their numbers of samples; return the gradient, (I,)."""
    total = sum(count * gradient for gradient, count in zip(gradients, counts))
    return total / sum(counts)
