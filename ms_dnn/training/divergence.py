"""Which number stopped being finite first, and what to do about it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.errors import DivergenceError
from ms_dnn.layers.cost import Cost

_CURE = (
    "lower the learning rate (by 10 to begin with), scale the features (data.scaling: standard), use an "
    "initializer that suits the activation (he for relu, xavier for tanh and sigmoid), or a loss on logits instead "
    "of one on probabilities"
)


def explain_divergence(network: DNN, cost: Cost, x: Tensor, y: Tensor, step: int) -> DivergenceError:
    """Return an error that names the first tensor of the step, in the order of computation, that is not finite.

    Args:
        network: with the weights before the step.
        cost: the cost J.
        x: the step's inputs, (N, n[0]).
        y: the step's targets, (N, n[L]).
        step: the step's number, counted from 1.
    """
    name = next(
        (name for name, tensor in _in_order(network, cost, x, y) if not np.isfinite(tensor.asnumpy()).all()), None
    )
    where = f"'{name}' is the first tensor that is not finite" if name else "the update makes the weights overflow"
    return DivergenceError(
        f"step {step} does not end in finite numbers: {where}. The weights before that step are saved. Fix: {_CURE}"
    )


def explain_validation_divergence(step: int) -> DivergenceError:
    """Return the error for a validation loss that is not finite although the weights still are."""
    return DivergenceError(
        f"the validation loss is not finite after step {step}: the weights are too large. They are saved. Fix: {_CURE}"
    )


def is_finite(total: float, arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Whether the sum of the costs and every number of the weights and slots is finite."""
    return bool(np.isfinite(total)) and all(bool(np.isfinite(array).all()) for array in arrays.values())


def _in_order(network: DNN, cost: Cost, x: Tensor, y: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor of one step with its name, as the step computes them."""
    yield "input x", x
    yield "target y", y
    yield from zip(network.parameter_names, network.trainable_params(), strict=True)
    a, caches = network.forward(x)
    for number, (layer, cache) in enumerate(zip(network.layers, caches, strict=True), start=1):
        for what, tensor in layer.tensors(cache):
            yield f"{what} of layer {number}", tensor
    J, da = cost.forward_backward(a, y)
    yield "J (cost)", J
    yield "da (gradient of the cost with respect to the prediction)", da
    for name, gradient in zip(network.parameter_names, network.backward(caches, da)[1], strict=True):
        yield f"gradient of {name}", gradient
