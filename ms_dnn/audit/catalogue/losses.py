"""Losses of regression and of classes, with respect to the predictions and, where they are numbers, the targets."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
from scipy.special import huber, logsumexp

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import distributions, fixed, integers, log_probabilities, normal_arrays, together
from ms_dnn.audit.entry import Array, Case

N, C = 4, 3
LOGITS = normal_arrays((N, C))
LARGE_LOGITS = normal_arrays((N, C), scale=100.0)
CLASSES = integers(C, N)
SOFT_LABELS = distributions(N, C)
GIVEN_CLASSES = fixed(np.array([0, 1, 2, 1], np.int32))
WEIGHTS = fixed([0.5, 1.0, 2.0])

ORDINARY = Case("ordinary", normal_arrays((N, C), (N, C)))
TIES = Case("ties", fixed(np.tile([1.0, -2.0, 0.0], (N, 1)), np.tile([1.0, -2.0, 0.0], (N, 1))))
LARGE = Case("large", normal_arrays((N, C), (N, C), scale=20.0))
REGRESSION = (ORDINARY, TIES, LARGE)
AT_DELTA = Case("at delta", fixed(np.tile([1.5, -0.5, 2.0], (N, 1)), np.tile([0.5, 0.5, 1.0], (N, 1))))
INDICES = (Case("class indices", together(LOGITS, CLASSES)), Case("large", together(LARGE_LOGITS, CLASSES)))
SOFT = (
    Case("soft labels", together(LOGITS, SOFT_LABELS)),
    Case("one-hot", lambda rng: (rng.standard_normal((N, C)), np.eye(C)[rng.integers(0, C, N)])),
    Case("large", together(LARGE_LOGITS, SOFT_LABELS)),
)
GIVEN = Case("class indices", together(LOGITS, GIVEN_CLASSES))
WEIGHTED = Case("class indices", together(LOGITS, GIVEN_CLASSES, WEIGHTS))
WEIGHTED_SOFT = Case("soft labels", together(LOGITS, SOFT_LABELS, WEIGHTS))
LOG_P = Case("class indices", together(log_probabilities(N, C), CLASSES))
WEIGHTED_LOG_P = Case("class indices", together(log_probabilities(N, C), GIVEN_CLASSES, WEIGHTS))
SEQUENCES = together(
    normal_arrays((4, 2, 3)), fixed(np.array([[1, 2], [1, 1]], np.int32), *np.array([[4, 4], [2, 2]], np.int32))
)
"""Logits (T, N, C) of 4 steps, two targets of two symbols, one of them a repeat, and the lengths of both."""


def _rows_cross_entropy(z: Array, p: Array, weight: Array | float = 1.0) -> Array:
    return -np.sum(p * (z - logsumexp(z, axis=1, keepdims=True)) * weight, axis=1)


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


def _soft_cross_entropy(z: Array, p: Array, weight: Array | float = 1.0) -> Array:
    return np.asarray(np.mean(_rows_cross_entropy(z, p, weight)))


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
        meant = [
            [symbol for symbol, _ in groupby(path) if symbol] == targets[sample].tolist() for path in paths.tolist()
        ]
        scores = log_p[np.arange(steps), sample, paths].sum(axis=1)
        losses.append(-logsumexp(scores[meant]))
    return np.array(losses)


def _focal(z: Array, target: Array) -> Array:
    log_p = (z - logsumexp(z, axis=1, keepdims=True))[np.arange(len(z)), target[:, 0]]
    return -np.mean((1 - np.exp(log_p)) ** 2 * log_p)


ENTRIES = (
    *apis(lambda a, y: np.mean((a - y) ** 2), REGRESSION, "nn.MSELoss()", "{ops,F}.mse_loss", second_order=True),
    *apis(lambda a, y: np.sqrt(np.mean((a - y) ** 2)), (ORDINARY, LARGE), "nn.RMSELoss()"),
    *apis(lambda a, y: np.mean(np.abs(a - y)), REGRESSION, "nn.MAELoss()", "nn.L1Loss()", "{ops,F}.l1_loss"),
    *apis(lambda a, y: huber(0.5, a - y) / 0.5, REGRESSION, "nn.SmoothL1Loss(beta=0.5)"),
    *apis(lambda a, y: huber(1.0, a - y), (*REGRESSION, AT_DELTA), "ops.smooth_l1_loss"),
    *apis(lambda a, y: np.mean(huber(1.0, a - y)), REGRESSION, "F.smooth_l1_loss"),
    *apis(lambda a, y: np.mean(huber(0.5, a - y)), REGRESSION, "nn.HuberLoss(delta=0.5)"),
    *apis(lambda a, y: np.mean(huber(1.0, a - y)), (*REGRESSION, AT_DELTA), "ops.huber_loss"),
    *apis(_cross_entropy, INDICES, "nn.CrossEntropyLoss()", "ops.cross_entropy"),
    *apis(
        _soft_cross_entropy,
        SOFT,
        "nn.CrossEntropyLoss()  # soft labels",
        "ops.cross_entropy(x0, x1)  # soft labels",
        second_order=True,
    ),
    *apis(_cross_entropy, WEIGHTED, "ops.cross_entropy(x0, x1, x2)  # weight"),
    *apis(_soft_cross_entropy, WEIGHTED_SOFT, "ops.cross_entropy(x0, x1, x2)  # soft labels, weight"),
    *apis(
        lambda z, t: _cross_entropy(z, t, smoothing=0.25),
        INDICES,
        "ops.cross_entropy(x0, x1, label_smoothing=0.25)  # label smoothing",
    ),
    *apis(
        lambda z, t: _cross_entropy(z, t, ignore=1), GIVEN, "ops.cross_entropy(x0, x1, ignore_index=1)  # ignore index"
    ),
    *apis(_cross_entropy, INDICES, "F.cross_entropy"),
    *apis(_soft_cross_entropy, SOFT, "F.cross_entropy(x0, x1)  # soft labels"),
    *apis(_rows_cross_entropy, SOFT, "nn.SoftmaxCrossEntropyWithLogits(sparse=False)", differentiable=(0,)),
    *apis(
        _rows_cross_entropy,
        SOFT,
        "nn.SoftmaxCrossEntropyWithLogits(sparse=False)  # gradient of the labels",
        differentiable=(1,),
    ),
    *apis(_cross_entropy, INDICES, "nn.SoftmaxCrossEntropyWithLogits(sparse=True, reduction='mean')  # sparse"),
    *apis(_nll, LOG_P, "nn.NLLLoss()", "{ops,F}.nll_loss"),
    *apis(_nll, WEIGHTED_LOG_P, "ops.nll_loss(x0, x1, x2)  # weight"),
    *apis(
        _ctc_rows,
        SEQUENCES,
        "nn.CTCLoss(reduction='none')",
        applied="self.op(x0 - ops.logsumexp(x0, 2, True), x1, x2, x3)",
    ),
    *apis(_ctc_rows, SEQUENCES, "ops.ctc_loss(x0 - ops.logsumexp(x0, 2, True), x1, x2, x3, reduction='none')[0]"),
    *apis(_focal, Case("class indices", together(LOGITS, integers(C, N, 1))), "nn.FocalLoss(gamma=2.0)"),
)
