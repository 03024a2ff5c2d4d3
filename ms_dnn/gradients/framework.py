"""The framework's route: MindSpore's automatic differentiation of the same forward code."""

from typing import Any

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops

from ms_dnn.dnn import DNN
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.threads import one_thread_at_a_time


class CostOfNetwork(nn.Cell):
    """(x, y) → J of the training forward pass, the function that every route differentiates."""

    def __init__(self, network: DNN, cost: Cost) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.cost = cost
        self.parameters = ms.ParameterTuple(network.trainable_params())

    def construct(self, x: Tensor, y: Tensor) -> Tensor:
        """Return J (0-d) for x (N, n[0]) and the target y (N, n[L])."""
        return self.with_next_state(x, y)[0]

    def with_next_state(self, x: Tensor, y: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return J and what the network's state is after this step."""
        a, caches = self.network.forward(x)
        return self.cost.of(self.parameters, a, y), self.network.next_state(caches)


class GradOperationGradient(nn.Cell):
    """(x, y) → gradients of J by ``ops.GradOperation``, in the order of ``network.parameter_names``."""

    def __init__(self, network: DNN, cost: Cost) -> None:
        super().__init__(auto_prefix=False)
        self.cost_of_network = CostOfNetwork(network, cost)
        self.parameters = ms.ParameterTuple(network.trainable_params())
        self.grad = ops.GradOperation(get_by_list=True)

    def construct(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        """Return one gradient a parameter."""
        return self.grad(self.cost_of_network, self.parameters)(x, y)


class FrameworkGradient(nn.Cell):
    """(x, y) → (J, gradients) by ``mindspore.value_and_grad``: the interface of ``HandwrittenGradient``.

    Training uses this one, because GradOperation does not return the cost; the gradients are bitwise the same.
    Shapes, dtypes and errors are those of ``HandwrittenGradient``.

    Examples:
        >>> network, cost = ms_dnn.LogisticRegression(1), ms_dnn.Cost("binary_cross_entropy")
        >>> J, (dW, db) = ms_dnn.FrameworkGradient(network, cost)(ms.Tensor([[2.0]]), ms.Tensor([[1.0]]))
        >>> print(J.asnumpy().round(4), dW, db)  # −ln σ(0), (σ(0) − y) x, σ(0) − y
        0.6931 [[-1.]] [-0.5]
    """

    may_overflow = False

    @one_thread_at_a_time
    def __call__(self, x: Any, y: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return :meth:`construct` for Tensors, or numbers in any form; a ShapeError says what does not fit."""
        tensor = self.network.input_of(x)
        return super().__call__(
            tensor, self.cost_of_network.cost.target_of(y, (len(tensor), self.network.sizes[-1]), tensor.dtype)
        )

    def __init__(self, network: DNN, cost: Cost) -> None:
        super().__init__(auto_prefix=False)
        network.require_derivative()
        self.network = network
        self.cost_of_network = CostOfNetwork(network, cost)
        self.value_and_grad = ms.value_and_grad(
            self.cost_of_network.with_next_state, None, ms.ParameterTuple(network.trainable_params()), has_aux=True
        )

    def construct(self, x: Tensor, y: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return J (0-d) and one gradient a parameter."""
        J, gradients, _, _ = self.differentiate(x, y)
        return J, gradients

    @property
    def state(self) -> dict[str, Parameter]:
        """What training changes without a gradient, by name."""
        return dict(zip(self.network.state_names, self.network.state, strict=True))

    def differentiate(self, x: Tensor, y: Tensor) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...], bool]:
        """Return J, the gradients, what :attr:`state` is after this step, and True: the step is never skipped."""
        (J, after), gradients = self.value_and_grad(x, y)
        return J, gradients, after, True
