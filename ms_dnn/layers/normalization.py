"""Normalisation layers a = σ(γ ⊙ x̂ + β): x̂ over the samples of the batch, or over the units of each sample."""

from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from ms_dnn.layers.layer import Layer, OnnxGraph, Plain, as_float64
from ms_dnn.maths.activations import ACTIVATIONS, Activation
from ms_dnn.maths.constants import constant
from ms_dnn.maths.normalization import (
    OVER_SAMPLES,
    OVER_UNITS,
    Means,
    batch_norm_vjp,
    means_of,
    normalize,
    normalize_vjp,
    scale_and_shift,
    scale_and_shift_vjp,
)
from ms_dnn.presentation.notation import named
from ms_dnn.runtime.distributed import Workers

NormalizationCache = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


def means_over(workers: Workers) -> Means:
    """Return a function that takes means over the samples of all workers, whose shards are of one size.

    One AllReduce for all tensors: of two that do not need each other the workers might take different ones first.
    """
    number = workers.number
    sum_over_workers, join = ops.AllReduce(), ops.Concat(axis=1)

    def means(tensors: tuple[Tensor, ...], axis: int) -> tuple[Tensor, ...]:
        here = means_of(tensors, axis)
        total = sum_over_workers(join(here)) / constant(number, here[0])
        units = tensors[0].shape[1]
        everywhere: tuple[Tensor, ...] = ()
        for i in range(len(tensors)):
            everywhere += (total[:, i * units : (i + 1) * units],)
        return everywhere

    return means


class Normalization(Layer):
    """Base of both: scale γ (O,), shift β (O,), activation σ.

    In mixed precision x and da come in the dtype of γ and β: squares of float16 overflow, and sums of them lose digits.

    Args:
        units: O; γ starts at 1, β at 0.
        activation: a name of :data:`ms_dnn.maths.activations.ACTIVATIONS`.
        dtype: of γ and β, "float16", "float32" or "float64".
        epsilon: ε, added to the variance.
    """

    activation: Activation
    axis = OVER_UNITS

    def __init__(self, units: int, activation: str, dtype: str = "float32", epsilon: float = 1e-5) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.scale = Parameter(Tensor(np.ones(units, dtype)), name="scale")
        self.shift = Parameter(Tensor(np.zeros(units, dtype)), name="shift")
        self.activation = named(ACTIVATIONS, "activation", activation)
        self._activate = self.activation.function
        self._activation_vjp: Any = self.activation.vjp
        self._means: Means = means_of

    @property
    def inputs(self) -> int:
        """O, the number of inputs and of outputs."""
        return int(self.scale.shape[0])

    def misfit(self, units: int) -> tuple[str, str]:
        """Return what the layer expects and how to fix it, where ``units`` is not the number of its inputs."""
        return f"it normalises {self.inputs} units", f"normalise {units}"

    def construct(self, x: Tensor) -> Tensor:
        """Return a, shape (N, O), for x (N, O)."""
        x_hat = normalize(x, self.axis, self.epsilon)[0]
        return self._activate(scale_and_shift(x_hat, self.scale, self.shift))

    def forward(self, x: Tensor) -> tuple[Tensor, NormalizationCache]:
        """Return a (N, O) and what the backward pass needs: x̂, 1/√(σ² + ε), z, a; and μ and σ²."""
        x_hat, inverse, mean, variance = normalize(x, self.axis, self.epsilon, self._means)
        z = scale_and_shift(x_hat, self.scale, self.shift)
        a = self._activate(z)
        return a, (x_hat, inverse, z, a, mean, variance)

    def backward(self, cache: NormalizationCache, da: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return dx (N, O) and the gradients (dγ, dβ), in the order of the parameters.

        dz = da ⊙ σ′(z); dγ = Σ_n dz_n ⊙ x̂_n; dβ = Σ_n dz_n; dx from dx̂ = γ ⊙ dz.
        """
        x_hat, inverse, z, a, _, _ = cache
        dx, d_scale, d_shift = self._normalization_vjp(x_hat, inverse, self._activation_vjp(z, a, da))
        return dx, (d_scale, d_shift)

    def _normalization_vjp(self, x_hat: Tensor, inverse: Tensor, dz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        dx_hat, d_scale, d_shift = scale_and_shift_vjp(x_hat, self.scale, dz)
        return normalize_vjp(x_hat, inverse, dx_hat, self.axis, self._means), d_scale, d_shift

    def tensors(self, cache: NormalizationCache) -> tuple[tuple[str, Tensor], ...]:
        """Return what the forward pass computed, by name."""
        return ("normalised input", cache[0]), ("weighted sum", cache[2]), ("activation", cache[3])

    def plain(self) -> Plain:
        """Return scale, shift, activation, axis and ε for the formula "normalized"."""
        parameters = {"scale": as_float64(self.scale), "shift": as_float64(self.shift)}
        settings = {"activation": self.activation.name, "axis": self.axis, "epsilon": self.epsilon}
        return "normalized", parameters | settings


class LayerNorm(Normalization):
    """Each sample is normalised over its units: the same in training and in prediction."""

    def __str__(self) -> str:
        return f"layer norm {self.activation.name}"

    def function(self) -> nn.Cell:
        """Return (x, γ, β) → a, differentiated by hand."""
        return LayerNormFunction(self.activation, self.epsilon)

    def onnx(self, graph: OnnxGraph, place: str, x: str) -> str:
        """Add a LayerNormalization and the activation, and return the name of a."""
        parameters = graph.parameters(place, self, "scale", "shift")
        z = graph.add("LayerNormalization", x, *parameters, axis=-1, epsilon=self.epsilon)
        return graph.activate(self.activation.name, z)


class LayerNormFunction(nn.Cell):
    """(x, γ, β) → a = σ(γ ⊙ x̂ + β), x̂ over the units, differentiated by hand; it owns no Parameter.

    Args:
        activation: σ.
        epsilon: ε, added to the variance.

    Raises:
        NoDerivativeError: σ has no derivative.
    """

    def __init__(self, activation: Activation, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self._activate, self._activation_vjp = activation.function, activation.derivative()

    def construct(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Return a (N, O) for x (N, O), γ (O,), β (O,)."""
        return self._activate(scale_and_shift(normalize(x, OVER_UNITS, self.epsilon)[0], gamma, beta))

    def bprop(self, x: Tensor, gamma: Tensor, beta: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, ...]:
        """Return (dx, dγ, dβ) for the cotangent dout = ∂J/∂a."""
        x_hat, inverse, _, _ = normalize(x, OVER_UNITS, self.epsilon)
        dz = self._activation_vjp(scale_and_shift(x_hat, gamma, beta), out, dout)
        dx_hat, d_gamma, d_beta = scale_and_shift_vjp(x_hat, gamma, dz)
        return normalize_vjp(x_hat, inverse, dx_hat, OVER_UNITS), d_gamma, d_beta


class BatchNorm(Normalization):
    """Each unit is normalised over the samples of the batch; in prediction, by the moving mean and variance.

    Args:
        momentum: weight of a batch in the moving averages (PyTorch's ``momentum``), whose variance has 1/(N − 1).
    """

    axis = OVER_SAMPLES

    def __init__(
        self, units: int, activation: str, dtype: str = "float32", epsilon: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__(units, activation, dtype, epsilon)
        self.momentum = momentum
        self._shards = 1
        self.mean = Parameter(Tensor(np.zeros(units, dtype)), name="mean", requires_grad=False)
        self.variance = Parameter(Tensor(np.ones(units, dtype)), name="variance", requires_grad=False)

    def shard_batch(self, workers: Workers) -> None:
        """Normalise from now on by the mean and variance of all workers' shards of the mini-batch together."""
        self._shards = workers.number
        self._means = means_over(workers) if workers.number > 1 else means_of

    @property
    def state(self) -> tuple[Parameter, ...]:
        """The moving mean and variance, (O,) each."""
        return self.mean, self.variance

    def __str__(self) -> str:
        return f"batch norm {self.activation.name}"

    def construct(self, x: Tensor) -> Tensor:
        """Return a, shape (N, O), for x (N, O), by the moving averages."""
        x_hat = (x - self.mean) / (self.variance + constant(self.epsilon, x)).sqrt()
        return self._activate(scale_and_shift(x_hat, self.scale, self.shift))

    def _normalization_vjp(self, x_hat: Tensor, inverse: Tensor, dz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return batch_norm_vjp(x_hat, inverse, self.scale, dz, self._means)

    def next_state(self, cache: NormalizationCache) -> tuple[Tensor, ...]:
        """Return the moving mean and variance after the batch of the cache."""
        x_hat, mean, variance = cache[0], cache[4], cache[5]
        samples, weight = x_hat.shape[0] * self._shards, constant(self.momentum, x_hat)
        unbiased = variance * constant(samples, x_hat) / constant(max(samples - 1, 1), x_hat)
        return (
            self.mean + weight * (mean.reshape(-1) - self.mean),
            self.variance + weight * (unbiased.reshape(-1) - self.variance),
        )

    def onnx(self, graph: OnnxGraph, place: str, x: str) -> str:
        """Add a BatchNormalization by the moving averages and the activation, and return the name of a."""
        parameters = graph.parameters(place, self, "scale", "shift", "mean", "variance")
        z = graph.add("BatchNormalization", x, *parameters, epsilon=self.epsilon)
        return graph.activate(self.activation.name, z)
