"""What the numbers of the output layer mean: classes, probabilities, values in the targets' unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray
from sklearn.metrics import (
    mean_absolute_error,
    mean_squared_error,
    precision_recall_fscore_support,
    r2_score,
    roc_auc_score,
    top_k_accuracy_score,
)

from ms_dnn.config import ExperimentConfig
from ms_dnn.features.encoding import class_indices
from ms_dnn.features.stored import DatasetMetadata
from ms_dnn.maths.activations import sigmoid, softmax

_BINS = 10


@dataclass(frozen=True)
class Decoder:
    """Turns the outputs of a network, (N, n[L]), into predictions.

    Args:
        loss: that the network was trained with.
        activation: of its output layer.
        metadata: the classes, or the scaling of the targets.
    """

    loss: str
    activation: str
    metadata: DatasetMetadata

    @classmethod
    def of(cls, config: ExperimentConfig, metadata: DatasetMetadata) -> Decoder:
        """Return the decoder of an experiment."""
        return cls(config.loss, config.network.layers[-1].activation, metadata)

    def predictions(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Return class indices (N,), or values in the targets' unit (N, n[L])."""
        if self.metadata.target_scaling is None:
            return class_indices(outputs, self.loss, self.activation)
        return self.metadata.target_scaling.invert(outputs)

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any] | None:
        """Return the probability of each class, (N, C), or None where the loss gives the outputs no such meaning."""
        if self.loss == "softmax_cross_entropy":
            return softmax(Tensor(outputs)).asnumpy()
        if self.loss == "binary_cross_entropy_with_logits":
            outputs = sigmoid(Tensor(outputs)).asnumpy()
        elif self.loss != "binary_cross_entropy":
            return None
        if outputs.shape[1] == 1 and len(self.metadata.class_names) == 2:
            return np.hstack([1 - outputs, outputs])
        return outputs

    @property
    def score_name(self) -> str:
        """What :meth:`score` returns: "accuracy", or "r2" for regression."""
        return "accuracy" if self.metadata.target_scaling is None else "r2"

    def other_scores(self, outputs: NDArray[Any], targets: NDArray[Any]) -> dict[str, float]:
        """Return what else is asked of outputs: :func:`classification_scores`, or the errors of a regression."""
        predictions = self.predictions(outputs)
        if self.score_name == "accuracy":
            return classification_scores(predictions, targets, self.probabilities(outputs))
        return {name: value for name, value in regression_scores(predictions, targets).items() if name != "r2"}

    def score(self, outputs: NDArray[Any], targets: NDArray[Any]) -> float:
        """Return the accuracy, or R², of outputs for class indices (N,) or unscaled targets (N, n[L])."""
        predictions = self.predictions(outputs)
        return float(np.mean(predictions == targets)) if self.score_name == "accuracy" else r2(predictions, targets)


def classification_scores(
    predictions: NDArray[Any], targets: NDArray[Any], probabilities: NDArray[Any] | None
) -> dict[str, float]:
    """Return scores of predicted class indices (N,) for true ones (N,), with more of them for probabilities (N, C).

    ``precision``, ``recall`` and ``f1`` are means over the classes that occur; ``auc`` is the mean of each class
    against the rest, where each occurs; ``top_3_accuracy`` and ``top_5_accuracy`` are there for more classes than that.
    ``calibration_error`` is the expected one in ten equal bins: Σ |correct − confident| / N, summed within each bin.
    """
    precision, recall, f1, _ = precision_recall_fscore_support(targets, predictions, average="macro", zero_division=0)
    scores = {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
    if probabilities is None or not np.isfinite(probabilities).all():
        return scores
    n_classes = probabilities.shape[1]
    if len(np.unique(targets)) == n_classes:
        scores["auc"] = float(roc_auc_score(np.eye(n_classes, dtype=np.int64)[targets], probabilities, average="macro"))
    for k in (3, 5):
        if k < n_classes:
            top = top_k_accuracy_score(targets, probabilities, k=k, labels=range(n_classes))
            scores[f"top_{k}_accuracy"] = float(top)
    confidence = probabilities.max(axis=1).astype(np.float64)
    bins = np.minimum(confidence * _BINS, _BINS - 1).astype(np.int64)
    gaps = np.bincount(bins, (predictions == targets) - confidence)
    return scores | {"calibration_error": float(np.abs(gaps).sum() / len(targets))}


def regression_scores(predictions: NDArray[Any], targets: NDArray[Any]) -> dict[str, float]:
    """Return the mean absolute error, the root mean squared error and R² of predictions for targets, both (N, n[L])."""
    mae = float(mean_absolute_error(targets, predictions))
    rmse = float(np.sqrt(mean_squared_error(targets, predictions)))
    return {"mae": mae, "rmse": rmse, "r2": r2(predictions, targets)}


def r2(predictions: NDArray[Any], targets: NDArray[Any]) -> float:
    """Return the coefficient of determination 1 − Σ(t − a)² / Σ(t − t̄)², the sums over all samples and targets.

    Where all samples have equal targets (one sample, say) it is 1 if every prediction is right and 0 otherwise.
    """
    if len(targets) == 1:  # scikit-learn leaves that undefined
        return float(np.array_equal(predictions, targets))
    mean = targets.mean(axis=0)
    return float(r2_score(np.ravel(targets - mean), np.ravel(predictions - mean)))
