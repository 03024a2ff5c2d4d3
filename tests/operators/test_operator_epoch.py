"""Training by the operator: the graph's trajectory, the same bits with any number of threads, a door that refuses."""

import mindspore as ms
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mindspore import Tensor

from ms_dnn.dnn import build_dnn
from ms_dnn.errors import OperatorError
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import Penalty
from ms_dnn.operators import call, program
from ms_dnn.training.engine import GRAPH, OPERATOR, make_loop
from ms_dnn.training.optimizers import OPTIMIZERS, Adam
from ms_dnn.training.trainer import copies_of, stored_parameters

STEPS = 100


def train(engine, case, steps=STEPS, tolerance=None):
    """Train in two calls; return all that changed, and the results of the second."""
    rng = np.random.default_rng(case.get("seed", 0))
    sizes, dtype, outputs = case["sizes"], case["dtype"], case["sizes"][-1]
    samples = 3 * case["batch"]
    x, y = rng.normal(size=(samples, sizes[0])), np.eye(outputs)[rng.integers(0, outputs, samples)]
    y = 2 * y - 1 if case["loss"] in ("hinge", "perceptron") else y
    if case["weighted"]:
        y = np.column_stack([y, rng.uniform(0.5, 2, samples)])
    batches = np.array([rng.permutation(samples)[: case["batch"]] for _ in range(steps)], np.int32)
    last = "sigmoid" if case["loss"] == "binary_cross_entropy" else "identity"
    activations = [*case["activations"], last]
    network = build_dnn(sizes, activations, "xavier", 1, dtype, **case["layers"])
    cost = Cost(case["loss"], case["reduction"], case["penalty"], case["weighted"])
    gradient = HandwrittenGradient(network, cost)
    optimizer = OPTIMIZERS[case["optimizer"]](network.trainable_params(), **case["settings"])
    loop = make_loop(engine, gradient, optimizer, tolerance is not None, case["clip_norm"])
    rates = np.full(steps, 0.01) * 0.99 ** np.arange(steps)
    samples_there = Tensor(x.astype(dtype)), Tensor(y.astype(dtype))
    first = loop.run_steps(
        samples_there, Tensor(batches), loop.coefficients(rates, 0), 0, steps // 3, 0.0, tolerance or 0
    )
    done = loop.run_steps(
        samples_there, Tensor(batches), loop.coefficients(rates, 0), first[0], steps, first[1], tolerance or 0
    )
    return copies_of(stored_parameters(gradient, optimizer)), done


def case(**changes):
    plain = {
        "sizes": (5, 8, 6, 3),
        "activations": ("tanh", "relu"),
        "loss": "softmax_cross_entropy",
        "optimizer": "adam",
        "settings": {},
        "dtype": "float64",
        "reduction": "mean",
        "batch": 8,
        "penalty": None,
        "weighted": False,
        "clip_norm": None,
        "layers": {},
    }
    return plain | changes


def assert_alike(case, rtol, **options):
    (graph, of_graph), (operator, of_operator) = (train(engine, case, **options) for engine in (GRAPH, OPERATOR))
    assert of_operator[0] == of_graph[0]
    np.testing.assert_allclose(of_operator[1], of_graph[1], rtol=rtol * 10)
    assert graph.keys() == operator.keys()
    for name, array in graph.items():
        np.testing.assert_allclose(
            operator[name], array, rtol=0, atol=rtol * max(np.abs(array).max(), 1e-3), err_msg=name
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "gradient_descent", "clip_norm": 0.5, "penalty": Penalty(0.001, 0.01, biases=True)},
        {"optimizer": "momentum", "layers": {"normalizations": "batch", "dropouts": 0.3}},
        {"optimizer": "nesterov", "layers": {"normalizations": "layer", "input_dropout": 0.2}},
        {"weighted": True, "reduction": "sum"},
    ],
    ids=str,
)
def test_the_trajectory_is_the_graphs(changes):
    assert_alike(case(**changes), 1e-12)


def test_float32_stays_close():
    assert_alike(case(dtype="float32", activations=("relu", "sigmoid")), 1e-4)


def test_the_tolerance_ends_the_training_at_the_same_step():
    assert_alike(case(optimizer="gradient_descent"), 1e-12, tolerance=2e-3)


CASES = st.builds(
    case,
    sizes=st.lists(st.integers(1, 9), min_size=3, max_size=5).map(tuple),
    activations=st.just(()),
    loss=st.sampled_from(("squared_error", "binary_cross_entropy", "softmax_cross_entropy", "hinge")),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    reduction=st.sampled_from(("mean", "sum")),
    batch=st.integers(2, 9),
    penalty=st.sampled_from((None, Penalty(0.01), Penalty(0, 0.1, biases=True))),
    weighted=st.booleans(),
    clip_norm=st.sampled_from((None, 0.1, 100.0)),
    layers=st.fixed_dictionaries(
        {"normalizations": st.sampled_from(("none", "batch", "layer")), "dropouts": st.sampled_from((0.0, 0.4))}
    ),
    seed=st.integers(0, 99),
)
SMOOTH = st.sampled_from(("identity", "sigmoid", "tanh", "softplus", "silu", "gelu", "softmax"))


@pytest.mark.campaign
@settings(max_examples=1000)
@given(CASES, st.data())
def test_random_configurations_train_the_same(drawn, data):
    hidden = len(drawn["sizes"]) - 2
    activations = data.draw(st.lists(SMOOTH, min_size=hidden, max_size=hidden))
    # Where a gradient is 0, as before a normalisation, Adam divides rounding by ε: by one that leaves it rounding.
    settings_of = {"epsilon": 1e-4} if drawn["optimizer"] == "adam" else {}
    assert_alike(drawn | {"activations": activations, "settings": settings_of}, 1e-9, steps=20)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_number_of_threads_changes_no_bit(monkeypatch, dtype):
    monkeypatch.setattr(program, "panels_of", lambda sizes, batch: 5)
    changes = {"layers": {"normalizations": "batch", "dropouts": 0.3}, "clip_norm": 0.5, "penalty": Penalty(0.01, 0.1)}
    found = []
    for threads in (1, 2, 5):
        monkeypatch.setattr("ms_dnn.training.operator_epoch.threads_of_machine", lambda threads=threads: threads)
        found.append(train(OPERATOR, case(dtype=dtype, sizes=(30, 40, 20, 3), batch=33, **changes), steps=30)[0])
    for arrays in found[1:]:
        for name, array in found[0].items():
            np.testing.assert_array_equal(arrays[name], array, err_msg=name)


@pytest.mark.campaign
def test_threads_that_the_system_does_not_give_are_done_without(monkeypatch, plant):
    monkeypatch.setattr(program, "panels_of", lambda sizes, batch: 5)
    monkeypatch.setattr("ms_dnn.training.operator_epoch.threads_of_machine", lambda: 5)
    asked = case(sizes=(30, 40, 20, 3), batch=33)
    given, _ = train(OPERATOR, asked, steps=10)
    refusal = "if (t == 3) throw std::system_error(EAGAIN, std::generic_category()); else "
    plant("++t)\n      others.emplace_back", f"++t)\n      {refusal}others.emplace_back")
    for name, array in train(OPERATOR, asked, steps=10)[0].items():
        np.testing.assert_allclose(array, given[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_panels_grow_with_the_work_alone():
    assert [program.panels_of((64, 32, 10), 32), program.panels_of((784, 1024, 1024, 10), 256)] == [1, 2]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arguments: arguments.update(program=arguments["program"][:-1]),
        lambda arguments: arguments.update(program=np.append(arguments["program"], 0)),
        lambda arguments: arguments["program"].__setitem__(0, 77),
        lambda arguments: arguments["program"].__setitem__(9, 3),
        lambda arguments: arguments.update(batches=np.full((2, 4), 9, np.int32)),
        lambda arguments: arguments.update(batches=np.full((2, 4), -1, np.int32)),
        lambda arguments: arguments.update(y=np.zeros((9, 4))),
        lambda arguments: arguments.update(x=np.zeros((9, 2))),
        lambda arguments: arguments.update(x=np.zeros((9, 3), np.float32)),
        lambda arguments: arguments.update(coefficients=np.zeros((2, 1))),
    ],
)
def test_the_door_refuses_what_does_not_fit(spoil):
    network, cost = build_dnn((3, 2), ("identity",), dtype="float64"), Cost("squared_error")
    of_network, numbers = program.Program(network, cost).encoded(4, program.Steps(last=2))
    arguments = {
        "program": of_network,
        "numbers": numbers,
        "x": np.zeros((9, 3)),
        "y": np.zeros((9, 2)),
        "batches": np.zeros((2, 4), np.int32),
        "coefficients": np.zeros((2, 2)),
    }
    operator = call._operator(call.library(), 8, ms.float64)
    parameters = network.trainable_params()
    assert operator(*map(Tensor, arguments.values()), *parameters)[0].asnumpy()[0] == 2
    spoil(arguments)
    with pytest.raises(RuntimeError):
        operator(*map(Tensor, arguments.values()), *parameters)[0].asnumpy()


def test_an_update_of_ones_own_is_not_covered():
    class Own(Adam):
        pass

    network = build_dnn((3, 2), ("identity",))
    gradient = HandwrittenGradient(network, Cost("squared_error"))
    with pytest.raises(OperatorError, match="the optimizer 'Own' is not among its updates"):
        make_loop(OPERATOR, gradient, Own(network.trainable_params()))
