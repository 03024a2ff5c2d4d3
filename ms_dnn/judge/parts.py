"""The parts of a backward pass, each judged by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.judge.routes.base import STOPPED
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import Penalty
from ms_dnn.maths.affine import affine

Array = NDArray[Any]


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
        scale = float(max(np.max(np.abs(self.got), initial=0.0), np.max(np.abs(self.expected), initial=0.0)))
        return float(np.max(np.abs(self.got - self.expected), initial=0.0)) / scale if scale else 0.0

    def right(self, tolerance: float) -> bool:
        """Return whether no element is off by more than ``tolerance`` of the largest element or of its terms."""
        if self.got is None or not np.all(np.isfinite(self.got)):
            return False
        scale = float(np.max(np.abs(self.expected), initial=0.0))
        return bool(np.all(np.abs(self.got - self.expected) <= tolerance * np.maximum(scale, self.terms)))


def parts_of_backward(network: DNN, cost: Cost, x: Tensor, y: Tensor) -> Iterator[PartResult]:
    """Yield what each part computes by itself.

    First the cost's da, then what the penalty adds to each parameter's gradient, then dz, dx, dW and db of each layer
    from the last to the first; of a layer that is not a dense one with a bias, dx and the gradients of its parameters.
    """
    inputs = [x]
    for layer in network.layers:
        inputs.append(layer.forward(inputs[-1])[0])
    loss, reduction = cost.loss.name, cost.reduction
    a = inputs.pop()
    da = ms.grad(cost)(a, y)
    got = or_none(lambda: cost.forward_backward(a, y)[1])
    weight = np.full((len(x), 1), 1.0 / len(x) if reduction == "mean" else 1.0)
    a64, y64, expected = as_float64(a), as_float64(y), as_float64(da)
    if cost.weighted:
        weight, y64 = weight * y64[:, -1:], y64[:, :-1]
    yield PartResult(
        part="cost",
        tensor="da",
        got=as_expected(got, expected),
        expected=expected,
        terms=weight * (np.abs(a64) + np.abs(y64))
        if loss == "squared_error"
        else np.abs(expected) + weight * np.abs(y64),
        x=a64,
        loss=loss,
        reduction=reduction,
        y=y64,
    )
    yield from _parts_of_penalty(network, cost, x)
    for number in range(len(network.layers), 0, -1):
        layer, below = network.layers[number - 1], inputs.pop()
        if layer.is_dense:
            yield from _parts_of_layer(f"layer {number}", layer, below, da, loss, reduction)
        else:
            yield from _parts_of_other_layer(f"layer {number}", layer, below, da, loss, reduction)
        da = Pullback(partial(_output, layer))(below, da)


def _parts_of_penalty(network: DNN, cost: Cost, x: Tensor) -> Iterator[PartResult]:
    penalty = cost.penalty
    if penalty is None:
        return
    pairs = zip(network.parameter_names, network.trainable_params(), strict=True)
    for name, w in ((name, parameter.value()) for name, parameter in pairs):
        nothing = Tensor(np.zeros(w.shape), w.dtype)
        got = or_none(partial(penalty.backward, (w,), (nothing,)))
        expected = as_float64(ms.grad(lambda w: penalty((w,)))(w))
        yield PartResult(
            part="penalty",
            tensor=name,
            got=as_expected(got[0] if got else None, expected),
            expected=expected,
            terms=penalty.l1 + penalty.l2 * np.abs(as_float64(w)),
            x=as_float64(x),
            loss=cost.loss.name,
            reduction=cost.reduction,
            W=as_float64(w),
            penalty=penalty,
        )


def _parts_of_layer(part: str, layer: Any, x: Tensor, da: Tensor, loss: str, reduction: str) -> Iterator[PartResult]:
    cache = layer.forward(x)[1]
    z, a = cache[1], cache[2]
    right = as_float64(Pullback(layer.activation.function)(z, da))
    dz = or_none(lambda: layer.delta(cache, da))
    got = as_expected(dz, right)
    x64, da64, W = as_float64(x), as_float64(da), as_float64(layer.weight)

    def result(tensor: str, found: Array | None, expected: Array, terms: Array, delta: Array) -> PartResult:
        return PartResult(
            part=part,
            tensor=tensor,
            got=found,
            expected=expected,
            terms=terms,
            x=x64,
            z=as_float64(z),
            a=as_float64(a),
            da=da64,
            dz=delta,
            W=W,
            b=as_float64(layer.bias),
            activation=layer.activation.name,
            loss=loss,
            reduction=reduction,
        )

    # Softmax mixes the units of a sample, the others do not.
    size = np.sum(np.abs(da64), axis=-1, keepdims=True) if layer.activation.name == "softmax" else np.abs(da64)
    yield result("dz", got, right, np.broadcast_to(size, right.shape), right)
    if got is None:
        return
    dx, (dW, db) = or_none(lambda: layer.backward(cache, da)) or (None, (None, None))
    of_affine = ms.grad(_contracted_affine, (0, 1, 2))(x, layer.weight.value(), layer.bias.value(), dz)
    squares = got**2
    sizes = (np.sqrt(squares @ W**2), np.sqrt(squares.T @ x64**2), np.sqrt(squares.sum(axis=0)))
    for name, found, expected, terms in zip(("dx", "dW", "db"), (dx, dW, db), of_affine, sizes, strict=True):
        yield result(name, as_expected(found, as_float64(expected)), as_float64(expected), terms, got)


def _parts_of_other_layer(
    part: str, layer: Any, x: Tensor, da: Tensor, loss: str, reduction: str
) -> Iterator[PartResult]:
    """Yield dx and the gradient of each parameter, as MindSpore differentiates the layer's forward pass."""
    parameters = ms.ParameterTuple(layer.trainable_params())
    cache = layer.forward(x)[1]
    dx, of_parameters = or_none(lambda: layer.backward(cache, da)) or (None, ())
    contracted = Contracted(layer)
    names, found = ["dx"], [dx, *of_parameters, *[None] * (len(parameters) - len(of_parameters))]
    expected = [ms.grad(contracted)(x, da)]
    if parameters:
        names += ["dW" if p.name.endswith("weight") else "d" + p.name.split(".")[-1] for p in parameters]
        expected += ms.grad(contracted, None, parameters)(x, da)
    sizes = [float(np.max(np.abs(as_float64(right)), initial=0.0)) for right in expected]
    for name, got, right, size in zip(names, found, expected, sizes, strict=True):
        array = as_float64(right)
        # What a normalisation takes away from dx is as large as what it leaves: the terms are those of da.
        terms = np.full(array.shape, max(size, float(np.max(np.abs(as_float64(da)), initial=0.0))))
        yield PartResult(
            part=part,
            tensor=name,
            got=as_expected(got, array),
            expected=array,
            terms=terms,
            x=as_float64(x),
            loss=loss,
            reduction=reduction,
            da=as_float64(da),
        )


class Contracted(nn.Cell):
    """(x, cotangent) → Σ a ⊙ cotangent, of a layer's forward pass."""

    def __init__(self, layer: nn.Cell) -> None:
        super().__init__(auto_prefix=False)
        self.layer = layer

    def construct(self, x: Tensor, cotangent: Tensor) -> Tensor:
        """Return the sum, 0-d."""
        return (self.layer.forward(x)[0] * cotangent).sum()


def _output(layer: Any, x: Tensor) -> Tensor:
    return layer.forward(x)[0]


class Pullback:
    """(z, cotangent) → MindSpore's vector-Jacobian product of a function of one Tensor."""

    def __init__(self, function: Any) -> None:
        self._grad = ms.grad(lambda z, cotangent: (function(z) * cotangent).sum())

    def __call__(self, z: Tensor, cotangent: Tensor) -> Tensor:
        """Return the product, shaped as z."""
        return self._grad(z, cotangent)


def _contracted_affine(x: Tensor, W: Tensor, b: Tensor, dz: Tensor) -> Tensor:
    return (affine(x, W, b) * dz).sum()


def or_none(part: Callable[[], Any]) -> Any:
    """Return what a part computes; None where it stops, which the route that it belongs to reports."""
    try:
        return part()
    except STOPPED:
        return None


def as_float64(tensor: Tensor) -> Array:
    """Return a copy of a Tensor's numbers."""
    return np.array(tensor.asnumpy(), dtype=np.float64)


def as_expected(got: Any, expected: Array) -> Array | None:
    """Return the numbers of what was computed, or None where it is no Tensor of the expected shape."""
    if not isinstance(got, Tensor) or tuple(got.shape) != expected.shape:
        return None
    return as_float64(got)
