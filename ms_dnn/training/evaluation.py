"""Cost and prediction on samples that are not trained on, in one compiled graph."""

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn
from numpy.typing import NDArray

from ms_dnn.data.lazy_rows import Rows, rows_at_once
from ms_dnn.dnn import DNN
from ms_dnn.layers.cost import Cost


class Evaluation(nn.Cell):
    """(x, y) → (J, a[L]) without any gradient."""

    def __init__(self, network: DNN, cost: Cost) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.cost = cost

    @ms.jit
    def construct(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return J (0-d) and the prediction (N, n[L]) for x (N, n[0]) and the target y (N, n[L])."""
        a = self.network(x)
        return self.cost(a, y), a


class SplitEvaluation:
    """Cost and prediction on all samples of a split, a block at a time where they are many.

    Few samples stay on the device from one call to the next; the blocks of many are made each time.

    Args:
        network: the network.
        cost: the cost J.
        x: inputs, (M, n[0]), an array or lazy.
        y: targets, (M, n[L]), an array or lazy.
    """

    def __init__(self, network: DNN, cost: Cost, x: Rows, y: Rows) -> None:
        self.evaluation = Evaluation(network, cost)
        self.dtype = network.trainable_params()[0].dtype
        self.mean = cost.reduction == "mean"
        self.x, self.y = x, y
        self.at_once = rows_at_once(x.shape[1])
        self._all = self._block(0) if len(x) <= self.at_once else None

    def __call__(self) -> tuple[float, NDArray[Any]]:
        """Return J and the predictions (M, n[L]).

        J of several blocks is the mean (or sum) of theirs in float64, the same whether the samples are lazy or not.
        """
        if self._all is not None:
            J, prediction = self.evaluation(*self._all)
            return float(J), prediction.asnumpy()
        total, predictions = 0.0, []
        for first in range(0, len(self.x), self.at_once):
            J, prediction = self.evaluation(*self._block(first))
            predictions.append(prediction.asnumpy())
            total += float(J) * (len(predictions[-1]) if self.mean else 1)
        return total / (len(self.x) if self.mean else 1), np.concatenate(predictions)

    def _block(self, first: int) -> tuple[Tensor, Tensor]:
        rows = slice(first, first + self.at_once)
        return Tensor(self.x[rows], self.dtype), Tensor(self.y[rows], self.dtype)
