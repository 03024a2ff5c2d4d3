"""From comparisons to the route that is blamed."""

import pytest

from ms_dnn.judge.judgement import PairResult, TensorJudgement
from ms_dnn.judge.verdict import blamed_on


def pair(first: str, second: str, error: float, within: bool) -> PairResult:
    return PairResult(first, second, "elements", error, 1e-12, within, True, None)


def tensor(*pairs: PairResult) -> TensorJudgement:
    return TensorJudgement("W", "parameter", (2,), "float64", {}, pairs, (), None)


@pytest.mark.parametrize(
    ("from_first", "from_second", "blamed"), [(0.35, 0.1, "a"), (0.1, 0.35, "b"), (0.25, 0.1, None), (0.1, 0.25, None)]
)
def test_of_two_the_one_that_is_more_than_three_times_as_far_from_a_third_is_blamed(from_first, from_second, blamed):
    pairs = pair("a", "b", 0.4, False), pair("a", "c", from_first, True), pair("b", "c", from_second, True)
    assert blamed_on(tensor(*pairs)) == blamed


def test_the_nearest_third_decides():
    far = pair("a", "d", 0.9, True), pair("b", "d", 0.1, True)
    near = pair("a", "c", 1e-9, True), pair("b", "c", 0.4, False)
    assert blamed_on(tensor(pair("a", "b", 0.4, False), *far, *near)) == "b"


def test_without_a_third_nobody_is_blamed():
    assert blamed_on(tensor(pair("a", "b", 0.4, False))) is None
