"""Check the gradients of anybody's Cell or function: ``check_gradients``, and ``assert_gradients`` for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from mindspore import Tensor, nn

from ms_dnn.dnn import DNN
from ms_dnn.errors import SubjectError
from ms_dnn.judge.declared import Expected, as_declared
from ms_dnn.judge.judgement import Conditions, FaultyPart, Finding, ForwardAgreement, Judgement, Verdict
from ms_dnn.judge.judging import FLOAT32_INSIDE, MOST_OF_FLOAT32, JudgedPoint, inconclusive, judge
from ms_dnn.judge.locate.cells import faulty_cells
from ms_dnn.judge.locate.traps import not_finite, parameters_restored, random_forward, traps
from ms_dnn.judge.locate.watched import DETOUR
from ms_dnn.judge.network import check_network
from ms_dnn.judge.pairs import FORWARD_ROUNDINGS, Allowance
from ms_dnn.judge.routes.base import GRAD_OPERATION, HANDWRITTEN, IN_FLOAT64, STOPPED, GradientRoute, Gradients
from ms_dnn.judge.routes.cells import CellGradient, CentralDifferences
from ms_dnn.judge.routes.functions import cells_with_bprop, copies, pynative_mode
from ms_dnn.judge.routes.other_modes import FORWARD_MODE, FirstGradient, ForwardMode
from ms_dnn.judge.routes.rounding import RoundingOfGradients
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.judge.routes.tensors import FLOATS, as_sequence, as_tensor, numbers
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.precision import comparison_tolerance

BPROP = "bprop"
MODES = ("pynative", "compiled")
OF_TWIN = 1e-7
"""Relative error of a Cell in float64 that rounding, also of its Python numbers to float32, does not explain."""


def check_gradients(
    function: Callable[..., Any],
    inputs: Any,
    loss: Callable[..., Any] | None = None,
    targets: Sequence[Any] = (),
    *,
    wrt: str | Sequence[str] = "parameters+inputs",
    gradients: Callable[..., Any] | None = None,
    modes: Sequence[str] = MODES,
    precision: str | None = None,
    order: int = 1,
    mode: str = "reverse",
    expect: Expected | None = None,
    device: str = "CPU",
    directions: int = 2,
    seed: int = 0,
) -> Judgement:
    """Judge the gradients of a Cell or function at one point. No tolerance is asked for.

    Compared are: the gradients as a user gets them, through every ``bprop`` (in PyNative and compiled); what MindSpore
    makes of ``construct`` without them; and central differences of the forward pass, in float64 where it can be
    run so. For a :class:`ms_dnn.DNN` with a :class:`ms_dnn.Cost`: see :func:`ms_dnn.judge.network.check_network`.

    Args:
        function: a Cell, or a function of Tensors. It is not changed.
        inputs: its arguments: a Tensor or array, or a sequence of them, which may hold nested tuples, lists and dicts;
            floating-point Tensors and arrays are differentiated by, Python's numbers beside them are not.
        loss: of ``(output, *targets)``; None to contract every output with a random cotangent.
        targets: further arguments of the loss, not differentiated by.
        wrt: "parameters+inputs", "parameters", "inputs", or names: a Parameter's, or "input 0", "input 1", ….
        gradients: a backward pass by hand: ``gradients(*inputs)`` returns the gradient of the sum of the outputs, or of
            the loss, for each tensor of ``wrt``.
        modes: "pynative", "compiled" or both.
        precision: "float64", "float32" or "float16" to judge a copy in that dtype; None for the Cell as it is.
        order: 2 to judge, once the gradient has passed, that of the gradient with respect to the inputs as well.
        mode: "reverse"; "forward" to judge MindSpore's ``jvp`` with respect to the inputs as well.
        expect: what the Cells with a bprop are meant to return in place of a derivative: "straight-through",
            "reversal", "stopped", or k for k dout; or a dict of these by the names of Cells.
        device: the device in use, for its tolerance.
        directions: random directions in each tensor along which differences are taken.
        seed: of directions and cotangents.

    Raises:
        SubjectError, DeviceError: nothing to differentiate by, the forward pass or a bprop fails, an option is unknown;
            no such dtype on the device.

    Examples:
        >>> ms_dnn.check_gradients(ms.ops.square, np.array([3.0]), gradients=lambda x: x).verdict.value
        'FAIL'
    """
    inputs = (Tensor(inputs),) if isinstance(inputs, float) else tuple(as_sequence(inputs))
    _check_options(modes, precision, order, mode, gradients)
    plain = precision is None and gradients is None and (order, mode) == (1, "reverse")
    if plain and isinstance(function, DNN) and isinstance(loss, Cost) and len(inputs) == len(targets) == 1:
        x, y, compiled = as_tensor(inputs[0]), as_tensor(targets[0]), "compiled" in modes
        return check_network(function, loss, x, y, device=device, directions=directions, compiled=compiled, seed=seed)
    with pynative_mode(), parameters_restored((function, loss)) as changed:
        unused = _copies(function, loss)
        subject = Subject(function, inputs, loss, targets, wrt, seed)
        if gradients is not None:  # of the sum of the outputs
            ones = [np.ones(c.shape) for c in subject.cotangents]
            subject = Subject(function, inputs, loss, targets, wrt, seed, ones)
        if (order, mode) != (1, "reverse"):
            names = [variable.name for variable in subject.variables if variable.kind == "input"]
            if not names:
                raise SubjectError(f"order {order}, mode {mode}: these are of the inputs, and wrt names none")
            subject = Subject(function, inputs, loss, targets, names if mode == "forward" else wrt, seed)
        subject = subject if precision is None else subject.in_precision(precision)
        point = _point(subject, gradients, modes, device, directions, seed)
        if expect is not None:
            point = _against_declared(point, as_declared(subject, expect), device)
        point.findings = [*point.findings, *_of_state(changed())]
        if (unclear := not_finite(subject) or random_forward(subject)) is not None:
            return inconclusive(point, unclear)
        if mode == "forward":
            point = replace(point, slope_routes=[*point.slope_routes, ForwardMode(subject)], judged=FORWARD_MODE)
        judgement = judge(point)
        if judgement.verdict is Verdict.PASS and "pynative" in modes and gradients is None and expect is None:
            judgement = _at_fewer_samples(judgement, subject, unused, device, seed)
        if order == 2 and judgement.verdict is Verdict.PASS:
            second = Subject(FirstGradient(subject), subject.inputs, wrt=wrt, seed=seed)
            return judge(_point(second, None, modes, device, directions, seed))
        return judgement


def _check_options(modes: Sequence[str], precision: str | None, order: int, mode: str, gradients: Any) -> None:
    if not modes or not set(modes) <= set(MODES):
        raise SubjectError(f"modes: got {list(modes)}, expected some of {list(MODES)}")
    known: Mapping[str, tuple[Any, Sequence[Any]]] = {
        "precision": (precision, [None, *FLOATS]),
        "order": (order, [1, 2]),
        "mode": (mode, ["reverse", "forward"]),
    }
    for name, (got, expected) in known.items():
        if got not in expected:
            raise SubjectError(f"{name}: got {got!r}, expected one of {', '.join(map(str, expected))}")
    if gradients is not None and (order, mode) != (1, "reverse"):
        raise SubjectError("gradients: given ones are first derivatives in reverse mode: leave order and mode out")


def assert_gradients(function: Callable[..., Any], inputs: Any, *arguments: Any, **options: Any) -> Judgement:
    """Check as :func:`check_gradients` does, and raise an AssertionError that shows the report unless it PASSes.

    Examples:
        >>> ms_dnn.assert_gradients(ms.ops.square, np.array([3.0]), gradients=lambda x: x)  # not 2 x
        Traceback (most recent call last):
        AssertionError: gradients of square on (1)
        ...
    """
    judgement = check_gradients(function, inputs, *arguments, **options)
    if judgement.verdict is not Verdict.PASS:
        raise AssertionError(f"gradients of {judgement.conditions.subject}\n{judgement}")
    return judgement


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
    wide, reason = _in_float64(subject)
    judged: list[GradientRoute] = [] if gradients is None else [GivenGradient(gradients, subject)]
    name = BPROP if has_bprop else GRAD_OPERATION
    judged += [CellGradient(name, subject, compiled=mode == "compiled", optional=mode == "compiled") for mode in modes]
    if has_bprop and detour:
        # With a bprop, what construct does need not be differentiable.
        message = "construct leaves MindSpore, so MindSpore's own differentiation of it is no witness for the bprop"
        findings = [f for f in findings if f.kind != DETOUR]
        findings.append(Finding(DETOUR, "note", "all", None, message))
    elif has_bprop:
        judged.append(CellGradient(GRAD_OPERATION, subject, bprops=False, witness=True))
    if reason:
        findings.append(Finding("no float64", "note", "central_differences", None, reason))
    elif subject.dtype != "float64" and not detour:
        if has_bprop:
            judged.append(CellGradient(BPROP + IN_FLOAT64, wide, optional=True))
        judged.append(CellGradient(GRAD_OPERATION + IN_FLOAT64, wide, bprops=False, witness=True))
    rounding = RoundingOfGradients(
        wide, CellGradient(GRAD_OPERATION, wide, bprops=not has_bprop or detour), subject.dtype
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
        localise=lambda: _localised(subject, wide, tolerance) if has_bprop and not detour else (),
        findings=findings,
    )


def _localised(subject: Subject, wide: Subject, tolerance: float) -> list[FaultyPart]:
    """Return the Cells that are wrong by themselves; in float64, where float32 hides which."""
    found = faulty_cells(subject, tolerance)
    return found or (faulty_cells(wide, OF_TWIN) if wide is not subject else [])


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
    is_float32 = any(finding.kind == FLOAT32_INSIDE for finding in again.findings)
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


def _in_float64(subject: Subject) -> tuple[Subject, str]:
    """Return the subject in float64, or as it is and why."""
    if subject.dtype == "float64":
        return subject, ""
    try:
        return subject.in_precision("float64"), ""
    except SubjectError as error:
        reason = f"differences are taken in {subject.dtype}, which shows only large errors: in float64 {error}"
        return subject, reason


def _compare_forwards(
    subject: Subject, wide: Subject, values: Mapping[str, float], tolerance: float
) -> ForwardAgreement:
    """Compare J by every route; ``tolerance`` is relative to the terms that J is summed from."""
    terms = wide.terms()
    known = {**values, "float64" if wide is not subject else "pynative": float(np.sum(terms))}
    first, *others = known.values()
    difference = max((abs(first - other) for other in others), default=0.0)
    scale = max((abs(value) for value in known.values()), default=0.0) or 1.0
    size = max(scale, float(np.linalg.norm(terms)))
    allowed = tolerance * FORWARD_ROUNDINGS[subject.dtype, wide.dtype] * size
    within = bool(difference <= allowed)
    return ForwardAgreement(known, difference / scale, allowed / scale, within)
