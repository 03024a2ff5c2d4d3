"""The sum of the cost and of the gradients over the workers of a run."""

from mindspore import Tensor, nn, ops


class SumOverWorkers(nn.Cell):
    """(J, gradients) of this worker's shard → their sums over all workers, the same bits on each.

    One AllReduce of all numbers in a row: each one has its fixed cost, and of two that do not need each other the
    workers might take different ones first.
    """

    def __init__(self) -> None:
        super().__init__(auto_prefix=False)
        self._sum = ops.AllReduce()
        self._join = ops.Concat(axis=0)

    def construct(self, J: Tensor, gradients: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return J (0-d) and the gradients, each in its shape."""
        row: tuple[Tensor, ...] = (J.reshape(1),)
        for gradient in gradients:
            row += (gradient.reshape(-1),)
        total = self._sum(self._join(row))
        summed: tuple[Tensor, ...] = ()
        at = 1
        for gradient in gradients:
            summed += (total[at : at + gradient.size].reshape(gradient.shape),)
            at = at + gradient.size
        return total[0], summed
