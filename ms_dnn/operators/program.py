"""A network and its cost as the operator reads them: whole numbers, and floating numbers, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import mindspore as ms
import numpy as np
from mindspore import Tensor, ops
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.errors import OperatorError
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense
from ms_dnn.layers.dropout import Dropout
from ms_dnn.layers.layer import Layer
from ms_dnn.layers.normalization import BatchNorm, LayerNorm
from ms_dnn.layers.penalty import AdjustablePenalty, Penalty
from ms_dnn.maths.activations import ACTIVATIONS
from ms_dnn.maths.losses import LOSSES

# The numbers are those of the enumerations in source/*.h. The functions themselves are the keys, so that another one
# under the same name is not taken for the operator's.
_ACTIVATIONS = {
    ACTIVATIONS[name]: number
    for number, name in enumerate(
        ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", "softmax")
    )
}
_LOSSES = {
    LOSSES[name]: number
    for number, name in enumerate(
        (
            "squared_error",
            "binary_cross_entropy",
            "binary_cross_entropy_with_logits",
            "softmax_cross_entropy",
            "hinge",
            "perceptron",
        )
    )
}
_RULES = ("none", "gradient_descent", "momentum", "nesterov", "adam")
_DENSE, _DROPOUT, _LAYER_NORM, _BATCH_NORM = range(4)
_IDENTITY = 0

FLOPS_OF_TWO_PANELS = 6e7
"""Floating-point operations of a step from which on two threads are faster than one."""


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What the operator is asked to do.

    Attributes:
        first: row of the batches to begin with.
        last: row to stop before.
        rule: name of the update; "none" only differentiates.
        constants: of the update: μ, or β₁ and β₂.
        total: what the sum of costs begins with.
        tolerance: the change of a weight below which to stop; None not to look.
        clip_norm: global norm to clip the gradients to; None for no limit.
        threads: at most.
    """

    first: int = 0
    last: int = 1
    rule: str = "none"
    constants: Sequence[float] = ()
    total: float = 0.0
    tolerance: float | None = None
    clip_norm: float | None = None
    threads: int = 1


def require_covered(network: DNN, cost: Cost) -> None:
    """Raise an OperatorError that names what of a network or of its cost the operator does not have."""
    for layer in network.layers:
        if type(layer) not in (Dense, Dropout, LayerNorm, BatchNorm):
            raise OperatorError(f"the layer '{layer}' is not among its layers")
        if layer.activation is not None and layer.activation not in _ACTIVATIONS:
            raise OperatorError(f"the activation '{layer.activation.name}' is not among its functions")
    if type(cost) is not Cost or cost.loss not in _LOSSES:
        raise OperatorError(f"the loss '{cost.loss.name}' is not among its functions")
    if cost.penalty is not None and type(cost.penalty) not in (Penalty, AdjustablePenalty):
        raise OperatorError(f"the penalty '{type(cost.penalty).__name__}' is not among its penalties")
    if cost.shards > 1 or network.workers.number > 1:
        raise OperatorError("several workers share each mini-batch")
    dtypes = {str(parameter.dtype) for parameter in network.trainable_params()}
    if len(dtypes) > 1 or not dtypes <= {"Float32", "Float64"}:
        raise OperatorError(f"the weights are {' and '.join(sorted(dtypes))}, it takes Float32 or Float64")


class Program:
    """What the operator is told of a network and its cost, in the order in which source/operator.cpp reads it.

    Args:
        network: the network.
        cost: the cost J.

    Raises:
        OperatorError: as :func:`require_covered`.
    """

    def __init__(self, network: DNN, cost: Cost) -> None:
        require_covered(network, cost)
        self.cost, self.sizes = cost, network.sizes
        biases = cost.penalty is not None and cost.penalty.biases
        program = [_LOSSES[cost.loss], 0, cost.reduction == "mean", cost.weighted, biases, *[0] * 5]
        numbers = [0.0] * 7
        program.append(len(network.layers))
        self._dropouts: list[tuple[int, Dropout]] = []
        units = self.sizes[0]
        for layer in network.layers:
            units = units if layer.units is None else layer.units
            if isinstance(layer, Dropout):
                self._dropouts.append((len(program) + 4, layer))
            of_layer, numbers_of_layer = _encode_layer(layer, units)
            program += of_layer
            numbers += numbers_of_layer
        self._program, self._numbers = np.array(program, np.int64), np.array(numbers, np.float64)

    def encoded(self, batch: int, steps: Steps) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the whole numbers and the floating ones for some steps on N = ``batch`` samples each."""
        panels = panels_of(self.sizes, batch)
        penalty = self.cost.penalty
        program, numbers = self._program.copy(), self._numbers.copy()
        program[1] = _RULES.index(steps.rule)
        program[5:10] = steps.tolerance is not None, panels, min(panels, steps.threads), steps.first, steps.last
        for place, layer in self._dropouts:
            program[place] = layer.step.asnumpy()
        clip_norm = inf if steps.clip_norm is None else steps.clip_norm
        l1, l2 = (0.0, 0.0) if penalty is None else penalty.factors
        numbers[:7] = steps.total, steps.tolerance or 0.0, clip_norm, l1, l2, *[*steps.constants, 0.0, 0.0][:2]
        return program, numbers

    def advance(self, steps: int) -> None:
        """Count steps that were done, in the layers that drop by their number."""
        for _, layer in self._dropouts:
            ops.assign(layer.step, Tensor(int(layer.step.asnumpy()) + steps, ms.int32))


def _encode_layer(layer: Layer, units: int) -> tuple[list[int], list[float]]:
    activation = _IDENTITY if layer.activation is None else _ACTIVATIONS[layer.activation]
    if isinstance(layer, Dropout):
        threshold, scale = layer.threshold_and_scale
        return [_DROPOUT, units, activation, layer.key, 0, threshold], [scale]
    if isinstance(layer, BatchNorm):
        return [_BATCH_NORM, units, activation], [layer.momentum, layer.epsilon]
    if isinstance(layer, LayerNorm):
        return [_LAYER_NORM, units, activation], [layer.epsilon]
    return [_DENSE, units, activation, layer.is_dense], []


def panels_of(sizes: Sequence[int], batch: int) -> int:
    """Return into how many parts a step is divided, which threads share: by its size, whatever the machine."""
    flops = 6.0 * batch * sum(below * above for below, above in pairwise(sizes))
    panels, worth = 1, FLOPS_OF_TWO_PANELS
    while flops >= worth and batch >= 64 * panels:
        panels, worth = 2 * panels, 50 * worth
    return panels
