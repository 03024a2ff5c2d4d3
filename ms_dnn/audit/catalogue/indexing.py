"""Operators that pick, write or order elements: by index, by mask, by value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ms_dnn.audit.catalogue.draws import Draw, fixed, normal
from ms_dnn.audit.entry import Array, Case, Entry

MATRIX = Case("ordinary", normal((3, 4)))
TIES = Case("ties", fixed([[1.0, 1.0, 0.0], [0.5, 2.0, 2.0], [-1.0, 3.0, -1.0]]))
"""Two at a time: of three equal elements, the middle rank's slope lies outside what moving one of them shows."""
MASK = np.array([[True, False, True, True], [False, True, False, False], [True, True, False, True]])


def _with(*indices: Any, floats: tuple[tuple[int, ...], ...] = ((4, 3),)) -> Draw:
    """Normal arrays of the shapes, and after them the int32 indices."""
    return lambda rng: (*(rng.standard_normal(s) for s in floats), *(np.array(i, np.int32) for i in indices))


def _updated(change: Callable[[Array, Any, Array], None]) -> Callable[[Array, Array, Array], Array]:
    """Formula of tensor_scatter_*: the rows of ``indices`` point at elements of x that ``updates`` change in turn."""

    def formula(x: Array, updates: Array, indices: Array) -> Array:
        result = x.copy()
        for index, update in zip(indices, updates, strict=True):
            change(result, tuple(index), update)
        return result

    return formula


def _assign(x: Array, at: Any, update: Array) -> None:
    x[at] = update


def _add(x: Array, at: Any, update: Array) -> None:
    x[at] += update


def _subtract(x: Array, at: Any, update: Array) -> None:
    x[at] -= update


def _multiply(x: Array, at: Any, update: Array) -> None:
    x[at] *= update


def _divide(x: Array, at: Any, update: Array) -> None:
    x[at] /= update


def _greatest(x: Array, at: Any, update: Array) -> None:
    x[at] = np.maximum(x[at], update)


def _least(x: Array, at: Any, update: Array) -> None:
    x[at] = np.minimum(x[at], update)


def _scattered_along_columns(x: Array, updates: Array, indices: Array) -> Array:
    result = x.copy()
    np.put_along_axis(result, indices, updates, axis=1)
    return result


def _added_along_columns(x: Array, updates: Array, indices: Array) -> Array:
    result = x.copy()
    rows = np.broadcast_to(np.arange(len(x))[:, None], indices.shape)
    np.add.at(result, (rows, indices), updates)
    return result


def _added_rows(x: Array, updates: Array, rows: Array) -> Array:
    result = x.copy()
    np.add.at(result, rows, updates)
    return result


def _written(*place: Any) -> Callable[[Array, Array], Array]:
    def formula(x: Array, part: Array) -> Array:
        result = x.copy()
        result[place] = part
        return result

    return formula


def _diagonal_written(x: Array, part: Array) -> Array:
    result = x.copy()
    np.fill_diagonal(result, part)
    return result


def _segments(reduce: Callable[..., Array]) -> Callable[[Array, Array], Array]:
    def formula(x: Array, segments: Array) -> Array:
        return np.stack([reduce(x[segments == i], axis=0) for i in range(int(segments.max()) + 1)])

    return formula


def _masked(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((3, 4)), MASK


def _filled(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((3, 4)), np.array(rng.standard_normal()), MASK


def _chosen(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((3, 4)), rng.standard_normal((3, 4)), MASK


ROWS = (Case("repeated rows", _with([0, 2, 2, 1])),)
COLUMNS = (Case("repeated", _with([[0, 2, 2], [1, 1, 0]], floats=((2, 4),))),)
SCATTERED = (Case("ordinary", _with([[0, 2], [3, 1]], floats=((2, 4), (2, 2)))),)
SCATTER_REPEATED = (Case("repeated", _with([[0, 2, 2], [1, 1, 0]], floats=((2, 4), (2, 3)))),)
UPDATED = (Case("ordinary", _with([[0, 1], [2, 0]], floats=((3, 2), (2,)))),)
UPDATED_TWICE = (Case("repeated", _with([[0, 1], [2, 0], [0, 1]], floats=((3, 2), (3,)))),)
POINTS = (Case("repeated", _with([[0, 1], [2, 0], [0, 1]], floats=((3, 2),))),)
SEGMENTS = (Case("ordinary", _with([0, 2, 1, 2])),)
OVERWRITES = (
    "In PyNative on CPU mint.index_add, and Tensor.index_add, overwrite their input: the result and the input are one "
    "and the same memory, so that a second call on the same tensor adds again, and a gradient that runs the forward "
    "twice is that of another point. Compiled it is refused. Pass a copy (x.copy()), or use ops.tensor_scatter_add."
)
FILL_VALUE = (
    "The gradient with respect to a Tensor as the fill value is zero instead of the sum of the cotangents of the "
    "filled elements; the gradient with respect to x is right. Use ops.masked_fill, whose value gets its gradient."
)
REPEATED_FACTORS = (
    "When an index occurs twice, the element is multiplied by both updates, but each update's gradient lacks the "
    "other as a factor: it is cotangent · x. The gradient with respect to x is right, and so is everything without "
    "repetition. Multiply the updates of one index beforehand."
)

PICKED = (
    Entry("ops.gather", "ops.gather(x0, x1, 0)", lambda x, i: x[i], ROWS),
    Entry("ops.gather (axis 1)", "ops.gather(x0, x1, 1)", lambda x, i: x[:, i], (Case("repeated", _with([0, 2, 2])),)),
    Entry("ops.index_select", "ops.index_select(x0, 0, x1)", lambda x, i: x[i], ROWS),
    Entry("mint.index_select", "mint.index_select(x0, 0, x1)", lambda x, i: x[i], ROWS),
    Entry("Tensor[Tensor]", "x0[x1]", lambda x, i: x[i], ROWS),
    Entry("ops.take", "ops.take(x0, x1)", lambda x, i: x.ravel()[i], ROWS),
    Entry("ops.gather_nd", "ops.gather_nd(x0, x1)", lambda x, i: x[i[:, 0], i[:, 1]], POINTS),
    Entry("ops.gather_elements", "ops.gather_elements(x0, 1, x1)", lambda x, i: np.take_along_axis(x, i, 1), COLUMNS),
    Entry("mint.gather", "mint.gather(x0, 1, x1)", lambda x, i: np.take_along_axis(x, i, 1), COLUMNS),
    Entry("mint.select", "mint.select(x0, 1, 2)", lambda x: x[:, 2], (MATRIX,)),
    Entry("ops.masked_select", "ops.masked_select(x0, x1)", lambda x, m: x[m], (Case("ordinary", _masked),)),
    Entry("mint.masked_select", "mint.masked_select(x0, x1)", lambda x, m: x[m], (Case("ordinary", _masked),)),
    Entry(
        "ops.masked_fill",
        "ops.masked_fill(x0, x2, x1)",
        lambda x, v, m: np.where(m, v, x),
        (Case("ordinary", _filled),),
    ),
    Entry("ops.where", "ops.where(x2, x0, x1)", lambda x, y, m: np.where(m, x, y), (Case("ordinary", _chosen),)),
    Entry("mint.where", "mint.where(x2, x0, x1)", lambda x, y, m: np.where(m, x, y), (Case("ordinary", _chosen),)),
    Entry("ops.select", "ops.select(x2, x0, x1)", lambda x, y, m: np.where(m, x, y), (Case("ordinary", _chosen),)),
)

WRITTEN = (
    Entry("ops.scatter", "ops.scatter(x0, 1, x2, x1)", _scattered_along_columns, SCATTERED),
    Entry("mint.scatter", "mint.scatter(x0, 1, x2, x1)", _scattered_along_columns, SCATTERED),
    Entry("mint.scatter_add", "mint.scatter_add(x0, 1, x2, x1)", _added_along_columns, SCATTER_REPEATED),
    Entry(
        "ops.tensor_scatter_elements",
        "ops.tensor_scatter_elements(x0, x2, x1, 1)",
        _scattered_along_columns,
        SCATTERED,
    ),
    Entry(
        "ops.tensor_scatter_elements (add)",
        'ops.tensor_scatter_elements(x0, x2, x1, 1, "add")',
        _added_along_columns,
        SCATTER_REPEATED,
    ),
    Entry("ops.tensor_scatter_update", "ops.tensor_scatter_update(x0, x2, x1)", _updated(_assign), UPDATED),
    Entry("ops.tensor_scatter_add", "ops.tensor_scatter_add(x0, x2, x1)", _updated(_add), UPDATED_TWICE),
    Entry("ops.tensor_scatter_sub", "ops.tensor_scatter_sub(x0, x2, x1)", _updated(_subtract), UPDATED_TWICE),
    Entry("ops.tensor_scatter_mul", "ops.tensor_scatter_mul(x0, x2, x1)", _updated(_multiply), UPDATED),
    Entry(
        "ops.tensor_scatter_mul (repeated)",
        "ops.tensor_scatter_mul(x0, x2, x1)",
        _updated(_multiply),
        UPDATED_TWICE,
        known=REPEATED_FACTORS,
    ),
    Entry("ops.tensor_scatter_div", "ops.tensor_scatter_div(x0, x2, x1)", _updated(_divide), UPDATED),
    Entry("ops.tensor_scatter_max", "ops.tensor_scatter_max(x0, x2, x1)", _updated(_greatest), UPDATED),
    Entry("ops.tensor_scatter_min", "ops.tensor_scatter_min(x0, x2, x1)", _updated(_least), UPDATED),
    Entry(
        "ops.scatter_nd",
        "ops.scatter_nd(x1, x0, (4, 2))",
        lambda updates, rows: _added_rows(np.zeros((4, 2)), updates, rows[:, 0]),
        (Case("repeated", _with([[0], [2], [0]], floats=((3, 2),))),),
    ),
    Entry(
        "mint.index_add",
        "mint.index_add(x0, 0, x2, x1)",
        _added_rows,
        (Case("repeated", _with([0, 2, 0], floats=((3, 2), (3, 2)))),),
        known=OVERWRITES,
    ),
    Entry(
        "ops.index_fill",
        "ops.index_fill(x0, 0, x2, x1)",
        lambda x, value, rows: np.where(np.isin(np.arange(len(x)), rows)[:, None], value, x),
        (Case("ordinary", _with([0, 2], floats=((3, 2), ()))),),
        known=FILL_VALUE,
    ),
    Entry(
        "ops.select_scatter",
        "ops.select_scatter(x0, x1, 0, 1)",
        _written(1),
        (Case("ordinary", normal((3, 4), (4,))),),
    ),
    Entry(
        "ops.slice_scatter",
        "ops.slice_scatter(x0, x1, 1, 0, 4, 2)",
        _written(slice(None), slice(0, 4, 2)),
        (Case("ordinary", normal((3, 4), (3, 2))),),
    ),
    Entry(
        "ops.diagonal_scatter",
        "ops.diagonal_scatter(x0, x1)",
        _diagonal_written,
        (Case("ordinary", normal((3, 3), (3,))),),
    ),
    Entry("ops.unsorted_segment_sum", "ops.unsorted_segment_sum(x0, x1, 3)", _segments(np.sum), SEGMENTS),
    Entry("ops.unsorted_segment_max", "ops.unsorted_segment_max(x0, x1, 3)", _segments(np.max), SEGMENTS),
    Entry("ops.unsorted_segment_min", "ops.unsorted_segment_min(x0, x1, 3)", _segments(np.min), SEGMENTS),
    Entry("ops.unsorted_segment_prod", "ops.unsorted_segment_prod(x0, x1, 3)", _segments(np.prod), SEGMENTS),
    Entry(
        "ops.unsorted_segment_prod (zeros)",
        "ops.unsorted_segment_prod(x0, x1, 3)",
        _segments(np.prod),
        (Case("zeros", lambda rng: (np.array([[0.0, 2.0], [3.0, 0.0], [0.5, 0.0]]), np.array([0, 1, 2], np.int32))),),
    ),
)

ORDERED = (
    Entry("ops.sort", "ops.sort(x0, 1)[0]", lambda x: np.sort(x, 1), (MATRIX, TIES)),
    Entry("ops.sort (descending)", "ops.sort(x0, 0, True)[0]", lambda x: np.sort(x, 0)[::-1], (MATRIX,)),
    Entry("mint.sort", "mint.sort(x0, dim=1)[0]", lambda x: np.sort(x, 1), (MATRIX, TIES)),
    Entry("ops.msort", "ops.msort(x0)", lambda x: np.sort(x, 0), (MATRIX,)),
    Entry("ops.topk", "ops.topk(x0, 2, 1)[0]", lambda x: np.sort(x, 1)[:, :-3:-1], (MATRIX, TIES)),
    Entry("ops.topk (smallest)", "ops.topk(x0, 2, 1, False)[0]", lambda x: np.sort(x, 1)[:, :2], (MATRIX,)),
    Entry("mint.topk", "mint.topk(x0, 2, 1)[0]", lambda x: np.sort(x, 1)[:, :-3:-1], (MATRIX, TIES)),
)

ENTRIES = PICKED + WRITTEN + ORDERED
