"""From class indices to the numbers that a loss compares with, and from predictions back to class indices.

======================================  ==========  ===================  ============================
loss                                    last layer  target               decision
======================================  ==========  ===================  ============================
softmax_cross_entropy                   C units     one-hot              largest output
binary_cross_entropy(_with_logits)      1 unit      0 or 1 (C = 2)       output > ½ (logits: > 0)
binary_cross_entropy(_with_logits)      C units     one-hot              largest output
hinge, perceptron                       1 unit      −1 or +1 (C = 2)     output > 0
hinge, perceptron                       C units     ±1, one against all  largest output
squared_error                           1 unit      0 or 1 (C = 2)       output > ½
squared_error                           C units     one-hot              largest output
======================================  ==========  ===================  ============================
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ms_dnn.errors import DataError

#: What the loss calls "not this class" and "this class".
_TARGETS = {
    "softmax_cross_entropy": (0.0, 1.0),
    "binary_cross_entropy": (0.0, 1.0),
    "binary_cross_entropy_with_logits": (0.0, 1.0),
    "squared_error": (0.0, 1.0),
    "hinge": (-1.0, 1.0),
    "perceptron": (-1.0, 1.0),
}
_HALF_WAY = ("binary_cross_entropy", "squared_error")


def encode_targets(y: ArrayLike, n_classes: int, loss: str, outputs: int) -> NDArray[np.float64]:
    """Return the (N, outputs) float64 targets of ``loss`` for class indices y (N,), 0..n_classes − 1.

    ``n_classes`` 0 means regression: y (N, outputs) is returned as float64, and the loss must be
    ``squared_error``.

    Raises :class:`DataError` for an unknown loss, a label outside 0..C−1, and a last layer of the wrong
    width.
    """
    _check_loss(loss)
    labels: NDArray[Any] = np.asarray(y)
    if n_classes == 0:
        return _regression_targets(labels, loss, outputs)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(
            f"targets of {loss} are {labels.dtype} of shape {labels.shape}; expected whole numbers of shape (N,)"
        )
    outside = (labels < 0) | (labels >= n_classes)
    if outside.any():
        raise DataError(f"label {labels[outside][0]} is outside 0 to {n_classes - 1}; recode the labels")
    fitting = fitting_outputs(loss, n_classes)
    if outputs not in fitting:
        needed = " or ".join(map(str, fitting))
        raise DataError(
            f"the last layer has {outputs} unit(s), but {loss} on {n_classes} classes needs {needed}; change the last "
            "of the network's sizes"
        )
    classes = np.arange(n_classes) if outputs == n_classes else np.array([1])
    no, yes = _TARGETS[loss]
    return np.where(labels[:, np.newaxis] == classes, yes, no).astype(np.float64)


def fitting_outputs(loss: str, n_classes: int) -> tuple[int, ...]:
    """Return how many units a last layer may have: one a class, or one for two classes that no softmax compares."""
    return (2, 1) if n_classes == 2 and loss != "softmax_cross_entropy" else (n_classes,)


def smooth_targets(targets: ArrayLike, smoothing: float) -> NDArray[np.float64]:
    """Return (1 − ε) y + ε/C for targets y (N, C) between 0 and 1, one column counting as two classes.

    Szegedy et al., "Rethinking the Inception architecture for computer vision" (CVPR 2016), section 7.
    """
    y = np.asarray(targets, np.float64)
    return (1 - smoothing) * y + smoothing / max(y.shape[1], 2)


def class_indices(prediction: ArrayLike, loss: str, activation: str) -> NDArray[np.int64]:
    """Return the class index of each row of ``prediction`` (N, O), as (N,) int64.

    ``activation`` is the function that made the prediction. O > 1: the largest output, the first if several
    are. O = 1: class 1 above the threshold, else class 0. The threshold is ½ after ``sigmoid`` and for
    losses whose targets are 0 and 1 on the output itself, and 0 for logits, hinge and perceptron.

    Raises :class:`DataError` for an unknown loss, a prediction that is not (N, O), and NaN.
    """
    _check_loss(loss)
    outputs: NDArray[Any] = np.asarray(prediction)
    if outputs.ndim != 2 or outputs.shape[1] == 0:
        raise DataError(f"a prediction has shape {outputs.shape}; expected (N, O), one row a sample")
    if np.isnan(outputs).any():
        row = int(np.argwhere(np.isnan(outputs))[0, 0])
        raise DataError(f"the prediction of row {row} (from 0) is NaN and names no class; check the trained weights")
    if outputs.shape[1] > 1:
        largest: NDArray[np.int64] = np.argmax(outputs, axis=1).astype(np.int64)
        return largest
    if loss == "softmax_cross_entropy":
        raise DataError("softmax_cross_entropy with 1 output knows one class only; it needs an output for every class")
    return (outputs[:, 0] > threshold(loss, activation)).astype(np.int64)


def threshold(loss: str, activation: str) -> float:
    """Return the output above which a network with one output, made by ``activation``, predicts class 1."""
    return 0.5 if loss in _HALF_WAY or activation == "sigmoid" else 0.0


def _regression_targets(y: NDArray[Any], loss: str, outputs: int) -> NDArray[np.float64]:
    if loss != "squared_error":
        raise DataError(f"{loss} compares classes, but the data are for regression; use squared_error")
    if y.ndim != 2 or y.shape[1] != outputs:
        needed = y.shape[1] if y.ndim == 2 else "one unit for each target"
        raise DataError(
            f"the last layer has {outputs} unit(s), but the targets have shape {y.shape} and need {needed}; "
            "change the last of the network's sizes"
        )
    return y.astype(np.float64)


def _check_loss(loss: str) -> None:
    if loss not in _TARGETS:
        raise DataError(f"no targets are defined for the loss {loss!r}; choose one of {', '.join(_TARGETS)}")
