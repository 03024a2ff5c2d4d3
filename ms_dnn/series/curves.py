"""Long trainings in the compiled loop, measured every so many steps: cost on other samples, and the weights.

Where every single step matters, :func:`ms_dnn.series.descent.descend` is the one to take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn
from numpy.typing import ArrayLike, NDArray

from ms_dnn.dnn import DNN
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.training.epoch import Epoch
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
    dtype = network.trainable_params()[0].dtype
    (x, y), others = (tuple(Tensor(np.asarray(part), dtype) for part in pair) for pair in (samples, validation))
    epoch = Epoch(HandwrittenGradient(network, cost), optimizer(network.trainable_params()))
    looked_at = _Look(network, Cost(cost.loss.name))
    batches = Tensor(np.tile(np.arange(x.shape[0], dtype=np.int32), (every, 1)))
    seen = [(0, *looked_at.see(x, y, *others))]
    for first in range(0, len(rates), every):
        epoch.run_steps((x, y), batches, epoch.coefficients(rates[first : first + every], first), 0, every)
        seen.append((first + every, *looked_at.see(x, y, *others)))
    steps, costs, validation_costs, weights = zip(*seen, strict=True)
    return Curves(np.array(steps), np.array(costs), np.array(validation_costs), list(weights))


class _Look(nn.Cell):
    """Both costs of the prediction, in one graph: outside of one, a busy machine takes a hundred times as long."""

    def __init__(self, network: DNN, loss: Cost) -> None:
        super().__init__(auto_prefix=False)
        self.network, self.loss = network, loss

    @ms.jit
    def construct(self, x: Tensor, y: Tensor, x_other: Tensor, y_other: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean loss on (x, y) and on the others."""
        return self.loss(self.network(x), y), self.loss(self.network(x_other), y_other)

    def see(self, *pairs: Tensor) -> tuple[float, float, list[NDArray[Any]]]:
        """Return both costs and copies of all parameters."""
        here, there = self(*pairs)
        return float(here), float(there), [parameter.asnumpy().copy() for parameter in self.network.trainable_params()]
