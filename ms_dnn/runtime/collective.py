"""One collective operation, in a graph of its own."""

import mindspore as ms
from mindspore import Tensor, nn, ops


class CompiledSum(nn.Cell):
    """x → its sum over all workers, float32.

    Compiled, because collective operations outside a graph crash MindSpore's process on CPU when it exits (2.10).
    """

    def __init__(self) -> None:
        super().__init__(auto_prefix=False)
        self._sum = ops.AllReduce()

    @ms.jit
    def construct(self, x: Tensor) -> Tensor:
        """Return the sum, in the shape of x."""
        return self._sum(x)
