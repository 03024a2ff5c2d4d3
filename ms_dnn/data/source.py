"""Where the samples of a set are, what readers of training data and of samples to predict return, and their checks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config.columns_section import Column, DropColumn, WeightColumn
from ms_dnn.data.dataset import Dataset
from ms_dnn.data.tables.dialect import AUTO, Dialect
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import first_line

if TYPE_CHECKING:
    from pandas import DataFrame

TargetKind = Literal["auto", "classes", "numbers"]

is_file, is_folder = os.path.isfile, os.path.isdir  # pathlib's raise where the system refuses a path

MOST_VALUES = 2**29  # 4 GiB as float64
HIGHEST_DEFLATE_RATIO = 1032  # of the format: more bytes than that times the compressed ones cannot come out


@dataclass(frozen=True)
class Source:
    """What the data section of a configuration says about the origin of the samples; each set reads its own keys.

    ``scratch`` is a folder for those features of a set that need not fit in memory and cannot be read where they lie.
    """

    set: str
    file: Path = Path()
    folder: Path = Path()
    target: str = ""
    target_kind: TargetKind = "auto"
    drop: tuple[str, ...] = ()
    image_size: tuple[int, int] | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)
    stream: bool = False
    scratch: Path | None = None
    dialect: Dialect = AUTO
    classes: tuple[str, ...] = ()
    test_folder: Path | None = None
    validation_folder: Path | None = None

    @property
    def dropped(self) -> tuple[str, ...]:
        """Columns that are no features, in whichever way they were declared."""
        others = (DropColumn, WeightColumn)
        return self.drop + tuple(name for name, column in self.columns.items() if isinstance(column, others))

    @property
    def weight(self) -> str | None:
        """The column that holds the samples' weights, if there is one."""
        return next((name for name, column in self.columns.items() if isinstance(column, WeightColumn)), None)


class Loaded(NamedTuple):
    """A data set, and its test and validation set where the files themselves set them apart."""

    dataset: Dataset
    test: Dataset | None = None
    validation: Dataset | None = None


class Samples(NamedTuple):
    """N samples to predict.

    ``x`` (N, I) float64, or a frame where a table's columns were declared; ``labels`` (N,), numbers or texts, or None;
    names of the rows; and ``notes`` on what was done to them.
    """

    x: NDArray[np.float64] | DataFrame
    labels: NDArray[np.int64] | NDArray[np.float64] | NDArray[np.str_] | None
    row_names: list[str]
    notes: tuple[str, ...] = ()


@contextmanager
def reading(before: str, after: str, *errors: type[Exception]) -> Iterator[None]:
    """Turn these errors of a parser, or all where it raises a dozen types on damaged bytes, into :class:`DataError`.

    Its message is the first line of what they say, between ``before`` and ``after``.
    """
    damaged: tuple[type[Exception], ...] = errors or (Exception,)
    try:
        yield
    except DataError:
        raise
    except damaged as error:
        raise DataError(f"{before}{first_line(error)}{after}") from error


def existing_file(folder: Path, names: Sequence[str], files: str) -> Path:
    """Return the first of ``names`` that is a file in ``folder``; ``files`` says what should be there.

    Raises :class:`DataError` when none of them is.
    """
    for name in names:
        if is_file(folder / name):
            return folder / name
    raise DataError(f"data.folder: got no {' or '.join(names)} in {str(folder)!r}, expected {files}: put them there")


def check_file(path: Path, kind: str) -> None:
    """Raise :class:`DataError` unless ``path`` is a regular file."""
    if not is_file(path):
        raise DataError(f"data.file: got no file {str(path)!r}, expected {kind}: put it there, or correct the path")


def check_is_there(path: Path) -> None:
    """Raise :class:`DataError` unless ``path``, which is to be predicted, is a file or a folder."""
    if not (is_file(path) or is_folder(path)):
        raise DataError(f"got no file or folder {str(path)!r}, expected samples to predict: check the path")


def check_not_empty(where: str, samples: int, features: int) -> None:
    """Raise :class:`DataError` for no samples, and for samples of nothing."""
    if samples < 1 or features < 1:
        raise DataError(f"{where}: got {samples} samples of {features} values, expected at least one of each: add some")


def check_size(where: str, samples: int, features: int) -> None:
    """Raise :class:`DataError` for no values at all and for more than :data:`MOST_VALUES`, before they take memory."""
    check_not_empty(where, samples, features)
    if samples * features > MOST_VALUES:
        raise DataError(
            f"{where}: got {samples} samples of {features} values, expected at most {MOST_VALUES} values in all: "
            "take fewer samples or smaller ones"
        )


def check_same_shape(name: str, train: Dataset, test: Dataset) -> None:
    """Raise :class:`DataError` unless training and test files have samples of one shape."""
    got, expected = (part.image_shape or (part.n_features,) for part in (test, train))
    if got != expected:
        raise DataError(
            f"{name}: got test pictures of shape {got}, expected {expected} as in the training files: take both from "
            "one set"
        )


def as_labels(values: NDArray[Any]) -> NDArray[np.int64] | NDArray[np.float64]:
    """Return finite labels as int64 if all of them are whole numbers (class indices), else as float64."""
    labels = values.astype(np.float64)
    small = np.abs(labels) < 2**53  # beyond, float64 skips whole numbers and the cast to int64 may overflow
    whole = bool((small & (labels == np.floor(labels))).all())
    return labels.astype(np.int64) if whole else labels


def check_column_count(path: Path, got: int, expected: int) -> None:
    """Raise :class:`DataError` unless a file has as many feature columns as the network has inputs."""
    if got != expected:
        raise DataError(
            f"{path.name!r} has {got} feature columns, expected {expected}: give the columns of the training data"
        )
