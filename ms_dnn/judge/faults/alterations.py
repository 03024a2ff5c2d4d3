"""Hypotheses that need no more than the right array: what was done to it afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, permutations

import numpy as np

from ms_dnn.judge.faults import names
from ms_dnn.judge.faults.evidence import FITTED_FROM, Candidate, Evidence, Rank, fitted
from ms_dnn.judge.routes.slope import Array

WHOLE_ROW = 0.75
"""Part of a row's significant elements that must be wrong for the row, and not a few elements, to be."""
PRECISIONS = ("bfloat16", "float16", "float32")
EPSILONS = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23}
ROUNDINGS = 4
"""Of a lower precision, beside the largest element, that an array computed in it may be off."""


@dataclass(frozen=True)
class Factor:
    """A factor by which an array may be wrong, the fault that it is, and the end of the sentence about it."""

    value: float
    fault: str
    because: str
    rank: Rank = Rank.EXACT


def alterations(e: Evidence, factors: list[Factor], value: Array | None) -> Iterator[Candidate]:
    """Yield what any array can suffer. ``value`` is that of the parameter, for a penalty on it; None without one."""
    yield from chain(_simple(e), _multiplied(e, factors), _reordered(e), _added(e, value))
    yield from chain(_clipped(e), _rounded(e), _in_one_place(e))


def size_factors(sizes: Mapping[str, int]) -> list[Factor]:
    """Return 2, ½, each size n, and 1/n as constant factors, sizes of one number together."""
    factors = [Factor(2.0, names.CONSTANT_FACTOR, ""), Factor(0.5, names.CONSTANT_FACTOR, "")]
    by_number: dict[int, list[str]] = {}
    for name, number in sizes.items():
        by_number.setdefault(number, []).append(name)
    for number, of_it in by_number.items():
        if number > 1:
            because = f", and {number} is the number of {' and of '.join(of_it)}"
            factors.append(Factor(number, names.CONSTANT_FACTOR, because))
            factors.append(Factor(1 / number, names.CONSTANT_FACTOR, f", which is 1/{number}{because}"))
    return factors


def batch_factors(batch: int, sizes: Mapping[str, int]) -> list[Factor]:
    """Return (N−1)/N and its inverse, and the ratios of N to the other sizes."""
    found: list[tuple[float, str]] = []
    if batch > 1:
        of_batch = f"for the batch of N = {batch}"
        found = [((batch - 1) / batch, f"(N − 1)/N {of_batch}"), (batch / (batch - 1), f"N/(N − 1) {of_batch}")]
    for name, size in sizes.items() if batch > 0 else ():
        if size > 0:
            mistaken = f"the batch of {batch} and the number of {name} taken for one another"
            found += [(batch / size, f"{batch}/{size}: {mistaken}"), (size / batch, f"{size}/{batch}: {mistaken}")]
    return [Factor(value, names.CONSTANT_FACTOR, f", which is {words}", Rank.FITTED) for value, words in found]


def _simple(e: Evidence) -> Iterator[Candidate]:
    if not np.any(e.got):
        yield Candidate(names.ALL_ZERO, e.got, f"{e.where} is zero everywhere", Rank.CERTAIN)
    yield Candidate(names.SIGN_FLIPPED, -e.expected, f"{e.where} has the wrong sign everywhere")
    flipped = e.significant() & (e.expected < 0)
    # One flipped sign, among a few, says nothing about absolute values.
    if np.count_nonzero(flipped) > 1 or np.count_nonzero(e.significant() & ~flipped) >= FITTED_FROM:
        rank = Rank.EXACT if np.count_nonzero(flipped) > 1 else Rank.PARTIAL
        sentence = f"{e.where} is the absolute value of what it should be"
        yield Candidate(names.ABSOLUTE_VALUE, np.abs(e.expected), sentence, rank)


def _multiplied(e: Evidence, factors: list[Factor]) -> Iterator[Candidate]:
    for factor in factors:
        if factor.value != 1.0:
            sentence = f"{e.where} is {in_words(factor.value)}{factor.because}"
            yield Candidate(factor.fault, factor.value * e.expected, sentence, factor.rank)
    if e.fits(e.expected):
        value = fitted(e.got, e.expected)
        sentence = f"{e.where} is {in_words(value)}"
        yield Candidate(names.CONSTANT_FACTOR, value * e.expected, sentence, Rank.FITTED)


def in_words(factor: float) -> str:
    """Say how far an array with this factor is off."""
    if abs(factor - 1.0) < 0.01:
        return f"(1 {'+' if factor > 1 else '−'} {abs(factor - 1.0):.3g}) × what it should be"
    if factor > 1:
        return f"{factor:.6g} × too large"
    return f"{factor:.6g} × what it should be"


def _reordered(e: Evidence) -> Iterator[Candidate]:
    if not _tells_order(e):
        return
    right = e.expected
    for axes in permutations(range(right.ndim)):
        turned = right.transpose(axes)
        if axes != tuple(range(right.ndim)) and turned.shape == right.shape:
            yield Candidate(names.TRANSPOSED, turned, f"{e.where} is transposed")
    for axis, size in enumerate(right.shape):
        what = ("rows", "columns")[axis] if right.ndim == 2 else f"elements along axis {axis}"
        yield Candidate(names.ELEMENTS_PERMUTED, np.flip(right, axis), f"{e.where} has its {what} in reverse order")
        # Rolled by other steps is found as "in another order" below.
        for step in {1, size - 1}:
            sentence = f"{e.where} has its {what} shifted by {step} of {size}"
            yield Candidate(names.ELEMENTS_PERMUTED, np.roll(right, step, axis), sentence)
    same = np.empty(right.size)
    same[np.argsort(e.got, axis=None)] = np.sort(right, axis=None)
    count = int(np.count_nonzero(e.wrong()))
    sentence = f"{e.where} has the right numbers in another order: {count} of {right.size} are out of place"
    yield Candidate(names.ELEMENTS_PERMUTED, same.reshape(right.shape), sentence, Rank.REORDERED)


def _tells_order(e: Evidence) -> bool:
    """Return whether two of the wrong elements should be numbers that occur only once."""
    numbers = np.sort(e.expected, axis=None)
    gaps = np.diff(numbers)
    lonely = np.minimum(np.append(np.inf, gaps), np.append(gaps, np.inf)) > 10 * float(np.max(e.allowed(e.expected)))
    wrong = e.wrong().ravel()[np.argsort(e.expected, axis=None)]
    return int(np.count_nonzero(lonely & wrong)) >= 2


def _added(e: Evidence, value: Array | None) -> Iterator[Candidate]:
    if e.got.size >= FITTED_FROM:
        offset = float(np.mean(e.difference))
        sentence = f"{e.where} is {offset:+.6g} off in every element"
        yield Candidate(names.OFFSET_ADDED, e.expected + offset, sentence, Rank.FITTED)
    if value is None or value.shape != e.got.shape:
        return
    of_value = (value, "the parameter itself, as by an L2 penalty"), (np.sign(value), "its sign, as by L1")
    for template, words in of_value:
        if e.fits(template):
            strength = fitted(e.difference, template)
            sentence = f"{e.where} has {strength:.6g} × {words}, added to it"
            yield Candidate(names.PENALTY_ADDED, e.expected + strength * template, sentence, Rank.FITTED)


def _clipped(e: Evidence) -> Iterator[Candidate]:
    limit = float(np.max(np.abs(e.got)))
    low, high = float(np.min(e.got)), float(np.max(e.got))
    for array, words, both in (
        (np.clip(e.expected, -limit, limit), f"±{limit:.6g}", True),
        (np.maximum(e.expected, low), f"{low:.6g} from below", False),
        (np.minimum(e.expected, high), f"{high:.6g} from above", False),
    ):
        limited = np.abs(array - e.expected) > e.allowed(e.expected)
        if not np.any(limited) or np.count_nonzero(e.significant() & ~limited) < FITTED_FROM:
            continue
        # What is one number before it is limited, or one element, can be wrong in another way.
        differ = float(np.ptp(np.abs(e.expected[limited]))) > 10 * float(np.max(e.allowed(e.expected)))
        if differ or both:
            rank = Rank.FITTED if differ else Rank.PARTIAL
            yield Candidate(names.CLIPPED, array, f"{e.where} is clipped at {words}", rank)


def _rounded(e: Evidence) -> Iterator[Candidate]:
    scale = np.maximum(np.max(np.abs(e.expected)), e.terms)
    for precision in PRECISIONS:
        longer = int(np.count_nonzero(_in_precision(e.expected, precision) != e.expected))
        near = np.all(np.abs(e.difference) <= ROUNDINGS * EPSILONS[precision] * scale)
        if longer > e.got.size // 2 and longer > 1 and near and np.all(_in_precision(e.got, precision) == e.got):
            yield Candidate(names.LOWER_PRECISION, e.got, f"{e.where} has no more digits than {precision}")
            return


def _in_precision(array: Array, precision: str) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        if precision != "bfloat16":
            return array.astype(precision).astype(np.float64)
        bits = array.astype(np.float32).view(np.uint32)
    nearest = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (nearest & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)


def _in_one_place(e: Evidence) -> Iterator[Candidate]:
    wrong = e.wrong()
    places = np.argwhere(wrong)
    if len(places) == 1:
        place = tuple(int(index) for index in places[0])
        if np.count_nonzero(e.significant() & ~wrong) >= FITTED_FROM:
            at = ", ".join(str(index) for index in place)
            numbers = f"{e.got[place]:.6g} in place of {e.expected[place]:.6g}"
            array = np.where(wrong, e.got, e.expected)
            yield Candidate(
                names.ONE_ELEMENT_WRONG, array, f"{e.where} is right but for element [{at}]: {numbers}", Rank.PARTIAL
            )
        return
    if e.got.ndim < 2 or len(places) == 0:
        return
    for axis, fault, what in ((0, names.ONE_ROW_WRONG, "row"), (e.got.ndim - 1, names.ONE_COLUMN_WRONG, "column")):
        if np.all(places[:, axis] == places[0, axis]):
            index = int(places[0, axis])
            inside = np.zeros(e.got.shape, bool)
            np.moveaxis(inside, axis, 0)[index] = True
            counts = e.significant() & inside
            enough = np.count_nonzero(wrong & counts) >= max(2, WHOLE_ROW * np.count_nonzero(counts))
            if enough and np.count_nonzero(e.significant() & ~inside) >= FITTED_FROM:
                sentence = f"{e.where} is right but for {what} {index}{_what_it_is(e, inside)}"
                yield Candidate(fault, np.where(inside, e.got, e.expected), sentence, Rank.PARTIAL)


def _what_it_is(e: Evidence, inside: Array) -> str:
    got, expected = e.got[inside], e.expected[inside]
    if not np.any(got):
        return ", which is zero"
    factor = fitted(got, expected)
    if np.all(np.abs(got - factor * expected) <= e.tolerance * np.max(np.abs(got))):
        return f", which is {in_words(factor)}"
    return ""
