"""The cost J: the losses of the samples, averaged or summed, and the penalty on the weights."""

from typing import Any

from mindspore import Tensor, nn, ops

from ms_dnn.errors import ConfigError, ShapeError
from ms_dnn.layers.penalty import WeightPenalty
from ms_dnn.maths.constants import constant
from ms_dnn.maths.losses import LOSSES
from ms_dnn.presentation.notation import named
from ms_dnn.runtime.arrays import as_tensor
from ms_dnn.runtime.threads import one_thread_at_a_time


class Cost(nn.Cell):
    """J = 1/N Σ_n w_n ℓ(a_n, y_n), or the sum without 1/N; plus R(θ) where there is a penalty. w_n = 1 if unweighted.

    The mean divides by the number of samples, not by the sum of their weights: a sample then counts the same whatever
    the others of its mini-batch weigh. Weights of mean 1 leave the scale of J as it is.

    Args:
        loss: a name of :data:`ms_dnn.maths.losses.LOSSES`.
        reduction: "mean" or "sum" over the samples.
        penalty: R, or None. It is added by :meth:`of` and :meth:`add_penalty`, which know the parameters.
        weighted: whether each sample has a weight: then y is (N, C + 1), and its last column is w.
        shards: number of workers that each have an equal shard of the samples: then J is this worker's part of it,
            and the sum over the workers is J. R is not divided: it is added once, to the sum.

    Raises:
        NoDerivativeError: for the zero-one loss, which can only be reported.
        ConfigError: when there is no loss, or reduction, of that name.

    Examples:
        >>> J, da = ms_dnn.Cost("squared_error").forward_backward(ms.Tensor([[3.0], [5.0]]), ms.Tensor([[1.0], [4.0]]))
        >>> print(J, da.asnumpy().tolist())  # (½ 2² + ½ 1²) / 2, (a − y) / 2
        1.25 [[1.0], [0.5]]
    """

    @one_thread_at_a_time
    def __call__(self, a: Any, y: Any) -> Tensor:
        """Return :meth:`construct` for a prediction a (N, C) and a target y (N, C): Tensors, or numbers in any form.

        Raises:
            ShapeError: when they are something else.
        """
        a = as_tensor(a, None, "prediction of the cost")
        return super().__call__(a, self.target_of(y, a.shape, a.dtype))

    def __init__(
        self,
        loss: str,
        reduction: str = "mean",
        penalty: WeightPenalty | None = None,
        weighted: bool = False,
        shards: int = 1,
    ) -> None:
        super().__init__()
        self.penalty, self.weighted, self.shards = penalty, weighted, shards
        self.loss = named(LOSSES, "loss", loss)
        if reduction not in ("mean", "sum"):
            raise ConfigError(f"reduction: got {reduction!r}, expected mean or sum")
        self.reduction = reduction
        self._losses = self.loss.function
        self._gradient = self.loss.derivative()
        self._both = self.loss.both
        self._sum = ops.ReduceSum()

    def __repr__(self) -> str:
        also = ", weighted" if self.weighted else ""
        also += f", {self.penalty}" if self.penalty is not None else ""
        return f"Cost({self.loss.name}, {self.reduction}{also})"

    def target_of(self, y: Any, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """Return the target, or numbers in any form, as a Tensor for a prediction of a shape (N, C) and dtype.

        Raises:
            ShapeError: when it is neither, or not (N, C), and (N, C + 1) where the samples are weighted.
        """
        target = as_tensor(y, dtype, "target of the cost")
        expected = (*shape[:-1], shape[-1] + self.weighted)
        if target.shape != expected:
            raise ShapeError(
                f"target of the cost: got shape {target.shape}, expected {expected}: a column for each output"
                + (", and one for the weights" if self.weighted else "")
                + "; classes are one-hot"
            )
        return ops.cast(target, dtype)

    def unweighted(self) -> "Cost":
        """Return the same cost for samples of weight 1, whose y is (N, C)."""
        return Cost(self.loss.name, self.reduction, self.penalty)

    def construct(self, a: Tensor, y: Tensor) -> Tensor:
        """Return J without its penalty, a 0-d tensor, for the prediction a (N, C) and the target y (N, C)."""
        return self._reduce(self._sum(self.of_samples(a, y)), a)

    def of_samples(self, a: Tensor, y: Tensor) -> Tensor:
        """Return w_n ℓ(a_n, y_n), shape (N,)."""
        if self.weighted:
            return self._losses(a, y[:, :-1]) * y[:, -1]
        return self._losses(a, y)

    def of(self, parameters: tuple[Tensor, ...], a: Tensor, y: Tensor) -> Tensor:
        """Return J with its penalty, for the parameters that made the prediction a."""
        J = self.construct(a, y)
        return J if self.penalty is None else J + self.penalty(parameters)

    def add_penalty(
        self, parameters: tuple[Tensor, ...], J: Tensor, gradients: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return J + R and its gradients, for J and its gradients without the penalty."""
        if self.penalty is None:
            return J, gradients
        return J + self.penalty(parameters), self.penalty.backward(parameters, gradients)

    def forward_backward(self, a: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return J without its penalty and ∂J/∂a (N, C) at once, by one fused kernel where the loss has one."""
        target = y[:, :-1] if self.weighted else y
        if self._both is None:
            losses, da = self._losses(a, target), self._gradient(a, target)
        else:
            losses, da = self._both(a, target)
        if self.weighted:
            losses, da = losses * y[:, -1], da * y[:, -1:]
        return self._reduce(self._sum(losses), a), self._reduce(da, a)

    def _reduce(self, of_sum: Tensor, a: Tensor) -> Tensor:
        if self.reduction == "mean":
            return of_sum / constant(a.shape[0] * self.shards, a)
        return of_sum
