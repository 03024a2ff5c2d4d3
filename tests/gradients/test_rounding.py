"""A-priori bounds of rounding hold, and are no looser than they need be."""

import numpy as np
import pytest

from ms_dnn.gradients import reference
from ms_dnn.gradients.rounding import _loss_slope_error, gradient_roundings

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


@pytest.mark.parametrize("biases", [False, True])
def test_a_penalty_adds_its_slope_to_the_terms_of_what_it_is_on(biases):
    draw = np.random.default_rng(0)
    weights, bias = [draw.normal(size=(2, 3))], [draw.normal(size=2)]
    of_data = weights, bias, ["identity"], "squared_error", "mean", draw.normal(size=(5, 3)), draw.normal(size=(5, 2))
    plain = gradient_roundings(*of_data)
    of_weight, of_bias = gradient_roundings(*of_data, reference.ReferencePenalty(0.0, 1e6, biases))
    assert of_weight == pytest.approx(1e6 * np.abs(weights[0]).max())
    assert of_bias == pytest.approx(1e6 * np.abs(bias[0]).max() if biases else plain[1])
