"""What the tables of public backward passes are made of: an entry, and the numbers."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ms_dnn.judge.judgement import Verdict


class Entry(NamedTuple):
    """A backward pass of a public project.

    Attributes:
        source: project and function, with the issue or the page where there is one; a formula without one is common.
        factory: gives the keyword arguments of check_gradients.
        tensors: those whose gradient is wrong.
        words: what the judgement should say of the cause; None where the error looks like nothing known.
    """

    name: str
    source: str
    factory: Callable[[], dict[str, Any]]
    verdict: Verdict
    tensors: tuple[str, ...] = ()
    words: str | None = None


def real(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def positive(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).uniform(0.3, 2.0, size=shape)


def single(*arrays):
    return tuple(array.astype(np.float32) for array in arrays)


def right(name, source, cell, *inputs, **options):
    return Entry(name, source, partial(_made, cell, inputs, options), Verdict.PASS)


def wrong(name, source, cell, *inputs, at=0, words=None, **options):
    places = at if isinstance(at, tuple) else (at,)
    tensors = tuple(f"input {place}" if isinstance(place, int) else place for place in places)
    return Entry(name, source, partial(_made, cell, inputs, options), Verdict.FAIL, tensors, words)


def _made(cell, inputs, options):
    return {"function": cell(), "inputs": inputs, **options}


X, Y, ROW, COLUMN = real(4, 3), real(4, 3, seed=1), real(3), real(4, 1)
P, Q = positive(4, 3), positive(4, 3, seed=1)
SQUARE, OTHER, WIDE = real(3, 3), real(3, 3, seed=1), 3 * real(5, 4)
ZEROS_IN = np.array([[1.5, 0.0, -0.7], [0.0, 2.0, -1.0], [0.3, -0.4, 0.9]])
KNEES = np.array([[-4.0, -3.0, -1.0], [0.5, 3.0, 4.0]])
LARGE = np.array([[-800.0, -2.0, 0.5], [3.0, 20.0, 800.0]])
LOGITS, LABELS = real(6, 4), np.array([2, 0, 1, 3, 2, 2], np.int32)
SIGNS = np.sign(Y)
T = (np.random.default_rng(3).uniform(size=(4, 3)) > 0.5).astype(np.float64)
PROBABILITIES = P / P.sum(1, keepdims=True)
KEEP = np.array([[True, True, False], [True, False, True], [False, True, True], [True, True, True]])
MASK = np.where(KEEP, 0.0, -1e9)
BIAS = real(4, 3, seed=5)
INDEX = np.array([3, 1, 3, 0], np.int32)
TIES = np.array([[2.0, 2.0, -1.0], [0.5, 1.5, 1.5], [0.1, 0.7, -2.0]])
IMAGE = real(4, 6)
TIED_IMAGE = np.round(IMAGE)
ANGLES = real(3, 4, seed=7)
COS, SIN = np.cos(ANGLES), np.sin(ANGLES)
HEADS = real(3, 4), real(3, 4, seed=1), real(3, 4, seed=2)
GATES = real(2, 12), real(2, 3)
GRU = tuple(real(2, 3, seed=i) for i in range(5))
ZERO_ROW = np.concatenate([real(3, 3), np.zeros((1, 3))])
THREE = real(2, 4, 3)
FIVE = real(5, 3)
WITH_ZERO = np.array([[2.0, 0.0, 3.0, 4.0], [1.0, -2.0, 0.5, 3.0], [0.0, 1.0, 2.0, 3.0]])
MIXED = np.where(np.arange(4).reshape(-1, 1) % 2, X + 9, X + Y / 2)
