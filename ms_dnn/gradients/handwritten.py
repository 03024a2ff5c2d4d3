"""The hand-written route: forward with caches, backward in reverse, all of it MindSpore operations."""

from typing import Any

import mindspore as ms
from mindspore import Parameter, Tensor, nn

from ms_dnn.dnn import DNN
from ms_dnn.gradients.workers import SumOverWorkers
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.threads import one_thread_at_a_time


class HandwrittenGradient(nn.Cell):
    """(x, y) → (J, gradients), the gradients by hand in the order of ``network.parameter_names``.

    For y (N, n[L]) and x (N, n[0]) in the dtype of the weights, which J (0-d) and the gradients have, too. Raises a
    NoDerivativeError when an activation has none. Back-propagation is that of Rumelhart et al. (1986).

    The same in PyNative and compiled. The first two of the three steps of a training iteration are the two
    methods; the third is an optimizer (``ms_dnn.training.optimizers``).

    Args:
        network: the network.
        cost: the cost J.
        over_workers: adds up the parts of several workers, or None for a process that has all samples.

    Examples:
        >>> network, cost = ms_dnn.LogisticRegression(1), ms_dnn.Cost("binary_cross_entropy")
        >>> J, (dW, db) = ms_dnn.HandwrittenGradient(network, cost)(ms.Tensor([[2.0]]), ms.Tensor([[1.0]]))
        >>> print(J.asnumpy().round(4), dW, db)  # −ln σ(0), (σ(0) − y) x, σ(0) − y
        0.6931 [[-1.]] [-0.5]
    """

    may_overflow = False

    @one_thread_at_a_time
    def __call__(self, x: Any, y: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return :meth:`construct` for Tensors, or numbers in any form; a ShapeError says what does not fit."""
        tensor = self.network.input_of(x)
        return super().__call__(tensor, self.cost.target_of(y, (len(tensor), self.network.sizes[-1]), tensor.dtype))

    def __init__(self, network: DNN, cost: Cost, over_workers: SumOverWorkers | None = None) -> None:
        super().__init__(auto_prefix=False)
        network.require_derivative()
        self.network = network
        self.cost = cost
        self.over_workers = over_workers
        self.parameters = ms.ParameterTuple(network.trainable_params())

    def construct(self, x: Tensor, y: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return J (0-d) and one gradient a parameter, for x (N, n[0]) and the target y (N, n[L])."""
        J, gradients, _, _ = self.differentiate(x, y)
        return J, gradients

    @property
    def state(self) -> dict[str, Parameter]:
        """What training changes without a gradient, by name."""
        return dict(zip(self.network.state_names, self.network.state, strict=True))

    def differentiate(self, x: Tensor, y: Tensor) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...], bool]:
        """Return J, the gradients, what :attr:`state` is after this step, and True: the step is never skipped."""
        a, caches = self.propagate_forward(x)
        J, gradients = self.propagate_error_back(a, caches, y)
        return J, gradients, self.network.next_state(caches), True

    def propagate_forward(self, x: Tensor) -> tuple[Tensor, tuple[Any, ...]]:
        """Step 1: return the prediction a[L] and the caches of all layers."""
        return self.network.forward(x)

    def propagate_error_back(self, a: Tensor, caches: tuple[Any, ...], y: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Step 2: return the cost J and the gradients, from ∂J/∂a[L] down to the first layer."""
        J, da = self.cost.forward_backward(a, y)
        gradients = self.network.backward(caches, da)[1]
        if self.over_workers is not None:
            J, gradients = self.over_workers(J, gradients)
        return self.cost.add_penalty(self.parameters, J, gradients)
