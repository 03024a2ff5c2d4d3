"""Long trainings in the compiled loop, measured every so many steps: cost on other samples, and the weights.

Where every single step matters, :func:`ms_dnn.series.descent.descend` is the one to take.
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
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.evaluation import SplitEvaluation
from ms_dnn.training.optimizers import Adam, Optimizer


@dataclass(frozen=True)
class Curves:
    """What was seen at each look, the first one before any step.

    Attributes:
        steps: done at each look, (K,).
        costs: mean loss of the training samples, (K,): of the prediction, so without penalty and without dropout.
        validation_costs: the same of the other samples, (K,).
        weights: of each look, all parameters in the order of ``network.parameter_names``.
    """

    steps: NDArray[np.int64]
    costs: NDArray[np.float64]
    validation_costs: NDArray[np.float64]
    weights: list[list[NDArray[Any]]]


def train_curves(
    network: DNN,
    cost: Cost,
    samples: tuple[ArrayLike, ArrayLike],
    validation: tuple[ArrayLike, ArrayLike],
    rates: Sequence[float] | NDArray[np.float64],
    *,
    every: int,
    optimizer: type[Optimizer] = Adam,
) -> Curves:
    """Train on all samples in every step, compiled, and look at the network every so many steps.

    Args:
        network: its parameters are changed.
        cost: the cost J, with its penalty.
        samples: x (N, I) and y (N, O) of the training.
        validation: x and y of other samples, which only the looks see.
        rates: the learning rate of each step; ``every`` divides their number.
        every: steps from one look to the next.
        optimizer: of :mod:`ms_dnn.training.optimizers`, with its default settings.
    """
    epoch = Epoch(HandwrittenGradient(network, cost), optimizer(network.trainable_params()))
    x, y = (Tensor(np.asarray(array), epoch.dtype) for array in samples)
    batches = Tensor(np.tile(np.arange(x.shape[0], dtype=np.int32), (every, 1)))
    losses = [SplitEvaluation(network, Cost(cost.loss.name), *map(np.asarray, pair)) for pair in (samples, validation)]

    def look() -> tuple[float, float, list[NDArray[Any]]]:
        return losses[0]()[0], losses[1]()[0], [parameter.asnumpy().copy() for parameter in network.trainable_params()]

    looks = [look()]
    for first in range(0, len(rates), every):
        epoch.run_steps((x, y), batches, epoch.coefficients(rates[first : first + every], first), 0, every)
        looks.append(look())
    costs, validation_costs, weights = zip(*looks, strict=True)
    return Curves(every * np.arange(len(looks)), np.array(costs), np.array(validation_costs), list(weights))
