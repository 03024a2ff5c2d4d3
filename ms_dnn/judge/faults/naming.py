"""What a wrong gradient looks like: name the one fault that reproduces it, or none.

A hypothesis computes the array under a fault; it counts when it gives every element of the wrong array to rounding. Of
several the more specific wins (:class:`ms_dnn.judge.faults.evidence.Rank`); two names of one rank are no name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ms_dnn.judge.faults import names
from ms_dnn.judge.faults.alterations import Factor, alterations, batch_factors, size_factors
from ms_dnn.judge.faults.evidence import Evidence, Rank, most_specific
from ms_dnn.judge.faults.hypotheses import hypotheses
from ms_dnn.judge.routes.slope import Array

if TYPE_CHECKING:
    from ms_dnn.judge.parts import PartResult


BATCH = "the batch"
"""The key of the number of samples in ``sizes`` of :func:`name_residual`."""


def name_fault(part: PartResult, tolerance: float) -> tuple[str, str] | None:
    """Return (fault, sentence) when exactly one known fault reproduces what the part computed; else None.

    Args:
        part: the part's ingredients, what it made of them, and what is right.
        tolerance: rounding, as in :meth:`ms_dnn.judge.parts.PartResult.right`: of the largest element or the terms.

    Returns:
        A name of :mod:`ms_dnn.judge.faults.names` and one sentence with the numbers; None where the part is right, no
        hypothesis gives its array, or two that are equally specific do.
    """
    where = f"{part.tensor} of {part.part}" if part.part.startswith("layer") else f"{part.tensor} of the {part.part}"
    if part.got is None:
        return names.WRONG_SHAPE, f"{where} is no array of shape {part.expected.shape}"
    unusable = _not_finite(where, part.got)
    if unusable or part.right(tolerance):
        return unusable
    evidence = Evidence(where, part.got, part.expected, part.terms, tolerance)
    value = {"dW": part.W, "db": part.b}.get(part.tensor)
    with np.errstate(all="ignore"):  # what is not finite explains nothing
        known = list(hypotheses(part, evidence))
        if part.penalty is not None and (named := most_specific(known, evidence)):
            return named  # L2 missing is all zero, too
        return most_specific([*known, *alterations(evidence, _factors_of_part(part), value)], evidence)


def name_residual(
    name: str, got: Array, expected: Array, sizes: Mapping[str, int], value: Array | None, tolerance: float
) -> tuple[str, str] | None:
    """Return (fault, sentence) from the wrong and the right gradient of one tensor alone; else None.

    Args:
        name: what people call the tensor's gradient: "the gradient of dense.weight".
        got: the wrong gradient.
        expected: the right one.
        sizes: numbers that a factor may stand for, such as {"the batch": 32, "inputs": 5}; :data:`BATCH` is special.
        value: the parameter, for a penalty on it; None for an input.
        tolerance: rounding, relative to the largest element.
    """
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    if got.shape != expected.shape:
        return names.WRONG_SHAPE, f"{name} has shape {got.shape}, expected {expected.shape}"
    unusable = _not_finite(name, got)
    scale = float(np.max(np.abs(expected), initial=0.0))
    if unusable or not np.all(np.isfinite(expected)) or np.all(np.abs(got - expected) <= tolerance * scale):
        return unusable
    evidence = Evidence(name, got, expected, np.zeros(expected.shape), tolerance)
    others = {what: size for what, size in sizes.items() if what != BATCH}
    factors = size_factors(others)
    if sizes.get(BATCH, 0) > 0:
        per_sample = expected.ndim > 1 and len(expected) == sizes[BATCH]
        factors += _of_batch(sizes[BATCH], averaged=True, summed=not per_sample)
        factors += batch_factors(sizes[BATCH], others)
    with np.errstate(all="ignore"):
        return most_specific(alterations(evidence, factors, value), evidence)


def _not_finite(where: str, got: Array) -> tuple[str, str] | None:
    count = int(np.count_nonzero(~np.isfinite(got)))
    if count == 0:
        return None
    return names.NOT_FINITE, f"{where} has {count} of {got.size} elements that are NaN or infinite"


def _factors_of_part(part: PartResult) -> list[Factor]:
    batch = len(part.x)
    outputs = part.x.shape[1] if part.W is None else part.W.shape[0]
    sizes = {"outputs": outputs} if part.W is None else {"inputs": part.W.shape[1], "outputs": outputs}
    factors = size_factors(sizes)
    if part.tensor == "da" and part.loss == "squared_error":
        half = Factor(2.0, names.HALF_MISSING, ": the ½ of ½ (a − y)² is missing, or its 2 is not cancelled")
        # A cost that multiplies by its outputs, two by chance, is less likely than the one that forgets the ½.
        factors = [half, *(replace(f, rank=Rank.FITTED) if f.value == 2.0 else f for f in factors)]
        because = f", which is 2/{outputs}: the mean over the {outputs} outputs, without the ½, as of nn.MSELoss"
        factors.append(Factor(2.0 / outputs, names.CONSTANT_FACTOR, because, Rank.FITTED))
    factors += _of_batch(batch, averaged=part.reduction == "mean", summed=part.tensor in ("dW", "db"))
    return factors + batch_factors(batch, sizes)


def _of_batch(batch: int, averaged: bool, summed: bool) -> list[Factor]:
    """Return N and 1/N, for a cost that is averaged over the samples or not, and a tensor that is summed over them."""
    if averaged:
        many = Factor(batch, names.ONE_OVER_N_MISSING, f", and {batch} is the batch: the 1/N is missing")
    else:
        many = Factor(batch, names.CONSTANT_FACTOR, f", and {batch} is the batch: summed over the samples twice")
    because = f", which is 1/{batch}, and {batch} is the batch: "
    if summed or not averaged:
        already = "; the cost has divided by N before" if averaged else ""
        few = Factor(1 / batch, names.MEAN_INSTEAD_OF_SUM, f"{because}a mean over the samples, not their sum{already}")
    else:
        few = Factor(1 / batch, names.ONE_OVER_N_TWICE, f"{because}it is divided by N twice")
    return [many, few]
