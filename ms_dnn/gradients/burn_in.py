"""A second operating point: a few steps of training, after which gradients are small and weights not random."""

import numpy as np
from mindspore import Tensor, ops

from ms_dnn.dnn import DNN
from ms_dnn.gradients.framework import FrameworkGradient
from ms_dnn.layers.cost import Cost

SPAN = 0.02
"""Length of the first step, relative to the length of the weight vector; later steps keep its rate."""


def train_briefly(network: DNN, cost: Cost, x: Tensor, y: Tensor, steps: int) -> None:
    """Change the weights by ``steps`` steps of gradient descent on the samples x (N, n[0]), y (N, n[L]).

    By the framework's gradients, so that a fault in the hand-written ones does not choose the point at which they
    are judged. The rate comes from the first gradient: r = SPAN · |θ| / |∂J/∂θ|, whatever the scale of the cost.
    """
    if not steps:
        return
    gradient = FrameworkGradient(network, cost)
    parameters = network.trainable_params()
    rate = 0.0
    for _ in range(steps):
        gradients = gradient(x, y)[1]
        rate = rate or SPAN * (_length(parameters) or 1.0) / (_length(gradients) or 1.0)
        for parameter, dtheta in zip(parameters, gradients, strict=True):
            ops.assign(parameter, parameter - Tensor(rate, dtheta.dtype) * dtheta)


def _length(tensors: tuple[Tensor, ...]) -> float:
    return float(np.sqrt(sum(float(np.sum(tensor.asnumpy().astype(np.float64) ** 2)) for tensor in tensors)))
