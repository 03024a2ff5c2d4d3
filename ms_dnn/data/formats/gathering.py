"""Rows that a reader finds one block after another, put together in memory or, for larger sets, in a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.formats.row_file import RowFile
from ms_dnn.data.lazy_rows import Rows
from ms_dnn.data.source import check_not_empty, check_size


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
