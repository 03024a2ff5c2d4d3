"""The gradients of what is explored, by three routes: the page compares its own with two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.errors import GradientError
from ms_dnn.explore.subject import Array, Subject
from ms_dnn.gradients import blog
from ms_dnn.gradients.framework import GradOperationGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.gradients.reference import NO_PENALTY, Gradients, ReferencePenalty
from ms_dnn.gradients.rounding import gradient_roundings
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense
from ms_dnn.presentation.notation import size_text
from ms_dnn.runtime.precision import comparison_tolerance

MOST_KEPT = 1024
"""Numbers of a gradient that the page keeps: all of a small network's, evenly spaced ones of a parameter's else."""
_SMALL = 10_000
_MANY, _FEW = 32, 8


@dataclass(frozen=True, eq=False)
class Routes:
    """Gradients of J on the first samples, in the order W, b of each layer.

    Attributes:
        count: how many samples.
        dtype: that MindSpore computed in.
        tolerance: relative to the scale of a parameter.
        scales: of each parameter: its largest number, or where that is less the terms that cancel in it.
        places: which numbers of each parameter are kept, as indices into it.
        handwritten: those numbers by ``HandwrittenGradient``.
        grad_operation: those numbers by ``ops.GradOperation``.
        between_routes: the largest relative difference of the two, over all numbers.
        from_blog: likewise of the first and ``ms_dnn.gradients.blog``.
    """

    count: int
    dtype: str
    tolerance: float
    scales: tuple[float, ...]
    places: tuple[NDArray[np.intp], ...]
    handwritten: tuple[Array, ...]
    grad_operation: tuple[Array, ...]
    between_routes: float
    from_blog: float


def gradients_of(subject: Subject) -> Routes:
    """Return the gradients at the subject's weights, on its first samples.

    Raises:
        GradientError: when two routes do not agree.
    """
    count = min(len(subject.x), _MANY if subject.parameters <= _SMALL else _FEW)
    dtype = "float32" if subject.device == "Ascend" else "float64"
    network, cost = network_of(subject, dtype), cost_of(subject)
    y = subject.y if subject.sample_weights is None else np.column_stack([subject.y, subject.sample_weights])
    x_tensor, y_tensor = (Tensor(np.ascontiguousarray(rows[:count]).astype(dtype)) for rows in (subject.x, y))
    by_hand = _arrays(HandwrittenGradient(network, cost)(x_tensor, y_tensor)[1])
    by_framework = _arrays(GradOperationGradient(network, cost)(x_tensor, y_tensor))
    by_blog = [array for layer in blog_gradients(subject, count) for array in layer]
    tolerance = comparison_tolerance(dtype, subject.device)
    scales = scales_of(subject, count, by_hand)
    between_routes, from_blog = (largest_difference(by_hand, others, scales) for others in (by_framework, by_blog))
    for difference, other in ((between_routes, "GradOperation"), (from_blog, "gradients/blog.py")):
        if not difference <= tolerance:
            raise GradientError(
                f"{subject.name}: the hand-written gradient and that of {other} differ by {size_text(difference)}, "
                f"expected at most {size_text(tolerance)}, so nothing was written: judge it with ms-dnn check"
            )
    places = tuple(_places(array.size, subject.parameters, len(by_hand)) for array in by_hand)
    kept_by_hand, kept_by_framework = (
        tuple(array.ravel()[place] for array, place in zip(route, places, strict=True))
        for route in (by_hand, by_framework)
    )
    return Routes(count, dtype, tolerance, scales, places, kept_by_hand, kept_by_framework, between_routes, from_blog)


def network_of(subject: Subject, dtype: str) -> DNN:
    """Return the network in a dtype."""
    layers = zip(subject.weights, subject.biases, subject.activations, strict=True)
    return DNN([Dense(w.astype(dtype), b.astype(dtype), name) for w, b, name in layers])


def cost_of(subject: Subject) -> Cost:
    """Return the cost J."""
    weighted = subject.sample_weights is not None
    return Cost(subject.loss, subject.reduction, subject.penalty, weighted=weighted)


def blog_gradients(subject: Subject, count: int) -> Gradients:
    """Return the gradient of J on the first samples by the blog's algorithm, with what the samples weigh and R."""
    network = subject.weights, subject.biases, subject.activations, subject.loss
    weights = np.ones(count) if subject.sample_weights is None else subject.sample_weights
    share = 1.0 / count if subject.reduction == "mean" else 1.0
    totals = [(np.zeros(w.shape), np.zeros(b.shape)) for w, b in zip(subject.weights, subject.biases, strict=True)]
    for n in range(count):
        for (dW, db), (dw, d) in zip(totals, blog.sample_gradients(*network, subject.x[n], subject.y[n]), strict=True):
            dW += share * weights[n] * dw
            db += share * weights[n] * d
    penalty = _reference_penalty(subject)
    return [
        (dW + penalty.slopes(w, bias=False), db + penalty.slopes(b, bias=True))
        for (dW, db), w, b in zip(totals, subject.weights, subject.biases, strict=True)
    ]


def scales_of(subject: Subject, count: int, gradients: list[Array]) -> tuple[float, ...]:
    """Return the scale of each parameter's gradient: near a minimum its terms cancel, and their rounding remains."""
    network = subject.weights, subject.biases, subject.activations, subject.loss, subject.reduction
    terms = gradient_roundings(*network, subject.x[:count], subject.y[:count], _reference_penalty(subject))
    heaviest = 1.0 if subject.sample_weights is None else max(1.0, float(subject.sample_weights[:count].max()))
    sizes = (float(np.abs(gradient).max()) for gradient in gradients)
    return tuple(max(size, heaviest * of_terms) for size, of_terms in zip(sizes, terms, strict=True))


def largest_difference(these: list[Array], those: list[Array], scales: Sequence[float]) -> float:
    """Return max |g − g′| over the scale, over all parameters; a parameter without a gradient does not count."""
    return max(
        float(np.abs(one - other).max() / scale) if scale > 0 else 0.0
        for one, other, scale in zip(these, those, scales, strict=True)
    )


def _reference_penalty(subject: Subject) -> ReferencePenalty:
    asked = subject.penalty
    return NO_PENALTY if asked is None else ReferencePenalty(*asked.factors, biases=asked.biases)


def _arrays(gradients: tuple[Tensor, ...]) -> list[Array]:
    return [np.asarray(gradient.asnumpy(), np.float64) for gradient in gradients]


def _places(size: int, parameters: int, tensors: int) -> NDArray[np.intp]:
    count = size if parameters <= MOST_KEPT else min(size, MOST_KEPT // tensors)
    return np.arange(count) * size // count
