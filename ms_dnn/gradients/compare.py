"""Compare the routes to a gradient with each other, tensor by tensor, and say which of them is wrong."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.errors import MsDnnError
from ms_dnn.gradients import reference
from ms_dnn.gradients.comparison import (
    Comparison,
    Conditions,
    Finding,
    ForwardAgreement,
    Pair,
    PairResult,
    TensorComparison,
)
from ms_dnn.gradients.framework import CostOfNetwork
from ms_dnn.gradients.numerical import draw_elements
from ms_dnn.gradients.rounding import cost_rounding, gradient_roundings
from ms_dnn.gradients.routes import (
    CENTRAL_DIFFERENCES,
    COMPLEX_STEP,
    Gradients,
    Route,
    plain_network,
    standard_routes,
)
from ms_dnn.gradients.verdict import decide
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.precision import comparison_tolerance

Array = NDArray[Any]

COMPLEX_STEP_TOLERANCE = 1e-10
CENTRAL_DIFFERENCES_TOLERANCE = 1e-6
WITNESS_ROUNDINGS = 10.0
"""A float32 network against a float64 witness: the forward pass rounds as well, not the backward pass alone."""
SUSPECTS = 8
"""Elements of a parameter that are added to the drawn ones because the full routes disagree most on them."""
DECISIVE = 1e-2
"""A pair that had to be allowed more than this, relative to the terms of a gradient, decides nothing."""


def compare_gradients(
    network: DNN,
    cost: Cost,
    x: Tensor,
    y: Tensor,
    *,
    routes: Sequence[Route] | None = None,
    device: str = "CPU",
    elements: int = 256,
    seed: int = 0,
) -> Comparison:
    """Compare the gradients of J by every route, at the network's weights and the samples (x, y).

    Args:
        network: of dense layers, in float32 or float64; it is not changed.
        cost: the cost J.
        x: inputs (N, n[0]) in the dtype of the network.
        y: targets (N, n[L]) in the same dtype, as the loss wants them.
        routes: what to compare; None for :func:`ms_dnn.gradients.routes.standard_routes`.
        device: the device in use, for its tolerance.
        elements: elements of each parameter that a witness is asked for; the other routes are compared on all.
        seed: of the drawn elements.

    Raises:
        ShapeError: x does not fit the network, or y the loss.
        NoDerivativeError: an activation or the loss has no derivative.
        DeviceError: the device does not compute in the network's dtype.
    """
    started = time.perf_counter()
    network.check_input(x)
    dtype = str(x.dtype).lower()
    tolerance = comparison_tolerance(dtype, device)
    routes = standard_routes(network, cost, x, y, device) if routes is None else list(routes)
    pairs = tuple(pair_of(first, second, dtype, tolerance) for first, second in combinations(routes, 2))
    x64, y64 = x.asnumpy().astype(np.float64), y.asnumpy().astype(np.float64)
    forward = compare_forwards(network, cost, x, y, tolerance)
    terms = _terms(network, cost, x64, y64)

    answers, findings = Answers(network), []
    for route in (route for route in routes if not route.witness):
        findings += answers.ask(route)
    asked = draw_elements(answers.shapes, elements, seed)
    asked = {name: np.union1d(drawn, answers.suspects(name)) for name, drawn in asked.items()}
    for route in (route for route in routes if route.witness):
        findings += answers.ask(route, asked)
    findings += answers.zeros()

    tensors = tuple(answers.compare(name, pairs, terms[name], len(asked[name])) for name in answers.shapes)
    verdict, reason, blame = decide(forward, tensors, findings, {route.name for route in routes if route.witness})
    conditions = Conditions(
        sizes=network.sizes,
        activations=tuple(plain_network(network)[2]),
        loss=cost.loss.name,
        reduction=cost.reduction,
        samples=len(x64),
        dtype=dtype,
        device=device,
        seed=seed,
        elements=elements,
    )
    return Comparison(
        verdict=verdict,
        reason=reason,
        blame=blame,
        conditions=conditions,
        routes=tuple(route.name for route in routes),
        pairs=pairs,
        forward=forward,
        tensors=tensors,
        findings=tuple(findings),
        seconds=time.perf_counter() - started,
    )


def pair_of(first: Route, second: Route, dtype: str, tolerance: float) -> Pair:
    """Return the pair with what it may show, when ``tolerance`` is what two routes on the device may."""
    allowed = tolerance
    on_device = [route for route in (first, second) if not route.witness]
    if on_device and len(on_device) < 2 and dtype != "float64":
        allowed *= WITNESS_ROUNDINGS
    rounding = allowed if on_device else comparison_tolerance("float64", "CPU")
    names = {first.name, second.name}
    if COMPLEX_STEP in names:
        allowed = max(allowed if on_device else 0.0, COMPLEX_STEP_TOLERANCE)
    if CENTRAL_DIFFERENCES in names:
        allowed = max(allowed if on_device else 0.0, CENTRAL_DIFFERENCES_TOLERANCE)
    return Pair(first.name, second.name, allowed, rounding)


def compare_forwards(network: DNN, cost: Cost, x: Tensor, y: Tensor, tolerance: float) -> ForwardAgreement:
    """Return J by MindSpore and by NumPy; ``tolerance`` is relative to the terms that J is summed from."""
    loss, reduction = cost.loss.name, cost.reduction
    by_mindspore = float(CostOfNetwork(network, cost)(x, y).asnumpy())
    weights, biases, activations = plain_network(network)
    x64, y64 = x.asnumpy().astype(np.float64), y.asnumpy().astype(np.float64)
    by_numpy = reference.cost(weights, biases, activations, loss, reduction, x64, y64)
    a = reference.forward(weights, biases, activations, x64)[-1].a
    allowed = tolerance * cost_rounding(a, y64, loss, reduction)
    scale = max(abs(by_mindspore), abs(by_numpy)) or 1.0
    difference = abs(by_mindspore - by_numpy)
    within = bool(difference <= max(allowed, tolerance * scale))
    return ForwardAgreement(by_mindspore, by_numpy, difference / scale, max(tolerance, allowed / scale), within)


def _terms(network: DNN, cost: Cost, x: Array, y: Array) -> dict[str, float]:
    weights, biases, activations = plain_network(network)
    loss, reduction = cost.loss.name, cost.reduction
    found = gradient_roundings(weights, biases, activations, loss, reduction, x, y)
    return dict(zip(network.parameter_names, found, strict=True))


class Answers:
    """What the routes answered: gradients and uncertainties that can be compared, by route and parameter."""

    def __init__(self, network: DNN) -> None:
        parameters = network.trainable_params()
        self.shapes = {name: tuple(p.shape) for name, p in zip(network.parameter_names, parameters, strict=True)}
        self.gradients: dict[str, Gradients] = {}
        self.uncertainty: dict[str, Gradients] = {}
        self.full: list[str] = []
        self.asked: Mapping[str, Array] = {}

    def ask(self, route: Route, elements: Mapping[str, Array] | None = None) -> list[Finding]:
        """Run a route, keep what can be compared of its answer, and return what is wrong with the rest.

        A route that is no witness runs twice: two answers to one question must be the same.
        """
        self.gradients[route.name], self.uncertainty[route.name] = {}, {}
        try:
            answer = route.gradients(elements)
            again = answer if route.witness else route.gradients(elements)
        except MsDnnError:
            raise
        except (RuntimeError, ValueError, TypeError) as error:
            message = f"{route.name} stopped with {type(error).__name__}: {str(error).strip().splitlines()[0]}"
            return [Finding("stopped", "error", route.name, None, message)]
        uncertainty = route.uncertainty()
        if route.witness:
            self.asked = elements or {}
        else:
            self.full.append(route.name)
        findings = []
        for name, shape in self.shapes.items():
            found = flaws(route, name, shape, answer.get(name), again.get(name))
            findings += found
            if not found:
                self.gradients[route.name][name] = answer[name].astype(np.float64)
                self.uncertainty[route.name][name] = uncertainty.get(name, np.zeros(shape))
        return findings

    def zeros(self) -> list[Finding]:
        """Return a warning for each parameter whose gradient every full route finds to be 0 in every element.

        One that alone is 0 needs no warning: either the others show its error, or they are 0 but for rounding.
        """
        findings = []
        for name in self.shapes:
            having = [self.gradients[route][name] for route in self.full if name in self.gradients[route]]
            if having and not np.any(having):
                message = f"{name}: its gradient is 0 in every element by every route; this point does not test it"
                findings.append(Finding("all-zero gradient", "warning", "all", name, message))
        return findings

    def suspects(self, name: str) -> Array:
        """Return the elements on which the full routes disagree most, so that a witness can speak about them."""
        known = [self.gradients[route][name].ravel() for route in self.full if name in self.gradients[route]]
        if len(known) < 2:
            return np.zeros(0, dtype=np.intp)
        spread = np.ptp(np.stack(known), axis=0)
        return np.argsort(spread)[::-1][: min(SUSPECTS, int(np.count_nonzero(spread)))]

    def compare(self, name: str, pairs: Sequence[Pair], terms: float, elements: int) -> TensorComparison:
        """Return the comparison of one parameter; ``terms`` is the scale of what its gradients are summed from."""
        having = {route: g[name] for route, g in self.gradients.items() if name in g}
        results = [
            self._compare_pair(name, pair, terms) for pair in pairs if pair.first in having and pair.second in having
        ]
        unsettled = {
            route: int(np.sum(np.isinf(self.uncertainty[route][name].ravel()[self.asked[name]])))
            for route in having
            if route not in self.full
        }
        largest = {route: float(np.max(np.abs(g))) for route, g in having.items()}
        found = tuple(result for result in results if result is not None)
        return TensorComparison(name, self.shapes[name], elements, unsettled, largest, found)

    def _compare_pair(self, name: str, pair: Pair, terms: float) -> PairResult | None:
        a, b = self.gradients[pair.first][name], self.gradients[pair.second][name]
        uncertainty = self.uncertainty[pair.first][name] + self.uncertainty[pair.second][name]
        known = np.isfinite(uncertainty)
        if not known.any():
            return None
        difference = np.abs(a - b)
        # Over all that is known of either tensor, not over the common elements only: the scale is the tensor's.
        scale = float(max(np.max(np.abs(a)), np.max(np.abs(b))))
        # A gradient that cancels is judged by what it was summed from: see ms_dnn.gradients.rounding.
        allowed = np.maximum(max(pair.tolerance * scale, pair.rounding * terms), uncertainty)
        excess = np.where(known, difference - allowed, -np.inf)
        worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), a.shape))
        return PairResult(
            first=pair.first,
            second=pair.second,
            elements=int(known.sum()),
            relative_error=float(np.max(difference[known])) / scale if scale else 0.0,
            tolerance=float(np.max(allowed[known])) / scale if scale else pair.tolerance,
            within=bool(excess.max() <= 0.0),
            decisive=bool(np.median(allowed[known]) <= DECISIVE * max(scale, terms)),
            worst=worst,
        )


def flaws(
    route: Route, name: str, shape: tuple[int, ...], gradient: Array | None, again: Array | None
) -> list[Finding]:
    """Return what is wrong with a gradient by itself and makes it useless for a comparison."""

    def finding(kind: str, message: str) -> list[Finding]:
        return [Finding(kind, "error", route.name, name, f"{name} by {route.name}: {message}")]

    if gradient is None or again is None:
        return finding("missing gradient", "there is none; a backward pass must return one a parameter")
    if gradient.shape != shape:
        return finding("wrong shape", f"has shape {gradient.shape}, but the parameter has {shape}")
    if str(gradient.dtype) != route.dtype:
        return finding("wrong dtype", f"is {gradient.dtype}, expected {route.dtype}")
    if not np.all(np.isfinite(gradient)):
        count = int(np.sum(~np.isfinite(gradient)))
        return finding("not finite", f"{count} of {gradient.size} elements are NaN or infinite")
    if not np.array_equal(gradient, again):
        return finding("not reproducible", "two runs on the same weights and samples differ")
    return []
