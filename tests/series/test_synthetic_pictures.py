"""The pictures that the chapters draw are what they are said to be, and the same for the same seed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.series.synthetic_pictures import SIDE, cats_or_not


def test_every_second_picture_is_a_cat_and_a_cat_alone_has_ears() -> None:
    pictures, cats = cats_or_not(6, seed=1)

    assert pictures.shape == (6, SIDE, SIDE, 3)
    assert pictures.dtype == np.uint8
    assert cats.tolist() == [0, 1, 0, 1, 0, 1]
    assert (_highest_rows(pictures[cats == 1]) < 17).all()
    assert (_highest_rows(pictures[cats == 0]) >= 14).all()
    assert _highest_rows(pictures[cats == 1]).mean() < _highest_rows(pictures[cats == 0]).mean() - 4


def test_pictures_depend_on_the_seed_alone() -> None:
    first, again, other = (cats_or_not(4, seed)[0] for seed in (3, 3, 4))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def _highest_rows(pictures: NDArray[np.uint8]) -> NDArray[Any]:
    """Return the first row of each picture that is clearly brighter than the row at its top."""
    brightest = np.sort(pictures.mean(-1), axis=-1)[:, :, -2]
    return (brightest > brightest[:, :1] + 40).argmax(1)
