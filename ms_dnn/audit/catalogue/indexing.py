"""Operators that pick, write or order elements: by index, by mask, by value."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import fixed, normal_arrays, together
from ms_dnn.audit.entry import Array, Case, Formula, Inputs

MATRIX = Case("ordinary", normal_arrays((3, 4)))
TIES = Case("ties", fixed([[1.0, 1.0, 0.0], [0.5, 2.0, 2.0], [-1.0, 3.0, -1.0]]))
"""Two at a time: of three equal elements, the middle rank's slope lies outside what moving one of them shows."""
MASK = np.array([[True, False, True, True], [False, True, False, False], [True, True, False, True]])


def _with(*indices: Any, floats: tuple[tuple[int, ...], ...] = ((4, 3),)) -> Inputs:
    """Normal arrays of the shapes, and after them the int32 indices."""
    return lambda rng: (*(rng.standard_normal(s) for s in floats), *(np.array(i, np.int32) for i in indices))


def _changed(change: Callable[..., Any]) -> Formula:
    """A copy of x that ``change(copy, …)`` changes in place."""

    def formula(x: Array, *others: Array) -> Array:
        result = x.copy()
        change(result, *others)
        return result

    return formula


def _updated(ufunc: np.ufunc) -> Formula:
    """Formula of tensor_scatter_*: the rows of ``indices`` point at elements of x that ``updates`` change in turn."""
    return _changed(lambda x, updates, indices: ufunc.at(x, tuple(indices.T), updates))


def _written(*place: Any) -> Formula:
    return _changed(lambda x, part: operator.setitem(x, place, part))


def _segments(reduce: Callable[..., Array]) -> Formula:
    return lambda x, segments: np.stack([reduce(x[segments == i], axis=0) for i in range(int(segments.max()) + 1)])


TWO_AND_MASK = together(normal_arrays((3, 4), (3, 4)), fixed(MASK))
ROWS = Case("repeated rows", _with([0, 2, 2, 1]))
COLUMNS = Case("repeated", _with([[0, 2, 2], [1, 1, 0]], floats=((2, 4),)))
SCATTERED = _with([[0, 2], [3, 1]], floats=((2, 4), (2, 2)))
SCATTERED_TWICE = Case("repeated", _with([[0, 2, 2], [1, 1, 0]], floats=((2, 4), (2, 3))))
UPDATED = _with([[0, 1], [2, 0]], floats=((3, 2), (2,)))
UPDATED_TWICE = Case("repeated", _with([[0, 1], [2, 0], [0, 1]], floats=((3, 2), (3,))))
ADDED_TWICE = Case("repeated", _with([0, 2, 0], floats=((3, 2), (3, 2))))
POINTS = Case("repeated", _with([[0, 1], [2, 0], [0, 1]], floats=((3, 2),)))
ZEROS = Case("zeros", fixed([[0.0, 2.0], [3.0, 0.0], [0.5, 0.0]], np.array([0, 1, 2], np.int32)))
SEGMENTS = _with([0, 2, 1, 2])

PICKED = (
    *apis(
        lambda x, i: x[i], ROWS, "ops.gather(x0, x1, 0)", "{ops,mint}.index_select(x0, 0, x1)", "Tensor[Tensor]: x0[x1]"
    ),
    *apis(lambda x, i: x[:, i], Case("repeated", _with([0, 2, 2])), "ops.gather(x0, x1, 1)  # axis 1"),
    *apis(lambda x, i: x.ravel()[i], ROWS, "ops.take"),
    *apis(lambda x, i: x[i[:, 0], i[:, 1]], POINTS, "ops.gather_nd"),
    *apis(
        lambda x, i: np.take_along_axis(x, i, 1), COLUMNS, "ops.gather_elements(x0, 1, x1)", "mint.gather(x0, 1, x1)"
    ),
    *apis(lambda x: x[:, 2], MATRIX, "mint.select(x0, 1, 2)"),
    *apis(lambda x, m: x[m], together(normal_arrays((3, 4)), fixed(MASK)), "{ops,mint}.masked_select"),
    *apis(
        lambda x, v, m: np.where(m, v, x),
        together(normal_arrays((3, 4), ()), fixed(MASK)),
        "ops.masked_fill(x0, x2, x1)",
    ),
    *apis(lambda x, y, m: np.where(m, x, y), TWO_AND_MASK, "{ops,mint}.where(x2, x0, x1)", "ops.select(x2, x0, x1)"),
)

WRITTEN = (
    *apis(
        _changed(lambda x, updates, columns: np.put_along_axis(x, columns, updates, axis=1)),
        SCATTERED,
        "{ops,mint}.scatter(x0, 1, x2, x1)",
        "ops.tensor_scatter_elements(x0, x2, x1, 1)",
    ),
    *apis(
        _changed(lambda x, updates, columns: np.add.at(x, (np.arange(2)[:, None], columns), updates)),
        SCATTERED_TWICE,
        "mint.scatter_add(x0, 1, x2, x1)",
        'ops.tensor_scatter_elements(x0, x2, x1, 1, "add")  # add',
    ),
    *apis(
        _changed(lambda x, updates, indices: operator.setitem(x, tuple(indices.T), updates)),
        UPDATED,
        "ops.tensor_scatter_update(x0, x2, x1)",
    ),
    *apis(_updated(np.add), UPDATED_TWICE, "ops.tensor_scatter_add(x0, x2, x1)"),
    *apis(_updated(np.subtract), UPDATED_TWICE, "ops.tensor_scatter_sub(x0, x2, x1)"),
    *apis(_updated(np.multiply), UPDATED, "ops.tensor_scatter_mul(x0, x2, x1)"),
    *apis(_updated(np.multiply), UPDATED_TWICE, "ops.tensor_scatter_mul(x0, x2, x1)  # repeated"),
    *apis(_updated(np.divide), UPDATED, "ops.tensor_scatter_div(x0, x2, x1)"),
    *apis(_updated(np.maximum), UPDATED, "ops.tensor_scatter_max(x0, x2, x1)"),
    *apis(_updated(np.minimum), UPDATED, "ops.tensor_scatter_min(x0, x2, x1)"),
    *apis(
        lambda updates, rows: np.eye(4)[:, rows[:, 0]] @ updates,
        Case("repeated", _with([[0], [2], [0]], floats=((3, 2),))),
        "ops.scatter_nd(x1, x0, (4, 2))",
    ),
    *apis(_changed(lambda x, updates, rows: np.add.at(x, rows, updates)), ADDED_TWICE, "mint.index_add(x0, 0, x2, x1)"),
    *apis(
        lambda x, value, rows: np.where(np.isin(np.arange(len(x)), rows)[:, None], value, x),
        _with([0, 2], floats=((3, 2), ())),
        "ops.index_fill(x0, 0, x2, x1)",
    ),
    *apis(_written(1), normal_arrays((3, 4), (4,)), "ops.select_scatter(x0, x1, 0, 1)"),
    *apis(
        _written(slice(None), slice(0, 4, 2)), normal_arrays((3, 4), (3, 2)), "ops.slice_scatter(x0, x1, 1, 0, 4, 2)"
    ),
    *apis(_changed(np.fill_diagonal), normal_arrays((3, 3), (3,)), "ops.diagonal_scatter"),
    *apis(_segments(np.sum), SEGMENTS, "ops.unsorted_segment_sum(x0, x1, 3)"),
    *apis(_segments(np.max), SEGMENTS, "ops.unsorted_segment_max(x0, x1, 3)"),
    *apis(_segments(np.min), SEGMENTS, "ops.unsorted_segment_min(x0, x1, 3)"),
    *apis(_segments(np.prod), SEGMENTS, "ops.unsorted_segment_prod(x0, x1, 3)"),
    *apis(_segments(np.prod), ZEROS, "ops.unsorted_segment_prod(x0, x1, 3)  # zeros"),
)

ORDERED = (
    *apis(lambda x: np.sort(x, 1), (MATRIX, TIES), "ops.sort(x0, 1)[0]", "mint.sort(x0, dim=1)[0]"),
    *apis(lambda x: np.sort(x, 0)[::-1], MATRIX, "ops.sort(x0, 0, True)[0]  # descending"),
    *apis(lambda x: np.sort(x, 0), MATRIX, "ops.msort"),
    *apis(lambda x: np.sort(x, 1)[:, :-3:-1], (MATRIX, TIES), "{ops,mint}.topk(x0, 2, 1)[0]"),
    *apis(lambda x: np.sort(x, 1)[:, :2], MATRIX, "ops.topk(x0, 2, 1, False)[0]  # smallest"),
)

ENTRIES = PICKED + WRITTEN + ORDERED
