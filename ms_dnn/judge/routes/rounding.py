"""What rounding does to a gradient: how far it moves when every number moves by one rounding, and where it jumps.

Where the function is smooth, the movement over one rounding is the scale of the terms that the gradient is summed from:
a gradient that cancels is judged by that. Across a kink the gradient jumps, by as much for a small movement as for
a large one: that is no scale of anything (over one rounding it would allow any gradient to pass), but the range in
which a derivative may be chosen there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from ms_dnn.judge.routes.base import STOPPED, Gradients
from ms_dnn.judge.routes.cells import EPSILONS, CellGradient, typical
from ms_dnn.judge.routes.slope import Array
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.runtime.seeding import stream

DRAWS, QUIET_DRAWS, MOST_DRAWS = 3, 8, 25
"""Random movements that show the terms; that show no new jump, before no more are looked for; at most."""
FURTHER = 8.0
"""Times as far everything is moved again, where something may have jumped."""
SAME = 1e-5
"""How far two runs of the route may lie apart, of the largest element."""
JUMP = 1e-3
"""A jump is more than this part of the largest element; what is less is rounding."""


@dataclass(frozen=True)
class Rounding:
    """What rounding does to the gradient of one tensor.

    Attributes:
        terms: the scale of the terms that its elements are summed from, which a rounding is relative to; a float, or
            shaped as the tensor.
        jumps: how far each element jumps within a rounding of the point, 0 where it does not; a float, or shaped as the
            tensor.
        unknown: which elements are not finite where MindSpore differentiates the function itself; False, or shaped as
            the tensor.
        natural: the scale of J over that of the tensor: what terms may be at most to measure a gradient by; ∞ where not
            known.
    """

    terms: float | Array = 0.0
    jumps: float | Array = 0.0
    unknown: bool | Array = False
    natural: float = np.inf

    def smooth(self, shape: tuple[int, ...]) -> Any:
        """Return which elements are known and do not jump, shaped as the tensor."""
        return np.broadcast_to((np.asarray(self.jumps) == 0) & ~np.asarray(self.unknown), shape)

    @property
    def unit(self) -> float:
        """What a gradient is small beside when it is 0 but for rounding."""
        return min(float(np.max(self.terms, initial=0.0)), self.natural)


class RoundingOfGradients:
    """Measure the rounding of each gradient, by moving the numbers that it is computed from.

    Args:
        subject: in the precision in which it is evaluated, best float64.
        routes: its gradients, by the first that can run.
        dtype: of the judged gradients.
    """

    def __init__(self, subject: Subject, routes: Sequence[CellGradient], dtype: str) -> None:
        self.subject, self.routes = subject, routes
        self.epsilon = EPSILONS[dtype]

    def __call__(self) -> Mapping[str, Rounding]:
        """Return the rounding of each tensor's gradient; {} if no route can run."""
        for route in self.routes:
            with suppress(*STOPPED):  # the judged routes say what is wrong
                return self._measured(route)
        return {}

    def _measured(self, route: CellGradient) -> Mapping[str, Rounding]:
        gradients, same = route.gradients(), route.gradients()
        if not all(_alike(gradients[name], same[name]) for name in gradients):
            return {}  # what is not reproducible moves by itself
        measured = {name: _Measured(gradient) for name, gradient in gradients.items()}
        quiet = 0
        for number, moves in enumerate(self._moves()):
            once = self._moved(route, gradients, moves, 1.0)
            may_jump = any(_large(once[name], gradients[name]).any() for name in once)
            again = self._moved(route, gradients, moves, FURTHER) if may_jump else once
            new = [one.add(once[name], again[name], number < DRAWS, self.epsilon) for name, one in measured.items()]
            quiet = 0 if any(new) else quiet + 1
            jumping = any(one.jumps.any() for one in measured.values())
            if number >= DRAWS + 3 and quiet >= (QUIET_DRAWS if jumping else 0):
                break
        return {
            name: Rounding(one.terms, one.jumps if one.jumps.any() else 0.0, one.unknown, self._natural(name))
            for name, one in measured.items()
            if np.isfinite(one.terms) and np.all(np.isfinite(one.jumps))
        }

    def _moves(self) -> Iterator[Mapping[str, Array]]:
        """Yield how each number is moved: by random parts of its rounding, which shows the terms; then to cross kinks.

        For that zeros are moved as their like. All up and all down crosses those at which numbers lie together; random
        moves and their opposites break ties, each time another way.
        """
        values = {variable.name: self.subject.value_of(variable) for variable in self.subject.variables}
        sizes = {name: np.where(value == 0, typical(value), np.abs(value)) for name, value in values.items()}
        for draw in range(MOST_DRAWS):
            generator = stream(self.subject.seed, "roundings", draw)
            parts = {name: self.epsilon * generator.uniform(-1, 1, value.shape) for name, value in values.items()}
            if draw < DRAWS:
                yield {name: part * values[name] for name, part in parts.items()}
            else:
                yield {name: part * sizes[name] for name, part in parts.items()}
                yield {name: -part * sizes[name] for name, part in parts.items()}
            if draw == DRAWS:
                yield {name: self.epsilon * size for name, size in sizes.items()}
                yield {name: -self.epsilon * size for name, size in sizes.items()}

    def _moved(self, route: CellGradient, gradients: Gradients, moves: Mapping[str, Array], times: float) -> Gradients:
        """Return how far the gradients move when every number is moved, so many times as far."""
        with self.subject.restored(*self.subject.variables):
            for variable in self.subject.variables:
                self.subject.move(variable, self.subject.value_of(variable) + times * moves[variable.name])
            return {name: np.abs(gradient - gradients[name]) for name, gradient in route.gradients().items()}

    def _natural(self, name: str) -> float:
        value = next(self.subject.value_of(v) for v in self.subject.variables if v.name == name)
        scale = float(np.sqrt(np.mean(value**2))) if value.size else 0.0
        return float(np.linalg.norm(self.subject.terms())) / scale if scale else np.inf


def scatter_of_forwards(subject: Subject, wide: Subject) -> float:
    """Return σ of how far J lies from J in a wider precision, over points within some roundings of this one.

    Rounding differs from each of these points to the next, another function is as far off at all of them.
    """
    apart = []
    for draw in range(QUIET_DRAWS):
        generator = stream(subject.seed, "forward roundings", draw)
        with subject.restored(*subject.variables), wide.restored(*wide.variables):
            for variable, twin in zip(subject.variables, wide.variables, strict=True):
                value = subject.value_of(variable)
                parts = FURTHER * EPSILONS[variable.dtype] * generator.uniform(-1, 1, value.shape)
                subject.move(variable, value * (1 + parts))
                wide.move(twin, subject.value_of(variable))
            apart.append(float(np.sum(subject.terms()) - np.sum(wide.terms())))
    return float(np.std(apart, ddof=1))


def _alike(gradient: Array, again: Array) -> bool:
    rounding = SAME * float(np.max(np.abs(gradient), initial=0.0, where=np.isfinite(gradient)))
    return np.allclose(gradient, again, rtol=0.0, atol=rounding, equal_nan=True)


class _Measured:
    """What the movements have shown of one tensor's gradient until now."""

    def __init__(self, gradient: Array) -> None:
        self.gradient, self.terms, self.jumps = gradient, 0.0, np.zeros(gradient.shape)
        self.unknown = ~np.isfinite(gradient)

    def add(self, change: Array, again: Array, shows_terms: bool, epsilon: float) -> bool:
        """Take in a movement, once and farther; return whether an element jumps that did not before."""
        jumped = _jumped(change, again, self.gradient) & ~self.unknown
        new = bool(np.any(jumped & (self.jumps == 0)))
        self.jumps = np.where(jumped, np.maximum.reduce([self.jumps, change, again]), self.jumps)
        if shows_terms:
            smooth = float(np.max(change, initial=0.0, where=~jumped & np.isfinite(change)))
            self.terms = max(self.terms, smooth / epsilon)
        return new


def _large(change: Array, gradient: Array) -> Any:
    return change > JUMP * float(np.max(np.abs(gradient), initial=0.0, where=np.isfinite(gradient)))


def _jumped(change: Array, again: Array, gradient: Array) -> Any:
    """Return where a gradient moved far, and not in proportion to the movement: about as far, or many times farther."""
    proportional = (again > FURTHER / 2 * change) & (again < FURTHER * 2 * change)
    return (_large(change, gradient) | _large(again, gradient)) & ~proportional
