"""The compiled loop: many training steps in one graph, so that the host is asked once and not once a step.

On CPU a call from Python into a graph costs milliseconds of waiting between threads; a loop inside the graph
pays that once. It is also what an accelerator wants: no host between two steps.
"""

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from numpy.typing import ArrayLike, NDArray

from ms_dnn.maths.constants import constant
from ms_dnn.training.optimizers import Coefficients, Optimizer

_sum = ops.ReduceSum()


class Epoch(nn.Cell):
    """Train from step ``first`` to step ``last`` of an array of mini-batches, in one graph; see :meth:`run_steps`.

    Args:
        gradient: of :mod:`ms_dnn.gradients`; its ``differentiate(x, y)`` returns J, the gradients, its next state, and
            whether the gradients are finite, which only a route that ``may_overflow`` is asked.
        optimizer: the update.
        watch_change: also work out the largest change of any weight or bias in a step, and stop when it is below
            the tolerance given to the call (the ε of the series' algorithm). Costs a copy of the weights.
        clip_norm: global norm that the gradients are clipped by before the update; None for no limit.
    """

    def __init__(
        self, gradient: nn.Cell, optimizer: Optimizer, watch_change: bool = False, clip_norm: float | None = None
    ) -> None:
        super().__init__(auto_prefix=False)
        self.gradient = gradient
        self.state = ms.ParameterTuple(gradient.state.values())
        self.optimizer = optimizer
        self.dtype = optimizer.parameters[0].dtype
        self.watch_change = watch_change
        self.clip_norm = clip_norm
        if watch_change:
            self.before = _copies(optimizer.parameters, "before")
            self.after = _copies(optimizer.parameters, "after")
            self._max = ops.ReduceMax()

    def coefficients(self, rates: ArrayLike, first_step: int) -> Coefficients:
        """Return what the optimizer needs in each step, on the device: tensors as long as ``rates``.

        Args:
            rates: learning rates r of consecutive steps.
            first_step: number of the first of them, counted from 0.
        """
        of_steps = self.optimizer.coefficients(np.asarray(rates, np.float64), first_step)
        # mutable, or every new tuple would be taken for a constant and the graph compiled anew.
        return ms.mutable(tuple(Tensor(values, self.dtype) for values in of_steps))

    def run_steps(
        self,
        samples: tuple[Tensor, Tensor],
        batches: Tensor,
        coefficients: Coefficients,
        first: int,
        last: int,
        total: float = 0.0,
        tolerance: float = 0.0,
    ) -> tuple[int, float, float]:
        """Train from step ``first`` to ``last``; return the step that comes next, the sum of costs and the last change.

        The first call for new shapes compiles, also when there is no step to do.

        Args:
            samples: all inputs X (M, n[0]) and all targets Y (M, n[L]).
            batches: rows of X and Y for each step, int32 (steps, N).
            coefficients: of each step, from :meth:`coefficients`.
            first: step to begin with.
            last: step to stop before.
            total: what the sum of costs begins with.
            tolerance: ε, the largest change of a weight that ends the training; read only when the change is watched.
        """
        bounds = Tensor(first, ms.int32), Tensor(last, ms.int32)
        reached, total, change = self(
            *samples, batches, coefficients, *bounds, Tensor(total, self.dtype), Tensor(tolerance, self.dtype)
        )
        return int(reached), float(total), float(change)

    def run_epochs(
        self, samples: tuple[Tensor, Tensor], batches: NDArray[np.int32], rates: ArrayLike, first_step: int
    ) -> NDArray[np.float64]:
        """Train some epochs, each at one learning rate; return the mean cost of each, (epochs,).

        Args:
            samples: all inputs X (M, n[0]) and all targets Y (M, n[L]).
            batches: rows of X and Y for each step, (epochs, steps, N).
            rates: learning rate r of each epoch, (epochs,).
            first_step: steps done before.
        """
        steps = batches.shape[1]
        costs: list[float] = []
        for of_epoch, rate in zip(batches, np.asarray(rates, np.float64), strict=True):
            coefficients = self.coefficients(np.full(steps, rate), first_step + len(costs) * steps)
            costs.append(self.run_steps(samples, Tensor(of_epoch), coefficients, 0, steps)[1] / steps)
        return np.array(costs)

    @ms.jit
    def construct(
        self,
        X: Tensor,
        Y: Tensor,
        batches: Tensor,
        schedule: Coefficients,
        first: Tensor,
        last: Tensor,
        total: Tensor,
        tolerance: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what :meth:`run_steps` does; ``first``, ``last``, ``total`` and ``tolerance`` are 0-d tensors."""
        i = first
        change = tolerance
        if self.watch_change:
            while i < last and change >= tolerance:
                J, change = self._watched_step(X, Y, ops.gather(batches, i, 0), _at(schedule, i))
                total = total + J
                i = i + 1
        else:
            while i < last:
                total = total + self._step(X, Y, ops.gather(batches, i, 0), _at(schedule, i))
                i = i + 1
        return i, total, change

    def _step(self, X: Tensor, Y: Tensor, picked: Tensor, coefficients: Coefficients) -> Tensor:
        """Do one iteration on the picked samples and return its cost J."""
        J, gradients, after, finite = self.gradient.differentiate(ops.gather(X, picked, 0), ops.gather(Y, picked, 0))
        if self.clip_norm is not None:
            gradients = clip_by_global_norm(gradients, self.clip_norm)
        if self.gradient.may_overflow:
            if finite:
                self.optimizer(gradients, coefficients)
        else:
            self.optimizer(gradients, coefficients)
        for j in range(len(self.state)):
            ops.assign(self.state[j], after[j])
        return J

    def _watched_step(self, X: Tensor, Y: Tensor, picked: Tensor, coefficients: Coefficients) -> tuple[Tensor, Tensor]:
        """Do one iteration and return J and max |Δθ| over all weights and biases."""
        for i in range(len(self.before)):
            ops.assign(self.before[i], self.optimizer.parameters[i])
        J = self._step(X, Y, picked, coefficients)
        change = constant(0.0, J)
        for i in range(len(self.before)):
            # By a copy: to read a float64 Parameter that this graph updates makes MindSpore's CPU backend round it
            # to float32, before the update too.
            ops.assign(self.after[i], self.optimizer.parameters[i])
            change = ops.maximum(change, self._max(ops.abs(self.after[i] - self.before[i])))
        return J, change


def _copies(parameters: ms.ParameterTuple, name: str) -> ms.ParameterTuple:
    copies = [
        Parameter(parameter.value().copy(), name=f"{name}.{parameter.name}", requires_grad=False)
        for parameter in parameters
    ]
    return ms.ParameterTuple(copies)


def _at(schedule: Coefficients, i: Tensor) -> Coefficients:
    """Return the coefficients of step i."""
    return tuple([ops.gather(values, i, 0) for values in schedule])


def clip_by_global_norm(gradients: tuple[Tensor, ...], limit: float) -> tuple[Tensor, ...]:
    """Return g · min(1, limit / ‖g‖) for the norm ‖g‖ of all gradients together; each keeps its shape and dtype.

    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (ICML 2013), algorithm 1.
    """
    squares = constant(0.0, gradients[0])
    for gradient in gradients:
        squares = squares + _sum(gradient * gradient)
    norm = ops.sqrt(squares)
    one = constant(1.0, norm)
    # Where the norm is within the limit no bit changes; selected and not divided, because the norm may be 0.
    factor = ops.select(norm > constant(limit, norm), constant(limit, norm) / norm, one)
    clipped: tuple[Tensor, ...] = ()
    for gradient in gradients:
        clipped += (gradient * factor,)
    return clipped
