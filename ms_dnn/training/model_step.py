"""One training step as a Cell, so that ``mindspore.train.Model`` and its callbacks train by hand-written gradients."""

from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops

from ms_dnn.dnn import DNN
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.threads import one_thread_at_a_time


class HandwrittenTrainOneStep(nn.Cell):
    """(x, y) → J, and one update by an optimizer of MindSpore: what ``nn.TrainOneStepCell`` does, by hand.

    Give it to ``Model`` alone, without a loss function and without an optimizer: it is the whole train network.
    ``Model(HandwrittenTrainOneStep(network, cost, optimizer)).train(epochs, dataset, callbacks=[…])`` then works
    in PyNative and graph mode. The parameters keep their names, so a checkpoint that a callback saves loads into
    the network as it stands (it holds the optimizer's state too).

    Args:
        network: the network.
        cost: the cost J.
        optimizer: an optimizer over parameters of the network, all or some, in groups or not.

    Raises:
        NoDerivativeError: when an activation has no derivative.
        ValueError: when the optimizer updates a parameter that is not the network's.

    Examples:
        >>> network, cost = ms_dnn.LogisticRegression(1), ms_dnn.Cost("binary_cross_entropy")
        >>> step = ms_dnn.HandwrittenTrainOneStep(network, cost, ms.nn.SGD(network.trainable_params(), 0.5))
        >>> J = step(ms.Tensor([[2.0]]), ms.Tensor([[1.0]]))
        >>> print(J.asnumpy().round(4), network.layers[0].weight.asnumpy())  # −ln σ(0); W − 0.5 dW = 0 + 0.5
        0.6931 [[0.5]]
    """

    @one_thread_at_a_time
    def __call__(self, x: Any, y: Any) -> Tensor:
        """Return :meth:`construct` for Tensors, or numbers in any form; a ShapeError says what does not fit."""
        network = self.gradient.network
        tensor = network.input_of(x)
        target = self.gradient.cost.target_of(y, (len(tensor), network.sizes[-1]), tensor.dtype)
        return super().__call__(tensor, target)

    def __init__(self, network: DNN, cost: Cost, optimizer: nn.Optimizer) -> None:
        super().__init__(auto_prefix=False)
        self.gradient = HandwrittenGradient(network, cost)
        self.state = ms.ParameterTuple(network.state)
        self.optimizer = optimizer
        # An optimizer with groups holds the parameters in the order of the groups, not of the gradients.
        position = {id(parameter): i for i, parameter in enumerate(network.trainable_params())}
        foreign = [parameter.name for parameter in optimizer.parameters if id(parameter) not in position]
        if foreign:
            raise ValueError(
                f"optimizer: got the parameters {', '.join(foreign)}, which are not of this network: "
                "build it on network.trainable_params()"
            )
        self.order = tuple(position[id(parameter)] for parameter in optimizer.parameters)

    def construct(self, x: Tensor, y: Tensor) -> Tensor:
        """Update the parameters once and return the cost J (0-d) before it, for x (N, n[0]) and y (N, n[L])."""
        J, gradients, after, _ = self.gradient.differentiate(x, y)
        J = ops.depend(J, self.optimizer(tuple([gradients[i] for i in self.order])))
        for i in range(len(self.state)):
            J = ops.depend(J, ops.assign(self.state[i], after[i]))
        return J
