"""The operator as MindSpore knows it, called on a network's parameters, which it changes in place."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, ops
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dropout import Dropout
from ms_dnn.operators.build import ENTRY, library
from ms_dnn.operators.program import Steps, averages_of, encode, require_covered


def call(
    network: DNN,
    cost: Cost,
    samples: tuple[Tensor, Tensor],
    batches: Tensor,
    coefficients: Tensor,
    slots: tuple[ms.ParameterTuple, ...],
    steps: Steps,
) -> tuple[tuple[int, float, float], Tensor]:
    """Do some steps; return the number of the next one, the sum of costs, the last change, and the last gradients.

    Args:
        network: a network that :func:`ms_dnn.operators.program.require_covered` lets pass, on CPU.
        cost: the cost J.
        samples: inputs X (M, n[0]) and targets Y (M, n[L]), with a column of weights where the cost is weighted.
        batches: rows of X and Y for each step, int32 (steps, N).
        coefficients: learning rate and ε of each step, float64 (2, steps).
        slots: of the optimizer.
        steps: what to do.

    Returns:
        The results, and the gradients of all parameters one after the other, (P,).
    """
    parameters = network.trainable_params()
    program, numbers = encode(network, cost, batches.shape[1], steps)
    changed: list[Parameter] = [*parameters, *(slot for of_kind in slots for slot in of_kind), *averages_of(network)]
    operator = _operator(library(), sum(parameter.size for parameter in parameters), parameters[0].dtype)
    results, gradients = operator(Tensor(program), Tensor(numbers), *samples, batches, coefficients, *changed)
    reached, total, change = results.asnumpy().tolist()
    done = int(reached) - steps.first
    if steps.rule != "none":
        for layer in network.layers:
            if isinstance(layer, Dropout):
                ops.assign(layer.step, Tensor(int(layer.step.asnumpy()) + done, ms.int32))
    return (int(reached), total, change), gradients


def operator_gradient(network: DNN, cost: Cost, x: Tensor, y: Tensor) -> tuple[float, tuple[NDArray[Any], ...]]:
    """Return J and its gradients, one a parameter, for x (N, n[0]) and y (N, n[L]); nothing is changed.

    Raises:
        OperatorError: when the operator cannot be had here, or does not cover the network or its cost.
    """
    require_covered(network, cost)
    batch, nothing = Tensor(np.arange(len(x), dtype=np.int32)[None]), Tensor(np.zeros((2, 1)))
    (_, J, _), flat = call(network, cost, (x, y), batch, nothing, (), Steps())
    shapes = [parameter.shape for parameter in network.trainable_params()]
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    parts = np.split(flat.asnumpy().copy(), ends[:-1])
    return J, tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))


def threads_of_machine() -> int:
    """Return the cores that this process may use, or what OMP_NUM_THREADS allows where that is less."""
    cores, allowed = len(os.sched_getaffinity(0)), os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(allowed)) if allowed.isdigit() and int(allowed) else cores


@lru_cache(maxsize=256)
def _operator(path: Path, parameters: int, dtype: ms.Type) -> ops.Custom:
    return ops.Custom(f"{path}:{ENTRY}", ((3,), (parameters,)), (ms.float64, dtype), func_type="aot")
