"""Layer by layer: which part of a hand-written backward pass is wrong by itself.

An error in dx of one layer makes everything below it wrong. So each layer gets the input of MindSpore's forward pass
and the cotangent of MindSpore's backward pass, and its dz, dx, dW and db are compared with MindSpore's derivative
of that layer alone. A wrong dz is handed on as it is: then dx, dW and db are judged by what they make of it.
"""

from __future__ import annotations

import numpy as np
from mindspore import Tensor

from ms_dnn.dnn import DNN
from ms_dnn.gradients.framework import GradOperationGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.judge.faults.naming import name_fault
from ms_dnn.judge.judgement import FaultyPart
from ms_dnn.judge.parts import as_expected, or_none, parts_of_backward
from ms_dnn.judge.routes.subject import as_array
from ms_dnn.layers.cost import Cost


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
        scale = float(np.max(np.abs(expected), initial=0.0))
        error = float(np.max(np.abs(found - expected), initial=0.0)) if found is not None else np.inf
        if error > tolerance * scale:
            diagnosis = (
                "every layer is right by itself, so what joins them is wrong: the order of the layers, a cache that is "
                "stale or of another layer, or weights that changed between the forward and the backward pass"
            )
            return [FaultyPart("chain", name, error / scale if scale else np.inf, diagnosis, "chain between layers")]
    return []
