"""Grades of numbers against numbers, without MindSpore."""

import numpy as np
import pytest

from ms_dnn.audit.judgement import Expected, grade_tensor


def against(got, want, dtype="float32", high=None, error=0.0, movement=0.0, resolution=0.0):
    want = np.asarray(want, np.float64)
    high = want if high is None else np.asarray(high, np.float64)
    accepted = Expected(want, high, np.full(want.shape, error), np.full(want.shape, movement), resolution)
    return grade_tensor(np.asarray(got, np.float64), accepted, dtype).grade


@pytest.mark.parametrize(
    ("got", "want", "grade"),
    [
        ([1.0, 2.0], [1.0, 2.0], "right"),
        ([1.0 + 1e-6, 2.0], [1.0, 2.0], "right"),
        ([1.0 + 1e-4, 2.0], [1.0, 2.0], "imprecise"),
        ([1.1, 2.0], [1.0, 2.0], "wrong"),
        ([-1.0, 2.0], [1.0, 2.0], "wrong"),
        ([0.0, 2.0], [1.0, 2.0], "wrong"),
        ([np.nan, 2.0], [1.0, 2.0], "wrong"),
        ([np.inf, 2.0], [1.0, 2.0], "wrong"),
        ([np.inf, 2.0], [1e300, 2.0], "right"),
        ([-np.inf, 2.0], [1e300, 2.0], "wrong"),
        ([5.0, 2.0], [1e300, 2.0], "wrong"),
        ([5.0], [-np.inf], "unjudged"),
        ([np.inf], [np.inf], "right"),
        ([1.0], [np.nan], "unjudged"),
        ([1.0], [[1.0]], "wrong"),
        # Lost beside its neighbour, as 1 + x − 1 is.
        ([0.0, 1.0], [1e-7, 1.0], "imprecise"),
        ([0.0], [1e-40], "right"),
    ],
)
def test_grades_in_float32(got, want, grade):
    assert against(got, want) == grade


def test_overflow_in_float16_is_imprecise_not_wrong():
    assert against([np.inf], [300.0], "float16") == "imprecise"


def test_an_ill_conditioned_point_is_not_blamed():
    assert against([1.001], [1.0], movement=1e-3) == "right"


def test_what_the_reference_does_not_know_is_not_judged():
    assert against([2.0], [1.0], error=0.5) == "unjudged"


def test_at_a_kink_every_value_between_the_slopes_is_a_convention():
    assert against([0.5], [0.0], high=[1.0]) == "convention"
    assert against([1.5], [0.0], high=[1.0]) == "wrong"


def test_a_gradient_is_no_better_than_the_rounded_outputs_it_starts_from():
    assert against([0.0], [1e-7], resolution=1.0) == "right"
    assert against([0.0], [1e-2], resolution=1.0) == "wrong"
