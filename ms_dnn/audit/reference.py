"""What the formula says: its value, its derivative by differences along a line, and how far one rounding moves both.

NumPy only. The derivative is that of Σ cotangent · formula, one element of one input at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ms_dnn.audit.entry import Array, Formula
from ms_dnn.judge.routes.slope import Slope, ladder, slope

SMALLEST_SCALE = 0.1
"""Steps are relative to |x|, and to this where x is smaller."""
RETREATS = (1.0, 2.0**-5, 2.0**-10)
"""By how much the steps shrink when the function is not finite within the larger ones: the edge of a domain is near."""
PERTURBATIONS = 3
"""Random roundings of all inputs that show the conditioning."""
FIVE_POINTS = ((1.0, 8 / 12), (-1.0, -8 / 12), (2.0, -1 / 12), (-2.0, 1 / 12))
"""Multiples of the step and their weights: exact up to h⁴."""


@dataclass(frozen=True)
class Derivative:
    """∂/∂x of Σ cotangent · formula, element by element, all of the input's shape.

    Attributes:
        value: the derivative.
        error: how far it may be off; ∞ where it is not known.
        left: slope towards smaller x; equal to ``value`` where the function is smooth.
        right: slope towards larger x.
        kink: where the two differ.
        movement: by how much the derivative moves when every input and cotangent is rounded once more.
    """

    value: Array
    error: Array
    left: Array
    right: Array
    kink: Array
    movement: Array


class Reference:
    """The formula at one point."""

    def __init__(self, formula: Formula, inputs: tuple[Array, ...], dtype: str, random: np.random.Generator) -> None:
        """Evaluate the formula, and choose cotangents and perturbations; the inputs are rounded to the dtype."""
        self.formula = formula
        self.inputs = tuple(np.asarray(x, np.float64) if x.dtype.kind == "f" else x for x in inputs)
        self.dtype = dtype
        self.random = random
        self._derivatives: dict[int, Derivative] = {}
        with np.errstate(all="ignore"):
            self.outputs = _tuple(formula(*self.inputs))
            signs = (random_signs(random, output.shape).astype(dtype) for output in self.outputs)
            self.cotangents = tuple(sign.astype(np.float64) for sign in signs)
            self.movements = self._movements()

    def _rounded(self, value: Array) -> Array:
        if value.dtype.kind != "f":
            return value
        spacing = np.spacing(np.abs(value).astype(self.dtype)).astype(np.float64)
        # A zero stays: there is no rounding error in it, and it may be a tie or a kink that is meant.
        return np.where(value == 0, 0.0, value + self.random.choice([-1.0, 1.0], value.shape) * spacing)

    def _movements(self) -> tuple[Array, ...]:
        largest = [np.zeros(output.shape) for output in self.outputs]
        for _ in range(PERTURBATIONS):
            moved = _tuple(self.formula(*(self._rounded(x) for x in self.inputs)))
            for i, output in enumerate(moved):
                largest[i] = np.fmax(largest[i], np.abs(output - self.outputs[i]))
        return tuple(largest)

    def scalar(self, inputs: tuple[Array, ...], cotangents: tuple[Array, ...] | None = None) -> Array:
        """Return the terms cotangent · formula, flat: their sum is differentiated. It may warn: see errstate."""
        outputs = _tuple(self.formula(*inputs))
        pairs = zip(cotangents or self.cotangents, outputs, strict=True)
        return np.concatenate([np.ravel(cotangent * output) for cotangent, output in pairs])

    def derivative(self, number: int) -> Derivative:
        """Return the derivative with respect to one input; it is computed once."""
        if number not in self._derivatives:
            self._derivatives[number] = self._derivative(number)
        return self._derivatives[number]

    def _derivative(self, number: int) -> Derivative:
        x = self.inputs[number]
        slopes = [self.slope(number, index) for index in np.ndindex(x.shape)]
        value = np.array([found.value for found in slopes], np.float64).reshape(x.shape)
        error = np.array([found.error for found in slopes], np.float64).reshape(x.shape)
        kink = np.array([found.kind == "kink" for found in slopes], bool).reshape(x.shape)
        left, right = value.copy(), value.copy()
        for index in zip(*np.nonzero(kink), strict=True):
            left[index], right[index] = (self._one_sided(number, index, sign) for sign in (-1.0, 1.0))
        error = np.where(kink, 1e-7 * np.maximum(np.abs(left), np.abs(right)), error)
        movement = np.zeros(x.shape) if self.dtype == "float64" else self._derivative_movement(number, kink)
        return Derivative(value, error, left, right, kink, movement)

    def slope(self, number: int, index: tuple[int, ...], function: Callable[..., Array] | None = None) -> Slope:
        """Return the derivative with respect to one element, of ``function`` as in :meth:`along`."""
        direction = np.zeros(self.inputs[number].shape)
        direction[index] = 1.0
        scale = max(abs(float(self.inputs[number][index])), SMALLEST_SCALE)
        return self.along({number: direction}, scale, function)

    def _one_sided(self, number: int, index: tuple[int, ...], sign: float) -> float:
        """Return the slope on one side, to second order: f′ ≈ (4 f(h) − f(2h) − 3 f(0)) / 2h."""
        step = sign * 1e-6 * max(abs(float(self.inputs[number][index])), SMALLEST_SCALE)
        rule = ((1.0, 2.0), (2.0, -0.5), (0.0, -1.5))
        return self._difference(number, index, step, self.inputs, self.cotangents, rule)

    @property
    def resolution(self) -> float:
        """Largest term cotangent · output: what the backward pass knows of the point, it knows to ε of this."""
        with np.errstate(all="ignore"):
            terms = np.abs(self.scalar(self.inputs))
        return float(np.max(terms, initial=0.0, where=np.isfinite(terms)))

    def jointly(self, kinks: dict[int, Array]) -> Slope:
        """Return the derivative with all elements at a kink moved together: smooth where they were merely tied."""
        return self.along({i: kink.astype(np.float64) for i, kink in kinks.items()}, 1.0)

    def along(self, directions: dict[int, Array], scale: float, function: Callable[..., Array] | None = None) -> Slope:
        """Return the derivative of ``function`` of the inputs, :meth:`scalar` by default, along a line.

        The line runs through the point, in directions by the number of the input.
        """
        terms = function or self.scalar

        def positions(t: Array) -> Array:
            return np.stack([terms(self.moved(directions, float(step))) for step in t])

        for retreat in RETREATS:
            with np.errstate(all="ignore"):
                found = slope(positions, ladder(scale * retreat))
            if found.kind != "unknown":
                break
        return found

    def moved(self, directions: dict[int, Array], step: float) -> tuple[Array, ...]:
        """Return the inputs moved by a step along the directions."""
        return tuple(x + step * directions[i] if i in directions else x for i, x in enumerate(self.inputs))

    def _derivative_movement(self, number: int, kink: Array) -> Array:
        """Largest change of the derivative under random roundings, by plain central differences on both sides."""
        largest = np.zeros(kink.shape)
        before = self.quick(number)
        for _ in range(2):
            inputs = tuple(self._rounded(x) for x in self.inputs)
            cotangents = tuple(self._rounded(c) for c in self.cotangents)
            largest = np.fmax(largest, np.abs(self.quick(number, inputs, cotangents) - before))
        # At a kink the rounding may choose a side, which the interval of slopes accepts already.
        return np.where(kink | ~np.isfinite(largest), 0.0, largest)

    def quick(
        self, number: int, inputs: tuple[Array, ...] | None = None, cotangents: tuple[Array, ...] | None = None
    ) -> Array:
        """Return the derivative with respect to one input by one central difference an element: some 8 digits."""
        inputs, cotangents = inputs or self.inputs, cotangents or self.cotangents
        x = inputs[number]
        found = np.empty(x.shape)
        for index in np.ndindex(x.shape):
            step = 1e-5 * max(abs(float(x[index])), SMALLEST_SCALE)
            found[index] = self._difference(number, index, step, inputs, cotangents, ((1.0, 0.5), (-1.0, -0.5)))
        return found

    def second_opinion(self, number: int, index: tuple[int, ...]) -> float:
        """Return one derivative by the five-point rule with one fixed step: no ladder, no extrapolation."""
        step = 1e-3 * max(abs(float(self.inputs[number][index])), SMALLEST_SCALE)
        return self._difference(number, index, step, self.inputs, self.cotangents, FIVE_POINTS)

    def _difference(
        self,
        number: int,
        index: tuple[int, ...],
        step: float,
        inputs: tuple[Array, ...],
        cotangents: tuple[Array, ...],
        rule: tuple[tuple[float, float], ...],
    ) -> float:
        total: Any = 0.0
        with np.errstate(all="ignore"):
            for multiple, weight in rule:
                x = inputs[number].copy()
                x[index] += multiple * step
                total = total + weight * self.scalar((*inputs[:number], x, *inputs[number + 1 :]), cotangents)
            return float(np.sum(total)) / step


def random_signs(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return signs with magnitudes in [½, 3/2]: none hides an element, no sum of outputs is constant."""
    return np.asarray(random.choice([-1.0, 1.0], shape) * random.uniform(0.5, 1.5, shape))


def _tuple(outputs: Any) -> tuple[Array, ...]:
    if not isinstance(outputs, tuple):
        outputs = (outputs,)
    return tuple(np.asarray(output, np.float64) for output in outputs)
