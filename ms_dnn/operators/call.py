"""The operator as MindSpore knows it, called on a network's parameters, which it changes in place."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, ops
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.normalization import BatchNorm
from ms_dnn.operators.build import ENTRY, library
from ms_dnn.operators.program import Program, Steps

BATCHES = 4
"""Place of the batches among the inputs."""


@dataclass(frozen=True)
class Done:
    """What came of some steps.

    Attributes:
        reached: the number of the next step.
        total: the sum of costs.
        change: the last change of a weight.
        costs: of each step, (steps,); 0 where it was not done.
        gradients: the last ones of all parameters, one after the other, (P,).
    """

    reached: int
    total: float
    change: float
    costs: Tensor
    gradients: Tensor


class Operator:
    """Training steps of a network on CPU.

    Args:
        network: the network; its parameters and state are changed.
        cost: the cost J.
        slots: of the optimizer.

    Raises:
        OperatorError: when the operator cannot be had here, or does not cover the network or its cost.
    """

    def __init__(self, network: DNN, cost: Cost, slots: tuple[ms.ParameterTuple, ...] = ()) -> None:
        self.program = Program(network, cost)
        self.parameters = network.trainable_params()
        averages = [average for layer in network.layers if isinstance(layer, BatchNorm) for average in layer.state]
        self._changed = [*self.parameters, *(slot for of_kind in slots for slot in of_kind), *averages]
        size = sum(parameter.size for parameter in self.parameters)
        self._run = _operator(library(), size, self.parameters[0].dtype)

    def __call__(self, samples: tuple[Tensor, Tensor], batches: Tensor, coefficients: Tensor, steps: Steps) -> Done:
        """Do some steps and return what came of them.

        Args:
            samples: inputs X (M, n[0]) and targets Y (M, n[L]), with a column of weights where the cost is weighted.
            batches: rows of X and Y for each step, int32 (steps, N).
            coefficients: learning rate and ε of each step, float64 (2, steps).
            steps: which, and how.
        """
        program, numbers = self.program.encoded(batches.shape[1], steps)
        results, costs, gradients = self._run(
            Tensor(program), Tensor(numbers), *samples, batches, coefficients, *self._changed
        )
        reached, total, change = results.asnumpy().tolist()
        if steps.rule != "none":
            self.program.advance(int(reached) - steps.first)
        return Done(int(reached), total, change, costs, gradients)


def operator_gradient(network: DNN, cost: Cost, x: Tensor, y: Tensor) -> tuple[float, tuple[NDArray[Any], ...]]:
    """Return J and its gradients, one a parameter, for x (N, n[0]) and y (N, n[L]); nothing is changed.

    Raises:
        OperatorError: as :class:`Operator`.
    """
    operator = Operator(network, cost)
    batch, nothing = Tensor(np.arange(len(x), dtype=np.int32)[None]), Tensor(np.zeros((2, 1)))
    done = operator((x, y), batch, nothing, Steps())
    shapes = [parameter.shape for parameter in operator.parameters]
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    parts = np.split(done.gradients.asnumpy().copy(), ends[:-1])
    return done.total, tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))


def threads_of_machine() -> int:
    """Return the cores that this process may use, or what OMP_NUM_THREADS allows where that is less."""
    cores, allowed = len(os.sched_getaffinity(0)), os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(allowed)) if allowed.isdigit() and int(allowed) else cores


@lru_cache(maxsize=256)
def _operator(path: Path, parameters: int, dtype: ms.Type) -> ops.Custom:
    def shapes(*inputs: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        return (3,), (inputs[BATCHES][0],), (parameters,)

    return ops.Custom(f"{path}:{ENTRY}", shapes, lambda *_: (ms.float64, ms.float64, dtype), func_type="aot")
