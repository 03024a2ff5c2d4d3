"""Losses of binary labels, of distributions, and with a margin, with respect to the predictions and the targets."""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit, log_softmax, logsumexp, xlogy

from ms_dnn.audit.catalogue import stale
from ms_dnn.audit.catalogue.draws import fixed
from ms_dnn.audit.entry import Array, Case, Entry

N, C = 4, 3


def _long_classes(rng: np.random.Generator) -> tuple[Array, ...]:
    """Targets of int64, which multi_margin_loss wants."""
    return rng.standard_normal((N, C)), rng.integers(0, C, N).astype(np.int64)


def _log_p_and_p(rng: np.random.Generator) -> tuple[Array, ...]:
    return np.asarray(log_softmax(rng.standard_normal((N, C)), axis=1)), rng.dirichlet(np.full(C, 3.0), N)


def _probabilities(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.uniform(0.1, 0.9, (N, C)), rng.integers(0, 2, (N, C)).astype(np.float64)


def _soft_probabilities(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.uniform(0.1, 0.9, (N, C)), rng.uniform(0.1, 0.9, (N, C))


def _logits(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.integers(0, 2, (N, C)).astype(np.float64)


def _soft_logits(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.uniform(0.1, 0.9, (N, C))


def _weighted_logits(rng: np.random.Generator) -> tuple[Array, ...]:
    return (*_soft_logits(rng), rng.uniform(0.5, 2.0, (N, C)), rng.uniform(0.5, 2.0, (C,)))


def _signs(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.choice([-1.0, 1.0], (N, C))


def _ranked(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal(6), rng.standard_normal(6), np.array([1.0, -1.0, 1.0, -1.0, 1.0, 1.0])


def _vectors(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.standard_normal((N, C)), np.array([1, -1, 1, -1], np.int32)


def _three_pairs(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.standard_normal((N, C)), rng.standard_normal((N, C))


def _counts(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.integers(0, 6, (N, C)).astype(np.float64)


def _rates(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.uniform(0.5, 4.0, (N, C)), rng.integers(0, 6, (N, C)).astype(np.float64)


def _with_variance(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.standard_normal((N, C)), rng.uniform(0.3, 2.0, (N, C))


def _two_rows(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((2, 3)), np.array([[0, 2, -1], [1, -1, -1]], np.int32)


BINARY = (
    Case("ordinary", _probabilities),
    Case("soft labels", _soft_probabilities),
    Case("near 0 and 1", fixed(np.full((N, C), 2.0**-9), np.tile([0.0, 1.0, 0.5], (N, 1)))),
)

LOGITS = (
    Case("ordinary", _logits),
    Case("soft labels", _soft_logits),
    Case("zeros", lambda rng: (np.zeros((N, C)), rng.integers(0, 2, (N, C)).astype(np.float64))),
    Case("large", lambda rng: (np.tile([-200.0, 30.0, 200.0], (N, 1)), rng.integers(0, 2, (N, C)).astype(np.float64))),
)


def _bce(p: Array, y: Array, weight: Array | float = 1.0) -> Array:
    return -np.mean(weight * (y * np.log(p) + (1 - y) * np.log1p(-p)))


def _bce_with_logits(z: Array, y: Array, weight: Array | float = 1.0, positive: Array | float = 1.0) -> Array:
    return -np.mean(weight * (positive * y * log_expit(z) + (1 - y) * log_expit(-z)))


def _kl(log_p: Array, p: Array) -> Array:
    return np.mean(xlogy(p, p) - p * log_p)


def _hinge_embedding(x: Array, y: Array, margin: float = 1.0) -> Array:
    """y is 1 or -1, as integers or as numbers; it is not differentiable."""
    return np.mean(np.where(y == 1, x, np.maximum(0, margin - x)))


def _margin_ranking(a: Array, b: Array, y: Array, margin: float) -> Array:
    return np.mean(np.maximum(0, -y * (a - b) + margin))


def _cosine(a: Array, b: Array) -> Array:
    return np.sum(a * b, 1) / np.sqrt(np.sum(a * a, 1) * np.sum(b * b, 1))


def _cosine_embedding(a: Array, b: Array, y: Array, margin: float = 0.0) -> Array:
    cosine = _cosine(a, b)
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


def _multilabel_margin(x: Array) -> Array:
    """For the targets [[0, 2, -1], [1, -1, -1]]: mean over samples of Σ max(0, 1 - (x[positive] - x[negative])) / C."""
    first = np.maximum(0, 1 - (x[0, 0] - x[0, 1])) + np.maximum(0, 1 - (x[0, 2] - x[0, 1]))
    second = np.maximum(0, 1 - (x[1, 1] - x[1, 0])) + np.maximum(0, 1 - (x[1, 1] - x[1, 2]))
    return np.asarray((first + second) / 3 / 2)


def _poisson_nll(z: Array, y: Array) -> Array:
    return np.asarray(np.mean(np.exp(z) - y * z))


def _poisson_nll_of_rate(x: Array, y: Array) -> Array:
    return np.mean(x - y * np.log(x + 1e-8))


def _gaussian_nll(a: Array, y: Array, variance: Array) -> Array:
    return np.mean(0.5 * (np.log(variance) + (a - y) ** 2 / variance))


def _dice(a: Array, y: Array) -> Array:
    """1 - 2 |A∩B| / (|A| + |B| + smooth), sizes as sums of squares (Milletari et al. 2016)."""
    return np.asarray(1 - 2 * np.sum(a * y) / (np.sum(a * a) + np.sum(y * y) + 1e-5))


def _multi_class_dice(z: Array, y: Array) -> Array:
    p = np.exp(z - logsumexp(z, axis=1, keepdims=True))
    return np.asarray(np.mean([_dice(p[:, c], y[:, c]) for c in range(z.shape[1])]))


def _multilabel_soft_margin(x: Array, y: Array, weight: Array | float = 1.0) -> Array:
    return -np.mean(weight * (y * log_expit(x) + (1 - y) * log_expit(-x)))


WEIGHTS_ARE_CONSTANT = (
    "The gradients with respect to weight and pos_weight are silently 0; those of logits and labels are right. "
    "PyTorch refuses to differentiate the weight with an error. It matters only where weights are learned: then "
    "write the loss with ops.log1p(ops.exp(-ops.abs(z)))."
)

KL_LABELS_ARE_CONSTANT = (
    "The gradient with respect to the labels is silently 0 instead of (1 + log p - x)/n; that of the logits is right. "
    "PyTorch gives both. Where the target distribution is learned too, write "
    "(p·(ops.log(p) - x)).mean() instead."
)

MULTI_MARGIN_HALF = (
    'In float16 and without a weight the kernel refuses with "The pointer[weight_addr] is null"; compiled, the next '
    "call after that refusal ends the process with a segmentation fault. float32 and float64 are right. "
    "Pass weight=ops.ones(C), or use nn.MultiMarginLoss, which does so itself."
)
MULTILABEL_OVERFLOW = (
    "Loss and gradient are NaN in float32 as soon as one |logit| exceeds about 88 (float16: 12), where e⁻ˣ "
    "overflows; the answer is about |logit| / C. Use nn.BCEWithLogitsLoss, compiled: the same, written stably."
)

ENTRIES = (
    Entry("nn.BCELoss", "nn.BCELoss()", _bce, BINARY, differentiable=(0,)),
    Entry("nn.BCELoss (gradient of the labels)", "nn.BCELoss()", _bce, BINARY[:2], differentiable=(1,)),
    Entry("ops.binary_cross_entropy", "ops.binary_cross_entropy(x0, x1)", _bce, BINARY, differentiable=(0,)),
    Entry(
        "ops.binary_cross_entropy (gradient of the labels)",
        "ops.binary_cross_entropy(x0, x1)",
        _bce,
        BINARY[:2],
        differentiable=(1,),
    ),
    Entry(
        "ops.binary_cross_entropy (weight)",
        "ops.binary_cross_entropy(x0, x1, x2)",
        _bce,
        (Case("soft labels", lambda rng: (*_soft_probabilities(rng), rng.uniform(0.5, 2.0, (N, C)))),),
        differentiable=(0,),
    ),
    Entry(
        "mint.nn.functional.binary_cross_entropy",
        "mint.nn.functional.binary_cross_entropy(x0, x1)",
        _bce,
        BINARY,
        differentiable=(0,),
    ),
    Entry(
        "nn.BCEWithLogitsLoss",
        "nn.BCEWithLogitsLoss()",
        _bce_with_logits,
        LOGITS,
        second_order=True,
        known=stale.MEAN_OF_LOGITS,
    ),
    Entry(
        "ops.binary_cross_entropy_with_logits",
        "ops.binary_cross_entropy_with_logits(x0, x1)",
        _bce_with_logits,
        LOGITS,
        second_order=True,
        known=stale.MEAN_OF_LOGITS,
    ),
    Entry(
        "ops.binary_cross_entropy_with_logits (weight, pos_weight)",
        "ops.binary_cross_entropy_with_logits(x0, x1, x2, x3)",
        _bce_with_logits,
        (Case("soft labels", _weighted_logits),),
        differentiable=(0, 1),
        known=stale.MEAN_OF_LOGITS,
    ),
    Entry(
        "ops.binary_cross_entropy_with_logits (gradient of the weights)",
        "ops.binary_cross_entropy_with_logits(x0, x1, x2, x3)",
        _bce_with_logits,
        (Case("soft labels", _weighted_logits),),
        differentiable=(2, 3),
        known=WEIGHTS_ARE_CONSTANT,
    ),
    Entry(
        "mint.nn.functional.binary_cross_entropy_with_logits",
        "mint.nn.functional.binary_cross_entropy_with_logits(x0, x1)",
        _bce_with_logits,
        LOGITS,
        known=stale.MEAN_OF_LOGITS,
    ),
    Entry("nn.KLDivLoss", "nn.KLDivLoss()", _kl, (Case("ordinary", _log_p_and_p),), differentiable=(0,)),
    Entry("ops.kl_div", "ops.kl_div(x0, x1)", _kl, (Case("ordinary", _log_p_and_p),), differentiable=(0,)),
    Entry(
        "ops.kl_div (gradient of the labels)",
        "ops.kl_div(x0, x1)",
        _kl,
        (Case("ordinary", _log_p_and_p),),
        differentiable=(1,),
        known=KL_LABELS_ARE_CONSTANT,
    ),
    Entry(
        "mint.nn.functional.kl_div",
        "mint.nn.functional.kl_div(x0, x1)",
        _kl,
        (Case("ordinary", _log_p_and_p),),
    ),
    Entry(
        "nn.HingeEmbeddingLoss",
        "nn.HingeEmbeddingLoss()",
        _hinge_embedding,
        (Case("ordinary", _signs),),
        differentiable=(0,),
    ),
    Entry(
        "ops.hinge_embedding_loss",
        "ops.hinge_embedding_loss(x0, x1, 0.5)",
        lambda x, y: _hinge_embedding(x, y, 0.5),
        (Case("ordinary", _signs),),
        differentiable=(0,),
    ),
    Entry(
        "nn.MarginRankingLoss",
        "nn.MarginRankingLoss(margin=0.5)",
        lambda a, b, y: _margin_ranking(a, b, y, 0.5),
        (Case("ordinary", _ranked),),
        differentiable=(0, 1),
    ),
    Entry(
        "ops.margin_ranking_loss",
        "ops.margin_ranking_loss(x0, x1, x2)",
        lambda a, b, y: _margin_ranking(a, b, y, 0.0),
        (Case("ordinary", _ranked), Case("ties", fixed(np.arange(3.0), np.arange(3.0), [1.0, -1.0, 1.0]))),
        differentiable=(0, 1),
    ),
    Entry(
        "nn.CosineEmbeddingLoss",
        "nn.CosineEmbeddingLoss(margin=0.25)",
        lambda a, b, y: _cosine_embedding(a, b, y, 0.25),
        (Case("ordinary", _vectors),),
    ),
    Entry(
        "ops.cosine_embedding_loss",
        "ops.cosine_embedding_loss(x0, x1, x2)",
        _cosine_embedding,
        (Case("ordinary", _vectors),),
    ),
    Entry(
        "mint.nn.functional.cosine_embedding_loss",
        "mint.nn.functional.cosine_embedding_loss(x0, x1, x2)",
        _cosine_embedding,
        (Case("ordinary", _vectors),),
    ),
    Entry(
        "nn.TripletMarginLoss",
        "nn.TripletMarginLoss(swap=True)",
        lambda a, p, n: _triplet(a, p, n, swap=True),
        (Case("ordinary", _three_pairs),),
    ),
    Entry(
        "ops.triplet_margin_loss", "ops.triplet_margin_loss(x0, x1, x2)", _triplet, (Case("ordinary", _three_pairs),)
    ),
    Entry(
        "nn.TripletMarginWithDistanceLoss",
        "nn.TripletMarginWithDistanceLoss()",
        _triplet,
        (Case("ordinary", _three_pairs),),
    ),
    Entry("nn.SoftMarginLoss", "nn.SoftMarginLoss()", _soft_margin, (Case("ordinary", _signs),), differentiable=(0,)),
    Entry(
        "ops.soft_margin_loss",
        "ops.soft_margin_loss(x0, x1)",
        _soft_margin,
        (Case("ordinary", _signs), Case("large", lambda rng: (np.tile([-200.0, 30.0, 200.0], (N, 1)), _signs(rng)[1]))),
        differentiable=(0,),
    ),
    Entry(
        "mint.nn.functional.soft_margin_loss",
        "mint.nn.functional.soft_margin_loss(x0, x1)",
        _soft_margin,
        (Case("ordinary", _signs),),
        differentiable=(0,),
    ),
    Entry("nn.MultiMarginLoss", "nn.MultiMarginLoss()", _multi_margin, (Case("class indices", _long_classes),)),
    Entry(
        "ops.multi_margin_loss",
        "ops.multi_margin_loss(x0, x1, p=2, margin=2)",
        lambda x, t: _multi_margin(x, t, 2, 2.0),
        (Case("class indices", _long_classes),),
        known=MULTI_MARGIN_HALF,
    ),
    Entry(
        "nn.MultilabelMarginLoss",
        "nn.MultilabelMarginLoss()",
        lambda x, _: _multilabel_margin(x),
        (Case("ordinary", _two_rows),),
    ),
    Entry(
        "ops.multilabel_margin_loss",
        "ops.multilabel_margin_loss(x0, x1)",
        lambda x, _: _multilabel_margin(x),
        (Case("ordinary", _two_rows),),
    ),
    Entry(
        "nn.MultiLabelSoftMarginLoss",
        "nn.MultiLabelSoftMarginLoss()",
        _multilabel_soft_margin,
        LOGITS,
        differentiable=(0,),
        known=MULTILABEL_OVERFLOW,
    ),
    Entry(
        "ops.multilabel_soft_margin_loss (weight)",
        "ops.multilabel_soft_margin_loss(x0, x1, x2)",
        _multilabel_soft_margin,
        (Case("ordinary", lambda rng: (*_logits(rng), np.array([0.5, 1.0, 2.0]))),),
        differentiable=(0,),
    ),
    Entry("nn.PoissonNLLLoss", "nn.PoissonNLLLoss()", _poisson_nll, (Case("ordinary", _counts),)),
    Entry(
        "nn.PoissonNLLLoss (log_input=False)",
        "nn.PoissonNLLLoss(log_input=False)",
        _poisson_nll_of_rate,
        (Case("ordinary", _rates),),
    ),
    Entry("nn.GaussianNLLLoss", "nn.GaussianNLLLoss()", _gaussian_nll, (Case("ordinary", _with_variance),)),
    Entry(
        "ops.gaussian_nll_loss",
        "ops.gaussian_nll_loss(x0, x1, x2)",
        _gaussian_nll,
        (Case("ordinary", _with_variance),),
    ),
    Entry("nn.DiceLoss", "nn.DiceLoss()", _dice, (Case("ordinary", _soft_probabilities),)),
    Entry(
        "nn.MultiClassDiceLoss",
        "nn.MultiClassDiceLoss()",
        _multi_class_dice,
        (Case("ordinary", _soft_logits),),
        known=stale.SOFTMAX,
    ),
)
