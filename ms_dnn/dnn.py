"""The deep neural network: a chain of layers, walked forward with caches and backward in reverse.

The network knows its layers only by their protocol:

- ``construct(x)``: the prediction.
- ``forward(x) -> (a, cache)``: the same while training, where dropout drops and batches are normalised.
- ``backward(cache, da) -> (dx, gradients)``, the gradients in the order of the layer's parameters.
- ``state``: Parameters that training changes without a gradient; ``next_state(cache)``: their values after the step.
- ``shard_batch(workers)``: from now on x is a worker's share of the mini-batch.
- ``units``: n[l], or None where as many numbers come out as went in; ``tensors(cache)``: what was computed, by name.
"""

from collections.abc import Sequence
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops
from numpy.typing import NDArray

from ms_dnn.errors import ShapeError
from ms_dnn.layers.dense import Dense
from ms_dnn.layers.dropout import Dropout
from ms_dnn.layers.normalization import BatchNorm, LayerNorm
from ms_dnn.maths.initializers import INITIALIZERS
from ms_dnn.runtime.distributed import ALONE, Workers
from ms_dnn.runtime.seeding import stream

NORMALIZATIONS = {"batch": BatchNorm, "layer": LayerNorm}


class DNN(nn.Cell):
    """A deep neural network x → a[1] → … → a[L].

    Args:
        layers: the layers in order; each accepts what the one before it returns.

    Attributes:
        parameter_names: ``layers.0.weight``, ``layers.0.bias``, …: the order of the gradients of :meth:`backward`.
        state_names: ``layers.2.step``, ``layers.4.mean``, …: the order of :meth:`next_state`.

    Raises:
        ShapeError: when two neighbours do not fit; the message names the layer.
    """

    def __init__(self, layers: Sequence[nn.Cell]) -> None:
        super().__init__()
        check_chain(layers)
        self.layers = nn.CellList(list(layers))
        # Kept, because a parameter's own name grows a prefix when a Cell around the network adopts it.
        self.parameter_names = tuple(parameter.name for parameter in self.trainable_params())
        self.state_names = tuple(parameter.name for parameter in self.state)
        self.compute_dtype: Any = None
        self.workers = ALONE

    @property
    def sizes(self) -> tuple[int, ...]:
        """n[0], …, n[L]: the number of inputs and of the units of each dense layer."""
        dense = [layer for layer in self.layers if isinstance(layer, Dense)]
        return (dense[0].weight.shape[1], *(layer.units for layer in dense))

    @property
    def dense_only(self) -> bool:
        """Whether every layer is a dense one with a bias."""
        return all(isinstance(layer, Dense) and layer.bias is not None for layer in self.layers)

    @property
    def state(self) -> tuple[ms.Parameter, ...]:
        """Parameters that training changes without a gradient, of all layers."""
        return tuple(parameter for layer in self.layers for parameter in layer.state)

    def __str__(self) -> str:
        if self.dense_only:
            activations = ", ".join(layer.activation.name for layer in self.layers)
            return f"{'-'.join(str(size) for size in self.sizes)} ({activations})"
        return " → ".join([str(self.sizes[0]), *(str(layer) for layer in self.layers)])

    def construct(self, x: Tensor) -> Tensor:
        """Return the prediction a[L], shape (N, n[L]), for x (N, n[0])."""
        for layer in self.layers:
            x = layer(x)
        return x

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Any, ...]]:
        """Return a[L] as training computes it, and one cache a layer."""
        caches: tuple[Any, ...] = ()
        a = x if self.compute_dtype is None else ops.cast(x, self.compute_dtype)
        for layer in self.layers:
            a, cache = layer.forward(a)
            caches += (cache,)
        return ops.cast(a, x.dtype), caches

    def activations(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return what each layer answers, a[1], …, a[L], for x (N, n[0]); the last is the prediction."""
        answers: tuple[Tensor, ...] = ()
        for layer in self.layers:
            x = layer(x)
            answers += (x,)
        return answers

    def backward(self, caches: tuple[Any, ...], da: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return ∂J/∂x (N, n[0]) and the gradients of all parameters for da = ∂J/∂a[L].

        δ[l] = W[l+1]ᵀ δ[l+1] ⊙ σ′(z[l]): each layer hands its dx to the one below as that one's da.
        """
        gradients: tuple[Tensor, ...] = ()
        if self.compute_dtype is not None:
            da = ops.cast(da, self.compute_dtype)
        for i in range(len(self.layers) - 1, -1, -1):
            da, of_layer = self.layers[i].backward(caches[i], da)
            gradients = of_layer + gradients
        return da, gradients

    def next_state(self, caches: tuple[Any, ...]) -> tuple[Tensor, ...]:
        """Return what :attr:`state` is after the step of the caches; nothing is changed."""
        after: tuple[Tensor, ...] = ()
        for i in range(len(self.layers)):
            after += self.layers[i].next_state(caches[i])
        return after

    def compute_in(self, dtype: Any) -> None:
        """Let :meth:`forward` and :meth:`backward` compute in another dtype than the weights'; None takes it back.

        Weights, gradients, the prediction and normalisations stay in the dtype of the weights.
        """
        self.compute_dtype = dtype
        for layer in self.layers:
            if isinstance(layer, Dense):
                layer.compute_dtype = dtype

    def shard_batch(self, workers: Workers) -> None:
        """Let :meth:`forward` and :meth:`backward` take x for this worker's share of the mini-batch.

        Worker r of W has the samples r, r + W, r + 2 W, … of it. Masks are drawn, and batches normalised, as in one
        process that has them all.
        """
        self.workers = workers
        for layer in self.layers:
            layer.shard_batch(workers)

    def require_derivative(self) -> None:
        """Raise a NoDerivativeError when no gradient can pass through some layer."""
        for layer in self.layers:
            layer.require_derivative()

    def check_input(self, x: Tensor) -> None:
        """Raise a ShapeError unless x is (N, n[0]) in the dtype of the parameters."""
        first = next(layer for layer in self.layers if isinstance(layer, Dense)).weight
        if x.ndim != 2 or x.shape[1] != first.shape[1] or x.dtype != first.dtype:
            raise ShapeError(
                f"input of the network: got {x.dtype} of shape {x.shape}, expected {first.dtype} of shape "
                f"(N, {first.shape[1]}), one row a sample"
            )


def check_chain(layers: Sequence[Any]) -> None:
    """Raise a ShapeError unless there is a dense layer and each takes as many inputs as the one before has units."""
    if not any(isinstance(layer, Dense) for layer in layers):
        raise ShapeError("network: got no dense layer, expected at least one")
    units, below = None, 0
    for number, layer in enumerate(layers, start=1):
        if layer.units is None:
            continue
        inputs = layer.weight.shape[1] if isinstance(layer, Dense) else layer.units
        if units is not None and units != inputs:
            what, cure = f"it normalises {inputs} units", f"normalise {units}"
            if isinstance(layer, Dense):
                what = f"its weight has shape {layer.weight.shape} and so wants {inputs} inputs"
                cure = f"make the weight ({layer.units}, {units})"
            raise ShapeError(f"layer {number}: {what}, but layer {below} has {units} units: {cure}")
        units, below = layer.units, number


def build_dnn(
    sizes: Sequence[int],
    activations: Sequence[str],
    initializers: Sequence[str] | str = "xavier",
    seed: int = 0,
    dtype: str = "float32",
    *,
    normalizations: Sequence[str] | str = "none",
    dropouts: Sequence[float] | float = 0.0,
    input_dropout: float = 0.0,
) -> DNN:
    """Return a network with drawn weights and zero biases: dense layers, and what is to follow each.

    A normalised layer is x → W x → normalisation → σ, the weighted sum without a bias, whose place the shift β takes.
    Dropout comes last. The output layer takes neither when one value is given for all.

    Args:
        sizes: n[0], …, n[L], all at least 1.
        activations: one name a layer.
        initializers: one name a layer, or one for all.
        seed: draws are a function of the seed and the layer's number alone.
        dtype: "float16", "float32" or "float64"; drawn in float64, then rounded.
        normalizations: "none", "batch" or "layer", one a layer, or one for all hidden layers.
        dropouts: the rate of each layer, or one for all hidden layers; 0 is none.
        input_dropout: the rate of the inputs.

    Raises:
        ShapeError: when the numbers of sizes and activations do not fit, or a size is below 1.
        ConfigError: when a rate is no probability below 1.
    """
    number = len(activations)
    names = [initializers] * number if isinstance(initializers, str) else list(initializers)
    norms = _of_hidden(normalizations, "none", number)
    rates = _of_hidden(dropouts, 0.0, number)
    if len(sizes) != number + 1 or not len(names) == len(norms) == len(rates) == number or min(sizes) < 1:
        raise ShapeError(
            f"network: got sizes {tuple(sizes)}, {number} activations, {len(names)} initializers, {len(norms)} "
            f"normalizations and {len(rates)} dropouts, expected L + 1 sizes of at least 1 and L of the others"
        )
    layers: list[nn.Cell] = [Dropout(input_dropout, _key(seed, 0))] if input_dropout else []
    for i, (units, activation, norm, rate) in enumerate(zip(sizes[1:], activations, norms, rates, strict=True)):
        weight = INITIALIZERS[names[i]]((units, sizes[i]), stream(seed, "initial weight", i)).astype(dtype)
        if norm == "none":
            layers.append(Dense(weight, np.zeros(units, dtype), activation))
        else:
            layers += [Dense(weight, None, "identity"), NORMALIZATIONS[norm](units, activation, dtype)]
        if rate:
            layers.append(Dropout(rate, _key(seed, i + 1)))
    return DNN(layers)


def _of_hidden(given: Any, nothing: Any, number: int) -> list[Any]:
    """Return one value a layer; a single one is for all but the last."""
    if isinstance(given, type(nothing)):
        return [given] * (number - 1) + [nothing]
    return list(given)


def _key(seed: int, number: int) -> int:
    return int(stream(seed, "dropout", number).integers(-(2**31), 2**31))


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
