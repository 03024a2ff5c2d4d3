"""Gradient descent watched step by step: a few hundred steps of a small network, with every parameter on the way.

The training loop of the package is one compiled graph an epoch; here every step can be seen. Gradients and updates are
the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import ArrayLike, NDArray

from ms_dnn.dnn import DNN
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.training.optimizers import GradientDescent, Optimizer
from ms_dnn.training.trainer import copies_of


@dataclass(frozen=True)
class Descent:
    """The way of a training.

    Attributes:
        costs: J before each step, on the samples of that step, (steps,).
        ways: of each parameter by name, its values before the first step and after each, (steps + 1, …).
    """

    costs: NDArray[np.float64]
    ways: dict[str, NDArray[Any]]


def descend(
    network: DNN,
    cost: Cost,
    x: ArrayLike,
    y: ArrayLike,
    rates: Sequence[float],
    *,
    optimizer: type[Optimizer] = GradientDescent,
    batches: Sequence[NDArray[np.int64]] | None = None,
) -> Descent:
    """Train the network, one step a rate, and return the way that it took.

    Args:
        network: its parameters are changed.
        cost: the cost J.
        x: samples, (N, I).
        y: targets, (N, O).
        rates: the learning rate of each step.
        optimizer: of :mod:`ms_dnn.training.optimizers`, with its default settings.
        batches: rows of x for each step, taken in turn; None for all samples in every step.
    """
    gradient = HandwrittenGradient(network, cost)
    update = optimizer(network.trainable_params())
    dtype = network.trainable_params()[0].dtype
    X, Y = np.asarray(x), np.asarray(y)
    chosen = [np.arange(len(X))] if batches is None else batches
    coefficients = np.stack(update.coefficients(np.asarray(rates, dtype=float), 0))
    parameters = dict(zip(network.parameter_names, network.trainable_params(), strict=True))
    costs, ways = [], [copies_of(parameters)]
    for step in range(len(rates)):
        rows = chosen[step % len(chosen)]
        a, caches = gradient.propagate_forward(Tensor(X[rows], dtype))
        J, gradients = gradient.propagate_error_back(a, caches, Tensor(Y[rows], dtype))
        update(gradients, tuple(Tensor(value, dtype) for value in coefficients[:, step]))
        costs.append(float(J))
        ways.append(copies_of(parameters))
    return Descent(np.array(costs), {name: np.stack([way[name] for way in ways]) for name in parameters})


def with_parameters(network: DNN, values: Sequence[ArrayLike]) -> DNN:
    """Put values into the parameters, in the order of ``network.parameter_names``, and return the network."""
    for parameter, value in zip(network.trainable_params(), values, strict=True):
        parameter.set_data(Tensor(np.asarray(value), parameter.dtype))
    return network
