"""Faults in the gradient of the penalty, which is added to that of the losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mindspore import Tensor, ops

from gradient_checkers.planted.planting import Place, PlantedFault
from ms_dnn.judge.faults import names
from ms_dnn.layers.penalty import Penalty

Right = Callable[..., tuple[Tensor, ...]]
Tensors = tuple[Tensor, ...]


def _penalty(place: Place) -> Penalty:
    penalty = place.cost.penalty
    if penalty is None:
        raise ValueError("penalty fault: the cost has no penalty; plant it where it applies")
    return penalty


def _as_if(l1: float = 1.0, l2: float = 1.0, biases: bool | None = None) -> Callable[..., Tensors]:
    """Return the change to the gradient of a penalty whose λ are others by a factor, on other parameters."""

    def change(place: Place, right: Right, parameters: Tensors, gradients: Tensors) -> Tensors:
        own = _penalty(place)
        other = Penalty(own.l1 * l1, own.l2 * l2, own.biases if biases is None else biases)
        return other.backward(parameters, gradients)

    return change


def _unsigned(place: Place, right: Right, parameters: Tensors, gradients: Tensors) -> Tensors:
    own = _penalty(place)
    gradients = Penalty(0.0, own.l2, own.biases).backward(parameters, gradients)
    return tuple(
        dw + Tensor(own.l1, w.dtype) * ops.ones_like(w) if own.biases or w.ndim > 1 else dw
        for w, dw in zip(parameters, gradients, strict=True)
    )


def _has(l1: bool = False, l2: bool = False, biases: bool | None = None) -> Callable[[Place], bool]:
    def applies(place: Place) -> bool:
        penalty = place.cost.penalty
        if penalty is None or (l1 and not penalty.l1) or (l2 and not penalty.l2):
            return False
        return biases in (None, penalty.biases)

    return applies


def _fault(name: str, what: str, change: Callable[..., Any], expected: str, applies: Any) -> PlantedFault:
    return PlantedFault(f"penalty: {name}", what, "penalty", change, expected, (), applies)


OF_PENALTY = (
    _fault("L2 missing", "λ₂ w is not added", _as_if(l2=0.0), names.L2_MISSING, _has(l2=True, biases=False)),
    _fault("L1 missing", "λ₁ sign(w) is not added", _as_if(l1=0.0), names.L1_MISSING, _has(l1=True, biases=False)),
    _fault("2 not cancelled", "2 λ₂ w is added", _as_if(l2=2.0), names.L2_DOUBLED, _has(l2=True)),
    _fault("L1 without the sign", "λ₁ is added whatever the sign", _unsigned, names.L1_UNSIGNED, _has(l1=True)),
    _fault("on the biases", "biases, too", _as_if(biases=True), names.BIASES_PENALISED, _has(biases=False)),
    _fault("not on the biases", "weights only", _as_if(biases=False), names.BIASES_NOT_PENALISED, _has(biases=True)),
)
