"""Faults that are planted into the hand-written backward pass, and taken out again: how the judge is judged.

A fault replaces one method of one object for as long as it is planted: ``cost.forward_backward`` for da,
``layer.delta`` for dz, ``layer.backward`` for dx, dW and db, ``cost.penalty.backward`` for the penalty,
``network.backward`` or ``network.forward`` for what joins the layers. The forward pass that the witnesses see stays
right. In PyNative only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from mindspore import Tensor, ops

from ms_dnn.dnn import DNN
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense, DenseCache

Part = Literal["da", "dz", "dx", "dW", "db", "penalty", "backward", "forward"]
"""What is replaced: da of the cost; dz, dx, dW or db of a layer; the penalty's gradient; backward or forward of the
network."""

Caches = tuple[DenseCache, ...]
Backward = tuple[Tensor, tuple[Tensor, ...]]


@dataclass(frozen=True)
class Place:
    """Where a fault is planted: the network, the cost, and the number of the layer (from 0)."""

    network: DNN
    cost: Cost
    layer: int

    @property
    def dense(self) -> Dense:
        """The layer itself."""
        return self.network.layers[self.layer]

    @property
    def square(self) -> bool:
        """Whether the layer's W is square."""
        return self.dense.weight.shape[0] == self.dense.weight.shape[1]

    @property
    def activation(self) -> str:
        """Name of the layer's activation."""
        return str(self.dense.activation.name)

    @property
    def loss(self) -> str:
        """Name of the loss."""
        return str(self.cost.loss.name)


@dataclass(frozen=True)
class Seen:
    """What the replaced method sees, and what the right one makes of it.

    Attributes:
        place: where.
        right: what is to be got wrong: da (N, C), dz (N, O), dx (N, I), dW (O, I) or db (O,).
        N: number of samples.
        x: input of the layer (N, I); of the cost, the prediction a[L].
        z: weighted sum (N, O); of the cost, the prediction.
        a: output (N, O); of the cost, the prediction.
        da: cotangent of the output (N, O); of the cost, the right da.
        dz: cotangent of z (N, O); of the cost and while dz itself is to be got wrong, the right one.
        y: target (N, C) of the cost; None for a layer.
        dW: right gradient of the weight (O, I); None for the cost and for dz.
    """

    place: Place
    right: Tensor
    N: int
    x: Tensor
    z: Tensor
    a: Tensor
    da: Tensor
    dz: Tensor
    y: Tensor | None = None
    dW: Tensor | None = None  # noqa: N815 (the letter of the formulas)

    @property
    def W(self) -> Tensor:  # noqa: N802
        """Weight of the layer (O, I)."""
        return self.place.dense.weight.value()


@dataclass(frozen=True)
class PlantedFault:
    """One way to get a gradient wrong.

    Attributes:
        name: unique.
        what: what is wrong, in one sentence.
        part: what is replaced.
        change: from :class:`Seen` to what is returned in place of ``seen.right``; of "backward", from (place,
            right backward, caches, da) to (dx, gradients); of "forward", from (place, right forward, x) to (a, caches);
            of "penalty", from (place, right backward, parameters, gradients) to gradients.
        expected: the name under which the judge knows it; "" where it should abstain.
        also: other names that are true of it as well.
        applies: whether the fault makes sense at a place.
    """

    name: str
    what: str
    part: Part
    change: Callable[..., Any]
    expected: str = ""
    also: tuple[str, ...] = ()
    applies: Callable[[Place], bool] = lambda place: True

    @property
    def chain(self) -> bool:
        """Whether it lies between the layers, each of which is right by itself."""
        return self.part in ("backward", "forward")

    def of_layer(self) -> bool:
        """Whether it is planted into one layer."""
        return self.part in ("dz", "dx", "dW", "db")

    def fits(self, place: Place) -> bool:
        """Return whether the fault can be planted there and reaches a gradient: no parameter lies below dx[1]."""
        return self.applies(place) and not (self.part == "dx" and place.layer == 0)

    def faulty(self, layer: int) -> tuple[str, str]:
        """Return (part, tensor) that the judge should name; "" for the tensor of a chain or penalty: not foretold."""
        if self.chain or self.part == "penalty":
            return "chain" if self.chain else "penalty", ""
        return ("cost", "da") if self.part == "da" else (f"layer {layer + 1}", self.part)


@contextmanager
def planted(network: DNN, cost: Cost, fault: PlantedFault, layer: int = 0) -> Iterator[None]:
    """Plant a fault, in the layer of that number (from 0) if it is one of a layer; take it out at the end."""
    place = Place(network, cost, layer)
    owner: Any
    if fault.part == "da":
        owner, method = cost, "forward_backward"
    elif fault.part == "dz":
        owner, method = place.dense, "delta"
    elif fault.of_layer():
        owner, method = place.dense, "backward"
    elif fault.part == "penalty":
        owner, method = cost.penalty, "backward"
    else:
        owner, method = network, fault.part
    right, before = getattr(owner, method), vars(owner).get(method)
    wrong = _wrong_method(place, fault, right)
    # Past Cell.__setattr__, which would take a function for part of a graph.
    object.__setattr__(owner, method, wrong)
    try:
        yield
    finally:
        if before is None:
            object.__delattr__(owner, method)
        else:
            object.__setattr__(owner, method, before)


def _wrong_method(place: Place, fault: PlantedFault, right: Callable[..., Any]) -> Callable[..., Any]:
    def forward_backward(a: Tensor, y: Tensor) -> tuple[Tensor, Any]:
        J, da = right(a, y)
        return J, fault.change(Seen(place, da, len(a), a, a, a, da, da, y=y))

    def delta(cache: DenseCache, da: Tensor) -> Any:
        dz = right(cache, da)
        return fault.change(Seen(place, dz, len(da), *cache, da, dz))

    def backward(cache: DenseCache, da: Tensor) -> tuple[Any, tuple[Any, Any]]:
        dx, (dW, db) = right(cache, da)
        parts = {"dx": dx, "dW": dW, "db": db}
        dz = place.dense.delta(cache, da)
        parts[fault.part] = fault.change(Seen(place, parts[fault.part], len(da), *cache, da, dz, dW=dW))
        return parts["dx"], (parts["dW"], parts["db"])

    def of_network(*arguments: Any) -> Any:
        return fault.change(place, right, *arguments)

    methods = {"da": forward_backward, "dz": delta, "dx": backward, "dW": backward, "db": backward}
    return methods.get(fault.part, of_network)


def rolled(tensor: Tensor, axis: int) -> Tensor:
    """Return the tensor rolled by one place along the axis; MindSpore's own Roll takes no float64 on CPU."""
    axis %= tensor.ndim
    start = (slice(None),) * axis
    return ops.cat((tensor[(*start, slice(-1, None))], tensor[(*start, slice(None, -1))]), axis)
