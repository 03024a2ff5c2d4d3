"""The penalty of the cost: what it covers, and that every route differentiates it."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from ms_dnn.dnn import build_dnn
from ms_dnn.errors import ConfigError
from ms_dnn.gradients.framework import FrameworkGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.judge.judgement import Verdict
from ms_dnn.judge.network import check_network
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import AdjustablePenalty, Penalty

PENALTIES = [Penalty(l1=0.2), Penalty(l2=0.3), Penalty(0.2, 0.3), Penalty(0.2, 0.3, biases=True)]


def problem(penalty, dtype="float64", reduction="mean"):
    rng = np.random.default_rng(0)
    network = build_dnn([4, 5, 3], ["tanh", "identity"], dtype=dtype)
    for parameter in network.trainable_params():
        parameter.set_data(Tensor(rng.normal(size=parameter.shape).astype(dtype)))
    x, y = (Tensor(rng.normal(size=(6, size)).astype(dtype)) for size in (4, 3))
    return network, Cost("squared_error", reduction, penalty), x, y


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_gradients_are_those_without_it_and_its_own(penalty):
    network, cost, x, y = problem(penalty)
    J, gradients = HandwrittenGradient(network, cost)(x, y)
    J0, plain = HandwrittenGradient(network, Cost("squared_error"))(x, y)
    R = 0.0
    for parameter, with_it, without in zip(network.trainable_params(), gradients, plain, strict=True):
        w = parameter.asnumpy()
        covered = w.ndim > 1 or penalty.biases
        R += covered * (penalty.l1 * np.abs(w).sum() + penalty.l2 / 2 * np.sum(w**2))
        wanted = without.asnumpy() + covered * (penalty.l1 * np.sign(w) + penalty.l2 * w)
        np.testing.assert_allclose(with_it.asnumpy(), wanted, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(float(J.asnumpy()), float(J0.asnumpy()) + R, rtol=1e-14)


# By default the last penalty, which has both parts and counts the biases, in float32, and all in float64.
@pytest.mark.parametrize(
    ("dtype", "reduction", "penalty"),
    [
        pytest.param(dtype, reduction, penalty, marks=() if (dtype, reduction) in default else pytest.mark.campaign)
        for dtype in ("float64", "float32")
        for reduction in ("mean", "sum")
        for penalty, default in [
            *((penalty, [("float64", "mean")]) for penalty in PENALTIES[:-1]),
            (PENALTIES[-1], [("float64", "mean"), ("float32", "sum")]),
        ]
    ],
    ids=str,
)
def test_all_routes_agree(penalty, dtype, reduction):
    judgement = check_network(*problem(penalty, dtype, reduction), directions=1)
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert str(penalty) in judgement.conditions.subject


@pytest.mark.parametrize("penalty", PENALTIES[2:], ids=str)
def test_compiled_it_is_the_same(penalty):
    network, cost, x, y = problem(penalty)
    cell = HandwrittenGradient(network, cost)
    (J, eager), (compiled_J, compiled) = cell(x, y), ms.jit(cell.construct)(x, y)
    np.testing.assert_allclose(compiled_J.asnumpy(), J.asnumpy(), rtol=1e-15)
    for one, other in zip(eager, compiled, strict=True):
        np.testing.assert_allclose(other.asnumpy(), one.asnumpy(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.campaign), "float32"])
def test_an_adjusted_penalty_is_the_one_made_with_its_l2(dtype):
    adjustable = AdjustablePenalty(getattr(ms, dtype))
    network, cost, x, y = problem(adjustable, dtype)
    compiled = ms.jit(HandwrittenGradient(network, cost).construct)
    for l2 in (0.0, 0.3, 0.01):
        adjustable.adjust(l2)
        right = ms.jit(HandwrittenGradient(network, Cost("squared_error", "mean", Penalty(l2=l2))).construct)
        (J, got), (wanted_J, wanted) = compiled(x, y), right(x, y)
        np.testing.assert_array_equal(J.asnumpy(), wanted_J.asnumpy())
        for one, other in zip(got, wanted, strict=True):
            np.testing.assert_array_equal(one.asnumpy(), other.asnumpy())


def test_all_routes_agree_about_an_adjusted_penalty():
    adjustable = AdjustablePenalty(ms.float64)
    adjustable.adjust(0.3)
    network, cost, x, y = problem(adjustable)
    for by_hand, by_the_framework in zip(
        HandwrittenGradient(network, cost)(x, y)[1], FrameworkGradient(network, cost)(x, y)[1], strict=True
    ):
        np.testing.assert_allclose(by_hand.asnumpy(), by_the_framework.asnumpy(), rtol=1e-13, atol=1e-15)


def test_a_penalty_of_nothing_changes_no_bit():
    network, cost, x, y = problem(Penalty())
    for route in (HandwrittenGradient, FrameworkGradient):
        with_it, without = route(network, cost)(x, y)[1], route(network, Cost("squared_error"))(x, y)[1]
        for one, other in zip(with_it, without, strict=True):
            np.testing.assert_array_equal(one.asnumpy(), other.asnumpy())


@pytest.mark.parametrize("wrong", [{"l1": -0.1}, {"l2": float("nan")}, {"l2": float("inf")}])
def test_a_penalty_that_is_none_raises(wrong):
    with pytest.raises(ConfigError, match=rf"penalty\.{next(iter(wrong))}: got .*, expected a number ≥ 0"):
        Penalty(**wrong)
