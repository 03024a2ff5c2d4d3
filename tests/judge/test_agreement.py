"""The property on which all training rests: three routes give the same gradients, for whatever network."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import problem

from ms_dnn.judge.judgement import Verdict
from ms_dnn.judge.network import check_network
from ms_dnn.judge.routes.network import ComplexStepRoute, GradOperationRoute, HandwrittenRoute
from ms_dnn.maths.activations import ACTIVATIONS
from ms_dnn.maths.losses import LOSSES

pytestmark = pytest.mark.usefixtures("cpu")

DIFFERENTIABLE = [name for name, activation in ACTIVATIONS.items() if activation.vjp]
TRAINABLE = [name for name, loss in LOSSES.items() if loss.gradient]
ROUTES = (HandwrittenRoute, GradOperationRoute, ComplexStepRoute)
# Every activation with every loss at one depth, one example of each, by default; 360 combinations and 16 of each in a
# campaign. Other depths are met by default in test_false_alarms.py.
EXAMPLES = max(1, settings.default.max_examples // 30)


@pytest.mark.parametrize("depth", [2, *(pytest.param(depth, marks=pytest.mark.campaign) for depth in (1, 3, 4, 5, 6))])
@pytest.mark.parametrize("loss", TRAINABLE)
@pytest.mark.parametrize("activation", DIFFERENTIABLE)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_three_routes_agree_in_float64(data, activation, loss, depth):
    sizes = data.draw(st.lists(st.integers(1, 6), min_size=depth, max_size=depth), label="inputs and hidden units")
    outputs = data.draw(st.sampled_from([3, 1, 2, 5]), label="outputs")
    others = data.draw(st.lists(st.sampled_from(DIFFERENTIABLE), min_size=depth - 1, max_size=depth - 1))
    # The losses on logits usually follow identity, but any output will do; probabilities come from sigmoid.
    alone = depth == 1 or loss == "squared_error"
    last = "sigmoid" if loss == "binary_cross_entropy" else activation if alone else "identity"
    activations = [*([activation, *others][: depth - 1]), last]
    reduction = data.draw(st.sampled_from(["mean", "sum"]))
    seed = data.draw(st.integers(0, 2**31))
    samples = data.draw(st.integers(1, 6), label="N")
    network, cost, x, y = problem([*sizes, outputs], activations, loss, samples, seed, reduction=reduction)

    judgement = check_network(network, cost, x, y, routes=[route(network, cost, x, y) for route in ROUTES])

    assert judgement.forward.within
    assert judgement.verdict is not Verdict.FAIL, judgement.reason
    assert not judgement.disagreeing, judgement.reason
    for tensor in judgement.tensors:
        framework, witness, _ = tensor.pairs
        # Beyond 1e-9 the gradient is a sum of which three digits or more cancelled; it is judged by its terms.
        if framework.tolerance <= 1e-9:
            assert framework.relative_error <= 1e-12
            assert witness.relative_error <= 1e-10
