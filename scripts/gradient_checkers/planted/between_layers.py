"""Planted faults between the layers: every layer is right by itself, what joins them is not."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np
from mindspore import Tensor, ops

from gradient_checkers.planted.planting import Backward, Caches, Place, PlantedFault, rolled
from ms_dnn.dnn import DNN
from ms_dnn.layers.dense import DenseCache

RATE = 0.1
"""Learning rate of weights that are updated too early."""
LOSS_SCALE = 1024.0

Right = Callable[..., Backward]
HandOn = Callable[[Tensor, Tensor], Tensor]
"""(da of a layer, its dx) → da of the layer below."""


def _walk(place: Place, caches: Caches, da: Tensor, hand_on: HandOn, update: bool = False) -> Backward:
    """Walk down as the network does, but hand on something else, or update each weight before it is used for dx."""
    gradients: tuple[Tensor, ...] = ()
    for layer, cache in zip(reversed(place.network.layers), reversed(caches), strict=True):
        before = Tensor(layer.weight.asnumpy().copy())
        dx, of_layer = layer.backward(cache, da)
        if update:
            ops.assign(layer.weight, before - of_layer[0] * Tensor(RATE, before.dtype))
            dx = layer.backward(cache, da)[0]
            ops.assign(layer.weight, before)
        gradients = of_layer + gradients
        da = hand_on(da, dx)
    return da, gradients


def _updated_too_early(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    return _walk(place, caches, da, lambda da, dx: dx, update=True)


def _one_weight_for_all(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    """All weights are updated first, as when two workers share them."""
    gradients = right(caches, da)[1]
    before = [Tensor(layer.weight.asnumpy().copy()) for layer in place.network.layers]
    for layer, dW in zip(place.network.layers, gradients[::2], strict=True):
        ops.assign(layer.weight, layer.weight - dW * Tensor(RATE, dW.dtype))
    wrong = right(caches, da)
    for layer, W in zip(place.network.layers, before, strict=True):
        ops.assign(layer.weight, W)
    return wrong


def _skips_square_layers(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    return _walk(place, caches, da, lambda da, dx: da if da.shape == dx.shape else dx)


def _cut_below_the_top(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    return _walk(place, caches, da, lambda da, dx: ops.zeros_like(dx))


def _doubled_on_the_way(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    return _walk(place, caches, da, lambda da, dx: dx + dx)


def _samples_rolled(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    return right(caches, rolled(da, 0))


def _half_of_the_batch(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    half = (len(da) + 1) // 2
    return right(tuple((x[:half], z[:half], a[:half]) for x, z, a in caches), da[:half])


def _weighted_sums_below(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    below = (caches[0][0], *(z for _, z, _ in caches[:-1]))
    return right(tuple((x, z, a) for x, (_, z, a) in zip(below, caches, strict=True)), da)


def _caches_swapped(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    first, second = _twins(place) or (0, 0)
    wrong = list(caches)
    wrong[first], wrong[second] = wrong[second], wrong[first]
    return right(tuple(wrong), da)


def _gradients_swapped(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    first, second = _twins(place) or (0, 0)
    dx, gradients = right(caches, da)
    wrong = list(gradients)
    wrong[2 * first], wrong[2 * second] = wrong[2 * second], wrong[2 * first]
    return dx, tuple(wrong)


def _twins(place: Place) -> tuple[int, int] | None:
    """Return the numbers of two layers whose weights have the same shape, or None."""
    seen: dict[tuple[int, ...], int] = {}
    for number, layer in enumerate(place.network.layers):
        shape = tuple(layer.weight.shape)
        if shape in seen:
            return seen[shape], number
        seen[shape] = number
    return None


def _in_the_order_of_the_walk(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    dx, gradients = right(caches, da)
    pairs = [gradients[i : i + 2] for i in range(0, len(gradients), 2)]
    return dx, tuple(gradient for pair in reversed(pairs) for gradient in pair)


def _last_one_missing(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    dx, gradients = right(caches, da)
    return dx, gradients[:-1]


def _scaled(factor: Callable[[tuple[Tensor, ...]], float]) -> Callable[..., Backward]:
    def change(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
        dx, gradients = right(caches, da)
        return dx, tuple(gradient * Tensor(factor(gradients), gradient.dtype) for gradient in gradients)

    return change


def _to_unit_length(gradients: tuple[Tensor, ...]) -> float:
    length = float(np.sqrt(sum(float(np.sum(g.asnumpy().astype(np.float64) ** 2)) for g in gradients)))
    return 1.0 / length if length else 1.0


def _stateful() -> Callable[..., Backward]:
    """Return a backward pass that adds to what it returned for the same network before."""
    last: WeakKeyDictionary[DNN, tuple[Tensor, ...]] = WeakKeyDictionary()

    def change(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
        dx, gradients = right(caches, da)
        if place.network in last:
            gradients = tuple(new + old for new, old in zip(gradients, last[place.network], strict=True))
        last[place.network] = gradients
        return dx, gradients

    return change


def _of_the_batch_before(place: Place, right: Right, caches: Caches, da: Tensor) -> Backward:
    """The gradients of another batch, here of the same samples with another da, are still in the sum."""
    before = right(caches, rolled(da, 0))[1]
    dx, gradients = right(caches, da)
    return dx, tuple(new + old for new, old in zip(gradients, before, strict=True))


Forward = tuple[Tensor, tuple[DenseCache, ...]]


def _cached_of_another_batch(place: Place, right: Callable[..., Forward], x: Tensor) -> Forward:
    return right(x)[0], right(rolled(x, 0))[1]


def _cached_with_dropout(place: Place, right: Callable[..., Forward], x: Tensor) -> Forward:
    """The caches are of a pass with dropout, J is of one without."""
    a, caches = right(x)
    kept = np.random.default_rng(0).random(caches[-1][0].shape) > 0.25
    x_top, z, a_top = caches[-1]
    return a, (*caches[:-1], (x_top * Tensor(kept, x_top.dtype), z, a_top))


def _cached_in_float16(place: Place, right: Callable[..., Forward], x: Tensor) -> Forward:
    """The caches are kept in half precision to save memory."""
    a, caches = right(x)
    return a, tuple(
        tuple(Tensor(kept.asnumpy().astype(np.float16).astype(kept.asnumpy().dtype)) for kept in cache)
        for cache in caches
    )


def _deep(place: Place) -> bool:
    return len(place.network.layers) > 1


def _has_twins(place: Place) -> bool:
    return _twins(place) is not None


def _has_activation_below(place: Place) -> bool:
    return any(layer.activation.name != "identity" for layer in list(place.network.layers)[:-1])


def _skippable(place: Place) -> bool:
    return any(layer.weight.shape[0] == layer.weight.shape[1] for layer in list(place.network.layers)[1:])


def _of_backward(
    name: str, what: str, change: Callable[..., Backward], applies: Callable[[Place], bool] = lambda place: True
) -> PlantedFault:
    return PlantedFault(f"chain: {name}", what, "backward", change, "chain between layers", (), applies)


def _of_forward(
    name: str, what: str, change: Callable[..., Forward], applies: Callable[[Place], bool] = lambda place: True
) -> PlantedFault:
    return PlantedFault(f"chain: {name}", what, "forward", change, "chain between layers", (), applies)


BETWEEN_LAYERS = [
    _of_backward("updated too early", "each weight is updated before its dx", _updated_too_early, _deep),
    _of_backward("all updated first", "all weights are updated before the pass", _one_weight_for_all, _deep),
    _of_backward("layer skipped", "da is handed past the square layers", _skips_square_layers, _skippable),
    _of_backward("cut", "nothing is handed to the layers below the top", _cut_below_the_top, _deep),
    _of_backward("doubled on the way", "each dx is added twice to the da below", _doubled_on_the_way, _deep),
    _of_backward("samples rolled", "da and the caches are of different samples", _samples_rolled),
    _of_backward("half of the batch", "only half of the samples are walked back", _half_of_the_batch),
    _of_backward("weighted sums below", "z of the layer below in place of its a", _weighted_sums_below,
                 _has_activation_below),
    _of_backward("caches swapped", "two layers have each other's cache", _caches_swapped, _has_twins),
    _of_backward("gradients swapped", "two layers have each other's dW", _gradients_swapped, _has_twins),
    _of_backward("order of the walk", "the gradients are in the order of the walk down", _in_the_order_of_the_walk,
                 _deep),
    _of_backward("last one missing", "the last gradient is not returned", _last_one_missing),
    _of_backward("loss scale", "the loss scale is not taken out", _scaled(lambda gradients: LOSS_SCALE)),
    _of_backward("clipped together", "all gradients are scaled to a common length of 1", _scaled(_to_unit_length)),
    _of_backward("not reset", "gradients add up from run to run", _stateful()),
    _of_backward("batch before", "the gradients of another batch are still in the sum", _of_the_batch_before),
    _of_forward("cache of another batch", "the caches are of other samples", _cached_of_another_batch),
    _of_forward("dropout in the cache", "the caches are of a pass with dropout", _cached_with_dropout),
    _of_forward("cache in float16", "the caches went through float16", _cached_in_float16),
]  # fmt: skip
