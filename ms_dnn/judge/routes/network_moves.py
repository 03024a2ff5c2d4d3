"""The terms of a network's J while one parameter moves: of each step only what depends on the parameter is computed.

The layers below keep their output, dropout its mask (a function of the training step alone). Where the layers above
treat each sample by itself, all steps are samples of one large batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from mindspore import Tensor, ops

from ms_dnn.dnn import DNN
from ms_dnn.judge.routes.slope import Array
from ms_dnn.judge.routes.tensors import as_array
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense
from ms_dnn.layers.dropout import Dropout
from ms_dnn.layers.layer import Layer
from ms_dnn.layers.normalization import LayerNorm

ALONE = (Dense, Dropout, LayerNorm)
"""Layers that treat each sample by itself."""
MOST_NUMBERS = 2**23
"""In the widest activation of one large batch: 64 MB."""


def terms_where_one_moves(
    network: DNN,
    cost: Cost,
    place: tuple[int, int],
    inputs: Sequence[Tensor],
    values: Sequence[Array],
    move: Callable[[Array], None],
) -> tuple[Array, Array]:
    """Return the losses (T, N) and the penalty (T,), 0 without one, for T values of one parameter.

    Args:
        network: all in one dtype.
        cost: gives the losses and the penalty.
        place: of the parameter among all of them, and of its layer, both from 0.
        inputs: x (N, n[0]) and the target y (N, n[L]).
        values: shaped as the parameter.
        move: gives the parameter a value.
    """
    parameter, number = place
    x, y = inputs
    layers = list(network.layers)
    below = x
    for layer in layers[:number]:
        below = layer.forward(below)[0]
    masks = {
        id(layer): cache[0]
        for layer, cache in zip(layers, network.forward(x)[1], strict=True)
        if isinstance(layer, Dropout)
    }
    outputs, penalties = [], []
    penalty = _penalty(cost, tuple(network.trainable_params()), parameter)
    for value in values:
        move(value)
        outputs.append(layers[number].forward(below)[0])
        penalties.append(penalty())
    above = layers[number + 1 :]
    at_once = _at_once(above, len(x), outputs[0].shape[-1]) if all(type(one) in ALONE for one in above) else 1
    losses = [
        as_array(cost.of_samples(_through(above, masks, a, len(x)), _tiled(y, len(a) // len(x)))).reshape(-1, len(x))
        for a in _batches(outputs, at_once)
    ]
    return np.concatenate(losses), np.array(penalties)


def _penalty(cost: Cost, parameters: tuple[Tensor, ...], moved: int) -> Callable[[], float]:
    """Return what computes the penalty while one of the parameters moves."""
    penalty = cost.penalty
    if penalty is None:
        return lambda: 0.0
    if penalty.biases or parameters[moved].ndim > 1:
        return lambda: float(penalty(parameters))
    fixed = float(penalty(parameters))
    return lambda: fixed


def _at_once(above: Sequence[Layer], samples: int, units: int) -> int:
    """Return how many steps are computed in one batch."""
    widest = max([units, *(layer.units or 0 for layer in above)])
    return max(1, MOST_NUMBERS // (samples * widest))


def _batches(outputs: Sequence[Tensor], at_once: int) -> Iterator[Tensor]:
    for start in range(0, len(outputs), at_once):
        yield ops.concat(list(outputs[start : start + at_once]))


def _through(layers: Sequence[Layer], masks: dict[int, Tensor], a: Tensor, samples: int) -> Tensor:
    for layer in layers:
        a = a * _tiled(masks[id(layer)], len(a) // samples) if isinstance(layer, Dropout) else layer.forward(a)[0]
    return a


def _tiled(tensor: Tensor, times: int) -> Any:
    return tensor if times == 1 else ops.concat([tensor] * times)
