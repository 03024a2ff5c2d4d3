"""The watched trainings of the chapters: the same steps as by hand, whether one sees each or only some of them."""

import numpy as np
import pytest

from ms_dnn import Cost, build_dnn
from ms_dnn.series.curves import train_curves
from ms_dnn.series.descent import descend, with_parameters
from ms_dnn.training.optimizers import Adam, GradientDescent

pytestmark = pytest.mark.usefixtures("cpu")
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(6, 2)), RANDOM.normal(size=(6, 1))


def line():
    return with_parameters(build_dnn((2, 1), ["identity"], dtype="float64"), [[[0.5, -1.0]], [0.25]])


@pytest.mark.parametrize("batches", [None, [np.array([0, 3]), np.array([5]), np.array([1, 2, 4])]])
def test_every_step_is_that_of_the_formula(batches):
    rates = [0.1, 0.2, 0.05, 0.1]
    way = descend(line(), Cost("squared_error"), X, Y, rates, batches=batches)
    w, b = np.array([[0.5, -1.0]]), np.array([0.25])
    for step, rate in enumerate(rates):
        rows = np.arange(6) if batches is None else batches[step % 3]
        error = X[rows] @ w.T + b - Y[rows]
        np.testing.assert_allclose(way.costs[step], (error**2).sum(1).mean() / 2, rtol=1e-12)
        np.testing.assert_allclose(way.ways["layers.0.weight"][step], w, rtol=1e-12)
        w, b = w - rate * error.T @ X[rows] / len(rows), b - rate * error.mean(0)
    np.testing.assert_allclose(way.ways["layers.0.weight"][-1], w, rtol=1e-12)
    np.testing.assert_allclose(way.ways["layers.0.bias"][-1], b, rtol=1e-12)


@pytest.mark.parametrize("optimizer", [GradientDescent, Adam])
def test_the_compiled_loop_goes_the_same_way(optimizer):
    rates = np.linspace(0.2, 0.1, 6)
    seen = train_curves(line(), Cost("squared_error"), (X, Y), (X[:2], Y[:2]), rates, every=2, optimizer=optimizer)
    way = descend(line(), Cost("squared_error"), X, Y, rates, optimizer=optimizer)
    assert seen.steps.tolist() == [0, 2, 4, 6]
    for look, step in enumerate(seen.steps):
        np.testing.assert_allclose(seen.weights[look][0], way.ways["layers.0.weight"][step], rtol=1e-10)
        np.testing.assert_allclose(seen.weights[look][1], way.ways["layers.0.bias"][step], rtol=1e-10)
    np.testing.assert_allclose(seen.costs[:3], way.costs[[0, 2, 4]], rtol=1e-10)
    error = X[:2] @ seen.weights[-1][0].T + seen.weights[-1][1] - Y[:2]
    np.testing.assert_allclose(seen.validation_costs[-1], (error**2).sum(1).mean() / 2, rtol=1e-10)
