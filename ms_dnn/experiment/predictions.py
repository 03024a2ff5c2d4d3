"""What the numbers of the output layer mean: classes, probabilities, values in the targets' unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from ms_dnn.config import ExperimentConfig
from ms_dnn.features.encoding import class_indices
from ms_dnn.features.stored import DatasetMetadata
from ms_dnn.maths.activations import sigmoid, softmax


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

    def score(self, outputs: NDArray[Any], targets: NDArray[Any]) -> float:
        """Return the accuracy, or R², of outputs for class indices (N,) or unscaled targets (N, n[L])."""
        predictions = self.predictions(outputs)
        return float(np.mean(predictions == targets)) if self.score_name == "accuracy" else r2(predictions, targets)


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
