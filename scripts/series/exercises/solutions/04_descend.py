"""A solution of exercise 04."""


def descend(gradient, w, r, steps):
    """w is (I,); return a list of steps + 1 arrays (I,)."""
    way = [w]
    for _ in range(steps):
        way.append(way[-1] - r * gradient(way[-1]))
    return way
