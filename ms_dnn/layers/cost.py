"""The cost J: the losses of the samples, averaged or summed."""

from mindspore import Tensor, nn, ops

from ms_dnn.maths.constants import constant
from ms_dnn.maths.losses import LOSSES


class Cost(nn.Cell):
    """J = 1/N Σ_n ℓ(a_n, y_n), or the sum without 1/N.

    Args:
        loss: a name of :data:`ms_dnn.maths.losses.LOSSES`.
        reduction: "mean" or "sum" over the samples.

    Raises:
        NoDerivativeError: for the zero-one loss, which can only be reported.
    """

    def __init__(self, loss: str, reduction: str = "mean") -> None:
        super().__init__()
        self.loss = LOSSES[loss]
        self.reduction = reduction
        self._losses = self.loss.function
        self._gradient = self.loss.derivative()
        self._both = self.loss.both
        self._sum = ops.ReduceSum()

    def construct(self, a: Tensor, y: Tensor) -> Tensor:
        """Return J, a 0-d tensor, for the prediction a (N, C) and the target y (N, C)."""
        return self._reduce(self._sum(self._losses(a, y)), a)

    def forward_backward(self, a: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return J and ∂J/∂a (N, C) at once, by one fused kernel where the loss has one."""
        if self._both is None:
            losses, da = self._losses(a, y), self._gradient(a, y)
        else:
            losses, da = self._both(a, y)
        return self._reduce(self._sum(losses), a), self._reduce(da, a)

    def _reduce(self, of_sum: Tensor, a: Tensor) -> Tensor:
        if self.reduction == "mean":
            return of_sum / constant(a.shape[0], a)
        return of_sum
