"""Rows of one length in a file, read where they lie: by position, not through a memory map; and rows put together.

A map would count each touched page, and its neighbours, as memory of this process, and a file that somebody cuts short
would kill the process by a signal. A read returns what there is.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.lazy_rows import LazyRows, Rows
from ms_dnn.data.source import check_not_empty, check_size
from ms_dnn.errors import DataError

_MOVING = Lock()


class RowFile:
    """M records of ``length`` bytes each, which begin at ``offsets`` (M,) of a file that stays open.

    Raises :class:`DataError` when the file cannot be opened.
    """

    def __init__(self, path: Path, offsets: NDArray[np.int64], length: int) -> None:
        self.path, self.offsets, self.length = path, offsets, length
        try:
            self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise DataError(f"{path.name!r}: cannot be read ({error.strerror}): check the file") from error
        weakref.finalize(self, os.close, self._descriptor)

    def column(self, dtype: np.dtype[Any], width: int, skipped: int = 0) -> LazyRows:
        """Return the ``width`` numbers behind the first ``skipped`` bytes of each record, (M, width)."""
        end = skipped + width * dtype.itemsize

        def fetch(rows: NDArray[np.int64]) -> NDArray[np.float64]:
            order = np.argsort(rows, kind="stable")
            found = np.empty((len(rows), width))
            with np.errstate(over="ignore", invalid="ignore"):  # what becomes Inf or is NaN is refused by name
                found[order] = self._records(rows[order])[:, skipped:end].view(dtype)
            return found

        return LazyRows((len(self.offsets), width), fetch)

    def _records(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the bytes (N, length) of records in the order of the file; neighbours are read at once."""
        records = np.empty((len(rows), self.length), np.uint8)
        starts = self.offsets[rows]
        begins = np.flatnonzero(np.diff(starts, prepend=-1 - self.length) != self.length)
        ends = np.append(begins[1:], len(rows)) * self.length
        memory = memoryview(records.reshape(-1).data)
        for begin, end, at in zip((begins * self.length).tolist(), ends.tolist(), starts[begins].tolist(), strict=True):
            self._read(memory[begin:end], at)
        return records

    def _read(self, memory: memoryview, at: int) -> None:
        while memory:
            try:
                read = _read_at(self._descriptor, memory, at)
            except OSError as error:
                raise DataError(f"{self.path.name!r}: cannot be read ({error.strerror}): check the disk") from error
            if not read:
                raise DataError(
                    f"{self.path.name!r}: got a file that ends at byte {at}, expected it to stay as it was when it was "
                    "opened: put it back"
                )
            memory, at = memory[read:], at + read


def _read_at(descriptor: int, memory: memoryview, at: int) -> int:
    """Fill the memory, or its beginning, from a place of a file, and return how many bytes that are."""
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [memory], at)
    with _MOVING:  # Windows, and macOS before 11, have no read that leaves the place alone
        os.lseek(descriptor, at, os.SEEK_SET)
        content = os.read(descriptor, len(memory))
    memory[: len(content)] = content
    return len(content)


def gathered(where: str, blocks: Iterable[NDArray[Any]], samples: int, width: int, scratch: Path | None = None) -> Rows:
    """Return ``samples`` rows of ``width`` numbers, the ``blocks`` (N, width) one below the other.

    They are float64 in memory; or, given a folder ``scratch``, lazy rows in a new file there, of the dtype of the
    blocks, and of any number: then one block at a time is in memory.

    Raises :class:`DataError` for no values, and for more than fit in memory, before it asks for a block; and OSError
    where the disk is full.
    """
    if scratch is None:
        check_size(f"{where} (more can be converted and streamed)", samples, width)
        x, first = np.empty((samples, width)), 0
        for block in blocks:
            x[first : first + len(block)] = block
            first += len(block)
        return x
    check_not_empty(where, samples, width)
    dtype = np.dtype(np.float64)
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".rows", delete=False) as file:
        for block in blocks:
            dtype = block.dtype
            file.write(np.ascontiguousarray(block).data)
    length = width * dtype.itemsize
    return RowFile(Path(file.name), length * np.arange(samples), length).column(dtype, width)
