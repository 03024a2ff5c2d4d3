"""Reductions along axes, and running sums, products and extremes."""

from __future__ import annotations

import numpy as np

from ms_dnn.audit.catalogue.draws import fixed, normal, uniform
from ms_dnn.audit.entry import Array, Case, Entry

ORDINARY = Case("ordinary", normal((3, 4)))
ZEROS = Case("zeros", fixed([[0.0, 2.0, 3.0, 0.5], [0.0, 0.0, 3.0, 2.0], [1.5, 2.0, 0.5, 0.0]]))
"""One zero, two zeros and a last zero: a product's derivative by division fails there."""
TIES = Case("ties", fixed([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0], [-1.0, 3.0, -1.0]]))
LARGE = Case("large", normal((3, 4), scale=1000.0))
LARGE_SQUARES = Case("large", normal((3, 4), scale=1000.0), dtypes=("float64", "float32"))
"""Squares, and exponentials of rounded sums, leave float16."""
EQUAL_ROWS = Case("nearly equal", lambda rng: (16.0 + rng.standard_normal((3, 4)) / 16,))
ODD = Case("ordinary", normal((3, 5)))
ORDINARY_EVEN = Case("even", normal((3, 4)))
MATRIX = Case("ordinary", normal((3, 3)))

CUMPROD = (
    "The gradient is NaN at every zero among the inputs: the backward pass divides the running sum of cotangent · "
    "output by the input. The forward is right, and so is the gradient of ops.prod at zeros. Where a zero can occur, "
    "multiply the columns one by one."
)


def _variance_and_mean(x: Array) -> tuple[Array, Array]:
    return x.var(axis=1, ddof=1), x.mean(axis=1)


def _deviation_and_mean(x: Array) -> tuple[Array, Array]:
    return x.std(axis=1, ddof=1), x.mean(axis=1)


def _log_sum_exp(x: Array) -> Array:
    largest = x.max(axis=1, keepdims=True)
    return np.log(np.exp(x - largest).sum(axis=1)) + largest[:, 0]


def _running_log_sum_exp(x: Array) -> Array:
    return np.logaddexp.accumulate(x, axis=1)


def _lower_median(x: Array) -> Array:
    """The lower of the two middle elements when their number is even, as PyTorch and MindSpore document it."""
    return np.sort(x, axis=1)[:, (x.shape[1] - 1) // 2]


def _renormed(x: Array) -> Array:
    """Rows whose 2-norm exceeds 1 are scaled to norm 1."""
    norm = np.sqrt((x**2).sum(axis=1, keepdims=True))
    return x * np.where(norm > 1, 1 / norm, 1.0)


def _covariance(x: Array) -> Array:
    centred = x - x.mean(axis=1, keepdims=True)
    return centred @ centred.T / (x.shape[1] - 1)


def _pairwise_distances(x: Array, y: Array) -> Array:
    return np.sqrt(((x[:, None, :] - y[None, :, :]) ** 2).sum(axis=-1))


SUMS = (
    Entry("ops.sum", "ops.sum(x0, 1)", lambda x: np.sum(x, axis=1), (ORDINARY, LARGE)),
    Entry("ops.sum (all, keepdim)", "ops.sum(x0, (0, 1), True)", lambda x: x.sum(keepdims=True), (ORDINARY,)),
    Entry("mint.sum", "mint.sum(x0, 1)", lambda x: np.sum(x, axis=1), (ORDINARY, LARGE)),
    Entry("ops.mean", "ops.mean(x0, 1)", lambda x: np.mean(x, axis=1), (ORDINARY, LARGE)),
    Entry("ops.mean (all)", "ops.mean(x0)", np.mean, (ORDINARY, EQUAL_ROWS)),
    Entry("mint.mean", "mint.mean(x0, 0, True)", lambda x: x.mean(axis=0, keepdims=True), (ORDINARY, LARGE)),
    Entry("ops.sum (of squares)", "ops.sum(x0 * x0, 1)", lambda x: (x**2).sum(axis=1), (ORDINARY,), second_order=True),
    Entry(
        "ops.mean (of squares)", "ops.mean(x0 * x0, 1)", lambda x: (x**2).mean(axis=1), (ORDINARY,), second_order=True
    ),
    Entry(
        "mint.sum (of squares)", "mint.sum(x0 * x0, 1)", lambda x: (x**2).sum(axis=1), (ORDINARY,), second_order=True
    ),
    Entry("mint.mean (of squares)", "mint.mean(x0 * x0)", lambda x: (x**2).mean(), (ORDINARY,), second_order=True),
    Entry("ops.nansum", "ops.nansum(x0, 1)", lambda x: x.sum(axis=1), (ORDINARY,)),
    Entry("mint.nansum", "mint.nansum(x0, 1)", lambda x: x.sum(axis=1), (ORDINARY,)),
    Entry("ops.nanmean", "ops.nanmean(x0, 1)", lambda x: x.mean(axis=1), (ORDINARY,)),
    Entry("ops.cumsum", "ops.cumsum(x0, 1)", lambda x: x.cumsum(axis=1), (ORDINARY, LARGE)),
    Entry("mint.cumsum", "mint.cumsum(x0, 0)", lambda x: x.cumsum(axis=0), (ORDINARY,)),
    Entry("ops.trapz", "ops.trapz(x0)", lambda y: (y[:, 1:] + y[:, :-1]).sum(axis=1) / 2, (ORDINARY,)),
    Entry("ops.diff", "ops.diff(x0)", lambda x: np.diff(x, axis=-1), (ORDINARY,)),
    Entry("mint.diff", "mint.diff(x0, 2)", lambda x: np.diff(x, 2, axis=-1), (ORDINARY,)),
    Entry("ops.accumulate_n", "ops.accumulate_n([x0, x1])", np.add, (Case("ordinary", normal((3, 2), (3, 2))),)),
    Entry("ops.addn", "ops.addn([x0, x1])", np.add, (Case("ordinary", normal((3, 2), (3, 2))),)),
)

PRODUCTS = (
    Entry("ops.prod", "ops.prod(x0, 1)", lambda x: x.prod(axis=1), (ORDINARY, ZEROS)),
    Entry(
        "ops.prod (all)", "ops.prod(x0)", np.prod, (Case("ordinary", normal((2, 3))), Case("zeros", fixed([0, 2, 3.0])))
    ),
    Entry("mint.prod", "mint.prod(x0, 1)", lambda x: x.prod(axis=1), (ORDINARY, ZEROS)),
    Entry("ops.cumprod", "ops.cumprod(x0, 1)", lambda x: x.cumprod(axis=1), (ORDINARY, ZEROS), known=CUMPROD),
    Entry("mint.cumprod", "mint.cumprod(x0, 1)", lambda x: x.cumprod(axis=1), (ORDINARY, ZEROS), known=CUMPROD),
)

EXTREMES = (
    Entry("ops.max", "ops.max(x0, 1)[0]", lambda x: x.max(axis=1), (ORDINARY, TIES)),
    Entry("ops.max (all)", "ops.max(x0)[0]", np.max, (ORDINARY, TIES)),
    Entry("ops.min", "ops.min(x0, 1, True)[0]", lambda x: x.min(axis=1, keepdims=True), (ORDINARY, TIES)),
    Entry("mint.max", "mint.max(x0, 1)[0]", lambda x: x.max(axis=1), (ORDINARY, TIES)),
    Entry("mint.max (all)", "mint.max(x0)", np.max, (ORDINARY, TIES)),
    Entry("mint.min", "mint.min(x0, 1)[0]", lambda x: x.min(axis=1), (ORDINARY, TIES)),
    Entry("mint.min (all)", "mint.min(x0)", np.min, (ORDINARY, TIES)),
    Entry("ops.amax", "ops.amax(x0, 1)", lambda x: x.max(axis=1), (ORDINARY, TIES)),
    Entry("ops.amin", "ops.amin(x0, 1)", lambda x: x.min(axis=1), (ORDINARY, TIES)),
    Entry("mint.amax", "mint.amax(x0, 1)", lambda x: x.max(axis=1), (ORDINARY, TIES)),
    Entry("mint.amin", "mint.amin(x0, 1)", lambda x: x.min(axis=1), (ORDINARY, TIES)),
    Entry("ops.aminmax", "ops.aminmax(x0, axis=1)", lambda x: (x.min(axis=1), x.max(axis=1)), (ORDINARY, TIES)),
    Entry("ops.cummax", "ops.cummax(x0, 1)[0]", lambda x: np.maximum.accumulate(x, axis=1), (ORDINARY, TIES)),
    Entry("ops.cummin", "ops.cummin(x0, 1)[0]", lambda x: np.minimum.accumulate(x, axis=1), (ORDINARY, TIES)),
    Entry("mint.cummax", "mint.cummax(x0, 1)[0]", lambda x: np.maximum.accumulate(x, axis=1), (ORDINARY, TIES)),
    Entry("mint.cummin", "mint.cummin(x0, 1)[0]", lambda x: np.minimum.accumulate(x, axis=1), (ORDINARY, TIES)),
    Entry("ops.median", "ops.median(x0, 1)[0]", _lower_median, (ODD, ORDINARY_EVEN)),
    Entry("ops.nanmedian", "ops.nanmedian(x0, 1)[0]", _lower_median, (ODD, ORDINARY_EVEN)),
    Entry("mint.median", "mint.median(x0, 1)[0]", _lower_median, (ODD, ORDINARY_EVEN, TIES)),
    Entry("mint.median (all)", "mint.median(x0)", lambda x: np.median(x), (ODD, Case("ties", fixed([2.0, 1.0, 2.0])))),
    Entry("ops.quantile", "ops.quantile(x0, 0.25, 1)", lambda x: np.quantile(x, 0.25, axis=1), (ODD, ORDINARY_EVEN)),
    Entry("ops.nanquantile", "ops.nanquantile(x0, 0.25, 1)", lambda x: np.quantile(x, 0.25, axis=1), (ODD,)),
    Entry("mint.kthvalue", "mint.kthvalue(x0, 2, 1)[0]", lambda x: np.sort(x, axis=1)[:, 1], (ORDINARY,)),
)

SPREADS = (
    Entry("ops.var", "ops.var(x0, 1)", lambda x: x.var(axis=1), (ORDINARY, EQUAL_ROWS)),
    Entry("ops.var (ddof=1)", "ops.var(x0, 1, 1, True)", lambda x: x.var(axis=1, ddof=1, keepdims=True), (ORDINARY,)),
    Entry("ops.std", "ops.std(x0, 1)", lambda x: x.std(axis=1), (ORDINARY, EQUAL_ROWS)),
    Entry("ops.var_mean", "ops.var_mean(x0, 1, 1)", _variance_and_mean, (ORDINARY,)),
    Entry("ops.std_mean", "ops.std_mean(x0, 1, 1)", _deviation_and_mean, (ORDINARY,)),
    Entry("mint.var", "mint.var(x0, 1)", lambda x: x.var(axis=1, ddof=1), (ORDINARY, EQUAL_ROWS)),
    Entry("mint.var (all, correction=0)", "mint.var(x0, correction=0)", np.var, (ORDINARY,)),
    Entry("mint.std", "mint.std(x0, 1)", lambda x: x.std(axis=1, ddof=1), (ORDINARY, EQUAL_ROWS)),
    Entry("mint.var_mean", "mint.var_mean(x0, 1)", _variance_and_mean, (ORDINARY,)),
    Entry("mint.std_mean", "mint.std_mean(x0, 1)", _deviation_and_mean, (ORDINARY,)),
    Entry(
        "nn.Moments",
        "nn.Moments(axis=1, keep_dims=False)",
        lambda x: (x.mean(axis=1), x.var(axis=1)),
        (ORDINARY, EQUAL_ROWS),
    ),
    Entry("ops.cov", "ops.cov(x0)", _covariance, (ORDINARY,)),
)

NORMS = (
    Entry("ops.norm", "ops.norm(x0)", lambda x: np.sqrt((x**2).sum()), (ORDINARY, LARGE_SQUARES)),
    Entry("ops.norm (1)", "ops.norm(x0, 1, 1)", lambda x: np.abs(x).sum(axis=1), (ORDINARY,)),
    Entry("ops.norm (2)", "ops.norm(x0, 2, 1)", lambda x: np.sqrt((x**2).sum(axis=1)), (ORDINARY,)),
    Entry("ops.norm (inf)", 'ops.norm(x0, float("inf"), 1)', lambda x: np.abs(x).max(axis=1), (ORDINARY,)),
    Entry("ops.norm (fro)", 'ops.norm(x0, "fro", (0, 1))', lambda x: np.sqrt((x**2).sum()), (MATRIX,)),
    Entry("ops.norm (nuc)", 'ops.norm(x0, "nuc", (0, 1))', lambda x: np.linalg.norm(x, "nuc"), (MATRIX,)),
    Entry("ops.vector_norm", "ops.vector_norm(x0, 2, 1)", lambda x: np.sqrt((x**2).sum(axis=1)), (ORDINARY,)),
    Entry(
        "ops.vector_norm (3)", "ops.vector_norm(x0, 3, 1)", lambda x: np.cbrt((np.abs(x) ** 3).sum(axis=1)), (ORDINARY,)
    ),
    Entry("ops.matrix_norm", "ops.matrix_norm(x0)", lambda x: np.sqrt((x**2).sum()), (MATRIX,)),
    Entry("ops.matrix_norm (1)", "ops.matrix_norm(x0, 1)", lambda x: np.abs(x).sum(axis=0).max(), (MATRIX,)),
    Entry("mint.norm", "mint.norm(x0)", lambda x: np.sqrt((x**2).sum()), (ORDINARY, LARGE_SQUARES)),
    Entry("mint.norm (1)", "mint.norm(x0, 1, 1)", lambda x: np.abs(x).sum(axis=1), (ORDINARY,)),
    Entry("mint.norm (inf)", 'mint.norm(x0, float("inf"), 1)', lambda x: np.abs(x).max(axis=1), (ORDINARY,)),
    Entry(
        "mint.linalg.vector_norm",
        "mint.linalg.vector_norm(x0, 2, 1)",
        lambda x: np.sqrt((x**2).sum(axis=1)),
        (ORDINARY,),
    ),
    Entry("mint.linalg.matrix_norm", "mint.linalg.matrix_norm(x0)", lambda x: np.sqrt((x**2).sum()), (MATRIX,)),
    Entry("nn.Norm", "nn.Norm(axis=1)", lambda x: np.sqrt((x**2).sum(axis=1)), (ORDINARY, LARGE_SQUARES)),
    Entry("ops.renorm", "ops.renorm(x0, 2, 0, 1.0)", _renormed, (Case("ordinary", normal((3, 4), scale=0.75)),)),
    Entry(
        "ops.dist",
        "ops.dist(x0, x1)",
        lambda x, y: np.sqrt(((x - y) ** 2).sum()),
        (Case("ordinary", normal((3, 4), (3, 4))),),
    ),
    Entry("ops.cdist", "ops.cdist(x0, x1)", _pairwise_distances, (Case("ordinary", normal((3, 4), (2, 4))),)),
    Entry("mint.cdist", "mint.cdist(x0, x1)", _pairwise_distances, (Case("ordinary", normal((3, 4), (2, 4))),)),
    Entry(
        "ops.pdist",
        "ops.pdist(x0)",
        lambda x: _pairwise_distances(x, x)[np.triu_indices(len(x), 1)],
        (Case("ordinary", normal((3, 4))),),
    ),
    Entry(
        "ops.L2Normalize",
        "ops.L2Normalize(axis=1)",
        lambda x: x / np.sqrt((x**2).sum(axis=1, keepdims=True)),
        (ORDINARY,),
    ),
    Entry(
        "mint.nn.functional.normalize",
        "mint.nn.functional.normalize(x0, 2.0, 1)",
        lambda x: x / np.sqrt((x**2).sum(axis=1, keepdims=True)),
        (ORDINARY, LARGE),
    ),
)

EXPONENTIALS = (
    Entry("ops.logsumexp", "ops.logsumexp(x0, 1)", _log_sum_exp, (ORDINARY, LARGE, TIES)),
    Entry("mint.logsumexp", "mint.logsumexp(x0, 1)", _log_sum_exp, (ORDINARY, LARGE, TIES)),
    Entry(
        "nn.ReduceLogSumExp",
        "nn.ReduceLogSumExp(1)",
        _log_sum_exp,
        (ORDINARY, Case("moderate", uniform(5.0, 8.0, (3, 4)))),
    ),
    Entry("ops.logcumsumexp", "ops.logcumsumexp(x0, 1)", _running_log_sum_exp, (ORDINARY, LARGE_SQUARES)),
)

ENTRIES = SUMS + PRODUCTS + EXTREMES + SPREADS + NORMS + EXPONENTIALS
