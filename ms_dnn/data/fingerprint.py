"""By what data are known again: whether a file still holds what it held when a run began."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ms_dnn.config.settings import Settings
from ms_dnn.data.dataset import Dataset
from ms_dnn.data.lazy_rows import LazyRows, blocks
from ms_dnn.data.source import Loaded


class Fingerprint(Settings):
    """The number of samples, those of a test set of its own with them, and the CRC-32 of all that was read.

    It tells of rows, cells, labels, weights and names that have changed, by accident or not; it withstands no forger.
    """

    samples: Annotated[int, Field(ge=1)]
    crc: Annotated[int, Field(ge=0, lt=2**32)]

    def __str__(self) -> str:
        return f"{self.samples} samples with the checksum {self.crc}"


def fingerprint_of(loaded: Loaded) -> Fingerprint:
    """Return the fingerprint of a set as it was read, before anything was fitted on it or dealt out.

    Of rows that stay in their file, the checksum counts that is noted of them: they were compared with it.
    """
    parts = [part for part in loaded if part is not None]
    crc = 0
    for part in parts:
        for content in _contents(part):
            crc = zlib.crc32(content, crc)
    return Fingerprint(samples=sum(len(part) for part in parts), crc=crc)


def _contents(part: Dataset) -> Iterator[bytes | memoryview]:
    """Return the bytes of names, features, targets and weights, the same on every machine."""
    yield json.dumps([part.task, part.x.shape, part.class_names, part.feature_names, part.value_range]).encode()
    if isinstance(part.x, np.ndarray):
        yield _numbers(part.x)
    elif not isinstance(part.x, LazyRows):
        for name in part.x.columns:
            yield _column(part.x[name].to_numpy())
    elif part.x.crc is not None:
        yield part.x.crc.to_bytes(4, "little")
    else:
        yield from map(_numbers, blocks(part.x))
    yield _numbers(part.y)
    if part.weights is not None:
        yield _numbers(part.weights)


def _numbers(values: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data


def _column(cells: NDArray[Any]) -> bytes | memoryview:
    """Return the bytes of a column of numbers, dates, or texts, some of them missing."""
    if cells.dtype.kind == "f":
        return _numbers(cells)
    if cells.dtype.kind == "M":
        return _numbers(cells.astype("datetime64[s]").astype(np.int64))
    return json.dumps([cell if isinstance(cell, str) else None for cell in cells]).encode()
