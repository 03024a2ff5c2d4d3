"""The networks of the series that have a name of their own: each a DNN of one or two layers."""

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.layers.dense import Dense
from ms_dnn.maths.initializers import INITIALIZERS
from ms_dnn.runtime.seeding import stream


class Perceptron(DNN):
    """z = w · x + b, answer +1 where z > 0 and −1 elsewhere (Rosenblatt 1958).

    Trained on z by the loss ``perceptron``, max(0, −y z), for the sign itself has no derivative that teaches anything.
    :func:`ms_dnn.data.separability.separable_outputs` says beforehand whether a hyperplane separates the classes.

    Args:
        inputs: number of features I.
        outputs: units, one for two classes, or one a class against the rest.
        dtype: "float32" or "float64".
    """

    def __init__(self, inputs: int, outputs: int = 1, dtype: str = "float32") -> None:
        super().__init__([Dense(np.zeros((outputs, inputs), dtype), np.zeros(outputs, dtype), "identity")])

    def decide(self, x: Tensor) -> NDArray[np.int64]:
        """Return +1 or −1, (N, O), for x (N, I)."""
        return np.where(self(x).asnumpy() > 0, 1, -1)


class LogisticRegression(DNN):
    """ŷ = σ(w · x + b), the probability of the class 1; convex with the loss ``binary_cross_entropy``.

    Args:
        inputs: number of features I; a picture of H × W × 3 numbers is flattened to as many.
        dtype: "float32" or "float64".
    """

    def __init__(self, inputs: int, dtype: str = "float32") -> None:
        super().__init__([Dense(np.zeros((1, inputs), dtype), np.zeros(1, dtype), "sigmoid")])

    def decide(self, x: Tensor) -> NDArray[np.int64]:
        """Return the class, 0 or 1, (N,), for x (N, I): 1 where its probability is above ½."""
        return (self(x).asnumpy()[:, 0] > 0.5).astype(np.int64)


class ShallowNetwork(DNN):
    """One hidden layer: a = σ₂(σ₁(x W₁ᵀ + b₁) W₂ᵀ + b₂).

    Args:
        inputs: number of features I.
        hidden: units of the hidden layer.
        outputs: units of the output layer.
        activation: of the hidden layer.
        output_activation: of the output layer; identity for losses on logits.
        initializer: a name of :data:`ms_dnn.maths.initializers.INITIALIZERS`, for both weights.
        seed: of the weights; the biases start at 0.
        dtype: "float32" or "float64".
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        activation: str = "tanh",
        output_activation: str = "identity",
        initializer: str = "xavier",
        seed: int = 0,
        dtype: str = "float32",
    ) -> None:
        def layer(number: int, units: int, below: int, name: str) -> Dense:
            weight = INITIALIZERS[initializer]((units, below), stream(seed, "initial weight", number))
            return Dense(weight.astype(dtype), np.zeros(units, dtype), name)

        super().__init__([layer(0, hidden, inputs, activation), layer(1, outputs, hidden, output_activation)])
