"""What the routes of the training benchmarks train on: sizes, random data, starting weights."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Order = NDArray[np.int32]
# (order (steps, N), checking) → seconds, steps, mean cost. Checking: the cost must be comparable.
Train = Callable[[Order, bool], tuple[float, int, float]]

RATE = 0.05


@dataclass(frozen=True)
class Size:
    """Layer sizes n[0], …, n[L], batch size N and number of samples M, a multiple of N."""

    layers: tuple[int, ...]
    batch: int
    samples: int

    @property
    def name(self) -> str:
        """As in ``64-32-10/32``."""
        return f"{'-'.join(map(str, self.layers))}/{self.batch}"

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.samples // self.batch


SIZES = {
    "small": Size((64, 32, 10), 32, 16384),
    "medium": Size((784, 256, 128, 10), 64, 8192),
    "large": Size((784, 1024, 1024, 10), 256, 4096),
}


def size_of(text: str) -> Size:
    """Return the size of a name of :data:`SIZES`, or of a text such as ``64-32-10/32/2048``: layers, batch, samples."""
    if text in SIZES:
        return SIZES[text]
    layers, batch, samples = text.split("/")
    return Size(tuple(map(int, layers.split("-"))), int(batch), int(samples))


@dataclass(frozen=True)
class Workload:
    """What all routes get: inputs X (M, n[0]), labels (M,), starting weights [(W (O, I), b (O,)), …]."""

    size: Size
    X: Floats
    labels: NDArray[np.int32]
    weights: list[tuple[Floats, Floats]]

    @property
    def one_hot(self) -> Floats:
        """The labels as rows of the identity matrix."""
        return np.eye(self.size.layers[-1], dtype=np.float32)[self.labels]

    def orders(self) -> Iterator[Order]:
        """Yield the batches of each epoch, int32 (steps, N)."""
        generator = np.random.default_rng(1)
        while True:
            yield generator.permutation(self.size.samples).astype(np.int32).reshape(-1, self.size.batch)


def draw_workload(size: Size) -> Workload:
    """Return random data whose labels a linear map gives, and weights after He."""
    generator = np.random.default_rng(0)
    X = generator.standard_normal((size.samples, size.layers[0]), np.float32)
    labels = (X @ generator.standard_normal((size.layers[0], size.layers[-1]), np.float32)).argmax(1).astype(np.int32)
    weights = [
        (
            generator.standard_normal((units, inputs), np.float32) * np.float32(np.sqrt(2 / inputs)),
            np.zeros(units, np.float32),
        )
        for inputs, units in pairwise(size.layers)
    ]
    return Workload(size, X, labels, weights)


def timed(epoch: Callable[[Order], float]) -> Train:
    """Return the route that times the whole of ``epoch``, which returns the mean cost."""

    def train(order: Order, checking: bool) -> tuple[float, int, float]:
        start = time.perf_counter()
        cost = epoch(order)
        return time.perf_counter() - start, len(order), cost

    return train
