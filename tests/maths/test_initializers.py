"""Moments, support and determinism of the starting values."""

import numpy as np
import pytest

from ms_dnn.maths.initializers import INITIALIZERS
from ms_dnn.runtime.seeding import stream

SHAPE = (300, 400)  # (O, I)
DEVIATION = {"zeros": 0.0, "normal": 0.01, "xavier": np.sqrt(2 / 700), "he": np.sqrt(2 / 400)}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_moments(name):
    weight = INITIALIZERS[name](SHAPE, stream(0, "initial weight", 0))
    assert weight.shape == SHAPE
    assert weight.dtype == np.float64
    count = weight.size
    # Five standard errors of a mean and (for a normal distribution, the wider one) of a standard deviation.
    assert abs(weight.mean()) <= 5 * DEVIATION[name] / np.sqrt(count)
    assert weight.std() == pytest.approx(DEVIATION[name], rel=5 / np.sqrt(2 * count))


def test_xavier_fills_its_interval_and_no_more():
    weight = INITIALIZERS["xavier"](SHAPE, stream(0, "initial weight", 0))
    limit = np.sqrt(6 / 700)
    assert 0.999 * limit < np.abs(weight).max() < limit


def test_he_counts_the_inputs_and_not_the_units():
    wide = INITIALIZERS["he"]((10, 1000), stream(0, "a"))
    tall = INITIALIZERS["he"]((1000, 10), stream(0, "a"))
    assert tall.std() / wide.std() == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("name", [name for name in INITIALIZERS if name != "zeros"])
def test_the_seed_decides(name):
    draws = [INITIALIZERS[name]((4, 3), stream(seed, "initial weight", 1)) for seed in (7, 7, 8)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).all()
