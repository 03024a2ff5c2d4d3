"""Training, validation and test sets: disjoint, complete, and the same for the same seed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.errors import DataError

_LARGEST_SEED = 2**63 - 1
_STREAM = zlib.crc32(b"split")
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """The parts of one data set; a part whose share was 0 is None."""

    train: Dataset
    validation: Dataset | None
    test: Dataset | None


def split(dataset: Dataset, validation: float, test: float, seed: int) -> Split:
    """Divide the M rows into three sets.

    ``validation`` and ``test`` are shares of M; those sets get ``round(share · M)`` rows (Python's round)
    and training gets the rest. Rows within a set are shuffled. In classification every class is in
    training, and in each set its share is what it is in the whole, but for rounding. ``seed`` (0 to 2**63 −
    1) alone decides: NumPy's global state is neither read nor changed.

    Raises :class:`DataError` for impossible shares or seeds, for a set that would be empty, and for a class
    with fewer samples than there are parts.
    """
    sizes = _part_sizes(len(dataset), validation, test)
    if not 0 <= seed <= _LARGEST_SEED:
        raise DataError(f"the seed of a split is {seed}; expected a whole number from 0 to 2**63 - 1")
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))
    if dataset.task == "classification":
        parts = _deal_by_class(dataset, sizes, generator)
    else:
        parts = _cut(generator.permutation(len(dataset)), sizes)
    train, *held_out = (dataset.take(rows) if len(rows) else None for rows in parts)
    assert train is not None  # noqa: S101 - _part_sizes leaves training at least one row
    return Split(train, *held_out)


def _part_sizes(samples: int, validation: float, test: float) -> list[int]:
    """Return the number of rows for training, validation and test."""
    for name, share in (("validation", validation), ("test", test)):
        if not 0 <= share < 1:
            raise DataError(f"the {name} share is {share}; expected a number from 0 up to, not including, 1")
        if share and not round(share * samples):
            raise DataError(
                f"the {name} share {share} of {samples} samples is an empty set; raise the share, or set it to 0"
            )
    sizes = [round(validation * samples), round(test * samples)]
    train = samples - sum(sizes)
    if train < 1 or validation + test >= 1:
        raise DataError(
            f"validation {validation} and test {test} leave no training set of {samples} samples; lower the shares"
        )
    return [train, *sizes]


def _deal_by_class(dataset: Dataset, sizes: list[int], generator: np.random.Generator) -> list[Rows]:
    counts: Rows = np.bincount(dataset.y, minlength=dataset.n_classes)
    _check_class_counts(dataset, counts, sizes)
    train = _apportion(sizes[0], counts, generator)
    while (train == 0).any():  # a class too rare for its fair share takes a place from the most frequent one
        train[np.argmax(train)] -= 1
        train[np.argmin(train)] += 1
    validation = _apportion(sizes[1], counts - train, generator)
    quotas = np.stack([train, validation, counts - train - validation], axis=1)

    dealt: list[list[Rows]] = [[], [], []]
    for label, quota in enumerate(quotas):
        rows = generator.permutation(np.flatnonzero(dataset.y == label))
        for part, piece in zip(dealt, _cut(rows, quota.tolist()), strict=True):
            part.append(piece)
    return [generator.permutation(np.concatenate(part)) for part in dealt]


def _check_class_counts(dataset: Dataset, counts: Rows, sizes: list[int]) -> None:
    parts = sum(size > 0 for size in sizes)
    rarest = int(np.argmin(counts))
    if counts[rarest] < parts:
        noun = "sample" if counts[rarest] == 1 else "samples"
        raise DataError(
            f"class {dataset.class_names[rarest]!r} has {counts[rarest]} {noun}, but the data are split into "
            f"{parts} part(s); give it at least {parts}, or drop the class"
        )
    if sizes[0] < dataset.n_classes:
        raise DataError(
            f"the training set would have {sizes[0]} samples for {dataset.n_classes} classes; lower the other shares"
        )


def _apportion(seats: int, counts: Rows, generator: np.random.Generator) -> Rows:
    """Share out ``seats`` in proportion to ``counts`` (C,): whole quotas first, then the largest remainders.

    No class gets more than its count, and ties are broken at random.
    """
    total = max(int(counts.sum()), 1)
    shares, remainders = np.divmod(seats * counts, total)
    shuffled = generator.permutation(len(counts))
    fullest_first = shuffled[np.argsort(-remainders[shuffled], kind="stable")]
    shares[fullest_first[: seats - int(shares.sum())]] += 1
    return shares


def _cut(rows: Rows, sizes: list[int]) -> list[Rows]:
    return np.split(rows, np.cumsum(sizes)[:-1])
