"""Reductions along axes, and running sums, products and extremes."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.spatial.distance import cdist

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import fixed, normal_arrays, uniform
from ms_dnn.audit.entry import Array, Case

ORDINARY = Case("ordinary", normal_arrays((3, 4)))
ZEROS = Case("zeros", fixed([[0.0, 2.0, 3.0, 0.5], [0.0, 0.0, 3.0, 2.0], [1.5, 2.0, 0.5, 0.0]]))
"""One zero, two zeros and a last zero: a product's derivative by division fails there."""
TIES = Case("ties", fixed([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0], [-1.0, 3.0, -1.0]]))
LARGE = Case("large", normal_arrays((3, 4), scale=1000.0))
LARGE_SQUARES = Case("large", normal_arrays((3, 4), scale=1000.0), dtypes=("float64", "float32"))
"""Squares, and exponentials of rounded sums, leave float16."""
EQUAL_ROWS = Case("nearly equal", lambda rng: (16.0 + rng.standard_normal((3, 4)) / 16,))
ODD = Case("ordinary", normal_arrays((3, 5)))
ORDINARY_EVEN = Case("even", normal_arrays((3, 4)))
MATRIX = Case("ordinary", normal_arrays((3, 3)))


def _log_sum_exp(x: Array) -> Array:
    largest = x.max(axis=1, keepdims=True)
    return np.log(np.exp(x - largest).sum(axis=1)) + largest[:, 0]


def _lower_median(x: Array) -> Array:
    """The lower of the two middle elements when their number is even, as PyTorch and MindSpore document it."""
    return np.sort(x, axis=1)[:, (x.shape[1] - 1) // 2]


def _norm(x: Array) -> Array:
    return np.sqrt((x**2).sum())


ROW_NORMS = partial(np.linalg.norm, axis=1)


def _renormed(x: Array) -> Array:
    """Rows whose 2-norm exceeds 1 are scaled to norm 1."""
    norm = np.sqrt((x**2).sum(axis=1, keepdims=True))
    return x * np.where(norm > 1, 1 / norm, 1.0)


def _covariance(x: Array) -> Array:
    centred = x - x.mean(axis=1, keepdims=True)
    return centred @ centred.T / (x.shape[1] - 1)


SUMS = (
    *apis(lambda x: np.sum(x, axis=1), (ORDINARY, LARGE), "{ops,mint}.sum(x0, 1)"),
    *apis(lambda x: x.sum(keepdims=True), ORDINARY, "ops.sum(x0, (0, 1), True)  # all, keepdim"),
    *apis(lambda x: np.mean(x, axis=1), (ORDINARY, LARGE), "ops.mean(x0, 1)"),
    *apis(np.mean, (ORDINARY, EQUAL_ROWS), "ops.mean(x0)  # all"),
    *apis(lambda x: x.mean(axis=0, keepdims=True), (ORDINARY, LARGE), "mint.mean(x0, 0, True)"),
    *apis(lambda x: (x**2).sum(axis=1), ORDINARY, "{ops,mint}.sum(x0 * x0, 1)  # of squares", second_order=True),
    *apis(lambda x: (x**2).mean(axis=1), ORDINARY, "ops.mean(x0 * x0, 1)  # of squares", second_order=True),
    *apis(lambda x: (x**2).mean(), ORDINARY, "mint.mean(x0 * x0)  # of squares", second_order=True),
    *apis(lambda x: x.sum(axis=1), ORDINARY, "{ops,mint}.nansum(x0, 1)"),
    *apis(lambda x: x.mean(axis=1), ORDINARY, "ops.nanmean(x0, 1)"),
    *apis(lambda x: x.cumsum(axis=1), (ORDINARY, LARGE), "ops.cumsum(x0, 1)"),
    *apis(lambda x: x.cumsum(axis=0), ORDINARY, "mint.cumsum(x0, 0)"),
    *apis(lambda y: (y[:, 1:] + y[:, :-1]).sum(axis=1) / 2, ORDINARY, "ops.trapz"),
    *apis(lambda x: np.diff(x, axis=-1), ORDINARY, "ops.diff"),
    *apis(lambda x: np.diff(x, 2, axis=-1), ORDINARY, "mint.diff(x0, 2)"),
    *apis(np.add, normal_arrays((3, 2), (3, 2)), "ops.accumulate_n([x0, x1])", "ops.addn([x0, x1])"),
)

PRODUCTS = (
    *apis(lambda x: x.prod(axis=1), (ORDINARY, ZEROS), "{ops,mint}.prod(x0, 1)"),
    *apis(np.prod, (Case("ordinary", normal_arrays((2, 3))), Case("zeros", fixed([0, 2, 3.0]))), "ops.prod(x0)  # all"),
    *apis(lambda x: x.cumprod(axis=1), (ORDINARY, ZEROS), "{ops,mint}.cumprod(x0, 1)"),
)

EXTREMES = (
    *apis(lambda x: x.max(axis=1), (ORDINARY, TIES), "{ops,mint}.max(x0, 1)[0]", "{ops,mint}.amax(x0, 1)"),
    *apis(np.max, (ORDINARY, TIES), "ops.max(x0)[0]  # all", "mint.max(x0)  # all"),
    *apis(lambda x: x.min(axis=1, keepdims=True), (ORDINARY, TIES), "ops.min(x0, 1, True)[0]"),
    *apis(lambda x: x.min(axis=1), (ORDINARY, TIES), "mint.min(x0, 1)[0]", "{ops,mint}.amin(x0, 1)"),
    *apis(np.min, (ORDINARY, TIES), "mint.min(x0)  # all"),
    *apis(lambda x: (x.min(axis=1), x.max(axis=1)), (ORDINARY, TIES), "ops.aminmax(x0, axis=1)"),
    *apis(lambda x: np.maximum.accumulate(x, 1), (ORDINARY, TIES), "{ops,mint}.cummax(x0, 1)[0]"),
    *apis(lambda x: np.minimum.accumulate(x, 1), (ORDINARY, TIES), "{ops,mint}.cummin(x0, 1)[0]"),
    *apis(_lower_median, (ODD, ORDINARY_EVEN), "ops.median(x0, 1)[0]", "ops.nanmedian(x0, 1)[0]"),
    *apis(_lower_median, (ODD, ORDINARY_EVEN, TIES), "mint.median(x0, 1)[0]"),
    *apis(lambda x: np.median(x), (ODD, Case("ties", fixed([2.0, 1.0, 2.0]))), "mint.median(x0)  # all"),
    *apis(lambda x: np.quantile(x, 0.25, axis=1), (ODD, ORDINARY_EVEN), "ops.quantile(x0, 0.25, 1)"),
    *apis(lambda x: np.quantile(x, 0.25, axis=1), ODD, "ops.nanquantile(x0, 0.25, 1)"),
    *apis(lambda x: np.sort(x, axis=1)[:, 1], ORDINARY, "mint.kthvalue(x0, 2, 1)[0]"),
)

SPREADS = (
    *apis(lambda x: x.var(axis=1), (ORDINARY, EQUAL_ROWS), "ops.var(x0, 1)"),
    *apis(lambda x: x.var(axis=1, ddof=1, keepdims=True), ORDINARY, "ops.var(x0, 1, 1, True)  # ddof=1"),
    *apis(lambda x: x.std(axis=1), (ORDINARY, EQUAL_ROWS), "ops.std(x0, 1)"),
    *apis(lambda x: (x.var(1, ddof=1), x.mean(1)), ORDINARY, "ops.var_mean(x0, 1, 1)", "mint.var_mean(x0, 1)"),
    *apis(lambda x: (x.std(1, ddof=1), x.mean(1)), ORDINARY, "ops.std_mean(x0, 1, 1)", "mint.std_mean(x0, 1)"),
    *apis(lambda x: x.var(axis=1, ddof=1), (ORDINARY, EQUAL_ROWS), "mint.var(x0, 1)"),
    *apis(np.var, ORDINARY, "mint.var(x0, correction=0)  # all, correction=0"),
    *apis(lambda x: x.std(axis=1, ddof=1), (ORDINARY, EQUAL_ROWS), "mint.std(x0, 1)"),
    *apis(lambda x: (x.mean(axis=1), x.var(axis=1)), (ORDINARY, EQUAL_ROWS), "nn.Moments(axis=1, keep_dims=False)"),
    *apis(_covariance, ORDINARY, "ops.cov"),
)

NORMS = (
    *apis(_norm, (ORDINARY, LARGE_SQUARES), "{ops,mint}.norm"),
    *apis(lambda x: np.abs(x).sum(axis=1), ORDINARY, "{ops,mint}.norm(x0, 1, 1)  # 1"),
    *apis(ROW_NORMS, ORDINARY, "ops.norm(x0, 2, 1)  # 2"),
    *apis(lambda x: np.abs(x).max(axis=1), ORDINARY, '{ops,mint}.norm(x0, float("inf"), 1)  # inf'),
    *apis(_norm, MATRIX, 'ops.norm(x0, "fro", (0, 1))  # fro'),
    *apis(lambda x: np.linalg.norm(x, "nuc"), MATRIX, 'ops.norm(x0, "nuc", (0, 1))  # nuc'),
    *apis(ROW_NORMS, ORDINARY, "ops.vector_norm(x0, 2, 1)"),
    *apis(lambda x: np.cbrt((np.abs(x) ** 3).sum(axis=1)), ORDINARY, "ops.vector_norm(x0, 3, 1)  # 3"),
    *apis(_norm, MATRIX, "ops.matrix_norm"),
    *apis(lambda x: np.abs(x).sum(axis=0).max(), MATRIX, "ops.matrix_norm(x0, 1)  # 1"),
    *apis(ROW_NORMS, ORDINARY, "mint.linalg.vector_norm(x0, 2, 1)"),
    *apis(_norm, MATRIX, "mint.linalg.matrix_norm"),
    *apis(ROW_NORMS, (ORDINARY, LARGE_SQUARES), "nn.Norm(axis=1)"),
    *apis(_renormed, normal_arrays((3, 4), scale=0.75), "ops.renorm(x0, 2, 0, 1.0)"),
    *apis(lambda x, y: np.sqrt(((x - y) ** 2).sum()), normal_arrays((3, 4), (3, 4)), "ops.dist"),
    *apis(cdist, normal_arrays((3, 4), (2, 4)), "{ops,mint}.cdist"),
    *apis(lambda x: cdist(x, x)[np.triu_indices(len(x), 1)], normal_arrays((3, 4)), "ops.pdist"),
    *apis(lambda x: x / np.sqrt((x**2).sum(axis=1, keepdims=True)), ORDINARY, "ops.L2Normalize(axis=1)"),
    *apis(lambda x: x / np.sqrt((x**2).sum(axis=1, keepdims=True)), (ORDINARY, LARGE), "F.normalize(x0, 2.0, 1)"),
)

EXPONENTIALS = (
    *apis(_log_sum_exp, (ORDINARY, LARGE, TIES), "{ops,mint}.logsumexp(x0, 1)"),
    *apis(_log_sum_exp, (ORDINARY, Case("moderate", uniform(5.0, 8.0, (3, 4)))), "nn.ReduceLogSumExp(1)"),
    *apis(lambda x: np.logaddexp.accumulate(x, axis=1), (ORDINARY, LARGE_SQUARES), "ops.logcumsumexp(x0, 1)"),
)

ENTRIES = SUMS + PRODUCTS + EXTREMES + SPREADS + NORMS + EXPONENTIALS
