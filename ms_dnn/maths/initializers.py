"""Initial values of a weight W (O, I), random numbers of NumPy, so that they are the same on every device.

Each function takes the shape (O, I) and a generator and returns float64. Biases start at zero.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Initializer = Callable[[tuple[int, int], np.random.Generator], NDArray[np.float64]]


def zeros(shape: tuple[int, int], generator: np.random.Generator) -> NDArray[np.float64]:
    """W = 0: right for one layer, but the units of a hidden layer then stay copies of each other."""
    return np.zeros(shape)


def normal(shape: tuple[int, int], generator: np.random.Generator) -> NDArray[np.float64]:
    """W ~ N(0, 0.01²)."""
    return generator.normal(0.0, 0.01, shape)


def xavier(shape: tuple[int, int], generator: np.random.Generator) -> NDArray[np.float64]:
    """W ~ U(−r, r), r = √(6 / (I + O)) (Glorot & Bengio 2010, eq. 16), for sigmoid, tanh and softmax."""
    limit = np.sqrt(6.0 / sum(shape))
    return generator.uniform(-limit, limit, shape)


def he(shape: tuple[int, int], generator: np.random.Generator) -> NDArray[np.float64]:
    """W ~ N(0, 2/I) (He et al. 2015, eq. 10), for ReLU and its relatives."""
    return generator.normal(0.0, np.sqrt(2.0 / shape[1]), shape)


INITIALIZERS: dict[str, Initializer] = {"zeros": zeros, "normal": normal, "xavier": xavier, "he": he}
