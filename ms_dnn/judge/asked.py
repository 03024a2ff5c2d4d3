"""What is asked of the judge about a Cell or function, and how it is answered: point, routes, second looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from mindspore import Tensor, nn

from ms_dnn.dnn import DNN
from ms_dnn.errors import SubjectError
from ms_dnn.judge.declared import Expected, as_declared
from ms_dnn.judge.judgement import (
    DETOUR,
    FLOAT32_INSIDE,
    NO_FLOAT64,
    Conditions,
    FaultyPart,
    Finding,
    ForwardAgreement,
    Judgement,
    Verdict,
)
from ms_dnn.judge.judging import MOST_OF_FLOAT32, JudgedPoint, inconclusive, judge
from ms_dnn.judge.locate.cells import faulty_cells, faulty_gradients
from ms_dnn.judge.locate.traps import not_finite, parameters_restored, random_forward, traps
from ms_dnn.judge.network import check_network
from ms_dnn.judge.pairs import FORWARD_ROUNDINGS, Allowance
from ms_dnn.judge.routes.base import GRAD_OPERATION, HANDWRITTEN, IN_FLOAT64, STOPPED, GradientRoute, Gradients
from ms_dnn.judge.routes.cells import CellGradient, CentralDifferences
from ms_dnn.judge.routes.functions import cells_with_bprop, copies, pynative_mode
from ms_dnn.judge.routes.network import network_subject
from ms_dnn.judge.routes.other_modes import FORWARD_MODE, FirstGradient, ForwardMode
from ms_dnn.judge.routes.rounding import RoundingOfGradients, scatter_of_forwards
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.judge.routes.tensors import FLOATS, as_sequence, as_tensor, numbers
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.precision import check_precision, comparison_tolerance

BPROP = "bprop"
MODES = ("pynative", "compiled")
OPERATOR_MODE = "operator"
SCATTER = 4.0
"""σ of the forward passes' difference within a few roundings: that much is rounding, as where large terms cancel."""
OF_TWIN = 1e-7
"""Relative error of a Cell in float64 that rounding, also of its Python numbers to float32, does not explain."""


@dataclass(frozen=True)
class Asked:
    """The arguments of :func:`ms_dnn.judge.check.check_gradients`."""

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    loss: Callable[..., Any] | None
    targets: Sequence[Any]
    wrt: str | Sequence[str]
    gradients: Callable[..., Any] | None
    modes: Sequence[str]
    precision: str | None
    order: int
    mode: str
    expect: Expected | None
    device: str
    directions: int
    seed: int

    def judged(self) -> Judgement:
        """Return the judgement."""
        self._check_options()
        if self._of_network and isinstance(self.function, DNN) and isinstance(self.loss, Cost):
            x, y = as_tensor(self.inputs[0]), as_tensor(self.targets[0])
            network, cost = self.function, self.loss
            if self.precision is not None:
                copied = network_subject(network, cost, x, y).in_precision(self.precision)
                function: Any = copied.function
                network, cost, (x, y) = function.network, function.cost, copied.inputs
            options: dict[str, Any] = {"device": self.device, "directions": self.directions, "seed": self.seed}
            options |= {"compiled": "compiled" in self.modes, "operator": OPERATOR_MODE in self.modes}
            return check_network(network, cost, x, y, **options)
        if OPERATOR_MODE in self.modes:
            raise SubjectError(
                f"modes: got {list(self.modes)}, but only the gradients of a DNN by its Cost have an operator"
            )
        with pynative_mode(), parameters_restored((self.function, self.loss)) as changed:
            return self._of_cell(changed)

    @property
    def _of_network(self) -> bool:
        plain = self.gradients is None and self.expect is None
        return plain and (self.order, self.mode) == (1, "reverse") and len(self.inputs) == len(self.targets) == 1

    def _of_cell(self, changed: Callable[[], Sequence[str]]) -> Judgement:
        unused = _copies(self.function, self.loss)
        subject = self._subject()
        point = self._point(subject)
        if self.expect is not None:
            point = _against_declared(point, as_declared(subject, self.expect), self.device)
        point.findings = [*point.findings, *_of_state(changed())]
        if (unclear := not_finite(subject) or random_forward(subject)) is not None:
            return inconclusive(point, unclear)
        if self.mode == "forward":
            point = replace(point, slope_routes=[*point.slope_routes, ForwardMode(subject)], judged=FORWARD_MODE)
        judgement = judge(point)
        plain = self.gradients is None and self.expect is None and "pynative" in self.modes
        if plain and judgement.verdict is Verdict.PASS:
            judgement = _at_fewer_samples(judgement, subject, unused, self.device, self.seed)
        if self.order == 2 and judgement.verdict is Verdict.PASS:
            return self._of_second_order(subject)
        return judgement

    def _of_second_order(self, subject: Subject) -> Judgement:
        """Judge the gradient of the gradient, by the inputs and by the cotangents that come in after them."""
        given = [*subject.inputs, *subject.cotangents]
        point = self._point(Subject(FirstGradient(subject), given, wrt=self.wrt, seed=self.seed))
        names = [f"input {number}" for number in range(len(subject.inputs), len(given))]
        message = f"what the gradient is a function of: the inputs, and dout of the outputs ({', '.join(names)})"
        point.findings = [*point.findings, Finding("second order", "note", "all", names[0], message)]
        return judge(point)

    def _subject(self) -> Subject:
        asked = self.function, self.inputs, self.loss, self.targets
        subject = Subject(*asked, self.wrt, self.seed)
        if self.gradients is not None:  # of the sum of the outputs
            subject = Subject(*asked, self.wrt, self.seed, [np.ones(c.shape) for c in subject.cotangents])
        if (self.order, self.mode) != (1, "reverse"):
            names = [variable.name for variable in subject.variables if variable.kind == "input"]
            if not names:
                raise SubjectError(f"order {self.order}, mode {self.mode}: these are of the inputs, and wrt names none")
            subject = Subject(*asked, names if self.mode == "forward" else self.wrt, self.seed)
        return subject if self.precision is None else subject.in_precision(self.precision)

    def _point(self, subject: Subject) -> JudgedPoint:
        return _point(subject, self.gradients, self.modes, self.device, self.directions, self.seed)

    def _check_options(self) -> None:
        if not self.modes or not set(self.modes) <= {*MODES, OPERATOR_MODE}:
            raise SubjectError(f"modes: got {list(self.modes)}, expected some of {[*MODES, OPERATOR_MODE]}")
        known: Mapping[str, tuple[Any, Sequence[Any]]] = {
            "precision": (self.precision, [None, *FLOATS]),
            "order": (self.order, [1, 2]),
            "mode": (self.mode, ["reverse", "forward"]),
        }
        for name, (got, expected) in known.items():
            if got not in expected:
                raise SubjectError(f"{name}: got {got!r}, expected one of {', '.join(map(str, expected))}")
        if self.precision is not None:
            check_precision(self.precision, self.device)
        if self.gradients is not None and (self.order, self.mode) != (1, "reverse"):
            raise SubjectError("gradients: given ones are first derivatives in reverse mode: leave order and mode out")


class GivenGradient(GradientRoute):
    """A backward pass that the user wrote: a function of the inputs."""

    name = HANDWRITTEN

    def __init__(self, function: Callable[..., Any], subject: Subject) -> None:
        self.function, self.subject, self.dtype = function, subject, subject.dtype

    def gradients(self) -> Gradients:
        """Return what it returns, under the variables' names; too few and too many are found out later."""
        found = as_sequence(self.function(*self.subject.given()))
        names = [variable.name for variable in self.subject.variables]
        names += [f"gradient {number}" for number in range(len(names), len(found))]
        arrays = (numbers(g) if isinstance(g, Tensor) else np.asarray(g) for g in found)
        return dict(zip(names, arrays, strict=False))


def _of_state(changed: Sequence[str]) -> list[Finding]:
    message = f"the forward pass changes the Parameters {', '.join(changed)}; they are put back"
    return [Finding("stateful forward", "note", "all", None, message)] if changed else []


def _point(
    subject: Subject,
    gradients: Callable[..., Any] | None,
    modes: Sequence[str],
    device: str,
    directions: int,
    seed: int,
) -> JudgedPoint:
    findings = traps(subject)
    has_bprop = bool(cells_with_bprop((subject.function, subject.loss)))
    detour = any(finding.kind == DETOUR for finding in findings)
    wide, reason = _widened(subject)
    judged: list[GradientRoute] = [] if gradients is None else [GivenGradient(gradients, subject)]
    name = BPROP if has_bprop else GRAD_OPERATION
    judged += [CellGradient(name, subject, compiled=mode == "compiled", optional=mode == "compiled") for mode in modes]
    if has_bprop and detour:
        # With a bprop, what construct does need not be differentiable.
        message = "construct leaves MindSpore, so MindSpore's own differentiation of it is no witness for the bprop"
        findings = [*(f for f in findings if f.kind != DETOUR), Finding("no witness", "note", "all", None, message)]
    elif has_bprop:
        judged.append(CellGradient(GRAD_OPERATION, subject, bprops=False, witness=True, optional=True))
    if reason:
        findings.append(Finding(NO_FLOAT64, "note", "central_differences", None, reason))
    elif subject.dtype != "float64" and not detour:
        if has_bprop:
            judged.append(CellGradient(BPROP + IN_FLOAT64, wide, optional=True))
        judged.append(CellGradient(GRAD_OPERATION + IN_FLOAT64, wide, bprops=False, witness=True, optional=has_bprop))
    # MindSpore may have no derivative of what construct does: that is what a bprop is written for.
    differentiated = [CellGradient(GRAD_OPERATION, wide, bprops=bprops) for bprops in (False, True)]
    rounding = RoundingOfGradients(
        wide, differentiated if has_bprop and not detour else differentiated[1:], subject.dtype
    )
    tolerance = comparison_tolerance(subject.dtype, device)
    allowance, differences = Allowance(device), CentralDifferences(wide)
    return JudgedPoint(
        conditions=Conditions(
            subject=describe(subject),
            dtype=subject.dtype,
            device=device,
            precision=wide.dtype,
            seed=seed,
            directions=directions,
            point=subject.fingerprint(),
        ),
        variables=subject.variables,
        gradient_routes=judged,
        slope_routes=[differences],
        allowance=allowance,
        forward=lambda values: _compare_forwards(subject, wide, values, allowance.of_dtype(subject.dtype)),
        rounding=rounding,
        parts=differences.parts,
        localise=lambda: [] if detour else _localised(subject, wide, judged[0], tolerance),
        findings=findings,
    )


def _localised(subject: Subject, wide: Subject, judged: GradientRoute, tolerance: float) -> list[FaultyPart]:
    """Return what is wrong by itself: a given gradient, or Cells; in float64, where float32 hides which."""
    if isinstance(judged, GivenGradient):
        return faulty_gradients(subject, judged, tolerance)
    found = faulty_cells(subject, tolerance)
    return found or (faulty_cells(wide, OF_TWIN) if wide.dtype == "float64" != subject.dtype else [])


def _against_declared(point: JudgedPoint, declared: Subject, device: str) -> JudgedPoint:
    """Return the point with the judged routes as they are, and witnesses of what was declared in place of construct."""
    of_declared = _point(declared, None, ("pynative",), device, point.conditions.directions, point.conditions.seed)
    witnesses = [route for route in of_declared.gradient_routes if route.witness]
    if not witnesses:  # in float64, MindSpore's differentiation of the declared function
        route = of_declared.gradient_routes[0]
        route.name, route.witness = f"{GRAD_OPERATION} (as declared)", True
        witnesses = [route]
    return replace(
        of_declared,
        conditions=point.conditions,
        gradient_routes=[*(route for route in point.gradient_routes if not route.witness), *witnesses],
        localise=tuple,
        findings=point.findings,
    )


def _copies(function: Any, loss: Any) -> tuple[Any, Any] | None:
    """Return copies that nobody has called yet; None where they cannot be made."""
    try:
        function, loss = copies(function, loss)
    except STOPPED:
        return None
    return function, loss


def _at_fewer_samples(
    judgement: Judgement, subject: Subject, unused: tuple[Any, Any] | None, device: str, seed: int
) -> Judgement:
    """Judge one tensor again, in PyNative, at one sample less: a bprop that keeps the number of samples is wrong there.

    The first judgement stands, too, where the samples cannot be told, or the function takes no other number of them.
    That something is kept of the first samples is said only if a copy that never saw them is right for fewer.
    """
    fewer = subject.with_fewer_samples(subject.function, subject.loss)
    if fewer is None:
        return judgement
    again = judge(_point(fewer, None, ("pynative",), device, 1, seed))
    errors = [pair.relative_error for tensor in again.tensors for pair in tensor.pairs if not pair.within]
    is_float32 = again.conditions.precision != "float64" or any(f.kind == FLOAT32_INSIDE for f in again.findings)
    if again.verdict is not Verdict.FAIL or (is_float32 and errors and max(errors) < MOST_OF_FLOAT32):
        return judgement
    alone = unused and subject.with_fewer_samples(*unused)
    kept = alone and judge(_point(alone, None, ("pynative",), device, 1, seed)).verdict is Verdict.PASS
    now, before = len(fewer.inputs[0]), len(subject.inputs[0])
    message = f"right for {before} samples, but wrong for {now} after that: {again.reason}"
    if kept:
        message += (
            f"; a copy that never saw the {before} is right for {now}, so something of the first batch is kept, by a "
            "bprop, or by MindSpore in PyNative (nn.BCEWithLogitsLoss keeps its size): take sizes from the shapes of "
            "the inputs; of MindSpore's own, compile the step or keep one batch size"
        )
    finding = Finding("another batch size", "error", again.blame or "all", fewer.variables[0].name, message)
    return replace(judgement, verdict=Verdict.FAIL, reason=message, findings=(*judgement.findings, finding))


def describe(subject: Subject) -> str:
    """Return one line for people: the name of what is judged, the loss, and the inputs' shapes."""
    inputs = ", ".join(
        "×".join(map(str, t.shape)) or "0-d" if isinstance(t, Tensor) else repr(t) for t in subject.inputs
    )
    loss = "" if subject.loss is None else f", loss {_name(subject.loss)}"
    return f"{_name(subject.function)} on ({inputs}){loss}"


def _name(function: Any) -> str:
    if isinstance(function, nn.Cell):
        return type(function).__name__
    return str(getattr(function, "__name__", type(function).__name__))


def _widened(subject: Subject) -> tuple[Subject, str]:
    """Return the subject in float64; or, with the reason, in float32 if that is wider and runs, else as it is."""
    if subject.dtype == "float64":
        return subject, ""
    try:
        return subject.in_precision("float64"), ""
    except SubjectError as error:
        why = str(error)
    wide = subject
    if subject.dtype != "float32":
        with suppress(SubjectError):
            wide = subject.in_precision("float32")
    return wide, f"differences are taken in {wide.dtype}, which shows only large errors: in float64 {why}"


def _compare_forwards(
    subject: Subject, wide: Subject, values: Mapping[str, float], tolerance: float
) -> ForwardAgreement:
    """Compare J by every route; ``tolerance`` is relative to the terms that J is summed from."""
    terms = wide.terms()
    known = {**values, wide.dtype if wide is not subject else "pynative": float(np.sum(terms))}
    first, *others = known.values()
    difference = max((abs(first - other) for other in others), default=0.0)
    scale = max((abs(value) for value in known.values()), default=0.0) or 1.0
    size = max(scale, float(np.linalg.norm(terms)))
    allowed = tolerance * FORWARD_ROUNDINGS[subject.dtype, wide.dtype] * size
    if difference > allowed and wide is not subject:
        allowed = max(allowed, SCATTER * scatter_of_forwards(subject, wide))
    within = bool(difference <= allowed)
    return ForwardAgreement(known, difference / scale, allowed / scale, within)
