"""The judge is judged: every fault of the catalogue is wrong somewhere, is caught there, and can be taken out again."""

from functools import cache

import numpy as np
import pytest
from gradient_checkers.planted.catalogue import FAULTS
from gradient_checkers.planted.penalty import OF_PENALTY
from gradient_checkers.planted.planting import Place, PlantedFault, planted
from mindspore import Tensor

from ms_dnn.dnn import build_dnn
from ms_dnn.judge.faults import names as fault_names
from ms_dnn.judge.judgement import Verdict
from ms_dnn.judge.network import check_network
from ms_dnn.judge.routes.base import CENTRAL_DIFFERENCES, STOPPED, GradientRoute
from ms_dnn.judge.routes.network import HandwrittenRoute, network_routes
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import Penalty

pytestmark = pytest.mark.usefixtures("cpu")

# Between them every activation and loss that a fault asks for; one layer has as many units as there are samples.
POINTS = [
    ((4, 5, 5, 5, 3), ("tanh", "elu", "gelu", "identity"), "softmax_cross_entropy", 5),
    ((4, 5, 5, 5, 2), ("leaky_relu", "silu", "softmax", "sigmoid"), "binary_cross_entropy", 6),
    ((3, 4, 4, 3), ("sigmoid", "softplus", "identity"), "squared_error", 7),
    ((3, 4, 2), ("tanh", "identity"), "squared_error", 4, Penalty(0.02, 0.3)),
    ((3, 4, 2), ("tanh", "identity"), "softmax_cross_entropy", 4, Penalty(0.02, 0.3, biases=True)),
]


class Kept(GradientRoute):
    """A route that no planted fault reaches, asked once."""

    def __init__(self, route):
        self.name, self.dtype, self.witness = route.name, route.dtype, route.witness
        self.found = route.gradients()

    def gradients(self):
        return dict(self.found)


class PlantedPoint:
    def __init__(self, sizes, activations, loss, samples, penalty=None, seed=0):
        generator = np.random.default_rng(seed)
        self.network = build_dnn(sizes, activations, seed=seed, dtype="float64")
        self.cost = Cost(loss, penalty=penalty)
        for layer in self.network.layers:
            layer.bias.set_data(Tensor(generator.normal(0.0, 0.3, layer.bias.shape)))
        self.x = Tensor(generator.normal(size=(samples, sizes[0])))
        self.y = Tensor(generator.normal(size=(samples, sizes[-1])))
        if loss != "squared_error":
            self.y = Tensor(np.eye(sizes[-1])[generator.integers(0, sizes[-1], samples)])
        problem = self.network, self.cost, self.x, self.y
        # Without central differences: the complex step is a witness as well, and takes a hundredth of the time.
        routes = [route for route in network_routes(*problem) if route.name != CENTRAL_DIFFERENCES]
        self.routes = [HandwrittenRoute(*problem), Kept(routes[1]), *routes[2:]]
        self.right = self.routes[0].gradients()

    def judge(self):
        return check_network(self.network, self.cost, self.x, self.y, routes=self.routes)

    def places(self, fault):
        layers = range(len(self.network.layers)) if fault.of_layer() else [0]
        return [layer for layer in layers if fault.fits(Place(self.network, self.cost, layer))]

    def is_wrong(self):
        try:
            runs = self.routes[0].gradients(), self.routes[0].gradients()
        except STOPPED:
            return True
        return any(self._differs(found.get(name), right) for found in runs for name, right in self.right.items())

    @staticmethod
    def _differs(got, right):
        if got is None or got.shape != right.shape or got.dtype != right.dtype or not np.all(np.isfinite(got)):
            return True
        return np.max(np.abs(got - right)) > 1e-9 * np.max(np.abs(right))


@cache
def planted_point(number):
    return PlantedPoint(*POINTS[number])


@pytest.mark.parametrize("number", range(len(POINTS)))
def test_nothing_planted_passes(number):
    assert planted_point(number).judge().verdict is Verdict.PASS


@pytest.mark.parametrize("seed", range(6))
def test_right_networks_pass(seed):
    judgement = PlantedPoint(*POINTS[seed % len(POINTS)], seed=100 + seed).judge()
    assert judgement.verdict is Verdict.PASS, judgement.reason


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=fault.name, marks=() if number % 3 == 0 else pytest.mark.campaign)
        for number, fault in enumerate(FAULTS)
    ],
)
def test_every_planted_fault_is_wrong_somewhere_caught_there_and_taken_out(fault):
    for point in map(planted_point, range(len(POINTS))):
        for layer in point.places(fault):
            with planted(point.network, point.cost, fault, layer):
                if not point.is_wrong():
                    continue
                judgement = point.judge()
            assert judgement.verdict is Verdict.FAIL, judgement.reason
            after = point.routes[0].gradients()
            assert all(np.array_equal(after[name], right) for name, right in point.right.items())
            return
    pytest.fail(f"{fault.name} changes nothing anywhere")


@pytest.mark.parametrize("fault", OF_PENALTY, ids=lambda fault: fault.name)
def test_a_fault_of_the_penalty_is_found_there_and_named(fault):
    point = next(point for point in map(planted_point, range(len(POINTS))) if point.places(fault))
    with planted(point.network, point.cost, fault):
        faulty = point.judge().faulty
    assert {part.part for part in faulty} == {"penalty"}
    assert {part.fault for part in faulty} == {fault.expected}, [part.diagnosis for part in faulty]


def test_the_catalogue_is_large_and_its_names_are_unique():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert len({fault.change for fault in FAULTS}) >= 60


def test_expected_names_are_in_the_vocabulary():
    known = {value for name, value in vars(fault_names).items() if name.isupper() and isinstance(value, str)}
    known |= {"", "chain between layers"}
    assert {name for fault in FAULTS for name in (fault.expected, *fault.also)} <= known


def test_planting_comes_undone_when_the_block_raises():
    point = planted_point(0)
    fault = next(fault for fault in FAULTS if fault.name == "dW: sign")

    def raises():
        with planted(point.network, point.cost, fault, 1):
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        raises()
    assert not point.is_wrong()


def test_two_faults_in_one_layer_are_taken_out_in_turn():
    point = planted_point(0)
    sign, offset = (next(fault for fault in FAULTS if fault.name == name) for name in ("dW: sign", "db: offset"))
    with planted(point.network, point.cost, sign, 1):
        with planted(point.network, point.cost, offset, 1):
            both = point.judge()
        one = point.judge()
    assert [(part.part, part.tensor) for part in both.faulty] == [("layer 2", "dW"), ("layer 2", "db")]
    assert [(part.part, part.tensor) for part in one.faulty] == [("layer 2", "dW")]
    assert not point.is_wrong()


def test_a_fault_of_ones_own():
    point = planted_point(2)
    fault = PlantedFault("own", "dW is squared", "dW", lambda seen: seen.right * seen.right)
    with planted(point.network, point.cost, fault, 1):
        assert [(part.part, part.tensor) for part in point.judge().faulty] == [("layer 2", "dW")]
