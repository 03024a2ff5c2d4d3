"""The hand-written derivatives as ``bprop`` of parameter-less Cells, so that GradOperation runs through them.

A Cell that owns Parameters and defines ``bprop`` gets weight gradients of 0 without a word in PyNative. So the
Cells that carry a ``bprop`` own nothing: W and b are inputs to them, held by the Cell around them. Each layer gives its
own (:meth:`ms_dnn.layers.layer.Layer.function`).
"""

from mindspore import Tensor, nn, ops

from ms_dnn.dnn import DNN
from ms_dnn.layers.cost import Cost


class CostFunction(nn.Cell):
    """(a, y) → J, differentiated by hand; the target y gets the gradient 0, for it is not a variable."""

    def __init__(self, cost: Cost) -> None:
        super().__init__()
        self.cost = cost

    def construct(self, a: Tensor, y: Tensor) -> Tensor:
        """Return J (0-d)."""
        return self.cost(a, y)

    def bprop(self, a: Tensor, y: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, Tensor]:
        """Return (dout · ∂J/∂a, 0)."""
        return dout * self.cost.forward_backward(a, y)[1], ops.zeros_like(y)


class NetworkWithBprop(nn.Cell):
    """x → a[L] with the Parameters of a network and the hand-written derivative of every layer."""

    def __init__(self, network: DNN) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.functions = nn.CellList([layer.function() for layer in network.layers])
        self.parameters_of = tuple(tuple(layer.trainable_params()) for layer in network.layers)

    def construct(self, x: Tensor) -> Tensor:
        """Return the prediction a[L], shape (N, n[L]), for x (N, n[0])."""
        for i in range(len(self.functions)):  # not zip(strict=True), which the graph compiler does not know
            x = self.functions[i](x, *self.parameters_of[i])
        return x


def with_handwritten_bprop(network: DNN, cost: Cost) -> tuple[NetworkWithBprop, CostFunction]:
    """Return the network and the cost as Cells that MindSpore differentiates by the hand-written formulas.

    x (N, n[0]) → a[L] has the given network's Parameters; the other is (a, y) → J. ``mindspore.grad``,
    ``GradOperation`` and ``nn.TrainOneStepCell`` work on them as on any Cell, in PyNative and compiled.

    Raises:
        NoDerivativeError: when a layer's activation has none, or a layer gives no function: one has a state that
            training changes (dropout, batch normalisation), which a ``bprop`` cannot hand on.

    Examples:
        >>> network, cost = ms_dnn.with_handwritten_bprop(ms_dnn.LogisticRegression(1), ms_dnn.Cost("squared_error"))
        >>> dW, db = ms.grad(network, None, network.trainable_params())(ms.Tensor([[2.0]]))
        >>> print(dW, db, ms.grad(cost)(ms.Tensor([[3.0]]), ms.Tensor([[1.0]])))  # σ′(0) x, σ′(0), a − y
        [[0.5]] [0.25] [[2.]]
    """
    return NetworkWithBprop(network), CostFunction(cost)
