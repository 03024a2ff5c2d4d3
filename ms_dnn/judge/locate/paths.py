"""What a wrong ``bprop`` does path by path: its matrix beside the one that it should be.

One cotangent for each output element gives the rows of B, the matrix that the bprop multiplies dout by, and of J, the
Jacobian of ``construct``. Where B is wrong tells what was forgotten, for functions that are small enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ms_dnn.judge.faults import names
from ms_dnn.judge.routes.base import GRAD_OPERATION
from ms_dnn.judge.routes.cells import CellGradient
from ms_dnn.judge.routes.slope import Array
from ms_dnn.judge.routes.subject import Subject
from ms_dnn.judge.routes.tensors import as_array

MOST_OUTPUTS = 100
"""Output elements up to which the matrices are taken."""
ALIKE = 1e-5
"""Relative difference below which two elements are the same."""


@dataclass(frozen=True)
class Paths:
    """The matrices of one input, (outputs, elements), and the input's elements."""

    got: Array
    right: Array
    x: Array

    @property
    def wrong(self) -> Array:
        """Which paths are wrong."""
        scale = max(float(np.max(np.abs(self.right))), float(np.max(np.abs(self.got))))
        off: Array = np.abs(self.got - self.right) > ALIKE * scale
        return off

    @property
    def elementwise(self) -> bool:
        """Whether each output depends on its own element alone, by both."""
        return _is_diagonal(self.got) and _is_diagonal(self.right)


def name_paths(where: str, tensor: str, subject: Subject) -> tuple[str, str] | None:
    """Return a fault and a sentence for what the bprop of the subject does to one of its inputs; None for neither."""
    if sum(cotangent.size for cotangent in subject.cotangents) > MOST_OUTPUTS:
        return None
    value = next(subject.value_of(variable) for variable in subject.variables if variable.name == tensor)
    paths = Paths(_matrix(subject, tensor, True), _matrix(subject, tensor, False), value.ravel())
    if not np.all(np.isfinite(paths.right)) or not np.any(paths.wrong):
        return None
    return next(_names(where, paths), None)


def _names(where: str, paths: Paths) -> Iterator[tuple[str, str]]:
    wrong, none_right, none_got = paths.wrong, paths.right == 0, paths.got == 0
    count = f"{int(wrong.sum())} of {wrong.size} paths from its elements to outputs"
    if np.all(none_right[wrong]):
        why = "a mask, a limit or a choice of construct is not in the bprop"
        yield (
            names.PASSED_ON_WHERE_ZERO,
            f"{where}: the gradient is passed on where the derivative is 0 ({count}): {why}",
        )
    if np.all(none_got[wrong]):
        if _is_diagonal(paths.got) and not paths.elementwise:
            why = "a mean, a norm or a sum that depends on it is taken for a constant"
            yield names.TAKEN_FOR_CONSTANT, f"{where} has the direct part alone: {why}"
        yield names.PATH_FORGOTTEN, f"{where}: the gradient through {count} is forgotten; the others are right"
    if paths.elementwise:
        at = int(np.argmax(np.abs(np.diag(paths.got - paths.right))))
        got, right, x = paths.got[at, at], paths.right[at, at], paths.x[at]
        sentence = f"{where}: the local derivative is wrong: at {x:.4g} it is {got:.4g} in place of {right:.4g}"
        yield names.LOCAL_DERIVATIVE, sentence
    if _alike(np.abs(paths.got), np.abs(paths.right)):
        yield names.SIGN_ON_PATHS, f"{where} has the wrong sign on {count}; the others are right"
    if (factors := _of_each_output(paths)) is not None:
        low, high = float(np.min(factors)), float(np.max(factors))
        why = "what one output is divided by or multiplied with is wrong, as a count, a norm or a weight"
        yield names.FACTOR_OF_OUTPUT, f"{where} is off by a factor of each output's own, {low:.4g} to {high:.4g}: {why}"
    if _same_values(paths):
        yield names.WRONG_PLACES, f"{where}: right values in the wrong places ({count})"
    if _is_diagonal(paths.got):
        why = "each element is taken to act on its own output alone, but it acts on others as well"
        yield names.TAKEN_FOR_CONSTANT, f"{where}: {why}"


def _matrix(subject: Subject, tensor: str, bprops: bool) -> Array:
    """Return one row an output element: the gradient of it alone."""
    rows, shapes = [], [as_array(cotangent) for cotangent in subject.cotangents]
    for number, shape in enumerate(shapes):
        for place in range(shape.size):
            one = [np.zeros(s.shape) for s in shapes]
            one[number].flat[place] = 1.0
            only = Subject(subject.function, subject.given(), wrt=[tensor], cotangents=one)
            route = CellGradient("bprop" if bprops else GRAD_OPERATION, only, bprops=bprops)
            rows.append(route.gradients()[tensor].astype(np.float64).ravel())
    return np.stack(rows)


def _of_each_output(paths: Paths) -> Array | None:
    """Return by which factor the row of each output is off, where each row is right but for one; None elsewhere."""
    rows = np.count_nonzero(paths.right, axis=1) > 1
    if not rows.any():
        return None
    norms = np.sum(paths.right[rows] ** 2, axis=1)
    factors: Array = np.sum(paths.got[rows] * paths.right[rows], axis=1) / norms
    proportional = _alike(paths.got[rows], factors[:, None] * paths.right[rows])
    return factors if proportional and not np.any(paths.wrong[~rows]) and np.count_nonzero(rows) > 1 else None


def _alike(first: Array, second: Array) -> bool:
    return np.allclose(first, second, rtol=ALIKE, atol=ALIKE * float(np.max(np.abs(second))))


def _is_diagonal(matrix: Array) -> bool:
    return matrix.shape[0] == matrix.shape[1] and not np.any(matrix - np.diag(np.diag(matrix)))


def _same_values(paths: Paths) -> bool:
    """Whether the wrong rows hold the right numbers, each in another place."""
    rows = np.any(paths.wrong, axis=1)
    by_rows = _alike(np.sort(paths.got[rows], axis=1), np.sort(paths.right[rows], axis=1))
    return by_rows or _alike(np.sort(paths.got, axis=None), np.sort(paths.right, axis=None))
