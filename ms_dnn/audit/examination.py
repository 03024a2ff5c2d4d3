"""The examination of one entry: forward, gradient and second order, in each dtype, mode and case.

A gradient is judged against the formula only where the forward agrees with it. Where it does not, the gradient is
compared with the differences of MindSpore's own forward, so that one mistake is not reported as two. Nothing is called
WRONG before a second rule has differentiated the formula, and MindSpore's own forward has been differenced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ms_dnn.audit import findings
from ms_dnn.audit.calls import Calls
from ms_dnn.audit.entry import HISTORIES, Array, Case, Entry
from ms_dnn.audit.findings import Outcome
from ms_dnn.audit.judgement import Expected, TensorGrade, grade_tensor, worst
from ms_dnn.audit.reference import FIVE_POINTS, Derivative, Reference, random_signs
from ms_dnn.audit.source import Earlier, reproduction
from ms_dnn.presentation.notation import first_line

T = TypeVar("T")
AGREEMENT = 0.01
"""Relative difference up to which two derivatives confirm each other."""


@dataclass(frozen=True)
class Examined:
    """What one examination gives: the verdict, and the script where it is WRONG."""

    outcome: Outcome
    script: str = ""


class Examination:
    """One entry; keeps the references, which the modes share."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._references: dict[tuple[str, str], Reference] = {}

    def examine(self, dtype: str, mode: str) -> list[Examined]:
        """Judge all cases in one dtype and mode; or the first case, in PyNative, after a history."""
        if mode in HISTORIES:
            return self._examine_after(mode, dtype)
        calls = Calls(self.entry, mode)
        found: list[Examined] = []
        try:
            for number, case in enumerate(self.entry.cases):
                if dtype in case.dtypes:
                    found += _Point(calls, self.reference(case, dtype), case, mode, first=number == 0).judged()
        finally:
            calls.leave()
        return found

    def _examine_after(self, history: str, dtype: str) -> list[Examined]:
        """Judge the first case once the same was differentiated at the shapes of the history.

        In a fresh process, or something else has been the first. Where those shapes are refused there is no history.
        """
        case = self.entry.cases[0]
        inputs = self.entry.earlier(case, dtype, history)
        calls = Calls(self.entry, "PyNative")
        try:
            shapes = [output.shape for output in calls.outputs(inputs)]
            cotangents = tuple(self.entry.generator(case, history).normal(size=shape) for shape in shapes)
            calls.outputs_and_gradients(inputs, cotangents)
        except Exception:  # noqa: BLE001 - MindSpore refuses with whatever class the layer below raised
            return []
        earlier = Earlier(history, inputs, cotangents)
        point = _Point(calls, self.reference(case, dtype), case, "PyNative", earlier=earlier)
        return point.judged_roughly() or point.judged()

    def reference(self, case: Case, dtype: str) -> Reference:
        """Return the formula at a case's inputs as rounded to the dtype."""
        key = (case.label, dtype)
        if key not in self._references:
            inputs, random = self.entry.inputs(case, dtype), self.entry.generator(case, "cotangents")
            self._references[key] = Reference(self.entry.formula, inputs, dtype, random)
        return self._references[key]


class _Point:
    """One case in one dtype and mode."""

    def __init__(
        self,
        calls: Calls,
        reference: Reference,
        case: Case,
        mode: str,
        *,
        first: bool = False,
        earlier: Earlier | None = None,
    ) -> None:
        self.calls, self.reference, self.case, self.mode = calls, reference, case, mode
        self.first, self.earlier = first, earlier
        self.entry, self.dtype = calls.entry, reference.dtype
        self.label = f"{case.label}, {earlier.history}" if earlier else case.label
        self.inputs = self.entry.inputs(case, self.dtype)
        self.names = self.entry.tensors(self.inputs)
        self.numbers = self.entry.differentiated(self.inputs)

    def judged_roughly(self) -> list[Examined]:
        """Return RIGHT for all where forward and gradients are so to three digits, by one difference an element."""
        both, _ = _tried(self.calls.outputs_and_gradients, self.inputs, self.reference.cotangents)
        if both is None:
            return []
        outputs, gradients = both
        expected = (*self.reference.outputs, *(self.reference.quick(number) for number in self.numbers))
        pairs = zip((*outputs, *self._in_order(gradients)), expected, strict=True)
        if not all(_close(got, right) for got, right in pairs):
            return []
        tensors = ("output", *(self.names[number] for number in self.numbers))
        return [Examined(Outcome(self.dtype, self.mode, self.label, tensor, findings.RIGHT)) for tensor in tensors]

    def judged(self) -> list[Examined]:
        outputs, gradients, refusal = self._called()
        if outputs is None:
            return [self._unsupported("output", refusal)]
        forward = self._forward(outputs)
        if not self.numbers:
            return [forward]
        if gradients is None:
            return [forward, self._unsupported("gradient", refusal)]
        trusted = forward.outcome.verdict != findings.WRONG_FORWARD
        of_number = dict(zip(self.numbers, self._in_order(gradients), strict=True))
        found = [forward, *(self._gradient(number, got, trusted) for number, got in of_number.items())]
        if trusted:
            found += self._ties(of_number)
        if trusted and self.first and self.entry.second_order and self.dtype != "float16":
            found += self._second_order()
        return found

    def _called(self) -> tuple[tuple[Array, ...] | None, tuple[Array, ...] | None, str]:
        """Return the outputs and the gradients, None for those that MindSpore refuses, and why it does."""
        both, refusal = None, ""
        if self.numbers:
            both, refusal = _tried(self.calls.outputs_and_gradients, self.inputs, self.reference.cotangents)
        if both is not None:
            return *both, ""
        outputs, why = _tried(self.calls.outputs, self.inputs)
        return outputs, None, why or refusal

    def _unsupported(self, tensor: str, why: str) -> Examined:
        verdict = findings.UNSUPPORTED if tensor == "output" else findings.NO_GRADIENT
        return Examined(Outcome(self.dtype, self.mode, self.label, tensor, verdict, why))

    def _forward(self, outputs: tuple[Array, ...]) -> Examined:
        reference = self.reference
        if len(outputs) != len(reference.outputs):
            detail = f"{len(outputs)} outputs instead of {len(reference.outputs)}"
            return self._outcome("output", TensorGrade("wrong", (), detail, None), reference.outputs)
        verdicts = []
        for got, expected, movement in zip(outputs, reference.outputs, reference.movements, strict=True):
            verdict = grade_tensor(got, Expected(expected, expected, np.zeros(expected.shape), movement), self.dtype)
            narrow = got.dtype.kind == "f" and got.dtype.name != self.dtype
            if narrow and verdict.grade in ("right", "convention"):
                verdict = TensorGrade("imprecise", (), f"the output is {got.dtype.name}", verdict.units)
            verdicts.append(verdict)
        if not verdicts:
            raise ValueError(f"{self.entry.name}: the formula returns no array")
        return self._outcome("output", worst(verdicts), reference.outputs)

    def _gradient(self, number: int, got: Array, trusted: bool) -> Examined:
        derivative = self.reference.derivative(number)
        nearness = self.reference.resolution / np.maximum(1.0, np.abs(self.reference.inputs[number]))
        expected = Expected(derivative.left, derivative.right, derivative.error, derivative.movement, nearness)
        verdict = grade_tensor(got, expected, self.dtype)
        if verdict.grade == "wrong" and verdict.index:
            verdict = self._confirmed(number, got, derivative, verdict, trusted)
        elif not trusted:
            verdict = TensorGrade("unjudged", (), "the forward is wrong", None)
        return self._outcome(self.names[number], verdict, (derivative.value,))

    def _in_order(self, gradients: tuple[Array, ...]) -> list[Array]:
        """Return the gradients that are judged; MindSpore gives one for each input, or for each float one."""
        given = [i for i, x in enumerate(self.inputs) if x.dtype.kind == "f" or len(gradients) == len(self.inputs)]
        if len(gradients) != len(given):
            raise ValueError(f"{self.entry.name}: {len(gradients)} gradients of {len(self.inputs)} inputs")
        return [gradients[given.index(number)] for number in self.numbers]

    def _ties(self, gradients: dict[int, Array]) -> list[Examined]:
        """Judge tied elements together: each may lie between its slopes, and yet their sum be twice the derivative."""
        kinks = {number: self.reference.derivative(number).kink for number in gradients}
        kinks = {number: kink for number, kink in kinks.items() if kink.any()}
        if not kinks:
            return []
        slope = self.reference.jointly(kinks)
        if slope.kind != "smooth" or not slope.error < 1e-4 * max(abs(slope.value), 1e-3):
            return []
        parts = np.concatenate([gradients[number].astype(np.float64)[kink] for number, kink in kinks.items()])
        total = float(parts.sum())
        if abs(total - slope.value) <= 0.02 * max(abs(slope.value), float(np.abs(parts).sum())):
            return []
        names = " and ".join(self.names[number] for number in kinks)
        detail = f"the tied elements of {names} together get {total:.6g}, their common derivative is {slope.value:.6g}"
        first = next(iter(kinks))
        derivative = self.reference.derivative(first)
        verdict = TensorGrade("wrong", (), detail, None)
        return [self._outcome(self.names[first], verdict, (derivative.left, derivative.right))]

    def _confirmed(
        self, number: int, got: Array, derivative: Derivative, verdict: TensorGrade, trusted: bool
    ) -> TensorGrade:
        """Hold a suspected gradient against a second rule, and against MindSpore's own forward."""
        index, value = verdict.index, float(got[verdict.index])
        first, second = float(derivative.value[index]), self.reference.second_opinion(number, index)
        own, own_dtype = self._own_difference(number, index)
        facts = (
            f"{verdict.detail}; the formula's derivative {first:.8g} by extrapolation, {second:.8g} by the five-point "
            f"rule, differences of MindSpore's own {own_dtype or 'forward'}: "
            + (f"{own:.8g}" if own is not None else "none to be had")
        )
        if not trusted:
            if own is None or _agree(own, value):
                return TensorGrade("unjudged", index, "the forward is wrong, the gradient is that of the forward", None)
            return TensorGrade("wrong", index, facts, verdict.units)
        at_kink = bool(derivative.kink[index])
        if not at_kink and not _agree(first, second) and not (own is not None and _agree(first, own)):
            return TensorGrade("unjudged", index, f"the audit's own derivatives disagree: {facts}", None)
        if own is not None and _agree(own, value) and not at_kink:
            return TensorGrade("unjudged", index, f"the gradient is that of MindSpore's own forward: {facts}", None)
        return TensorGrade("wrong", index, facts, verdict.units)

    def _own_difference(self, number: int, index: tuple[int, ...]) -> tuple[float | None, str]:
        """Return the central difference of MindSpore's own forward at one element, in the widest dtype it takes."""
        calls = Calls(self.entry, "PyNative")
        for dtype, relative in (("float64", 1e-5), ("float32", 5e-3)):
            inputs = tuple(x.astype(dtype) if x.dtype.kind == "f" else x for x in self.inputs)
            step = relative * max(abs(float(inputs[number][index])), 0.1)
            total = 0.0
            try:
                for sign in (1.0, -1.0):
                    x = inputs[number].copy()
                    x[index] += sign * step
                    outputs = calls.outputs((*inputs[:number], x, *inputs[number + 1 :]))
                    pairs = zip(self.reference.cotangents, outputs, strict=True)
                    total += sign * sum(float(np.sum(c * o.astype(np.float64))) for c, o in pairs)
            except Exception:  # noqa: BLE001, S112 - a refused dtype: the next narrower one
                continue
            if np.isfinite(total):
                return total / (2 * step), f"{dtype} forward"
        return None, ""

    def _second_order(self) -> list[Examined]:
        label = "second order"
        random = self.entry.generator(self.case, label)
        directions = tuple(random_signs(random, x.shape).astype(self.dtype) for x in self.inputs)
        got, refusal = _tried(self.calls.second_order, self.inputs, self.reference.cotangents, directions)
        if got is None:
            return [self._unsupported(label, refusal)]
        found = []
        own: tuple[Array, ...] | None = None
        for number in self.numbers:
            expected = self._mixed_difference(number, directions)
            verdict = grade_tensor(got[number], expected, self.dtype)
            if verdict.grade == "wrong" and verdict.index:
                own = own or self._own_second_order(directions)
                verdict = _confirmed_second_order(verdict, expected, own[number] if own else None)
            found.append(self._outcome(f"{self.names[number]} ({label})", verdict, (expected.low,), directions))
        return found

    def _own_second_order(self, directions: tuple[Array, ...]) -> tuple[Array, ...] | None:
        """Return differences of MindSpore's own first-order gradients along the directions."""
        step = 1e-5 if self.dtype == "float64" else 5e-3
        try:
            sides = [
                self.calls.outputs_and_gradients(
                    tuple((x + sign * step * d).astype(x.dtype) for x, d in zip(self.inputs, directions, strict=True)),
                    self.reference.cotangents,
                )[1]
                for sign in (1.0, -1.0)
            ]
        except Exception:  # noqa: BLE001 - no confirmation is to be had
            return None
        return tuple((a.astype(np.float64) - b) / (2 * step) for a, b in zip(*sides, strict=True))

    def _mixed_difference(self, number: int, directions: tuple[Array, ...]) -> Expected:
        """Return ∂/∂x of the formula's derivative along the directions, which a five-point rule gives."""
        reference, step = self.reference, 2e-3
        along = [direction.astype(np.float64) for direction in directions]

        def directional(inputs: tuple[Array, ...]) -> Array:
            parts = [
                weight * reference.scalar(tuple(x + multiple * step * d for x, d in zip(inputs, along, strict=True)))
                for multiple, weight in FIVE_POINTS
            ]
            return np.asarray(np.sum(parts, axis=0) / step)

        x = reference.inputs[number]
        slopes = [reference.slope(number, index, directional) for index in np.ndindex(x.shape)]
        value = np.array([slope.value for slope in slopes]).reshape(x.shape)
        # The five-point rule's own h⁴ is in no error estimate of the outer slope; 1e-8 of the scale contains it.
        error = np.array([slope.error for slope in slopes]).reshape(x.shape) + 1e-8 * np.fmax(1.0, np.abs(value))
        return Expected(value, value, error, np.zeros(x.shape))

    def _outcome(
        self,
        tensor: str,
        verdict: TensorGrade,
        expected: tuple[Array, ...],
        directions: tuple[Array, ...] = (),
    ) -> Examined:
        kind = "UPDATE" if self.entry.kind == "update" else "FORWARD" if tensor == "output" else "GRADIENT"
        name = verdict.grade.upper()
        if verdict.grade in ("wrong", "imprecise"):
            name = f"{name} {kind}"
        if verdict.grade == "wrong" and self.earlier is not None:
            name = f"STALE {kind}"
        outcome = Outcome(self.dtype, self.mode, self.label, tensor, name, verdict.detail, verdict.units)
        if verdict.grade != "wrong":
            return Examined(outcome)
        heading = f"{self.entry.name}, {self.dtype}, {self.mode}, {self.label}: {name} ({tensor})."
        cotangents = tuple(c.astype(self.dtype) for c in self.reference.cotangents)
        text = reproduction(
            self.entry, self.inputs, cotangents, expected, tensor, self.mode, heading, directions, self.earlier
        )
        return Examined(outcome, text)


def _confirmed_second_order(verdict: TensorGrade, expected: Expected, own: Array | None) -> TensorGrade:
    """Hold a suspected second derivative against differences of MindSpore's own first-order gradients."""
    if own is None:
        return verdict
    formula, differences = float(expected.low[verdict.index]), float(own[verdict.index])
    detail = f"{verdict.detail}; differences of MindSpore's own first-order gradients: {differences:.8g}"
    # 5 %: in float32 the differences carry few digits.
    confirmed = abs(formula - differences) <= 0.05 * abs(formula)
    return TensorGrade("wrong" if confirmed else "unjudged", verdict.index, detail, verdict.units)


def _agree(a: float, b: float) -> bool:
    return abs(a - b) <= AGREEMENT * max(abs(a), abs(b), 1e-12)


def _close(got: Array, expected: Array) -> bool:
    scale = float(np.max(np.abs(expected), initial=0.0))
    return got.shape == expected.shape and bool(np.all(np.abs(got - expected) <= 1e-3 * scale))


def _tried(call: Callable[..., T], *arguments: Any) -> tuple[T | None, str]:
    """Return what a call of MindSpore gives, or None and why it is refused."""
    try:
        return call(*arguments), ""
    except Exception as error:  # noqa: BLE001 - MindSpore refuses with whatever class the layer below raised
        return None, _refusal(error)


def _refusal(error: Exception) -> str:
    """Return MindSpore's message; a mistake in the entry's own source text is no refusal and is raised again."""
    missing_name = isinstance(error, AttributeError) and "module 'mindspore" in str(error)
    if missing_name or isinstance(error, ImportError | NameError | SyntaxError):
        raise error
    return first_line(error, 160)
