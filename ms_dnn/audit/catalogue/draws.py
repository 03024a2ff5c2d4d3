"""Inputs that many entries share. Every function returns what :class:`~ms_dnn.audit.entry.Case` asks for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ms_dnn.audit.entry import Array

Draw = Callable[[np.random.Generator], tuple[Array, ...]]


def normal(*shapes: tuple[int, ...], scale: float = 1.0) -> Draw:
    """One array of each shape, standard normal times the scale."""
    return lambda rng: tuple(scale * rng.standard_normal(shape) for shape in shapes)


def uniform(low: float, high: float, *shapes: tuple[int, ...]) -> Draw:
    """One array of each shape, uniform between the two."""
    return lambda rng: tuple(rng.uniform(low, high, shape) for shape in shapes)


def zeros(*shapes: tuple[int, ...]) -> Draw:
    """One array of zeros of each shape."""
    return lambda rng: tuple(np.zeros(shape) for shape in shapes)


def fixed(*values: object) -> Draw:
    """These very values, as float64 unless they are integer or boolean arrays."""
    return lambda rng: tuple(
        np.asarray(value) if isinstance(value, np.ndarray) else np.array(value, np.float64) for value in values
    )
