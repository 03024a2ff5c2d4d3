"""Cost and prediction on samples that are not trained on, in one compiled graph."""

import mindspore as ms
from mindspore import Tensor, nn

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
