"""Inputs that many entries share. Every function returns what :class:`~ms_dnn.audit.entry.Case` asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_softmax

from ms_dnn.audit.entry import Inputs


def normal_arrays(*shapes: tuple[int, ...], scale: float = 1.0) -> Inputs:
    """One array of each shape, standard normal times the scale."""
    return lambda rng: tuple(scale * rng.standard_normal(shape) for shape in shapes)


def uniform(low: float, high: float, *shapes: tuple[int, ...]) -> Inputs:
    """One array of each shape, uniform between the two."""
    return lambda rng: tuple(rng.uniform(low, high, shape) for shape in shapes)


def signs(*shape: int) -> Inputs:
    """One array of -1 and 1, as numbers."""
    return lambda rng: (rng.choice([-1.0, 1.0], shape),)


def integers(high: int, *shape: int, dtype: type[np.number[Any]] = np.int32) -> Inputs:
    """One array of whole numbers from 0 up to, and without, ``high``."""
    return lambda rng: (rng.integers(0, high, shape).astype(dtype),)


def distributions(rows: int, columns: int, concentration: float = 1.0) -> Inputs:
    """One array whose rows are positive and sum to 1."""
    return lambda rng: (rng.dirichlet(np.full(columns, concentration), rows),)


def log_probabilities(rows: int, columns: int) -> Inputs:
    """One array of the logarithms of such rows."""
    return lambda rng: (np.asarray(log_softmax(rng.standard_normal((rows, columns)), axis=1)),)


def zero_arrays(*shapes: tuple[int, ...]) -> Inputs:
    """One array of zeros of each shape."""
    return lambda rng: tuple(np.zeros(shape) for shape in shapes)


def fixed(*values: object) -> Inputs:
    """These very values, as float64 unless they are integer or boolean arrays."""
    return lambda rng: tuple(
        np.asarray(value) if isinstance(value, np.ndarray) else np.array(value, np.float64) for value in values
    )


def together(*parts: Inputs) -> Inputs:
    """The arrays of all parts, one after the other from one stream of random numbers."""
    return lambda rng: tuple(value for part in parts for value in part(rng))
