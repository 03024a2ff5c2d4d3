"""What values the training set held, so that samples unlike all of it are told of, and not predicted in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ms_dnn.config.settings import Settings
from ms_dnn.data.dataset import Dataset
from ms_dnn.data.lazy_rows import LazyRows, blocks
from ms_dnn.data.tables.declared import quoted_names

_ALL = ""  # what the one range is called where columns have no names, or are pixels
_RARE = 0.05  # share of the training pictures below which a kind of ground counts as unknown to the network
_FAR = 10  # times as large or small: another unit, not chance
_ENOUGH = 10  # values, before their being small says something about the unit
_NAMED = 3

Range = tuple[float, float]


class TrainingValues(Settings):
    """The smallest and the largest number of each column, and of pictures, on which ground they stand.

    ``ranges`` has (smallest, largest) for each named column of numbers; under the name "" for all values where columns
    have no names, or are pixels, with black and white among them. ``light_ground`` is the share of the pictures whose
    outermost pixels are light in the median; None for other data.
    """

    ranges: dict[str, Range]
    light_ground: Annotated[float, Field(ge=0, le=1)] | None

    @classmethod
    def of(cls, train: Dataset) -> TrainingValues:
        """Measure the training set, block by block."""
        shape, value_range = train.image_shape, train.value_range
        found, light = [], []
        for block in blocks(train.x) if isinstance(train.x, np.ndarray | LazyRows) else [train.x]:
            names, numbers = _columns(block, train.feature_names if shape is None else ())
            found += [np.fmin.reduce(numbers), np.fmax.reduce(numbers)]
            if shape is not None and value_range is not None:
                found += [np.array([bound]) for bound in value_range]
                light.append(_have_light_ground(block, shape, value_range))
        share = float(np.concatenate(light).mean()) if light else None
        return cls(ranges=_ranges(names, np.stack(found)), light_ground=share)

    def unlike(self, x: Any, names: Sequence[str], where: str) -> str | None:
        """Return in which way samples called ``where`` leave the range or the unit of the training set, if in any.

        x is (N, I), numbers of columns called ``names``, or a frame.
        """
        names, numbers = _columns(x, () if self._of_all_values else names)
        given = {name: values for name, values in _ranges(names, numbers).items() if name in self.ranges}
        outside = self._outside(given)
        unit = self._other_unit(given, np.count_nonzero(numbers))
        if not outside and not unit:
            return None
        head = "values unlike the training set's"
        if outside:
            low, high = np.array([self.ranges.get(name, (-np.inf, np.inf)) for name in names]).T
            rows = ((numbers < low) | (numbers > high)).reshape(len(x), -1).any(axis=1).sum()
            columns = "" if self._of_all_values else f" in {len(outside)} of {len(self.ranges)} columns"
            head = f"{rows} of {len(x)} samples leave the range of the training set{columns}"
        compared = self._compared(outside or [*given], given)
        return f"{where}: {head}{unit}: {compared}; {'check the unit' if unit else 'no such values were trained on'}"

    def on_other_ground(
        self, x: NDArray[np.float64], names: Sequence[str], shape: tuple[int, ...], value_range: Range
    ) -> str | None:
        """Return which pictures x (N, I), called ``names``, stand on a ground that (almost) no training picture had."""
        if self.light_ground is None:
            return None
        light = _have_light_ground(x, shape, value_range)
        for kind, other, share in (("light", "dark", self.light_ground), ("dark", "light", 1 - self.light_ground)):
            strange = [name for name, is_light in zip(names, light, strict=True) if is_light == (kind == "light")]
            if strange and share < _RARE:
                verb = "has" if len(strange) == 1 else "have"
                return (
                    f"{len(strange)} of {len(names)} pictures {verb} a {kind} ground, the training pictures a {other} "
                    f"one: {quoted_names(strange)}"
                )
        return None

    @property
    def _of_all_values(self) -> bool:
        return tuple(self.ranges) == (_ALL,)

    def _outside(self, given: Mapping[str, Range]) -> list[str]:
        """Return the columns that leave the range of the training set, first those that leave it farthest."""
        excess = {}
        for name, (low, high) in given.items():
            lowest, highest = self.ranges[name]
            if low < lowest or high > highest:
                width = highest - lowest
                excess[name] = max(lowest - low, high - highest) / width if width else np.inf
        return sorted(excess, key=lambda name: -excess[name])

    def _other_unit(self, given: Mapping[str, Range], values: int) -> str:
        """Return how many times as large or small as in training the values are, if nearly all columns are so."""
        sizes = [(max(map(abs, found)), max(map(abs, self.ranges[name]))) for name, found in given.items()]
        factors = [size / known for size, known in sizes if size and known]
        if factors and np.quantile(factors, 0.1) >= _FAR:
            return f", about {np.median(factors):.3g} times as large"
        if factors and np.quantile(factors, 0.9) <= 1 / _FAR and values >= _ENOUGH:
            return f", about {1 / np.median(factors):.3g} times as small"
        return ""

    def _compared(self, names: Sequence[str], given: Mapping[str, Range]) -> str:
        titles = {name: "" if self._of_all_values else f"{name!r} " for name in names[:_NAMED]}
        shown = [
            f"{title}{_interval(given[name])} (training {_interval(self.ranges[name])})"
            for name, title in titles.items()
        ]
        return ", ".join(shown) + (", …" if len(names) > _NAMED else "")


def _columns(x: Any, names: Sequence[str]) -> tuple[Sequence[str], NDArray[np.float64]]:
    """Return names and numbers (N, number of names) of the columns of numbers; all values as one without ``names``."""
    if isinstance(x, np.ndarray):
        return (names, x) if names else ((_ALL,), x.reshape(-1, 1))
    numbers = x.select_dtypes("float64")
    return tuple(numbers.columns), numbers.to_numpy()


def _ranges(names: Sequence[str], numbers: NDArray[np.float64]) -> dict[str, Range]:
    """Return the smallest and largest number of each column of numbers (N, number of names) that has any beside NaN."""
    low, high = np.fmin.reduce(numbers).tolist(), np.fmax.reduce(numbers).tolist()
    return {name: (low[i], high[i]) for i, name in enumerate(names) if low[i] == low[i]}


def _have_light_ground(x: NDArray[np.float64], shape: tuple[int, ...], value_range: Range) -> NDArray[np.bool_]:
    """Return for pictures x (N, I) whether the median of their outermost pixels is nearer to white than to black."""
    pixels = x.reshape(len(x), *shape[:2], -1).mean(axis=-1)
    border = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[:, 1:-1, 0], pixels[:, 1:-1, -1]], axis=1)
    black, white = value_range
    median = np.median(border, axis=1)
    return np.abs(median - white) < np.abs(median - black)


def _interval(values: Range) -> str:
    return f"{values[0]:.6g} to {values[1]:.6g}"
