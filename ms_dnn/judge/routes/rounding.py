"""What rounding does to a gradient: how far it moves when every number moves by one rounding, and where it jumps.

Where the function is smooth, the movement over one rounding is the scale of the terms that the gradient is summed from:
a gradient that cancels is judged by that. Across a kink the gradient jumps, by as much for a small movement as for
a large one: that is no scale of anything (over one rounding it would allow any gradient to pass), but the range in
which a derivative may be chosen there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ms_dnn.judge.routes.base import STOPPED, Gradients
from ms_dnn.judge.routes.cells import EPSILONS, CellGradient, typical
from ms_dnn.judge.routes.slope import Array
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.runtime.seeding import stream

DRAWS = 3
"""Random movements, which show the terms. Then all numbers go up and all down, which crosses kinks at all of them."""
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
        natural: the scale of J over that of the tensor: what terms may be at most to measure a gradient by; ∞ where not
            known.
    """

    terms: float | Array = 0.0
    jumps: float | Array = 0.0
    natural: float = np.inf

    def smooth(self, shape: tuple[int, ...]) -> Any:
        """Return which elements do not jump, shaped as the tensor."""
        return np.broadcast_to(np.asarray(self.jumps) == 0, shape)

    @property
    def unit(self) -> float:
        """What a gradient is small beside when it is 0 but for rounding."""
        return min(float(np.max(self.terms, initial=0.0)), self.natural)


class RoundingOfGradients:
    """Measure the rounding of each gradient, by moving the numbers that it is computed from.

    Args:
        subject: in the precision in which it is evaluated, best float64.
        route: its gradients.
        dtype: of the judged gradients.
    """

    def __init__(self, subject: Subject, route: CellGradient, dtype: str) -> None:
        self.subject, self.route = subject, route
        self.epsilon = EPSILONS[dtype]

    def __call__(self) -> Mapping[str, Rounding]:
        """Return the rounding of each tensor's gradient; {} if the route cannot run."""
        try:
            gradients, same = self.route.gradients(), self.route.gradients()
            if not all(_alike(gradients[name], same[name]) for name in gradients):
                return {}  # what is not reproducible moves by itself
            terms = dict.fromkeys(gradients, 0.0)
            jumps = {name: np.zeros_like(gradient) for name, gradient in gradients.items()}
            for number, moves in enumerate(self._moves()):
                once = self._moved(gradients, moves, 1.0)
                may_jump = any(_large(once[name], gradients[name]).any() for name in once)
                again = self._moved(gradients, moves, FURTHER) if may_jump else once
                for name, change in once.items():
                    jumped = _jumped(change, again[name], gradients[name]) if may_jump else np.zeros(change.shape, bool)
                    jumps[name] = np.where(jumped, np.maximum.reduce([jumps[name], change, again[name]]), jumps[name])
                    smooth = float(np.max(change, initial=0.0, where=~jumped & np.isfinite(change))) / self.epsilon
                    terms[name] = max(terms[name], smooth) if number < DRAWS else terms[name]
        except STOPPED:  # the judged routes say what is wrong
            return {}
        return {
            name: Rounding(scale, jumps[name] if jumps[name].any() else 0.0, self._natural(name))
            for name, scale in terms.items()
            if np.isfinite(scale) and np.all(np.isfinite(jumps[name]))
        }

    def _moves(self) -> Iterator[Mapping[str, Array]]:
        """Yield how each number is moved: by random parts of its rounding; then all up, and all down, zeros as well."""
        values = {variable.name: self.subject.value_of(variable) for variable in self.subject.variables}
        for draw in range(DRAWS):
            generator = stream(self.subject.seed, "roundings", draw)
            yield {name: self.epsilon * value * generator.uniform(-1, 1, value.shape) for name, value in values.items()}
        sizes = {name: np.where(value == 0, typical(value), np.abs(value)) for name, value in values.items()}
        for sign in (1.0, -1.0):
            yield {name: sign * self.epsilon * size for name, size in sizes.items()}

    def _moved(self, gradients: Gradients, moves: Mapping[str, Array], times: float) -> Gradients:
        """Return how far the gradients move when every number is moved, so many times as far."""
        with self.subject.restored(*self.subject.variables):
            for variable in self.subject.variables:
                self.subject.move(variable, self.subject.value_of(variable) + times * moves[variable.name])
            return {name: np.abs(gradient - gradients[name]) for name, gradient in self.route.gradients().items()}

    def _natural(self, name: str) -> float:
        value = next(self.subject.value_of(v) for v in self.subject.variables if v.name == name)
        scale = float(np.sqrt(np.mean(value**2))) if value.size else 0.0
        return float(np.linalg.norm(self.subject.terms())) / scale if scale else np.inf


def _alike(gradient: Array, again: Array) -> bool:
    rounding = SAME * float(np.max(np.abs(gradient), initial=0.0, where=np.isfinite(gradient)))
    return np.allclose(gradient, again, rtol=0.0, atol=rounding, equal_nan=True)


def _large(change: Array, gradient: Array) -> Any:
    return change > JUMP * float(np.max(np.abs(gradient), initial=0.0))


def _jumped(change: Array, again: Array, gradient: Array) -> Any:
    """Return where a gradient moved far, and not in proportion to the movement: about as far, or many times farther."""
    proportional = (again > FURTHER / 2 * change) & (again < FURTHER * 2 * change)
    return (_large(change, gradient) | _large(again, gradient)) & ~proportional
