"""Trajectories of the optimizers, in the compiled loop, against those of ``torch.optim``."""

import numpy as np
import pytest
import torch
from compiled_run import batches, network, put, run, samples, state, values

from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.optimizers import OPTIMIZERS

STEPS = 100
RATES = {"constant": np.full(STEPS, 0.05), "changing": 0.1 * 0.97 ** np.arange(STEPS)}
TORCH = {
    "gradient_descent": lambda parameters: torch.optim.SGD(parameters, 1.0),
    "momentum": lambda parameters: torch.optim.SGD(parameters, 1.0, momentum=0.9),
    "nesterov": lambda parameters: torch.optim.SGD(parameters, 1.0, momentum=0.9, nesterov=True),
    "adam": lambda parameters: torch.optim.Adam(parameters, 1.0),
}
ATOL = {"float64": 1e-12, "float32": 1e-5}


def epoch_of(dnn, name, **settings):
    optimizer = OPTIMIZERS[name](dnn.trainable_params(), **settings)
    return Epoch(HandwrittenGradient(dnn, Cost("softmax_cross_entropy")), optimizer)


def by_torch(dnn, optimizer_of, x, y, picked, rates):
    variables = [torch.tensor(value, requires_grad=True) for value in values(dnn.trainable_params())]
    optimizer = optimizer_of(variables)
    W1, b1, W2, b2 = variables
    total = 0.0
    for rate, batch in zip(rates, picked, strict=True):
        optimizer.param_groups[0]["lr"] = float(rate)
        optimizer.zero_grad()
        z = torch.tanh(torch.tensor(x[batch]) @ W1.T + b1) @ W2.T + b2
        J = torch.nn.functional.cross_entropy(z, torch.tensor(y[batch]))
        J.backward()
        optimizer.step()
        total += J.item()
    return [variable.detach().numpy() for variable in variables], total


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        pytest.param(name, dtype, marks=pytest.mark.campaign if dtype == "float32" and name != "adam" else ())
        for name in OPTIMIZERS
        for dtype in ATOL
    ],
)
def test_trajectories_equal_torch(name, dtype, request):
    dnn, (x, y), picked = network(dtype), samples(dtype), batches(STEPS)
    epoch = epoch_of(dnn, name)
    start = values(state(epoch))
    chosen = RATES if request.config.getoption("--campaign") else ["changing"]
    for rates in map(RATES.get, chosen):
        put(epoch, start)
        wanted, wanted_total = by_torch(dnn, TORCH[name], x, y, picked, rates)
        reached, total, _ = run(epoch, x, y, picked, rates)
        assert reached == STEPS
        assert total == pytest.approx(wanted_total, abs=STEPS * ATOL[dtype])
        for got, right, before in zip(values(dnn.trainable_params()), wanted, start, strict=False):
            assert got.dtype == np.dtype(dtype)
            np.testing.assert_allclose(got, right, rtol=0, atol=ATOL[dtype])
            assert np.abs(got - before).max() > 0.05  # it went somewhere
        # An input that is always 0 has the gradient 0, and its weights must not move (Adam: 0 / ε).
        np.testing.assert_array_equal(dnn.layers[0].weight.asnumpy()[:, -1], start[0][:, -1])


@pytest.mark.parametrize(
    ("name", "settings", "of_torch"),
    [
        ("momentum", {"momentum": 0.5}, lambda p: torch.optim.SGD(p, 1.0, momentum=0.5)),
        ("nesterov", {"momentum": 0.5}, lambda p: torch.optim.SGD(p, 1.0, momentum=0.5, nesterov=True)),
        (
            "adam",
            {"beta1": 0.7, "beta2": 0.8, "epsilon": 0.01},
            lambda p: torch.optim.Adam(p, 1.0, betas=(0.7, 0.8), eps=0.01),
        ),
    ],
)
def test_settings_are_used(name, settings, of_torch):
    dnn, (x, y), picked = network(), samples(), batches(20)
    wanted, _ = by_torch(dnn, of_torch, x, y, picked, RATES["changing"][:20])
    run(epoch_of(dnn, name, **settings), x, y, picked, RATES["changing"][:20])
    for got, right in zip(values(dnn.trainable_params()), wanted, strict=True):
        np.testing.assert_allclose(got, right, rtol=0, atol=1e-13)


MORE = [pytest.param(name, "float64", marks=pytest.mark.campaign) for name in OPTIMIZERS if name != "nesterov"]


@pytest.mark.parametrize(("name", "dtype"), [("nesterov", "float64"), ("adam", "float32"), *MORE])
def test_resumed_from_its_slots_and_the_number_of_steps_it_is_bitwise_the_same(name, dtype):
    (x, y), picked, rates = samples(dtype), batches(20), RATES["changing"][:20]
    undisturbed, resumed = epoch_of(network(dtype), name), epoch_of(network(dtype, seed=9), name)
    run(undisturbed, x, y, picked[:10], rates[:10])
    checkpoint = values(state(undisturbed))
    run(undisturbed, x, y, picked[10:], rates[10:], done=10)

    put(resumed, checkpoint)
    run(resumed, x, y, picked[10:], rates[10:], done=10)
    for got, wanted in zip(values(state(resumed)), values(state(undisturbed)), strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_coefficients_do_not_depend_on_where_a_stretch_begins(name):
    optimizer = OPTIMIZERS[name](network().trainable_params())
    whole = optimizer.coefficients(RATES["changing"], 0)
    second = optimizer.coefficients(RATES["changing"][40:], 40)
    for at_once, part in zip(whole, second, strict=True):
        np.testing.assert_array_equal(at_once[40:], part)


def test_coefficients_of_adam_by_hand():
    adam = OPTIMIZERS["adam"](network().trainable_params(), beta1=0.5, beta2=0.75, epsilon=0.1)
    rates, epsilons = adam.coefficients(np.array([1.0, 2.0]), first_step=1)  # t = 2, 3
    correction = np.sqrt([1 - 0.75**2, 1 - 0.75**3])
    np.testing.assert_allclose(rates, [correction[0] / (1 - 0.5**2), 2 * correction[1] / (1 - 0.5**3)], rtol=1e-15)
    np.testing.assert_allclose(epsilons, 0.1 * correction, rtol=1e-15)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_slots_start_at_0_and_bear_the_names_of_their_parameters(name):
    dnn = network("float32")
    optimizer = OPTIMIZERS[name](dnn.trainable_params())
    assert len(optimizer.slots) == len(optimizer.slot_names)
    for slot_name, slot in zip(optimizer.slot_names, optimizer.slots, strict=True):
        assert [p.name for p in slot] == [f"{slot_name}.{name}" for name in dnn.parameter_names]
        assert not any(value.any() for value in values(slot))
    assert [p.name for p in dnn.trainable_params()] == list(dnn.parameter_names)
