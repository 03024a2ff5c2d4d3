"""Losses of regression and of classes, with respect to the predictions and, where they are numbers, the targets."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.special import log_softmax, logsumexp

from ms_dnn.audit.catalogue.draws import fixed, normal
from ms_dnn.audit.entry import Array, Case, Entry

N, C = 4, 3


def _pairs(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.standard_normal((N, C))


def _classes(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.integers(0, C, N).astype(np.int32)


def _large_classes(rng: np.random.Generator) -> tuple[Array, ...]:
    return 100 * rng.standard_normal((N, C)), rng.integers(0, C, N).astype(np.int32)


def _weighted_classes(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), np.array([0, 1, 2, 1], np.int32), np.array([0.5, 1.0, 2.0])


def _soft_classes(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.dirichlet(np.ones(C), N)


def _weighted_soft_classes(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.dirichlet(np.ones(C), N), np.array([0.5, 1.0, 2.0])


def _one_hot(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), np.eye(C)[rng.integers(0, C, N)]


def _log_probabilities(rng: np.random.Generator) -> tuple[Array, ...]:
    return np.asarray(log_softmax(rng.standard_normal((N, C)), axis=1)), rng.integers(0, C, N).astype(np.int32)


def _weighted_log_probabilities(rng: np.random.Generator) -> tuple[Array, ...]:
    z, target, weight = _weighted_classes(rng)
    return np.asarray(log_softmax(z, axis=1)), target, weight


def _sequences(rng: np.random.Generator) -> tuple[Array, ...]:
    """Logits (T, N, C) of 4 steps, two targets of two symbols, one of them a repeat, and the lengths of both."""
    targets = np.array([[1, 2], [1, 1]], np.int32)
    return rng.standard_normal((4, 2, 3)), targets, np.array([4, 4], np.int32), np.array([2, 2], np.int32)


ORDINARY = Case("ordinary", _pairs)

TIES = Case("ties", fixed(np.tile([1.0, -2.0, 0.0], (N, 1)), np.tile([1.0, -2.0, 0.0], (N, 1))))

LARGE = Case("large", normal((N, C), (N, C), scale=20.0))

REGRESSION = (ORDINARY, TIES, LARGE)

AT_DELTA = Case("at delta", fixed(np.tile([1.5, -0.5, 2.0], (N, 1)), np.tile([0.5, 0.5, 1.0], (N, 1))))

INDICES = (Case("class indices", _classes), Case("large", _large_classes))

SOFT = (
    Case("soft labels", _soft_classes),
    Case("one-hot", _one_hot),
    Case("large", lambda rng: (100 * rng.standard_normal((N, C)), rng.dirichlet(np.ones(C), N))),
)


def _mse(a: Array, y: Array) -> Array:
    return np.mean((a - y) ** 2)


def _mae(a: Array, y: Array) -> Array:
    return np.mean(np.abs(a - y))


def _rmse(a: Array, y: Array) -> Array:
    return np.sqrt(np.mean((a - y) ** 2))


def _smooth_l1(a: Array, y: Array, beta: float) -> Array:
    d = np.abs(a - y)
    return np.where(d < beta, 0.5 * d**2 / beta, d - 0.5 * beta)


def _huber(a: Array, y: Array, delta: float) -> Array:
    d = np.abs(a - y)
    return np.mean(np.where(d < delta, 0.5 * d**2, delta * (d - 0.5 * delta)))


def _rows_cross_entropy(z: Array, p: Array) -> Array:
    return -np.sum(p * (z - logsumexp(z, axis=1, keepdims=True)), axis=1)


def _cross_entropy(
    z: Array, target: Array, weight: Array | None = None, smoothing: float = 0.0, ignore: int | None = None
) -> Array:
    """Class indices; the mean is over the weights of the targets, as in PyTorch."""
    w = np.ones(z.shape[1]) if weight is None else weight
    kept = np.ones(len(target)) if ignore is None else (target != ignore).astype(np.float64)
    index = np.where(kept > 0, target, 0)
    log_p = z - logsumexp(z, axis=1, keepdims=True)
    total = np.sum(kept * w[index])
    hard = -np.sum(kept * w[index] * log_p[np.arange(len(z)), index]) / total
    smooth = -np.sum(kept[:, None] * w * log_p) / z.shape[1] / total
    return (1 - smoothing) * hard + smoothing * smooth


def _soft_cross_entropy(z: Array, p: Array, weight: Array | None = None) -> Array:
    log_p = z - logsumexp(z, axis=1, keepdims=True)
    return -np.mean(np.sum(p * log_p * (1.0 if weight is None else weight), axis=1))


def _nll(log_p: Array, target: Array, weight: Array | None = None) -> Array:
    w = np.ones(log_p.shape[1]) if weight is None else weight
    return -np.sum(w[target] * log_p[np.arange(len(target)), target]) / np.sum(w[target])


def _ctc_rows(z: Array, targets: Array, *_: Array) -> Array:
    """-log Σ over all paths that collapse to the target, blank 0; by enumeration of all 3⁴ paths.

    Of logits, because PyTorch and MindSpore define the gradient only behind a log-softmax.
    """
    log_p = z - logsumexp(z, axis=2, keepdims=True)
    steps, samples, classes = log_p.shape
    paths = np.array(list(product(range(classes), repeat=steps)))
    losses = []
    for sample in range(samples):
        scores = log_p[np.arange(steps), sample, paths].sum(axis=1)
        losses.append(-logsumexp(scores[_collapsing(paths, tuple(int(t) for t in targets[sample]))]))
    return np.array(losses)


def _collapsing(paths: Array, target: tuple[int, ...]) -> Array:
    def collapsed(path: Array) -> tuple[int, ...]:
        return tuple(int(s) for i, s in enumerate(path) if s and (i == 0 or s != path[i - 1]))

    return np.array([collapsed(path) == target for path in paths])


def _focal(z: Array, target: Array) -> Array:
    log_p = (z - logsumexp(z, axis=1, keepdims=True))[np.arange(len(z)), target[:, 0]]
    return -np.mean((1 - np.exp(log_p)) ** 2 * log_p)


def _focal_classes(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((N, C)), rng.integers(0, C, (N, 1)).astype(np.int32)


CTC = (Case("ordinary", _sequences),)

LABELS_ARE_CONSTANT = (
    "The gradient with respect to soft labels is silently 0 instead of -log p, in both modes; that of the logits is "
    "right. PyTorch's cross_entropy gives both. Where labels are learned or come from another network, use "
    "ops.cross_entropy (right with soft labels) or write the loss with ops.logsumexp."
)

SPARSE_OVERFLOW = (
    "The loss is the logarithm of a probability that has underflowed to 0: it is ∞ once the target's logit lies far "
    "below the largest one (float32: 80 is right, 90 is ∞), where the answer is that distance. Right are the gradient, "
    "sparse=False and ops.cross_entropy: use these."
)

ENTRIES = (
    Entry("nn.MSELoss", "nn.MSELoss()", _mse, REGRESSION, second_order=True),
    Entry("ops.mse_loss", "ops.mse_loss(x0, x1)", _mse, REGRESSION, second_order=True),
    Entry("mint.nn.functional.mse_loss", "mint.nn.functional.mse_loss(x0, x1)", _mse, REGRESSION, second_order=True),
    Entry("nn.RMSELoss", "nn.RMSELoss()", _rmse, (ORDINARY, LARGE)),
    Entry("nn.MAELoss", "nn.MAELoss()", _mae, REGRESSION),
    Entry("nn.L1Loss", "nn.L1Loss()", _mae, REGRESSION),
    Entry("ops.l1_loss", "ops.l1_loss(x0, x1)", _mae, REGRESSION),
    Entry("mint.nn.functional.l1_loss", "mint.nn.functional.l1_loss(x0, x1)", _mae, REGRESSION),
    Entry("nn.SmoothL1Loss", "nn.SmoothL1Loss(beta=0.5)", lambda a, y: _smooth_l1(a, y, 0.5), REGRESSION),
    Entry(
        "ops.smooth_l1_loss", "ops.smooth_l1_loss(x0, x1)", lambda a, y: _smooth_l1(a, y, 1.0), (*REGRESSION, AT_DELTA)
    ),
    Entry(
        "mint.nn.functional.smooth_l1_loss",
        "mint.nn.functional.smooth_l1_loss(x0, x1)",
        lambda a, y: np.mean(_smooth_l1(a, y, 1.0)),
        REGRESSION,
    ),
    Entry("nn.HuberLoss", "nn.HuberLoss(delta=0.5)", lambda a, y: _huber(a, y, 0.5), REGRESSION),
    Entry("ops.huber_loss", "ops.huber_loss(x0, x1)", lambda a, y: _huber(a, y, 1.0), (*REGRESSION, AT_DELTA)),
    Entry("nn.CrossEntropyLoss", "nn.CrossEntropyLoss()", _cross_entropy, INDICES),
    Entry("nn.CrossEntropyLoss (soft labels)", "nn.CrossEntropyLoss()", _soft_cross_entropy, SOFT, second_order=True),
    Entry("ops.cross_entropy", "ops.cross_entropy(x0, x1)", _cross_entropy, INDICES),
    Entry("ops.cross_entropy (soft labels)", "ops.cross_entropy(x0, x1)", _soft_cross_entropy, SOFT, second_order=True),
    Entry(
        "ops.cross_entropy (weight)",
        "ops.cross_entropy(x0, x1, x2)",
        _cross_entropy,
        (Case("class indices", _weighted_classes),),
    ),
    Entry(
        "ops.cross_entropy (soft labels, weight)",
        "ops.cross_entropy(x0, x1, x2)",
        _soft_cross_entropy,
        (Case("soft labels", _weighted_soft_classes),),
    ),
    Entry(
        "ops.cross_entropy (label smoothing)",
        "ops.cross_entropy(x0, x1, label_smoothing=0.25)",
        lambda z, t: _cross_entropy(z, t, smoothing=0.25),
        INDICES,
    ),
    Entry(
        "ops.cross_entropy (ignore index)",
        "ops.cross_entropy(x0, x1, ignore_index=1)",
        lambda z, t: _cross_entropy(z, t, ignore=1),
        (Case("class indices", lambda rng: _weighted_classes(rng)[:2]),),
    ),
    Entry("mint.nn.functional.cross_entropy", "mint.nn.functional.cross_entropy(x0, x1)", _cross_entropy, INDICES),
    Entry(
        "mint.nn.functional.cross_entropy (soft labels)",
        "mint.nn.functional.cross_entropy(x0, x1)",
        _soft_cross_entropy,
        SOFT,
    ),
    Entry(
        "nn.SoftmaxCrossEntropyWithLogits",
        "nn.SoftmaxCrossEntropyWithLogits(sparse=False)",
        _rows_cross_entropy,
        SOFT,
        differentiable=(0,),
    ),
    Entry(
        "nn.SoftmaxCrossEntropyWithLogits (gradient of the labels)",
        "nn.SoftmaxCrossEntropyWithLogits(sparse=False)",
        _rows_cross_entropy,
        SOFT,
        differentiable=(1,),
        known=LABELS_ARE_CONSTANT,
    ),
    Entry(
        "nn.SoftmaxCrossEntropyWithLogits (sparse)",
        "nn.SoftmaxCrossEntropyWithLogits(sparse=True, reduction='mean')",
        _cross_entropy,
        INDICES,
        known=SPARSE_OVERFLOW,
    ),
    Entry("nn.NLLLoss", "nn.NLLLoss()", _nll, (Case("class indices", _log_probabilities),)),
    Entry("ops.nll_loss", "ops.nll_loss(x0, x1)", _nll, (Case("class indices", _log_probabilities),)),
    Entry(
        "ops.nll_loss (weight)",
        "ops.nll_loss(x0, x1, x2)",
        _nll,
        (Case("class indices", _weighted_log_probabilities),),
    ),
    Entry(
        "mint.nn.functional.nll_loss",
        "mint.nn.functional.nll_loss(x0, x1)",
        _nll,
        (Case("class indices", _log_probabilities),),
    ),
    Entry(
        "nn.CTCLoss",
        "nn.CTCLoss(reduction='none')",
        _ctc_rows,
        CTC,
        applied="self.op(x0 - ops.logsumexp(x0, 2, True), x1, x2, x3)",
    ),
    Entry(
        "ops.ctc_loss",
        "ops.ctc_loss(x0 - ops.logsumexp(x0, 2, True), x1, x2, x3, reduction='none')[0]",
        _ctc_rows,
        CTC,
    ),
    Entry("nn.FocalLoss", "nn.FocalLoss(gamma=2.0)", _focal, (Case("class indices", _focal_classes),)),
)
