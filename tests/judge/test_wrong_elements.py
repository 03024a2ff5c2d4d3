"""Which element is wrong: in log₂ N slopes, not N; and what the judge says it would have caught."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import problem

from ms_dnn.judge.judgement import Verdict
from ms_dnn.judge.judging import _of_lines
from ms_dnn.judge.locate.elements import bisect, differing
from ms_dnn.judge.network import check_network
from ms_dnn.judge.routes.base import CENTRAL_DIFFERENCES
from ms_dnn.judge.routes.network import ComplexStepRoute, HandwrittenRoute, network_routes

pytestmark = pytest.mark.usefixtures("cpu")


class Witness:
    """Slopes of a known gradient, counted."""

    def __init__(self, got, right):
        self.got, self.right, self.asked = got, right, 0

    def __call__(self, v):
        self.asked += 1
        return float(np.sum((self.right - self.got) * v)), 1e-9


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), seed=st.integers(0, 2**31), wrong=st.integers(0, 3))
def test_bisection_finds_every_wrong_element(rows, columns, seed, wrong):
    generator = np.random.default_rng(seed)
    right = generator.normal(size=(rows, columns))
    wrong = min(wrong, right.size)
    places = generator.choice(right.size, wrong, replace=False)
    got = right.copy()
    got.flat[places] += generator.uniform(1, 2, wrong) * generator.choice([-1, 1], wrong)
    witness = Witness(got, right)
    found = bisect(witness, got, generator.choice([-1.0, 1.0], right.shape), most_slopes=10_000)
    assert witness.asked == found.slopes
    assert found.count == wrong
    assert {np.ravel_multi_index(e.index, right.shape) for e in found.worst} == set(places.tolist())
    for element in found.worst:
        assert element.got == got[element.index]
        assert element.expected == pytest.approx(right[element.index], abs=1e-9)
    assert found.slopes <= 1 + max(1, wrong) * np.ceil(np.log2(max(2, right.size)))


def test_one_wrong_element_among_200_704_in_at_most_60_slopes():
    point = problem([784, 256, 128, 10], ["relu", "relu", "identity"], "softmax_cross_entropy", samples=64)
    got = HandwrittenRoute(*point).gradients()["layers.0.weight"]
    assert got.size == 200_704
    place = (201, 397)
    scale = float(np.max(np.abs(got)))
    wrong = got.copy()
    wrong[place] += 1e-6 * scale
    witness, asked = ComplexStepRoute(*point), []

    def residual(v):
        asked.append(v)
        return witness.slope("layers.0.weight", v).value - float(np.sum(wrong * v)), 1e-12 * np.linalg.norm(got)

    found = bisect(residual, wrong, np.random.default_rng(0).choice([-1.0, 1.0], wrong.shape))
    assert [element.index for element in found.worst] == [place]
    assert found.worst[0].expected == pytest.approx(got[place], abs=1e-12 * np.linalg.norm(got))
    assert len(asked) == found.slopes <= 60


def test_differing_lists_the_worst_first():
    right = np.zeros((3, 4))
    got = right.copy()
    got[1, 2], got[0, 3] = 5.0, -7.0
    found = differing(got, right, 1.0)
    assert found.count == 2
    assert [(e.index, e.got, e.expected) for e in found.worst] == [((0, 3), -7.0, 0.0), ((1, 2), 5.0, 0.0)]


class OneElementOff(HandwrittenRoute):
    """The hand-written gradients with an error in one element."""

    def __init__(self, point, name, place, error):
        super().__init__(*point)
        self.tensor, self.place, self.error = name, place, error

    def gradients(self):
        gradients = super().gradients()
        gradients[self.tensor].flat[self.place] += self.error
        return gradients


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("number", [0, *(pytest.param(n, marks=pytest.mark.campaign) for n in (1, 2, 3))])
def test_the_stated_sensitivity_is_within_a_factor_2_of_the_truth(dtype, number):
    point = problem([6, 8, 7, 3], ["tanh", "relu", "identity"], "softmax_cross_entropy", seed=number, dtype=dtype)
    # Without the costly differences, which are never the sharpest: the statement is of this very run's routes.
    routes = [route for route in network_routes(*point) if route.name != CENTRAL_DIFFERENCES]
    tensor = check_network(*point, routes=routes).tensors[number]
    generator = np.random.default_rng(number)
    place, sign = int(generator.integers(np.prod(tensor.shape))), generator.choice([-1.0, 1.0])

    def caught(size):
        wrong = OneElementOff(point, tensor.name, place, sign * size)
        return check_network(*point, routes=[wrong, *routes[1:]]).verdict is Verdict.FAIL

    low, high = tensor.sensitivity.absolute / 4, tensor.sensitivity.absolute * 4
    assert not caught(low)
    assert caught(high)
    while high / low > 1.05:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if caught(middle) else (middle, high)
    assert 0.5 <= tensor.sensitivity.absolute / high <= 2.0


def test_without_a_right_gradient_the_element_is_found_by_bisection():
    """Two gradients of the same wrong code: only a witness can tell which element it is."""
    point = problem([6, 8, 3], ["tanh", "identity"], "softmax_cross_entropy")
    wrong = OneElementOff(point, "layers.0.weight", 17, 1e-3)
    witnesses = [route for route in network_routes(*point) if route.witness]
    judgement = check_network(*point, routes=[wrong, *witnesses])
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "handwritten")
    tensor = judgement.tensors[0]
    assert tensor.wrong == 1
    assert tensor.wrong_elements[0].index == tuple(np.unravel_index(17, tensor.shape))
    assert tensor.wrong_elements[0].got - tensor.wrong_elements[0].expected == pytest.approx(1e-3, rel=1e-6)


def line(witness, part, value, allowed, purpose="random"):
    return SimpleNamespace(
        witness=witness, part=part, purpose=purpose, value=value, slopes={"bprop": 1.0}, allowed={"bprop": allowed}
    )


def test_a_witness_detects_what_its_best_line_in_the_worst_part_does():
    lines = [
        line("differences", 0, 1.0 - 4e-7, 1e-6),  # what is allowed, and what is used up of it
        line("differences", 0, 1.0, 2e-6),
        line("differences", 1, 1.0, 3e-7),
        line("differences", 1, 1.0, 1e-9, purpose="duel"),
        line("complex step", 0, 1.0 - 3e-6, 1e-6),  # this one differs, and says nothing of sensitivity
    ]
    ((detects, by),) = _of_lines("bprop", lines)
    assert detects == pytest.approx(1.4e-6)
    assert by == "bprop / differences"
