"""Learning rates against their formulas, worked out here."""

import numpy as np
import pytest

from ms_dnn.training.schedules import SCHEDULES, learning_rates

STEPS, PER_EPOCH = 23, 4
EPOCH = np.arange(STEPS) // PER_EPOCH  # 0, 0, 0, 0, 1, …


def assert_rates(schedule, settings, wanted):
    got = learning_rates(schedule, settings, STEPS, PER_EPOCH)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_constant():
    assert_rates("constant", {"rate": 0.3}, np.full(STEPS, 0.3))


@pytest.mark.parametrize("staircase", [False, True])
@pytest.mark.parametrize("epochs", [1, 2, 3])
@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        ("exponential_decay", lambda rate, p: rate**p),
        ("inverse_decay", lambda rate, p: 1 / (1 + rate * p)),
    ],
)
def test_decay(schedule, formula, epochs, staircase):
    p = EPOCH // epochs if staircase else EPOCH / epochs
    settings = {"initial": 0.2, "rate": 0.7, "epochs": epochs, "staircase": staircase}
    assert_rates(schedule, settings, 0.2 * formula(0.7, p))


@pytest.mark.parametrize("staircase", [False, True])
@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_natural_exponential_decay(epochs, staircase):
    t = EPOCH // epochs if staircase else EPOCH / epochs
    settings = {"initial": 0.2, "rate": 0.3, "epochs": epochs, "staircase": staircase}
    assert_rates("natural_exponential_decay", settings, 0.2 * np.exp(-0.3 * t))


@pytest.mark.parametrize("epochs", [1, 3, 5, 8])
def test_cosine_ends_at_its_final_rate_and_stays(epochs):
    done = np.minimum(EPOCH, epochs) / epochs
    wanted = 0.01 + 0.5 * (0.2 - 0.01) * (1 + np.cos(np.pi * done))
    assert_rates("cosine_decay", {"initial": 0.2, "final": 0.01, "epochs": epochs}, wanted)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("epochs", [1, 3, 8])
def test_polynomial_ends_at_its_final_rate_and_stays(epochs, power):
    wanted = (0.2 - 0.01) * (1 - np.minimum(EPOCH, epochs) / epochs) ** power + 0.01
    assert_rates("polynomial_decay", {"initial": 0.2, "final": 0.01, "epochs": epochs, "power": power}, wanted)


@pytest.mark.parametrize(
    ("milestones", "wanted"),
    [
        ([2, 5], [0.3] * 8 + [0.1] * 12 + [0.1] * 3),  # the last rate goes on to the end
        ([1, 2], [0.3] * 4 + [0.1] * 19),
        ([2, 50], [0.3] * 8 + [0.1] * 15),  # a milestone beyond the run
        ([10, 50], [0.3] * 23),
    ],
)
def test_piecewise_constant(milestones, wanted):
    assert_rates("piecewise_constant", {"milestones": milestones, "rates": [0.3, 0.1]}, wanted)


def test_a_run_shorter_than_an_epoch():
    settings = {"initial": 0.2, "rate": 0.5, "epochs": 1, "staircase": False}
    np.testing.assert_array_equal(learning_rates("exponential_decay", settings, 3, 10), [0.2] * 3)


def test_all_schedules_are_tested_here():
    assert set(SCHEDULES) == {
        "constant",
        "exponential_decay",
        "natural_exponential_decay",
        "inverse_decay",
        "cosine_decay",
        "polynomial_decay",
        "piecewise_constant",
    }
