"""The numerical route: central differences of the network's own forward code, in float64.

    D(h) = (J(θ + h e_i) − J(θ − h e_i)) / 2h = ∂J/∂θ_i + h²/6 ∂³J/∂θ_i³ + rounding of order ε |J| / h

The best h is near ε^{1/3} times the scale of θ_i, the scale on which J bends, which nobody knows. So each element is
differenced on a ladder of steps, and the two neighbouring rungs that agree best give the estimate, and by their
disagreement its error (after Ridders, "Accurate computation of F′(x) and F′(x)F″(x)", Advances in Engineering
Software 4, 1982; without his extrapolation, which a kink would poison). A stencil that crosses a kink disagrees
with the smaller one that does not. An element on which no two rungs agree, or whose one-sided slopes differ
in the limit h → 0, has no derivative that differences could find: it is *unsettled* and takes no part.

The costs come from the layers' own forward code, run on perturbed parameters in large batches, because one cost at
a time takes milliseconds on MindSpore's CPU runtime (in a compiled loop too, as soon as the cores are shared). Row o
of a W and entry o of its b reach column o of z = x Wᵀ + b and nothing else. So K perturbed rows go through
``affine`` as one matrix (K, I), each result takes its place in a copy of z, and the copies, K·N samples, run on
through the activation, the layers above and the loss. It follows that layers must treat samples one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.layers.cost import Cost
from ms_dnn.maths.affine import affine
from ms_dnn.runtime.seeding import stream

Array = NDArray[Any]
Elements = Mapping[str, Array]
"""For each parameter the flat (row-major) indices of the elements looked at, sorted."""

EPSILON = float(np.finfo(np.float64).eps)
RUNG = 4.0
"""Ratio of two neighbouring steps."""
LADDER = EPSILON ** (1 / 3) * RUNG ** np.array([1.0, 0.0, -1.0, -2.0])
"""Steps relative to the scale of an element, largest first: 2.4e-5 … 3.8e-7."""
ROUNDINGS = 1.0
"""Roundings of J by which a difference of two costs is off at least."""
SETTLED = 1e-6
"""Largest disagreement of two rungs that is taken for agreement, relative to the tensor's largest estimate."""
KINK_NOISE = 20.0
"""A difference of one-sided slopes, extrapolated to h = 0, is 5 times as noisy as D(h); 4 times that is a kink."""
UNRELIABLE = 1e-3
"""However noisy a tensor is: an estimate that may be off by more than this part of the largest is unsettled."""
BLOCK = 2**18
"""Numbers in the widest array of one batch of perturbed networks, 2 MB."""


@dataclass(frozen=True)
class Estimate:
    """Central differences at K elements of one parameter, each array (K,).

    Attributes:
        values: ∂J/∂θ, float64.
        errors: how far each may be off, float64: disagreement of its two rungs, and rounding.
        settled: False where no two rungs agree, bool; such a value means nothing.
    """

    values: Array
    errors: Array
    settled: Array


def draw_elements(shapes: Mapping[str, tuple[int, ...]], limit: int, seed: int) -> dict[str, Array]:
    """Return at most ``limit`` elements of each parameter, drawn without repetition; all where there are fewer."""
    drawn = {}
    for number, (name, shape) in enumerate(shapes.items()):
        size = int(np.prod(shape))
        everything = np.arange(size)
        if size > limit:
            everything = np.sort(stream(seed, "checked elements", number).choice(size, limit, replace=False))
        drawn[name] = everything
    return drawn


def central_differences(network: DNN, cost: Cost, x: Array, y: Array, elements: Elements) -> dict[str, Estimate]:
    """Return ∂J/∂θ by central differences at the given elements of every parameter.

    Args:
        network: of dense layers, of any precision; its weights are read, and taken to float64 as they are.
        cost: the cost J.
        x: inputs (N, n[0]).
        y: targets (N, n[L]).
        elements: flat indices, (K,) for each name of ``network.parameter_names``.
    """
    costs = PerturbedCosts(network, cost, x, y)
    estimates = {}
    for number, (name, parameter) in enumerate(zip(network.parameter_names, costs.parameters, strict=True)):
        chosen = np.asarray(elements[name], dtype=np.intp)
        theta = parameter.ravel()[chosen]
        h = np.maximum(np.abs(theta), costs.scale(number))[:, None] * LADDER
        up, down = theta[:, None] + h, theta[:, None] - h
        positions = np.repeat(chosen, 2 * len(LADDER))
        losses = costs.losses(number, positions, np.stack([up, down], axis=-1).ravel())
        # Sample by sample, and only then over the samples: fewer digits cancel.
        change = (losses.reshape(len(chosen), len(LADDER), 2, -1) - costs.base) * costs.weight
        above, below = np.sum(change, axis=-1).transpose(2, 0, 1)
        rounding = ROUNDINGS * EPSILON * float(np.sum(np.abs(costs.base))) * costs.weight
        steps = up - down  # what was added and taken away after rounding, not what was meant
        estimates[name] = climb_ladder(above, below, steps, rounding / steps)
    return estimates


def climb_ladder(above: Array, below: Array, steps: Array, rounding: Array) -> Estimate:
    """Return for each element the rung that agrees best with its larger neighbour.

    Args:
        above: J(θ + h) − J(θ), (K, rungs), largest step first, each step :data:`RUNG` times the next.
        below: J(θ − h) − J(θ), (K, rungs).
        steps: 2h, (K, rungs).
        rounding: least error by rounding of each difference quotient, (K, rungs).
    """
    if not len(above):
        return Estimate(np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool))
    D = (above - below) / steps
    # J⁺ + J⁻ − 2J is h² J″ where J is smooth and h times the jump of the slope at a kink.
    bend = 2 * (above + below) / steps
    jump = np.abs(RUNG * bend[:, 1:] - bend[:, :-1]) / (RUNG - 1)
    disagreement = np.abs(D[:, 1:] - D[:, :-1])
    # Two rungs may agree by chance. The elements of a tensor round alike, so none is credited with much less
    # than the median error at its rung.
    error = np.maximum(disagreement, np.median(disagreement, axis=0)) + rounding[:, 1:]
    best = np.argmin(error + jump, axis=1)
    rows = np.arange(len(D))
    values, errors = D[rows, best + 1], error[rows, best]
    largest = float(np.median(np.max(np.abs(D), axis=0)))
    noise = KINK_NOISE * (np.median(error, axis=0)[best] + rounding[rows, best + 1])
    # Never below what rounding alone does: a gradient that is zero is settled too.
    noise = np.maximum(np.minimum(noise, UNRELIABLE * largest), KINK_NOISE * rounding[rows, best + 1])
    settled = np.maximum(errors, jump[rows, best]) <= noise + SETTLED * largest
    errors = errors + jump[rows, best] / 2  # a kink too small to be told from noise shifts D(h) by half its jump
    return Estimate(values, errors, settled)


class PerturbedCosts:
    """The losses of a network, in float64, with one number of its parameters changed, for many such changes.

    Attributes:
        parameters: all W and b in their order, float64.
        base: the loss of each sample without any change, (N,).
        weight: what a sample's loss counts in J: 1/N, or 1 where J is the sum.
    """

    def __init__(self, network: DNN, cost: Cost, x: Array, y: Array) -> None:
        self.network, self.cost = network, cost
        self.parameters: list[Array] = [p.asnumpy().astype(np.float64) for p in network.trainable_params()]
        tensors = [Tensor(parameter) for parameter in self.parameters]
        self.of_layers = list(zip(tensors[::2], tensors[1::2], strict=True))
        self.y = np.asarray(y, dtype=np.float64)
        self.inputs = [Tensor(np.asarray(x, dtype=np.float64))]
        for layer, parameters in zip(network.layers, self.of_layers, strict=True):
            self.inputs.append(layer.evaluate(self.inputs[-1], parameters))
        self.base = self._loss(self.inputs[-1]).asnumpy().copy()
        self.weight = 1.0 / len(self.y) if cost.reduction == "mean" else 1.0

    def scale(self, number: int) -> float:
        """Return the smallest scale on which an element of parameter ``number`` is changed.

        The root mean square of its tensor. A W of zeros has none, and gets the one that makes z of order 1. For a b,
        which may be small or zero for no reason, it is at least the root mean square of its layer's z. All of it
        follows a change of units: of x, of W and b, or of the cost.
        """
        level, of_bias = divmod(number, 2)
        own, x = _rms(self.parameters[number]), self.inputs[level]
        if of_bias:
            return max(own, _rms(affine(x, *self.of_layers[level]).asnumpy())) or 1.0
        of_x = _rms(x.asnumpy()) * float(np.sqrt(x.shape[1]))
        return own or (1.0 / of_x if of_x else 1.0)

    def losses(self, number: int, positions: Array, values: Array) -> Array:
        """Return the losses (K, N) with element ``positions[k]`` of parameter ``number`` set to ``values[k]``."""
        widest = max(self.network.sizes)
        count = max(1, BLOCK // (len(self.y) * widest))
        blocks = [
            self._block(number, positions[start : start + count], values[start : start + count])
            for start in range(0, len(positions), count)
        ]
        return np.concatenate(blocks) if blocks else np.zeros((0, len(self.y)))

    def _block(self, number: int, positions: Array, values: Array) -> Array:
        level, of_bias = divmod(number, 2)
        W, b = self.parameters[2 * level : 2 * level + 2]
        o = positions if of_bias else positions // W.shape[1]
        rows, entries = W[o], b[o]
        if of_bias:
            entries[:] = values
        else:
            rows[np.arange(len(o)), positions % W.shape[1]] = values
        x = self.inputs[level]
        z = np.repeat(affine(x, *self.of_layers[level]).asnumpy()[None], len(o), axis=0)
        z[np.arange(len(o)), :, o] = affine(x, Tensor(rows), Tensor(entries)).asnumpy().T
        a = self.network.layers[level].activation.function(Tensor(z.reshape(-1, z.shape[-1])))
        for layer, parameters in zip(self.network.layers[level + 1 :], self.of_layers[level + 1 :], strict=True):
            a = layer.evaluate(a, parameters)
        return self._loss(a).asnumpy().reshape(len(o), -1).copy()

    def _loss(self, a: Tensor) -> Tensor:
        copies = len(a) // len(self.y)
        return self.cost.loss.function(a, Tensor(np.tile(self.y, (copies, 1))))


def _rms(array: Array) -> float:
    return float(np.sqrt(np.mean(array**2)))
