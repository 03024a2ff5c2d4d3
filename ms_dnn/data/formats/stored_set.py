"""Sets that ``ms-dnn data convert`` wrote: what is noted of them beside the numbers, and reading them back.

All rows stand in one place, those of a test set of its own last. Features are kept in the narrowest of uint8, float32
and float64 that holds each of them to the bit.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from typing_extensions import Self

from ms_dnn.config.settings import Settings, record_from_json
from ms_dnn.data.dataset import Dataset
from ms_dnn.data.lazy_rows import LazyRows, Rows, blocks
from ms_dnn.data.source import Loaded, check_size
from ms_dnn.data.targets import check_labels
from ms_dnn.errors import DataError

FORMAT = 1
Tuple = Field(strict=False)
Size = Annotated[int, Field(ge=1)]
ImageShape = Annotated[tuple[Size, ...], Field(strict=False, min_length=2, max_length=3)]


class Notes(Settings):
    """What is to be known of a stored set but its numbers.

    ``samples`` counts all rows and ``test_samples`` those at the end that are a test set of their own. ``x_crc`` and
    ``y_crc`` are CRC-32 of the stored features and targets. The rest is as in :class:`Dataset`; ``outputs`` is 0 for
    classes.
    """

    format: Literal[1] = 1
    name: Annotated[str, Field(max_length=1000)]
    task: Literal["classification", "regression"]
    samples: Annotated[int, Field(ge=1, le=2**40)]
    test_samples: Annotated[int, Field(ge=0)]
    features: Annotated[int, Field(ge=1, le=2**31)]
    outputs: Annotated[int, Field(ge=0, le=2**20)]
    dtype: Literal["uint8", "float32", "float64"]
    x_crc: Annotated[int, Field(ge=0, lt=2**32)]
    y_crc: Annotated[int, Field(ge=0, lt=2**32)]
    class_names: Annotated[tuple[str, ...], Tuple] = ()
    feature_names: Annotated[tuple[str, ...], Tuple] = ()
    image_shape: ImageShape | None = None
    value_range: Annotated[tuple[float, float], Tuple] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.test_samples >= self.samples or (self.outputs == 0) != (self.task == "classification"):
            raise ValueError("more test samples than samples, or targets that do not fit the task")
        return self

    @property
    def x_dtype(self) -> np.dtype[Any]:
        """Of the stored features, little-endian."""
        return np.dtype(self.dtype).newbyteorder("<")


def notes_from_json(text: str | bytes, where: str) -> Notes:
    """Return what :class:`Notes` wrote as JSON. Raises :class:`DataError` for anything else."""
    expected = f"those of a set that 'ms-dnn data convert' wrote in format {FORMAT}: convert the set again"
    try:
        return record_from_json(Notes, text, "notes", expected)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def loaded(notes: Notes, where: str, x: LazyRows, y: NDArray[Any], *, stream: bool) -> Loaded:
    """Return a stored set, in memory or, if it is to ``stream``, with features that stay in their file.

    Raises :class:`DataError` where features or targets are not those that were written, and for a set in memory of more
    than the most values.
    """
    if not stream:
        check_size(f"{where} (data.stream: true leaves it on the disk)", notes.samples, notes.features)
    features: Rows = replace(x, crc=notes.x_crc) if stream else np.empty(x.shape)
    crc, first = 0, 0
    for block in blocks(x):
        crc = zlib.crc32(block.astype(notes.x_dtype).data, crc)
        if isinstance(features, np.ndarray):
            features[first : first + len(block)] = block
        first += len(block)
    if crc != notes.x_crc or targets_crc(y) != notes.y_crc:
        raise DataError(
            f"{where}: got {'features' if crc != notes.x_crc else 'targets'} whose checksum is not the one noted when "
            "they were written, expected them unchanged: take an undamaged copy, or convert the set again"
        )
    if notes.task == "classification":
        check_labels(where, y, len(notes.class_names))
    whole = Dataset(x=features, y=y, **_kept(notes))
    if not notes.test_samples:
        return Loaded(whole)
    border = notes.samples - notes.test_samples
    return Loaded(whole.take(np.arange(border)), whole.take(np.arange(border, notes.samples)))


def _kept(known: Dataset | Notes) -> dict[str, Any]:
    """Return what a set and its notes have in common."""
    names = ("name", "task", "class_names", "feature_names", "image_shape", "value_range")
    return {name: getattr(known, name) for name in names}


def targets_crc(y: NDArray[Any]) -> int:
    """Return the CRC-32 of targets, as little-endian int64 or float64."""
    return zlib.crc32(np.ascontiguousarray(y, y.dtype.newbyteorder("<")).data)


def noted(loaded_set: Loaded) -> tuple[Notes, list[Rows]]:
    """Return what is to be noted of a set of numbers, and its features: those of the set, then those of its test set.

    What is in memory is one block of the features at a time, if they are lazy.
    """
    parts = [part for part in loaded_set if part is not None]
    first = parts[0]
    features: list[Rows] = [part.x for part in parts if isinstance(part.x, np.ndarray | LazyRows)]
    dtype = _narrowest(features)
    crc = 0
    for rows in features:
        for block in blocks(rows):
            crc = zlib.crc32(np.ascontiguousarray(block, dtype).data, crc)
    return Notes(
        **_kept(first),
        samples=sum(len(rows) for rows in features),
        test_samples=len(parts[1]) if len(parts) > 1 else 0,
        features=first.n_features,
        outputs=first.y.shape[1] if first.task == "regression" else 0,
        dtype=dtype.name,  # type: ignore[arg-type]
        x_crc=crc,
        y_crc=targets_crc(stored_targets(loaded_set)),
    ), features


def stored_targets(loaded_set: Loaded) -> NDArray[Any]:
    """Return the targets of all rows, (M,) int64 or (M, O) float64."""
    return np.concatenate([part.y for part in loaded_set if part is not None])


def _narrowest(features: list[Rows]) -> np.dtype[Any]:
    """Return the first of uint8, float32 and float64 that holds all the numbers to the bit, −0 and NaN included."""
    candidates = [np.dtype(name).newbyteorder("<") for name in ("uint8", "float32", "float64")]
    for rows in features:
        for block in blocks(rows):
            while not _holds(candidates[0], block):
                del candidates[0]
    return candidates[0]


def _holds(dtype: np.dtype[Any], block: NDArray[np.float64]) -> bool:
    if dtype.itemsize == 8:
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        back = block.astype(dtype).astype(np.float64)
    return bool((back.view(np.int64) == np.ascontiguousarray(block).view(np.int64)).all())
