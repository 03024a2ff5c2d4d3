"""What the numbers of the output layer mean: classes, probabilities, values in the targets' unit."""

from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.config import ExperimentConfig
from ms_dnn.features.encoding import decide
from ms_dnn.features.stored import DatasetMetadata
from ms_dnn.maths.activations import sigmoid, softmax


def answer(config: ExperimentConfig, known: DatasetMetadata, prediction: NDArray[Any]) -> NDArray[Any]:
    """Return the answers for predictions (N, n[L]): class indices (N,), or values in the targets' unit (N, n[L])."""
    if known.target_scaling is None:
        return decide(prediction, config.loss, config.network.layers[-1].activation)
    return known.target_scaling.invert(prediction)


def probabilities(config: ExperimentConfig, n_classes: int, prediction: NDArray[Any]) -> NDArray[Any] | None:
    """Return the probability of each class, (N, C), or None where the loss gives the predictions no such meaning."""
    if config.loss == "softmax_cross_entropy":
        return softmax(Tensor(prediction)).asnumpy()
    if config.loss == "binary_cross_entropy_with_logits":
        prediction = sigmoid(Tensor(prediction)).asnumpy()
    elif config.loss != "binary_cross_entropy":
        return None
    if prediction.shape[1] == 1 and n_classes == 2:
        return np.hstack([1 - prediction, prediction])
    return prediction


def r2(answers: NDArray[Any], targets: NDArray[Any]) -> float:
    """Return the coefficient of determination 1 − Σ(t − a)² / Σ(t − t̄)².

    Where all targets are equal (one sample, say) it is 1 if every answer is right and 0 otherwise, as scikit-learn has
    it.
    """
    residual = float(np.sum((targets - answers) ** 2))
    spread = float(np.sum((targets - targets.mean(axis=0)) ** 2))
    if spread == 0:
        return 1.0 if residual == 0 else 0.0
    return 1 - residual / spread
