"""Rows that are not in memory: they are read, or worked out of other rows, each time somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

VALUES_AT_ONCE = 2**20
"""Values of a block, 8 MiB as float64: what is done to all rows is done to so many at a time."""


@dataclass(frozen=True, eq=False)
class LazyRows:
    """Numbers ``shape`` (M, I), of which ``fetch`` returns the rows with given numbers (N,) as float64 (N, I).

    It is indexed as an array is, by a slice or by an array of row numbers, and returns new arrays. ``crc`` is the
    checksum that is noted of the file of which these are rows, if there is one.
    """

    shape: tuple[int, int]
    fetch: Callable[[NDArray[np.int64]], NDArray[np.float64]]
    crc: int | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        numbers = np.arange(len(self))[rows] if isinstance(rows, slice) else np.asarray(rows, np.int64)
        return self.fetch(numbers) if len(numbers) else np.empty((0, self.shape[1]))

    @property
    def size(self) -> int:
        """M · I."""
        return self.shape[0] * self.shape[1]

    def take(self, rows: NDArray[np.int64]) -> LazyRows:
        """Return these rows, in this order, still lazy."""
        return LazyRows((len(rows), self.shape[1]), lambda numbers: self.fetch(rows[numbers]), self.crc)


Rows = NDArray[np.float64] | LazyRows


def blocks(rows: Any) -> Iterator[NDArray[np.float64]]:
    """Return all rows (M, I), an array or lazy, in blocks of at most :data:`VALUES_AT_ONCE` values.

    Where the blocks are cut depends on the shape alone, so that sums over them are the same for the same numbers.
    """
    step = rows_at_once(rows.shape[1])
    return (rows[first : first + step] for first in range(0, len(rows), step))


def rows_at_once(width: int) -> int:
    """Return how many rows of ``width`` values are a block."""
    return max(1, VALUES_AT_ONCE // width)
