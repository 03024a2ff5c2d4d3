"""The slope along a line: right within its own error, never sure of a wrong one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.judge.routes.slope import RATIO, ladder, slope

FUNCTIONS = {
    "sin": (np.sin, np.cos),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "exp": (np.exp, np.exp),
    "square": (np.square, lambda x: 2 * x),
    "linear": (lambda x: 3 * x, lambda x: np.full_like(x, 3.0)),
    "fast sine": (lambda x: np.sin(40 * x), lambda x: 40 * np.cos(40 * x)),
    "far from 0": (lambda x: np.sin(x + 1e6), lambda x: np.cos(x + 1e6)),
    "ReLU": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    "in float32": (lambda x: np.sin(x).astype(np.float32).astype(float), np.cos),
}


def along(function, derivative, seed):
    """A random weighted sum of the function at random places, along random signs: (Slope, true slope, norm)."""
    generator = np.random.default_rng(seed)
    x, w, s = generator.normal(size=6), generator.normal(size=6), generator.uniform(0.1, 3)
    v = s * generator.choice([-1.0, 1.0], 6)
    found = slope(lambda t: w * function(x + t[:, None] * v), ladder())
    return found, float(np.sum(w * derivative(x) * v)), float(np.linalg.norm(w * derivative(x) * v))


@pytest.mark.parametrize("name", FUNCTIONS)
@given(seed=st.integers(0, 2**31))
def test_the_error_estimate_holds(name, seed):
    found, true, _ = along(*FUNCTIONS[name], seed)
    assert abs(found.value - true) <= 3 * found.error


@pytest.mark.parametrize(
    ("name", "precision"),
    [("sin", 1e-9), ("tanh", 1e-9), ("exp", 1e-9), ("square", 1e-12), ("linear", 1e-12), ("in float32", 3e-3)],
)
@given(seed=st.integers(0, 2**31))
def test_the_error_estimate_is_not_idle(name, precision, seed):
    found, _, norm = along(*FUNCTIONS[name], seed)
    assert found.error <= precision * norm


@given(exponent=st.floats(-30, 30), seed=st.integers(0, 2**31))
def test_units_change_nothing(exponent, seed):
    generator = np.random.default_rng(seed)
    x, w = generator.normal(size=5), generator.normal(size=5)
    unit = 10.0**exponent
    plain = slope(lambda t: w * np.tanh(x + t[:, None]), ladder())
    of_cost = slope(lambda t: unit * w * np.tanh(x + t[:, None]), ladder())
    of_parameter = slope(lambda t: w * np.tanh(x + t[:, None] / unit), ladder(unit))
    assert of_cost.value == pytest.approx(unit * plain.value, rel=1e-8)
    assert of_parameter.value == pytest.approx(plain.value / unit, rel=1e-8)
    assert of_cost.kind == of_parameter.kind == plain.kind == "smooth"


def test_right_gradients_fall_as_h_squared_and_wrong_ones_do_not():
    found = slope(lambda t: np.sin(0.7 + t)[:, None], ladder())
    right = np.abs(found.quotients - np.cos(0.7))
    assert right[0] / right[3] == pytest.approx(RATIO**6, rel=0.02)
    wrong = np.abs(found.quotients - np.cos(0.7) * (1 + 1e-5))
    assert wrong[-8:] == pytest.approx(np.full(8, np.cos(0.7) * 1e-5), rel=0.01)


@pytest.mark.parametrize(
    ("function", "left", "right"),
    [
        (lambda t: np.abs(t) + 2 * t, 1.0, 3.0),
        (lambda t: np.maximum(t, 0) + np.sin(t), 1.0, 2.0),
        (lambda t: np.where(t > 0, 0.0, -1e-6 * t), -1e-6, 0.0),
    ],
)
def test_a_kink_is_reported_with_both_slopes(function, left, right):
    found = slope(lambda t: function(t)[:, None], ladder())
    assert found.kind == "kink"
    assert found.left == pytest.approx(left, rel=1e-4, abs=1e-9)
    assert found.right == pytest.approx(right, rel=1e-4, abs=1e-9)
    assert left - found.error <= found.value <= right + found.error
    assert found.error >= abs(right - left) / 2 * 0.99


@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_kink_at_a_distance_is_avoided(distance, side):
    found = slope(lambda t: (np.abs(t - side * distance) + np.cos(t) + t)[:, None], ladder())
    assert found.kind == "smooth"
    assert found.value == pytest.approx(1.0 - side, abs=3 * found.error)
    assert found.error < 1e-6


def test_a_jump_and_a_root_are_not_believed():
    step = slope(lambda t: (t > 0)[:, None] * 1.0, ladder())
    root = slope(lambda t: np.sqrt(np.abs(t))[:, None], ladder())
    for found in (step, root):
        assert found.kind == "kink" or found.error > abs(found.value)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_steps_beyond_the_domain_are_left_out(poison):
    found = slope(lambda t: np.where(t > 0.01, poison, np.sin(t))[:, None], ladder())
    assert found.kind == "smooth"
    assert found.value == pytest.approx(1.0, abs=3 * found.error)
    assert found.error < 1e-6
    assert found.steps[0] <= 0.01


@pytest.mark.parametrize("poison", [np.nan, np.inf])
@pytest.mark.parametrize("limit", [0.0, 1e-7])
def test_what_is_finite_nowhere_near_is_unknown(poison, limit):
    found = slope(lambda t: np.where(t >= limit, poison, t)[:, None], ladder())
    assert found.kind == "unknown"
    assert found.error == np.inf


@given(seed=st.integers(0, 2**31))
def test_a_sum_in_float32_hides_no_slope(seed):
    """The smallest steps are lost in its rounding: they agree on 0, all of them."""
    x, w, v = np.random.default_rng(seed).normal(size=(3, 6))
    found = slope(lambda t: np.float32((w * np.tanh(x + t[:, None] * v)).sum(1)).astype(float), ladder())
    assert abs(found.value - np.sum(w * v / np.cosh(x) ** 2)) <= 3 * found.error


def test_steps_that_are_all_lost_are_not_believed():
    found = slope(lambda t: np.float32(1 + t).astype(float), ladder(2.0**-26), epsilon=2.0**-23)
    assert found.value == 0
    assert found.error > 1


def test_a_constant_has_slope_zero_without_error():
    found = slope(lambda t: np.full((len(t), 1), 7.0), ladder())
    assert (found.value, found.kind) == (0.0, "smooth")
    assert found.error < 1e-6
