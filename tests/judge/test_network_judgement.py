import json
from dataclasses import replace

import numpy as np
import pytest
from mindspore import Tensor, ops
from networks import problem

from ms_dnn.dnn import build_dnn
from ms_dnn.errors import NoDerivativeError, ShapeError
from ms_dnn.gradients.rounding import gradient_roundings
from ms_dnn.judge.check import check_gradients
from ms_dnn.judge.judgement import Verdict
from ms_dnn.judge.network import check_network
from ms_dnn.judge.routes.base import CENTRAL_DIFFERENCES
from ms_dnn.judge.routes.cells import CentralDifferences
from ms_dnn.judge.routes.network import GradOperationRoute, HandwrittenRoute, network_routes, plain_network
from ms_dnn.layers.cost import Cost

pytestmark = pytest.mark.usefixtures("cpu")


KEPT = {}


@pytest.fixture(autouse=True)
def _differences_once(monkeypatch):
    """Most tests ask at one point, and central differences take most of their time: a slope is measured once."""
    measured = CentralDifferences.slope

    def slope(self, tensor, direction):
        # The terms are of the forward pass as it is now: a test may change it.
        key = (self.subject.fingerprint(), self.subject.terms().tobytes(), tensor, direction.tobytes())
        if key not in KEPT:
            KEPT[key] = measured(self, tensor, direction)
        return KEPT[key]

    monkeypatch.setattr(CentralDifferences, "slope", slope)


@pytest.fixture
def point():
    # n_L = 3, not 2: with two outputs a factor n_L / 2 cannot be seen.
    return problem([4, 6, 5, 3], ["tanh", "sigmoid", "identity"], "softmax_cross_entropy")


def judged(point, **options):
    return check_network(*point, **options)


def plant(layer, change):
    """Make the layer's backward return ``change(cache, da, dx, dW, db)``."""
    right = layer.backward

    def wrong(cache, da):
        dx, (dW, db) = right(cache, da)
        dx, dW, db = change(cache, da, dx, dW, db)
        return dx, (dW, db)

    layer.backward = wrong


# Right gradients ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_right_gradients_pass(dtype):
    judgement = judged(problem([4, 6, 3], ["relu", "identity"], "softmax_cross_entropy", dtype=dtype))
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert judgement.blame is None
    assert judgement.forward.within
    assert [len(tensor.pairs) for tensor in judgement.tensors] == [15 if dtype == "float32" else 6] * 4
    assert judgement.conditions.dtype == dtype


def test_weights_are_left_alone(point):
    before = [parameter.asnumpy().copy() for parameter in point[0].trainable_params()]
    judged(point)
    for old, parameter in zip(before, point[0].trainable_params(), strict=True):
        assert np.array_equal(old, parameter.asnumpy())


def test_a_gradient_that_cancels_to_rounding_is_no_false_alarm():
    """Softmax on two samples whose errors cancel: the bias gradient is rounding, its terms are not."""
    network, cost, _, _ = problem([2, 2], ["identity"], "softmax_cross_entropy")
    network.layers[0].bias.set_data(Tensor(np.zeros(2)))
    network.layers[0].weight.set_data(Tensor(np.array([[0.7, 0.1], [-0.3, 0.4]])))
    x = Tensor(np.array([[1.1, 0.3], [-1.1, -0.3]]))
    judgement = check_network(network, cost, x, Tensor(np.eye(2)))
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert judgement.tensors[1].largest["handwritten"] < 1e-15


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_verdict_does_not_depend_on_the_unit_of_the_cost(scale):
    network, cost, x, y = problem([3, 4, 3], ["tanh", "identity"], "squared_error")
    network.layers[1].weight.set_data(Tensor(network.layers[1].weight.asnumpy() * scale))
    network.layers[1].bias.set_data(Tensor(network.layers[1].bias.asnumpy() * scale))
    assert check_network(network, cost, x, Tensor(y.asnumpy() * scale)).verdict is Verdict.PASS


def test_a_unit_on_its_kink_is_seen_by_differences_alone():
    network, cost, x, y = problem([3, 4, 3], ["relu", "identity"], "squared_error")
    W, b = network.layers[0].weight.asnumpy().copy(), network.layers[0].bias.asnumpy().copy()
    W[1], b[1] = 0.0, 0.0
    network.layers[0].weight.set_data(Tensor(W))
    network.layers[0].bias.set_data(Tensor(b))
    judgement = check_network(network, cost, x, y)
    assert judgement.verdict is Verdict.PASS, judgement.reason
    kinks = {line.witness for tensor in judgement.tensors for line in tensor.lines if line.kind == "kink"}
    assert kinks == {"central_differences"}


# Planted faults ----------------------------------------------------------------------------------------------

FAULTS = {
    "missing 1/N": ("layers.2.bias", 2, lambda c, da, dx, dW, db: (dx, dW * 7.0, db * 7.0)),
    "sign": ("layers.1.weight", 1, lambda c, da, dx, dW, db: (dx, -dW, db)),
    "dropped bias gradient": ("layers.1.bias", 1, lambda c, da, dx, dW, db: (dx, dW, ops.zeros_like(db))),
    "dropped sample": ("layers.0.bias", 0, lambda c, da, dx, dW, db: (dx, dW, db - da[0] * (1 - c[2][0] ** 2))),
    "doubled cotangent": ("layers.0.bias", 1, lambda c, da, dx, dW, db: (dx + dx, dW, db)),
    "reversed units": ("layers.2.weight", 2, lambda c, da, dx, dW, db: (dx, dW[::-1], db)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_named_and_blamed(point, fault):
    topmost, level, change = FAULTS[fault]
    plant(point[0].layers[level], change)
    judgement = judged(point)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.blame == "handwritten"
    assert judgement.disagreeing[-1] == topmost
    assert topmost in judgement.reason


def test_the_derivative_at_a_instead_of_z(point):
    layer = point[0].layers[1]
    right = layer._activation_vjp

    def at_a(z, a, da):
        return right(a, layer._activate(a), da)

    layer._activation_vjp = at_a
    judgement = judged(point)
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "handwritten")
    assert judgement.disagreeing[-1] == "layers.1.bias"


@pytest.mark.parametrize("wrong", ["transposed", "stale"])
def test_a_wrong_weight_on_the_way_back(wrong):
    point = problem([4, 5, 5, 3], ["tanh", "tanh", "identity"], "squared_error")
    layer = point[0].layers[1]
    W = layer.weight.asnumpy()
    used = Tensor(W.T.copy() if wrong == "transposed" else W + 1e-6)

    def backward_with_it(cache, da, dx, dW, db):
        return ops.matmul(da * (1 - cache[2] ** 2), used), dW, db

    plant(layer, backward_with_it)
    judgement = judged(point)
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "handwritten")
    assert judgement.disagreeing == ("layers.0.weight", "layers.0.bias")


def test_one_element_of_many_off_by_one_in_a_million_is_found_and_located():
    point = problem([40, 30, 3], ["tanh", "identity"], "softmax_cross_entropy")
    layer = point[0].layers[0]
    place = []

    def off_at_the_largest(cache, da, dx, dW, db):
        wrong = dW.asnumpy().copy()
        place[:] = [np.unravel_index(np.argmax(np.abs(wrong)), wrong.shape)]
        wrong[place[0]] *= 1 + 1e-6
        return dx, Tensor(wrong), db

    plant(layer, off_at_the_largest)
    judgement = judged(point)
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "handwritten")
    assert judgement.disagreeing == ("layers.0.weight",)
    assert judgement.tensors[0].pairs[0].worst == tuple(place[0])
    assert judgement.tensors[0].wrong == 1
    assert judgement.tensors[0].wrong_elements[0].index == tuple(place[0])


def test_a_fault_is_found_in_float32():
    point = problem([4, 6, 3], ["relu", "identity"], "softmax_cross_entropy", dtype="float32")
    plant(point[0].layers[0], lambda c, da, dx, dW, db: (dx, dW, db * Tensor(1.01, db.dtype)))
    judgement = judged(point)
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "handwritten")
    assert judgement.disagreeing == ("layers.0.bias",)


def with_route(point, corrupt, name):
    """The routes of the network, the one of this name corrupted: its gradients, or its slope along a line."""
    routes = network_routes(*point)
    route = next(route for route in routes if route.name == name)
    if route.witness:
        right = route.slope
        route.slope = lambda tensor, v: (
            corrupt_slope(right(tensor, v)) if tensor == "layers.1.weight" else right(tensor, v)
        )
    else:
        answer = route.gradients
        route.gradients = lambda: corrupt(answer())
    return routes


def corrupt_slope(slope):
    return replace(slope, value=-slope.value)


def negated(gradients):
    return {**gradients, "layers.1.weight": -gradients["layers.1.weight"]}


def test_a_wrong_framework_is_blamed(point):
    judgement = judged(point, routes=with_route(point, negated, "grad_operation"))
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "grad_operation")
    assert judgement.disagreeing == ("layers.1.weight",)


@pytest.mark.parametrize("witness", ["central_differences", "complex_step"])
def test_a_witness_alone_against_the_others_is_inconclusive(point, witness):
    judgement = judged(point, routes=with_route(point, negated, witness))
    assert (judgement.verdict, judgement.blame) == (Verdict.INCONCLUSIVE, witness)


def test_two_routes_that_disagree_blame_nobody(point):
    routes = [route for route in with_route(point, negated, "grad_operation") if not route.witness]
    judgement = judged(point, routes=routes)
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, None)


# Findings ----------------------------------------------------------------------------------------------------


def replaced(value):
    return lambda gradients: {**gradients, "layers.0.bias": value(gradients["layers.0.bias"])}


@pytest.mark.parametrize(
    ("kind", "corrupt"),
    [
        ("not finite", replaced(lambda g: g * np.nan)),
        ("wrong shape", replaced(lambda g: g[:, None])),
        ("wrong dtype", replaced(lambda g: g.astype(np.float32))),
        ("missing gradient", lambda gradients: {k: v for k, v in gradients.items() if k != "layers.0.bias"}),
    ],
)
def test_an_unusable_gradient_is_a_finding_and_fails(point, kind, corrupt):
    judgement = judged(point, routes=with_route(point, corrupt, "handwritten"))
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "handwritten")
    assert [(f.kind, f.tensor) for f in judgement.findings] == [(kind, "layers.0.bias")]
    assert judgement.reason.startswith("handwritten: the gradient of layers.0.bias")


def test_a_backward_that_differs_between_two_runs(point):
    noise = iter(range(10))
    corrupt = replaced(lambda g: g * (1 + 1e-11 * next(noise)))
    judgement = judged(point, routes=with_route(point, corrupt, "handwritten"))
    assert judgement.verdict is Verdict.FAIL
    assert judgement.findings[0].kind == "not reproducible"


def test_the_last_bit_may_differ_between_two_runs(point):
    noise = iter(range(10))
    corrupt = replaced(lambda g: g * (1 + 2.0**-52 * next(noise)))
    assert judged(point, routes=with_route(point, corrupt, "handwritten")).verdict is Verdict.PASS


def test_another_precision_is_that_of_a_copy_judged_by_hand():
    network, cost, x, y = problem([3, 4, 3], ["tanh", "identity"], "squared_error", dtype="float32")
    judgement = check_gradients(network, x, cost, (y,), precision="float64", modes=("pynative",))
    assert judgement.routes[0] == "handwritten"
    assert judgement.conditions.dtype == "float64"
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert str(network.layers[0].weight.dtype) == "Float32"


def test_a_backward_that_stops(point):
    def stop(cache, da, dx, dW, db):
        raise ValueError("shapes do not fit\nsecond line")

    plant(point[0].layers[0], stop)
    judgement = judged(point)
    assert judgement.verdict is Verdict.FAIL
    assert judgement.findings[0].message.startswith("handwritten stopped with ValueError: shapes do not fit (test_")


def test_gradients_that_are_zero_by_right_are_inconclusive():
    network, cost, x, y = problem([3, 4, 3], ["tanh", "identity"], "squared_error")
    network.layers[1].weight.set_data(Tensor(np.zeros((3, 4))))
    judgement = check_network(network, cost, x, y)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert {f.kind for f in judgement.findings} == {"all-zero gradient"}
    assert {f.tensor for f in judgement.findings} == {"layers.0.weight", "layers.0.bias"}


def test_a_forward_that_computes_something_else(point):
    layer = point[0].layers[0]
    activate = layer._activate
    layer._activate = lambda z: activate(z) * 1.001
    # The differences would be measured anew for this forward pass, which takes longest and says nothing of it.
    routes = [route for route in network_routes(*point) if route.name != CENTRAL_DIFFERENCES]
    judgement = judged(point, routes=routes)
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "forward")
    assert judgement.reason.startswith("the forward passes differ")


def test_what_cannot_be_compared_is_refused(point):
    network, cost, x, y = point
    with pytest.raises(ShapeError, match="input of the network"):
        check_network(network, cost, x[:, :2], y)
    signed = problem([3, 1], ["sign"], "squared_error")
    with pytest.raises(NoDerivativeError, match="sign"):
        judged(signed)


# The result --------------------------------------------------------------------------------------------------


def test_the_json_is_complete(point):
    document = json.loads(judged(point, seed=9, directions=1).to_json())
    assert document["schema"] == 2
    assert document["verdict"] == "PASS"
    conditions = document["conditions"]
    assert len(conditions.pop("point")) == 64
    assert conditions == {
        "subject": "DNN 4-6-5-3 (tanh, sigmoid, identity), softmax_cross_entropy (mean), 7 samples",
        "dtype": "float64",
        "device": "CPU",
        "precision": "float64",
        "seed": 9,
        "directions": 1,
    }
    assert document["routes"] == ["handwritten", "grad_operation", "central_differences", "complex_step"]
    tensor = document["tensors"][0]
    assert tensor["shape"] == [6, 4]
    assert len(tensor["pairs"]) == 6
    assert {"relative_error", "tolerance", "within", "decisive", "worst"} <= set(tensor["pairs"][0])
    assert len(tensor["lines"]) == 2
    assert tensor["sensitivity"]["relative"] < 1e-10


def test_a_route_of_ones_own(point):
    class Halved(GradOperationRoute):
        name = "halved"

        def gradients(self):
            return {name: gradient / 2 for name, gradient in super().gradients().items()}

    judgement = judged(point, routes=[*network_routes(*point), Halved(*point)])
    assert (judgement.verdict, judgement.blame) == (Verdict.FAIL, "halved")


def test_the_rounding_scale_is_the_gradients_own_where_nothing_cancels(point):
    network, _, x, y = point
    terms = gradient_roundings(*plain_network(network), "softmax_cross_entropy", "mean", x.asnumpy(), y.asnumpy())
    for scale, gradient in zip(terms, HandwrittenRoute(*point).gradients().values(), strict=True):
        assert 0.5 < scale / np.abs(gradient).max() < 30


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("unit", [1.0, *(pytest.param(unit, marks=pytest.mark.campaign) for unit in (1e-6, 1e6))])
def test_biases_of_zero_show_no_scale_and_are_judged_all_the_same(activation, unit):
    network = build_dnn([4, 5, 3], [activation, "identity"], dtype="float64")
    network.layers[0].weight.set_data(Tensor(network.layers[0].weight.asnumpy() / unit))
    generator = np.random.default_rng(0)
    x, y = Tensor(unit * generator.normal(size=(7, 4))), Tensor(np.eye(3)[generator.integers(0, 3, 7)])
    judgement = check_network(network, Cost("softmax_cross_entropy"), x, y, directions=1)
    assert judgement.verdict is Verdict.PASS, judgement.reason
    assert all(pair.tolerance < 1e-9 for tensor in judgement.tensors for pair in tensor.pairs)
