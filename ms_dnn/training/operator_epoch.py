"""The loop of training steps as one call of the operator for CPU: what :class:`Epoch` is as a graph."""

import numpy as np
from mindspore import Tensor
from numpy.typing import ArrayLike, NDArray

from ms_dnn.errors import OperatorError
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.operators.call import Operator, threads_of_machine
from ms_dnn.operators.program import Steps
from ms_dnn.training.optimizers import OPTIMIZERS, Optimizer


class OperatorEpoch:
    """Train from step ``first`` to step ``last`` of an array of mini-batches, in one call; see :meth:`run_steps`.

    The arguments are those of :class:`ms_dnn.training.epoch.Epoch`. Nothing is compiled for a network.

    Raises:
        OperatorError: when the operator cannot be had here, or does not cover what is to be trained.
    """

    def __init__(
        self, gradient: HandwrittenGradient, optimizer: Optimizer, watch_change: bool, clip_norm: float | None
    ) -> None:
        rules = {of_name: name for name, of_name in OPTIMIZERS.items()}
        if type(optimizer) not in rules:
            raise OperatorError(f"the optimizer '{type(optimizer).__name__}' is not among its updates")
        self.operator = Operator(gradient.network, gradient.cost, optimizer.slots)
        self.optimizer = optimizer
        self.rule = rules[type(optimizer)]
        self.watch_change, self.clip_norm = watch_change, clip_norm
        self.dtype = optimizer.parameters[0].dtype

    def coefficients(self, rates: ArrayLike, first_step: int) -> Tensor:
        """Return what the optimizer needs in each step: float64 (2, steps).

        Args:
            rates: learning rates r of consecutive steps.
            first_step: number of the first of them, counted from 0.
        """
        of_steps = self.optimizer.coefficients(np.asarray(rates, np.float64), first_step)
        return Tensor(np.stack([of_steps[0], of_steps[-1]]))

    def run_steps(
        self,
        samples: tuple[Tensor, Tensor],
        batches: Tensor,
        coefficients: Tensor,
        first: int,
        last: int,
        total: float = 0.0,
        tolerance: float = 0.0,
    ) -> tuple[int, float, float]:
        """Do what :meth:`ms_dnn.training.epoch.Epoch.run_steps` does, with the same arguments and results."""
        if first >= last:
            return first, total, tolerance
        done = self.operator(
            samples, batches, coefficients, self._steps(first, last, total, tolerance if self.watch_change else None)
        )
        return done.reached, done.total, done.change

    def run_epochs(
        self, samples: tuple[Tensor, Tensor], batches: NDArray[np.int32], rates: ArrayLike, first_step: int
    ) -> NDArray[np.float64]:
        """Do what :meth:`ms_dnn.training.epoch.Epoch.run_epochs` does, all epochs in one call."""
        epochs, steps, batch = batches.shape
        coefficients = self.coefficients(np.repeat(rates, steps), first_step)
        rows = Tensor(batches.reshape(-1, batch))
        done = self.operator(samples, rows, coefficients, self._steps(0, epochs * steps, 0.0, None))
        return done.costs.asnumpy().reshape(epochs, steps).mean(axis=1)

    def _steps(self, first: int, last: int, total: float, tolerance: float | None) -> Steps:
        return Steps(
            first=first,
            last=last,
            rule=self.rule,
            constants=self.optimizer.constants,
            total=total,
            tolerance=tolerance,
            clip_norm=self.clip_norm,
            threads=threads_of_machine(),
        )
