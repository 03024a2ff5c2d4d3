"""A small problem, and a call of the compiled loop on NumPy numbers, for the tests of this folder."""

import numpy as np
from mindspore import Tensor, ops

from ms_dnn.dnn import build_dnn

SAMPLES, BATCH = 24, 6


def network(dtype="float64", seed=1, sizes=(4, 5, 3), activations=("tanh", "identity")):
    return build_dnn(sizes, activations, seed=seed, dtype=dtype)


def samples(dtype="float64"):
    """x, whose last column is 0 so that some gradients are exactly 0, and one-hot y."""
    rng = np.random.default_rng(91)
    x = rng.normal(size=(SAMPLES, 4))
    x[:, -1] = 0
    return x.astype(dtype), np.eye(3, dtype=dtype)[rng.integers(0, 3, SAMPLES)]


def batches(steps):
    rng = np.random.default_rng(92)
    return np.array([rng.permutation(SAMPLES)[:BATCH] for _ in range(steps)], np.int32)


def run(epoch, x, y, picked, rates, first=0, last=None, total=0.0, tolerance=0.0, done=0):
    """Run steps first … last of an interval that begins after ``done`` steps; return (next step, total, change)."""
    last = len(picked) if last is None else last
    coefficients = epoch.coefficients(rates, done)
    return epoch.run_steps((Tensor(x), Tensor(y)), Tensor(picked), coefficients, first, last, total, tolerance)


def values(parameters):
    return [parameter.asnumpy().copy() for parameter in parameters]


def state(epoch):
    """Return the weights, biases and slots: all that a run changes."""
    optimizer = epoch.optimizer
    return [*optimizer.parameters, *(parameter for slot in optimizer.slots for parameter in slot)]


def put(epoch, arrays):
    """Put back what ``values(state(epoch))`` returned, without compiling anew."""
    for parameter, array in zip(state(epoch), arrays, strict=True):
        ops.assign(parameter, Tensor(array))
