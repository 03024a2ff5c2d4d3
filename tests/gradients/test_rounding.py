"""A-priori bounds of rounding hold, and are no looser than they need be."""

import numpy as np
import pytest

from ms_dnn.gradients.rounding import _loss_slope_error

EPSILON = 2.0**-24


@pytest.mark.parametrize("distance", [1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_the_slope_of_binary_cross_entropy_near_its_ends_is_as_wrong_as_the_bound_says(distance, target):
    """∂ℓ/∂a = (a − y) / (a (1 − a)) for a rounded to float32, against a itself."""
    exact = 1.0 - distance * np.random.default_rng(0).uniform(1, 2, 1000)
    rounded = exact.astype(np.float32).astype(np.float64)
    error = np.max(np.abs((rounded - target) / (rounded * (1 - rounded)) - (exact - target) / (exact * (1 - exact))))
    bound = EPSILON * np.max(_loss_slope_error("binary_cross_entropy", exact, np.full(1000, target)))
    assert error <= bound
    assert error >= 0.1 * bound
