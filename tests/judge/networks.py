"""Networks, targets and costs for the tests of gradients."""

import numpy as np
from mindspore import Tensor

from ms_dnn.dnn import build_dnn
from ms_dnn.layers.cost import Cost
from ms_dnn.maths.activations import ACTIVATIONS
from ms_dnn.maths.losses import LOSSES

DIFFERENTIABLE = [name for name, activation in ACTIVATIONS.items() if activation.vjp]
TRAINABLE = [name for name, loss in LOSSES.items() if loss.gradient]


def targets_for(loss, samples, outputs, generator):
    """Targets as the loss wants them, (N, C)."""
    if loss == "squared_error":
        return generator.normal(size=(samples, outputs))
    if loss in ("hinge", "perceptron"):
        return generator.choice([-1.0, 1.0], size=(samples, outputs))
    if loss == "softmax_cross_entropy":
        return np.eye(outputs)[generator.integers(0, outputs, samples)]
    return generator.integers(0, 2, (samples, outputs)).astype(float)


def problem(sizes, activations, loss, samples=7, seed=0, dtype="float64", reduction="mean"):
    """(network, cost, x, y) with drawn weights, biases that are not zero, inputs and targets."""
    generator = np.random.default_rng(seed)
    network = build_dnn(sizes, activations, seed=seed, dtype=dtype)
    for layer in network.layers:
        layer.bias.set_data(Tensor(generator.normal(0.0, 0.3, layer.bias.shape).astype(dtype)))
    x = generator.normal(size=(samples, sizes[0])).astype(dtype)
    y = targets_for(loss, samples, sizes[-1], generator).astype(dtype)
    return network, Cost(loss, reduction), Tensor(x), Tensor(y)


def random_problem(seed, dtype="float32"):
    """A problem of 1 to 4 layers that nobody chose, layers of one unit among them."""
    generator = np.random.default_rng(seed)
    depth, loss = int(generator.integers(1, 5)), str(generator.choice(TRAINABLE))
    last = "sigmoid" if loss == "binary_cross_entropy" else "identity"
    activations = [*map(str, generator.choice(DIFFERENTIABLE, depth - 1)), last]
    sizes = [int(size) for size in generator.integers(1, 12, depth + 1)]
    return problem(sizes, activations, loss, int(generator.integers(1, 16)), seed, dtype)
