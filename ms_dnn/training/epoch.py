"""The compiled loop: many training steps in one graph, so that the host is asked once and not once a step.

On CPU a call from Python into a graph costs milliseconds of waiting between threads; a loop inside the graph
pays that once. It is also what an accelerator wants: no host between two steps.
"""

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops

from ms_dnn.maths.constants import constant
from ms_dnn.training.clipping import clip_by_norm
from ms_dnn.training.optimizers import Coefficients, Optimizer


class Epoch(nn.Cell):
    """Train from step ``first`` to step ``last`` of a stretch, in one graph.

    Args:
        gradient: of :mod:`ms_dnn.gradients`; its ``differentiate(x, y)`` returns J, the gradients, its next state, and
            whether the gradients are finite, which only a route that ``may_overflow`` is asked.
        optimizer: the update.
        watch_change: also work out the largest change of any weight or bias in a step, and stop when it is below
            the tolerance given to the call (the ε of the series' algorithm). Costs a copy of the weights.
        clip_norm: length that all gradients together are cut to before the update; None for no limit.
    """

    def __init__(
        self, gradient: nn.Cell, optimizer: Optimizer, watch_change: bool = False, clip_norm: float | None = None
    ) -> None:
        super().__init__(auto_prefix=False)
        self.gradient = gradient
        self.state = ms.ParameterTuple(gradient.state.values())
        self.optimizer = optimizer
        self.watch_change = watch_change
        self.clip_norm = clip_norm
        if watch_change:
            self.before = _copies(optimizer.parameters, "before")
            self.after = _copies(optimizer.parameters, "after")
            self._max = ops.ReduceMax()

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
        """Return the step that comes next, ``total`` plus the costs of the steps done, and the last change.

        Args:
            X: all inputs, (M, n[0]).
            Y: all targets, (M, n[L]).
            batches: the samples of each step of the stretch, int32 (steps, N).
            schedule: the optimizer's coefficients, each (steps,).
            first: step to begin with, int32, 0-d.
            last: step to stop before, int32, 0-d.
            total: sum of the costs of the stretch so far, 0-d.
            tolerance: ε, 0-d; read only when the change is watched.
        """
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
            gradients = clip_by_norm(gradients, self.clip_norm)
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
