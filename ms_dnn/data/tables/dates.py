"""From the cells of a column of dates to times, and to the numbers that a network takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config.columns_section import DatePart

_OFFSET = re.compile(r"([ T]\d.*\d)(?:Z|[+-]\d\d:?\d\d)$")


def dates_in(cells: NDArray[Any], written: str | None) -> NDArray[np.datetime64]:
    """Return the cells (N,) as datetime64[s], NaT for what is no such date.

    ``written`` is the format, as ``datetime.strptime`` takes it, or None for ISO 8601: 2024-01-31, perhaps with a time.
    The clock is the one that the cell was written by: offsets from UTC are left out.
    """
    import pandas as pd

    words = {cell: cell.strip() for cell in set(cells)}
    given = pd.Series([_OFFSET.sub(r"\1", word) for word in words.values()], dtype=object)
    read = pd.to_datetime(given, format=written or "ISO8601", errors="coerce", utc=bool(written and "%z" in written))
    times = dict(zip(words, read.to_numpy(dtype="datetime64[s]"), strict=True))
    return np.array([times[cell] for cell in cells], "datetime64[s]")


def date_parts(times: NDArray[np.datetime64], parts: Sequence[DatePart]) -> NDArray[np.float64]:
    """Return what stands in dates (N,), none of them missing, as numbers (N, P); Monday is weekday 0."""
    import pandas as pd

    index = pd.DatetimeIndex(times)
    return np.column_stack([np.asarray(getattr(index, part), np.float64) for part in parts])


def date_text(time: Any) -> str:
    """Return a date as ISO 8601, with the time only where it is not midnight."""
    return str(time.astype("datetime64[s]")).removesuffix("T00:00:00")


def date_of(text: str) -> np.datetime64:
    """Return the date that an ISO 8601 text says."""
    return np.datetime64(datetime.fromisoformat(text), "s")
