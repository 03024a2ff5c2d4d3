"""The parts of a backward pass, each judged by itself: which of them is wrong.

An error in dx of one layer makes everything below it wrong. So each layer gets the input of MindSpore's forward pass
and the cotangent of MindSpore's backward pass, and its dz, dx, dW and db are compared with MindSpore's derivative
of that layer alone. A wrong dz is handed on as it is: then dx, dW and db are judged by what they make of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor

from ms_dnn.dnn import DNN
from ms_dnn.gradients.framework import GradOperationGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.judge.faults.evidence import largest
from ms_dnn.judge.faults.naming import name_fault
from ms_dnn.judge.judgement import FaultyPart
from ms_dnn.judge.routes.base import STOPPED
from ms_dnn.judge.routes.slope import Array
from ms_dnn.judge.routes.tensors import as_array
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import Penalty
from ms_dnn.maths.affine import affine


@dataclass(frozen=True)
class PartResult:
    """What one part of a backward pass made of right input, beside what MindSpore makes of it. All float64.

    Attributes:
        part: "cost", "penalty", or "layer 1", "layer 2", ….
        tensor: "da" of the cost; "dz", "dx", "dW" or "db" of a layer; of the penalty, the parameter's name.
        got: what the part computed; None where it is no array of the expected shape.
        expected: what MindSpore computed.
        terms: scale of the terms that each element is summed from, shaped as ``expected``.
        x: input of the layer (N, I); the prediction a[L] for the cost; the input of the network for the penalty.
        loss: name of the loss.
        reduction: "mean" or "sum".
        z: weighted sum (N, O), of a layer.
        a: output (N, O), of a layer.
        da: cotangent of the output (N, O), of a layer.
        dz: cotangent of z that dx, dW and db were made from (N, O), of a layer.
        W: weight (O, I) of a layer; the parameter for the penalty.
        b: bias (O,), of a layer.
        y: target (N, C), of the cost.
        activation: name of the layer's activation.
        penalty: R, where the part is its gradient.
    """

    part: str
    tensor: str
    got: Array | None
    expected: Array
    terms: Array
    x: Array
    loss: str
    reduction: str
    z: Array | None = None
    a: Array | None = None
    da: Array | None = None
    dz: Array | None = None
    W: Array | None = None
    b: Array | None = None
    y: Array | None = None
    activation: str = ""
    penalty: Penalty | None = None

    def relative_error(self) -> float:
        """Return the largest difference over the largest element; ∞ where there is nothing to compare."""
        if self.got is None or not np.all(np.isfinite(self.got)):
            return float("inf")
        scale = max(largest(self.got), largest(self.expected))
        return largest(self.got - self.expected) / scale if scale else 0.0

    def right(self, tolerance: float) -> bool:
        """Return whether no element is off by more than ``tolerance`` of the largest element or of its terms."""
        if self.got is None or not np.all(np.isfinite(self.got)):
            return False
        allowed = tolerance * np.maximum(largest(self.expected), self.terms)
        return bool(np.all(np.abs(self.got - self.expected) <= allowed))


def faulty_layers(network: DNN, cost: Cost, x: Tensor, y: Tensor, tolerance: float) -> list[FaultyPart]:
    """Return the parts of the network's backward pass that are wrong by themselves, from the cost downward."""
    wrong = [part for part in parts_of_backward(network, cost, x, y) if not part.right(tolerance)]
    if not wrong:
        return _chain(network, cost, x, y, tolerance)
    faulty = []
    for part in wrong:
        fault, diagnosis = name_fault(part, tolerance) or ("", "")
        faulty.append(FaultyPart(part.part, part.tensor, part.relative_error(), diagnosis, fault))
    return faulty


def _chain(network: DNN, cost: Cost, x: Tensor, y: Tensor, tolerance: float) -> list[FaultyPart]:
    """Every part is right by itself: what joins them is not, or the whole is right."""
    by_hand = or_none(lambda: HandwrittenGradient(network, cost)(x, y)[1]) or ()
    padded = [*by_hand, *[None] * (len(network.parameter_names) - len(by_hand))]
    by_framework = GradOperationGradient(network, cost)(x, y)
    for name, got, right in reversed(list(zip(network.parameter_names, padded, by_framework, strict=True))):
        expected = as_array(right)
        found = as_expected(got, expected)
        scale = largest(expected)
        error = largest(found - expected) if found is not None else np.inf
        if error > tolerance * scale:
            diagnosis = (
                "every layer is right by itself, so what joins them is wrong: the order of the layers, a cache that is "
                "stale or of another layer, or weights that changed between the forward and the backward pass"
            )
            return [FaultyPart("chain", name, error / scale if scale else np.inf, diagnosis, "chain between layers")]
    return []


def parts_of_backward(network: DNN, cost: Cost, x: Tensor, y: Tensor) -> Iterator[PartResult]:
    """Yield what each part computes by itself.

    First the cost's da, then what the penalty adds to each parameter's gradient, then dz, dx, dW and db of each layer
    from the last to the first; of a layer that is not a dense one with a bias, dx and the gradients of its parameters.
    """
    inputs = [x]
    for layer in network.layers:
        inputs.append(layer.forward(inputs[-1])[0])
    make = partial(_part_result, loss=cost.loss.name, reduction=cost.reduction)
    a = inputs.pop()
    da = ms.grad(cost)(a, y)
    got = or_none(lambda: cost.forward_backward(a, y)[1])
    weight = np.full((len(x), 1), 1.0 / len(x) if cost.reduction == "mean" else 1.0)
    y64 = as_array(y)
    if cost.weighted:
        weight, y64 = weight * y64[:, -1:], y64[:, :-1]
    if cost.loss.name == "squared_error":
        terms = weight * (np.abs(as_array(a)) + np.abs(y64))
    else:
        terms = np.abs(as_array(da)) + weight * np.abs(y64)
    yield make("cost", "da", got, da, terms, x=a, y=y64)
    if cost.penalty is not None:
        for name, parameter in zip(network.parameter_names, network.trainable_params(), strict=True):
            w, penalty = parameter.value(), cost.penalty
            nothing = Tensor(np.zeros(w.shape), w.dtype)
            got = or_none(partial(penalty.backward, (w,), (nothing,)))
            terms = penalty.l1 + penalty.l2 * np.abs(as_array(w))
            right = ms.grad(lambda w: cost.penalty((w,)))(w)
            yield make("penalty", name, got[0] if got else None, right, terms, x=x, W=w, penalty=penalty)
    for number, layer in reversed(list(enumerate(network.layers, start=1))):
        below = inputs.pop()
        of_layer = _parts_of_layer if layer.is_dense else _parts_of_other_layer
        yield from of_layer(layer, below, da, partial(make, f"layer {number}", x=below, da=da))
        da = ms.grad(_contracted_forward(layer))(below, da)


def _part_result(
    part: str, tensor: str, got: Any, expected: Tensor, terms: Array, *, loss: str, reduction: str, **ingredients: Any
) -> PartResult:
    right = as_array(expected)
    arrays: dict[str, Any] = {
        name: as_array(one) if isinstance(one, Tensor) else one for name, one in ingredients.items()
    }
    return PartResult(part, tensor, as_expected(got, right), right, terms, loss=loss, reduction=reduction, **arrays)


def _parts_of_layer(layer: Any, x: Tensor, da: Tensor, make: Callable[..., PartResult]) -> Iterator[PartResult]:
    cache = layer.forward(x)[1]
    z, a = cache[1], cache[2]
    make = partial(make, z=z, a=a, W=layer.weight, b=layer.bias, activation=layer.activation.name)
    right = ms.grad(_contracted(layer.activation.function))(z, da)
    dz = or_none(lambda: layer.delta(cache, da))
    # Softmax mixes the units of a sample, the others do not.
    size = np.abs(as_array(da))
    if layer.activation.name == "softmax":
        size = np.sum(size, axis=-1, keepdims=True)
    part = make("dz", dz, right, np.broadcast_to(size, right.shape), dz=right)
    yield part
    if part.got is None:
        return
    dx, (dW, db) = or_none(lambda: layer.backward(cache, da)) or (None, (None, None))
    of_affine = ms.grad(_contracted(affine), (0, 1, 2))(x, layer.weight.value(), layer.bias.value(), dz)
    squares = part.got**2
    sizes = (
        np.sqrt(squares @ as_array(layer.weight) ** 2),
        np.sqrt(squares.T @ part.x**2),
        np.sqrt(squares.sum(axis=0)),
    )
    for name, found, expected, terms in zip(("dx", "dW", "db"), (dx, dW, db), of_affine, sizes, strict=True):
        yield make(name, found, expected, terms, dz=dz)


def _parts_of_other_layer(layer: Any, x: Tensor, da: Tensor, make: Callable[..., PartResult]) -> Iterator[PartResult]:
    """Yield dx and the gradient of each parameter, as MindSpore differentiates the layer's forward pass."""
    parameters = ms.ParameterTuple(layer.trainable_params())
    cache = layer.forward(x)[1]
    dx, of_parameters = or_none(lambda: layer.backward(cache, da)) or (None, ())
    contracted = _contracted_forward(layer)
    names, found = ["dx"], [dx, *of_parameters, *[None] * (len(parameters) - len(of_parameters))]
    expected = [ms.grad(contracted)(x, da)]
    if parameters:
        names += ["dW" if p.name.endswith("weight") else "d" + p.name.split(".")[-1] for p in parameters]
        expected += ms.grad(contracted, None, parameters)(x, da)
    for name, got, right in zip(names, found, expected, strict=True):
        # What a normalisation takes away from dx is as large as what it leaves: the terms are those of da.
        size = max(largest(as_array(right)), largest(as_array(da)))
        yield make(name, got, right, np.full(right.shape, size))


def _contracted(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """(x…, cotangent) → Σ f(x…) ⊙ cotangent, whose gradient is the vector-Jacobian product of f."""
    return lambda *arguments: (function(*arguments[:-1]) * arguments[-1]).sum()


def _contracted_forward(layer: Any) -> Callable[..., Tensor]:
    return _contracted(lambda x: layer.forward(x)[0])


def or_none(part: Callable[[], Any]) -> Any:
    """Return what a part computes; None where it stops, which the route that it belongs to reports."""
    try:
        return part()
    except STOPPED:
        return None


def as_expected(got: Any, expected: Array) -> Array | None:
    """Return the numbers of what was computed, or None where it is no Tensor of the expected shape."""
    if not isinstance(got, Tensor) or tuple(got.shape) != expected.shape:
        return None
    return as_array(got)
