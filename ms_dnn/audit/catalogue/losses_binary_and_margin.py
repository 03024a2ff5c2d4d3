"""Losses of binary labels, of distributions, and with a margin, with respect to the predictions and the targets."""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit, logsumexp, xlogy

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import (
    distributions,
    fixed,
    integers,
    log_probabilities,
    normal_arrays,
    signs,
    together,
    uniform,
    zero_arrays,
)
from ms_dnn.audit.catalogue.losses import LOGITS, C, N
from ms_dnn.audit.entry import Array, Case

THREE = normal_arrays((N, C), (N, C), (N, C))
PROBABILITIES = uniform(0.1, 0.9, (N, C))
BITS = integers(2, N, C, dtype=np.float64)
COUNTS = integers(6, N, C, dtype=np.float64)
SATURATED_LOGITS = fixed(np.tile([-200.0, 30.0, 200.0], (N, 1)))
SIGNED = together(LOGITS, signs(N, C))
LARGE_SIGNED = Case("large", lambda rng: (*SATURATED_LOGITS(rng), SIGNED(rng)[1]))
RANKED = together(normal_arrays((6,), (6,)), fixed([1.0, -1.0, 1.0, -1.0, 1.0, 1.0]))
RANKED_TIES = Case("ties", fixed(np.arange(3.0), np.arange(3.0), [1.0, -1.0, 1.0]))
SIMILAR_OR_NOT = together(normal_arrays((N, C), (N, C)), fixed(np.array([1, -1, 1, -1], np.int32)))
WEIGHTED = Case("soft labels", together(LOGITS, PROBABILITIES, uniform(0.5, 2.0, (N, C), (C,))))
DISTRIBUTIONS = together(log_probabilities(N, C), distributions(N, C, 3.0))
LONG_CLASSES = Case("class indices", together(LOGITS, integers(C, N, dtype=np.int64)))
"""Targets of int64, which multi_margin_loss wants."""
SETS_OF_CLASSES = together(normal_arrays((2, 3)), fixed(np.array([[0, 2, -1], [1, -1, -1]], np.int32)))
BINARY = (
    Case("ordinary", together(PROBABILITIES, BITS)),
    Case("soft labels", together(PROBABILITIES, PROBABILITIES)),
    Case("near 0 and 1", fixed(np.full((N, C), 2.0**-9), np.tile([0.0, 1.0, 0.5], (N, 1)))),
)
BINARY_LOGITS = (
    Case("ordinary", together(LOGITS, BITS)),
    Case("soft labels", together(LOGITS, PROBABILITIES)),
    Case("zeros", together(zero_arrays((N, C)), BITS)),
    Case("large", together(SATURATED_LOGITS, BITS)),
)


def _kl(log_p: Array, p: Array) -> Array:
    return np.mean(xlogy(p, p) - p * log_p)


def _bce(p: Array, y: Array, weight: Array | float = 1.0) -> Array:
    return -np.mean(weight * (y * np.log(p) + (1 - y) * np.log1p(-p)))


def _bce_with_logits(z: Array, y: Array, weight: Array | float = 1.0, positive: Array | float = 1.0) -> Array:
    return -np.mean(weight * (positive * y * log_expit(z) + (1 - y) * log_expit(-z)))


def _hinge_embedding(x: Array, y: Array, margin: float = 1.0) -> Array:
    """y is 1 or -1, as integers or as numbers; it is not differentiable."""
    return np.mean(np.where(y == 1, x, np.maximum(0, margin - x)))


def _margin_ranking(a: Array, b: Array, y: Array, margin: float = 0.0) -> Array:
    return np.mean(np.maximum(0, -y * (a - b) + margin))


def _cosine_embedding(a: Array, b: Array, y: Array, margin: float = 0.0) -> Array:
    cosine = np.sum(a * b, 1) / np.sqrt(np.sum(a * a, 1) * np.sum(b * b, 1))
    return np.mean(np.where(y == 1, 1 - cosine, np.maximum(0, cosine - margin)))


def _triplet(a: Array, p: Array, n: Array, *, swap: bool = False) -> Array:
    """Margin 1; PyTorch and MindSpore add eps = 1e-6 to the difference before the norm."""

    def distance(u: Array, v: Array) -> Array:
        return np.sqrt(np.sum((u - v + 1e-6) ** 2, axis=1))

    away = distance(a, n)
    if swap:
        away = np.minimum(away, distance(p, n))
    return np.mean(np.maximum(distance(a, p) - away + 1.0, 0))


def _soft_margin(x: Array, y: Array) -> Array:
    return np.mean(np.logaddexp(0, -y * x))


def _multi_margin(x: Array, target: Array, p: int = 1, margin: float = 1.0) -> Array:
    rows = np.arange(len(x))
    terms = np.maximum(0, margin - x[rows, target][:, None] + x) ** p
    terms[rows, target] = 0
    return np.mean(terms.sum(axis=1) / x.shape[1])


def _multilabel_margin(x: Array, _: Array) -> Array:
    """For the targets [[0, 2, -1], [1, -1, -1]]: mean over samples of Σ max(0, 1 - (x[positive] - x[negative])) / C."""
    first = np.maximum(0, 1 - (x[0, 0] - x[0, 1])) + np.maximum(0, 1 - (x[0, 2] - x[0, 1]))
    second = np.maximum(0, 1 - (x[1, 1] - x[1, 0])) + np.maximum(0, 1 - (x[1, 1] - x[1, 2]))
    return np.asarray((first + second) / 3 / 2)


def _dice(a: Array, y: Array) -> Array:
    """1 - 2 |A∩B| / (|A| + |B| + smooth), sizes as sums of squares (Milletari et al. 2016)."""
    return np.asarray(1 - 2 * np.sum(a * y) / (np.sum(a * a) + np.sum(y * y) + 1e-5))


def _multi_class_dice(z: Array, y: Array) -> Array:
    p = np.exp(z - logsumexp(z, axis=1, keepdims=True))
    return np.asarray(np.mean([_dice(p[:, c], y[:, c]) for c in range(z.shape[1])]))


ENTRIES = (
    *apis(_bce, BINARY, "nn.BCELoss()", "{ops,F}.binary_cross_entropy", differentiable=(0,)),
    *apis(
        _bce,
        BINARY[:2],
        "nn.BCELoss()  # gradient of the labels",
        "ops.binary_cross_entropy(x0, x1)  # gradient of the labels",
        differentiable=(1,),
    ),
    *apis(
        _bce,
        Case("soft labels", together(PROBABILITIES, PROBABILITIES, uniform(0.5, 2.0, (N, C)))),
        "ops.binary_cross_entropy(x0, x1, x2)  # weight",
        differentiable=(0,),
    ),
    *apis(
        _bce_with_logits,
        BINARY_LOGITS,
        "nn.BCEWithLogitsLoss()",
        "ops.binary_cross_entropy_with_logits",
        second_order=True,
    ),
    *apis(
        _bce_with_logits,
        WEIGHTED,
        "ops.binary_cross_entropy_with_logits(x0, x1, x2, x3)  # weight, pos_weight",
        differentiable=(0, 1),
    ),
    *apis(
        _bce_with_logits,
        WEIGHTED,
        "ops.binary_cross_entropy_with_logits(x0, x1, x2, x3)  # gradient of the weights",
        differentiable=(2, 3),
    ),
    *apis(_bce_with_logits, BINARY_LOGITS, "F.binary_cross_entropy_with_logits"),
    *apis(_kl, DISTRIBUTIONS, "nn.KLDivLoss()", "ops.kl_div", differentiable=(0,)),
    *apis(_kl, DISTRIBUTIONS, "ops.kl_div(x0, x1)  # gradient of the labels", differentiable=(1,)),
    *apis(_kl, DISTRIBUTIONS, "F.kl_div"),
    *apis(_hinge_embedding, SIGNED, "nn.HingeEmbeddingLoss()", differentiable=(0,)),
    *apis(
        lambda x, y: _hinge_embedding(x, y, 0.5), SIGNED, "ops.hinge_embedding_loss(x0, x1, 0.5)", differentiable=(0,)
    ),
    *apis(
        lambda a, b, y: _margin_ranking(a, b, y, 0.5), RANKED, "nn.MarginRankingLoss(margin=0.5)", differentiable=(0, 1)
    ),
    *apis(_margin_ranking, (Case("ordinary", RANKED), RANKED_TIES), "ops.margin_ranking_loss", differentiable=(0, 1)),
    *apis(lambda a, b, y: _cosine_embedding(a, b, y, 0.25), SIMILAR_OR_NOT, "nn.CosineEmbeddingLoss(margin=0.25)"),
    *apis(_cosine_embedding, SIMILAR_OR_NOT, "{ops,F}.cosine_embedding_loss"),
    *apis(lambda a, p, n: _triplet(a, p, n, swap=True), THREE, "nn.TripletMarginLoss(swap=True)"),
    *apis(_triplet, THREE, "ops.triplet_margin_loss", "nn.TripletMarginWithDistanceLoss()"),
    *apis(_soft_margin, SIGNED, "nn.SoftMarginLoss()", "F.soft_margin_loss", differentiable=(0,)),
    *apis(_soft_margin, (Case("ordinary", SIGNED), LARGE_SIGNED), "ops.soft_margin_loss", differentiable=(0,)),
    *apis(_multi_margin, LONG_CLASSES, "nn.MultiMarginLoss()"),
    *apis(lambda x, t: _multi_margin(x, t, 2, 2.0), LONG_CLASSES, "ops.multi_margin_loss(x0, x1, p=2, margin=2)"),
    *apis(_multilabel_margin, SETS_OF_CLASSES, "nn.MultilabelMarginLoss()", "ops.multilabel_margin_loss"),
    *apis(_bce_with_logits, BINARY_LOGITS, "nn.MultiLabelSoftMarginLoss()", differentiable=(0,)),
    *apis(
        _bce_with_logits,
        together(LOGITS, BITS, fixed([0.5, 1.0, 2.0])),
        "ops.multilabel_soft_margin_loss(x0, x1, x2)  # weight",
        differentiable=(0,),
    ),
    *apis(lambda z, y: np.mean(np.exp(z) - y * z), together(LOGITS, COUNTS), "nn.PoissonNLLLoss()"),
    *apis(
        lambda x, y: np.mean(x - y * np.log(x + 1e-8)),
        together(uniform(0.5, 4.0, (N, C)), COUNTS),
        "nn.PoissonNLLLoss(log_input=False)  # log_input=False",
    ),
    *apis(
        lambda a, y, variance: np.mean(0.5 * (np.log(variance) + (a - y) ** 2 / variance)),
        together(normal_arrays((N, C), (N, C)), uniform(0.3, 2.0, (N, C))),
        "nn.GaussianNLLLoss()",
        "ops.gaussian_nll_loss",
    ),
    *apis(_dice, together(PROBABILITIES, PROBABILITIES), "nn.DiceLoss()"),
    *apis(_multi_class_dice, together(LOGITS, PROBABILITIES), "nn.MultiClassDiceLoss()"),
)
