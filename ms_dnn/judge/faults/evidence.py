"""When a hypothesis reproduces a wrong array, and which of several hypotheses is the more specific."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ms_dnn.judge.routes.slope import Array

UNEXPLAINED = 0.05
"""The most that a hypothesis may leave of the error, also where the error is hardly larger than rounding."""
SIGNIFICANT = 1e-3
"""An element counts as evidence from this part of the largest element on."""
DIGITS = 5.0
"""How many digits must agree, over all elements: there are about a hundred hypotheses."""
ROUNDING = 2.0**-53
"""No array has more digits than this, whatever the tolerance."""
FITTED_FROM = 3
"""Significant elements that a fitted number must explain."""


class Rank(IntEnum):
    """How specific a hypothesis is. The lowest rank that reproduces the array wins; a tie of two names abstains."""

    CERTAIN = 0
    """Nothing else is worth saying: all zero."""
    EXACT = 1
    """A formula without a free number: the sign, 1/N, a sample, another derivative, the absolute value."""
    REORDERED = 2
    """The right elements in some other order."""
    FITTED = 3
    """One number is fitted to all elements: an odd factor, an offset, a penalty, a rate, a limit."""
    PARTIAL = 4
    """Something unknown in one place; everything else is right."""


@dataclass(frozen=True)
class Candidate:
    """The array that a part would compute under a fault, and the sentence to say if it did."""

    fault: str
    array: Array
    sentence: str
    rank: Rank = Rank.EXACT


@dataclass(frozen=True)
class Evidence:
    """A wrong array beside the right one, both finite and of one shape.

    Attributes:
        where: what people call the array: "dW of layer 2".
        got: the wrong array.
        expected: the right one.
        terms: scale of what each element is summed from, shaped as the arrays.
        tolerance: rounding, relative to the largest element or to the terms.
    """

    where: str
    got: Array
    expected: Array
    terms: Array
    tolerance: float

    @property
    def difference(self) -> Array:
        """Return got − expected."""
        return np.asarray(self.got - self.expected)

    def allowed(self, array: Array) -> Array:
        """Return how far rounding may take each element of a part that computes ``array``."""
        return np.asarray(self.tolerance * np.maximum(largest(array), self.terms))

    def wrong(self) -> Array:
        """Return where got is not expected."""
        return np.asarray(np.abs(self.difference) > self.allowed(self.expected))

    def significant(self) -> Array:
        """Return where got or expected is not small beside their largest element."""
        size = np.maximum(np.abs(self.got), np.abs(self.expected))
        return np.asarray(size > SIGNIFICANT * largest(size))

    def explained_by(self, array: Array) -> bool:
        """Return whether ``array`` is got, to rounding and to a small part of the error."""
        if array.shape != self.got.shape or not np.all(np.isfinite(array)):
            return False
        left = np.abs(self.got - array)
        return bool(np.all(left <= self.allowed(array))) and largest(left) <= UNEXPLAINED * largest(self.difference)

    def enough(self) -> bool:
        """Return whether the elements have digits enough to tell the hypotheses apart."""
        return int(np.count_nonzero(self.significant())) * -math.log10(max(self.tolerance, ROUNDING)) >= DIGITS

    def fits(self, template: Array) -> bool:
        """Return whether a number can be fitted to the template: three elements, none of them alone."""
        return int(np.count_nonzero(np.abs(template) > SIGNIFICANT * largest(template))) >= FITTED_FROM


def most_specific(candidates: Iterable[Candidate], evidence: Evidence) -> tuple[str, str] | None:
    """Return the fault and the sentence of the most specific candidates that reproduce got.

    None where none does, where two of one rank differ in name, or where the array has too few digits to tell.
    """
    if not evidence.enough():
        return None
    found = [candidate for candidate in candidates if evidence.explained_by(candidate.array)]
    if not found:
        return None
    best = min(candidate.rank for candidate in found)
    found = [candidate for candidate in found if candidate.rank == best]
    if len({candidate.fault for candidate in found}) > 1:
        return None
    sentences = list(dict.fromkeys(candidate.sentence for candidate in found))
    return found[0].fault, "; or ".join(sentences[:2])


def fitted(target: Array, template: Array) -> float:
    """Return the c for which c × template is nearest to the target; 0 for a template of zeros."""
    scale = largest(template)
    if scale == 0.0:
        return 0.0
    unit = template / scale
    return float(np.sum(target * unit) / np.sum(unit * unit)) / scale


def largest(array: Array) -> float:
    """Return the largest |element|, 0 of none."""
    return float(np.max(np.abs(array), initial=0.0))
