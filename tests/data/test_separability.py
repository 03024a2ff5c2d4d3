"""Separability by linear program, against a hyperplane that is known and points that are known to have none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.data.separability import linearly_separable, separable_outputs

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


@pytest.mark.parametrize(
    ("signs", "answer"), [([-1, -1, -1, 1], True), ([-1, 1, 1, 1], True), ([-1, 1, 1, -1], False), ([1, 1, 1, 1], True)]
)
def test_the_gates(signs, answer):
    assert linearly_separable(CORNERS, np.array(signs)) is answer


@given(seed=st.integers(0, 10**6), features=st.integers(1, 6), scale=st.sampled_from([1e-6, 1.0, 1e6]))
def test_a_hyperplane_is_found_and_one_sample_inside_the_other_class_is_too(seed, features, scale):
    draws = np.random.default_rng(seed)
    w, b = draws.normal(size=features), draws.normal()
    x = draws.normal(size=(40, features))
    distance = x @ w + b
    x, signs = x[np.abs(distance) > 0.05], np.sign(distance[np.abs(distance) > 0.05])
    assert linearly_separable(x * scale, signs) is True
    ordinary = x[signs == signs[0]]
    if len(ordinary) > 1:
        # The mean of some samples of a class lies among them: with the other sign no plane can cut it off.
        inside = np.vstack([x, ordinary.mean(axis=0)])
        assert linearly_separable(inside * scale, np.append(signs, -signs[0])) is False


def test_each_output_by_itself():
    targets = np.array([[-1, -1], [-1, 1], [-1, 1], [1, -1]])
    assert separable_outputs(CORNERS, targets) == [True, False]


def test_no_time_is_no_answer():
    draws = np.random.default_rng(0)
    x = draws.normal(size=(3000, 400))
    signs = draws.choice([-1, 1], (3000, 2))
    assert linearly_separable(x, signs[:, 0], time_limit=1e-6) is None
    assert separable_outputs(x, signs, time_limit=1e-6) == [None, None]
