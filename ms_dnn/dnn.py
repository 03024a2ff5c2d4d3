"""The deep neural network: a chain of layers, walked forward with caches and backward in reverse.

The network knows its layers only as :class:`ms_dnn.layers.layer.Layer`, so a new one is a file of its own.
"""

from collections.abc import Sequence
from html import escape
from numbers import Integral
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops
from numpy.typing import NDArray

from ms_dnn.errors import ShapeError
from ms_dnn.layers.dense import Dense, check_units
from ms_dnn.layers.dropout import Dropout
from ms_dnn.layers.layer import Layer
from ms_dnn.layers.normalization import BatchNorm, LayerNorm
from ms_dnn.maths.initializers import INITIALIZERS
from ms_dnn.presentation.notation import named
from ms_dnn.runtime.arrays import as_tensor
from ms_dnn.runtime.distributed import ALONE, Workers
from ms_dnn.runtime.seeding import stream
from ms_dnn.runtime.threads import one_thread_at_a_time

NORMALIZATIONS = {"batch": BatchNorm, "layer": LayerNorm}


class DNN(nn.Cell):
    """A deep neural network x → a[1] → … → a[L], for x (N, n[0]) in the dtype of the weights.

    Args:
        layers: the layers in order; each accepts what the one before it returns.

    Attributes:
        parameter_names: ``layers.0.weight``, ``layers.0.bias``, …: the order of the gradients of :meth:`backward`.
        state_names: ``layers.2.step``, ``layers.4.mean``, …: the order of :meth:`next_state`.

    Raises:
        ShapeError: when two neighbours do not fit; the message names the layer.

    Examples:
        >>> hidden = ms_dnn.Dense(np.array([[1.0], [-1.0]]), np.zeros(2), "relu")
        >>> output = ms_dnn.Dense(np.array([[1.0, 1.0]]), np.zeros(1), "identity")
        >>> print(ms_dnn.DNN([hidden, output])(ms.Tensor([[-2.0]], ms.float64)))  # max(0, x) + max(0, −x) = |x|
        [[2.]]
    """

    @one_thread_at_a_time
    def __call__(self, x: Any) -> Tensor:
        """Return :meth:`construct` for x (N, n[0]): a Tensor in the dtype of the weights, or numbers in any form.

        Raises:
            ShapeError: when x is something else.
        """
        return super().__call__(self.input_of(x))

    def __init__(self, layers: Sequence[Layer]) -> None:
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
        """n[0], …, n[L]: the number of inputs, and of the units of each layer that has units of its own."""
        inputs = next(layer.inputs for layer in self.layers if layer.inputs is not None)
        return (inputs, *(layer.units for layer in self.layers if layer.units is not None))

    @property
    def dense_only(self) -> bool:
        """Whether every layer is a dense one with a bias."""
        return all(layer.is_dense for layer in self.layers)

    @property
    def state(self) -> tuple[ms.Parameter, ...]:
        """Parameters that training changes without a gradient, of all layers."""
        return tuple(parameter for layer in self.layers for parameter in layer.state)

    def __str__(self) -> str:
        if self.dense_only:
            activations = ", ".join(layer.activation.name for layer in self.layers)
            return f"{'-'.join(str(size) for size in self.sizes)} ({activations})"
        return " → ".join([str(self.sizes[0]), *(str(layer) for layer in self.layers)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def _repr_html_(self) -> str:
        """Return a table for notebooks: a row a layer with its outputs and parameters, and their total."""
        rows, total, outputs = "", 0, self.sizes[0]
        for number, layer in enumerate(self.layers, start=1):
            outputs = outputs if layer.units is None else layer.units
            count = sum(parameter.size for parameter in layer.trainable_params())
            total += count
            activation = "" if layer.activation is None else layer.activation.name
            cells = (number, escape(type(layer).__name__), activation, outputs, f"{count:,}")
            rows += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        heads = "".join(f"<th>{head}</th>" for head in ("layer", "kind", "activation", "outputs", "parameters"))
        sums = f'<tr><th colspan="4">total, for {self.sizes[0]} inputs</th><td>{total:,}</td></tr>'
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody><tfoot>{sums}</tfoot></table>"

    def construct(self, x: Tensor) -> Tensor:
        """Return the prediction a[L], shape (N, n[L]), for x (N, n[0])."""
        for layer in self.layers:
            x = layer(x)
        return x

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Any, ...]]:
        """Return a[L] as training computes it, and one cache a layer."""
        caches: tuple[Any, ...] = ()
        a = x
        for layer in self.layers:
            a, cache = layer.forward(self._in_dtype_of(layer, a, x.dtype))
            caches += (cache,)
        return ops.cast(self._narrowed(a), x.dtype), caches

    def activations(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the output of each layer, a[1], …, a[L], for x (N, n[0]); the last is the prediction."""
        outputs: tuple[Tensor, ...] = ()
        for layer in self.layers:
            x = layer(x)
            outputs += (x,)
        return outputs

    def backward(self, caches: tuple[Any, ...], da: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return ∂J/∂x (N, n[0]) and the gradients of all parameters for da = ∂J/∂a[L].

        δ[l] = W[l+1]ᵀ δ[l+1] ⊙ σ′(z[l]): each layer hands its dx to the one below as that one's da.
        """
        gradients: tuple[Tensor, ...] = ()
        dtype = da.dtype
        da = self._narrowed(da)
        for i in range(len(self.layers) - 1, -1, -1):
            da, of_layer = self.layers[i].backward(caches[i], self._in_dtype_of(self.layers[i], da, dtype))
            gradients = of_layer + gradients
        return da, gradients

    def _narrowed(self, tensor: Tensor) -> Tensor:
        """Return the tensor in the 16-bit dtype of mixed precision, if that is on."""
        return tensor if self.compute_dtype is None else ops.cast(tensor, self.compute_dtype)

    def _in_dtype_of(self, layer: Layer, tensor: Tensor, dtype: Any) -> Tensor:
        """Return x or da in the dtype that the layer takes it in; ``dtype`` is the one of the weights."""
        if self.compute_dtype is None:
            return tensor
        return ops.cast(tensor, self.compute_dtype if layer.mixed_precision else dtype)

    def next_state(self, caches: tuple[Any, ...]) -> tuple[Tensor, ...]:
        """Return what :attr:`state` is after the step of the caches; nothing is changed."""
        after: tuple[Tensor, ...] = ()
        for i in range(len(self.layers)):
            after += self.layers[i].next_state(caches[i])
        return after

    def compute_in(self, dtype: Any) -> None:
        """Let :meth:`forward` and :meth:`backward` compute in another dtype than the weights'; None takes it back.

        Weights, gradients, the prediction, and layers without :attr:`Layer.mixed_precision` such as the normalisations
        stay in the dtype of the weights.
        """
        self.compute_dtype = dtype
        for layer in self.layers:
            layer.compute_in(dtype)

    def shard_batch(self, workers: Workers) -> None:
        """Let :meth:`forward` and :meth:`backward` take x for this worker's shard of the mini-batch.

        Worker r of W has the samples r, r + W, r + 2 W, … of it. Dropout masks and batch statistics are those of one
        process that has them all.
        """
        self.workers = workers
        for layer in self.layers:
            layer.shard_batch(workers)

    def require_derivative(self) -> None:
        """Raise a NoDerivativeError when no gradient can pass through some layer."""
        for layer in self.layers:
            layer.require_derivative()

    def input_of(self, x: Any) -> Tensor:
        """Return x as :meth:`construct` takes it; numbers in rows, such as an array, in the dtype of the weights.

        Raises:
            ShapeError: as :meth:`check_input`, and when x is neither a Tensor nor numbers.
        """
        tensor = as_tensor(x, self._dtype, "input of the network")
        self.check_input(tensor)
        return tensor

    @property
    def _dtype(self) -> Any:
        weights = (parameter.dtype for parameter in self.get_parameters())
        return next(dtype for dtype in weights if dtype in (ms.float16, ms.bfloat16, ms.float32, ms.float64))

    def check_input(self, x: Tensor) -> None:
        """Raise a ShapeError unless x is (N, n[0]) in the dtype of the parameters."""
        inputs, dtype = self.sizes[0], self._dtype
        if x.ndim != 2 or x.shape[1] != inputs or x.dtype != dtype:
            raise ShapeError(
                f"input of the network: got {x.dtype} of shape {x.shape}, expected {dtype} of shape (N, {inputs}), "
                "one row a sample"
            )


def check_chain(layers: Sequence[Layer]) -> None:
    """Raise a ShapeError unless a layer has units of its own and each takes as many inputs as the one before has units.

    Where the first layers take any number of inputs, or keep it, the units are those of the first layer that says so.
    """
    if all(layer.units is None for layer in layers):
        raise ShapeError("network: got no dense layer, expected at least one")
    units, below = None, 0
    for number, layer in enumerate(layers, start=1):
        if layer.inputs is None and layer.units is None:
            continue
        if units is not None and layer.inputs is not None and units != layer.inputs:
            expected, cure = layer.misfit(units)
            raise ShapeError(f"layer {number}: {expected}, but layer {below} has {units} units: {cure}")
        units, below = layer.units if layer.units is not None else layer.inputs, number


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
    """Return a network with random weights and zero biases: dense layers, and what is to follow each.

    A normalised layer is x → W x → normalisation → σ, the weighted sum without a bias, whose place the shift β takes.
    Dropout comes last. The output layer takes neither when one value is given for all.

    Args:
        sizes: n[0], …, n[L], all at least 1.
        activations: one name a layer.
        initializers: one name a layer, or one for all.
        seed: the random numbers of a layer are a function of the seed and the layer's number alone.
        dtype: "float16", "float32" or "float64"; the weights are drawn in float64, then rounded.
        normalizations: "none", "batch" or "layer", one a layer, or one for all hidden layers.
        dropouts: the rate of each layer, or one for all hidden layers; 0 is none.
        input_dropout: the rate of the inputs.

    Raises:
        ShapeError: when the numbers of sizes and activations do not fit, or a size is below 1.
        ConfigError: when a rate is not in [0, 1), or no activation, initializer or normalization has a name given.

    Examples:
        >>> print(ms_dnn.build_dnn((4, 8, 3), ("relu", "identity"), normalizations="batch"))
        4 → 8 identity → batch norm relu → 3 identity
    """
    _check_kinds(sizes, activations, dtype)
    number = len(activations)
    names = [initializers] * number if isinstance(initializers, str) else list(initializers)
    norms = _of_hidden(normalizations, "none", number)
    rates = _of_hidden(dropouts, 0.0, number)
    if len(sizes) != number + 1 or not len(names) == len(norms) == len(rates) == number or min(sizes) < 1:
        raise ShapeError(
            f"network: got sizes {tuple(sizes)}, {number} activations, {len(names)} initializers, {len(norms)} "
            f"normalizations and {len(rates)} dropouts, expected L + 1 sizes of at least 1 and L of the others"
        )
    layers: list[Layer] = [Dropout(input_dropout, _key(seed, 0))] if input_dropout else []
    for i, (units, activation, norm, rate) in enumerate(zip(sizes[1:], activations, norms, rates, strict=True)):
        weight = named(INITIALIZERS, "initializer", names[i])(
            (units, sizes[i]), stream(seed, "initial weight", i)
        ).astype(dtype)
        if norm == "none":
            layers.append(Dense(weight, np.zeros(units, dtype), activation))
        else:
            layers += [
                Dense(weight, None, "identity"),
                named(NORMALIZATIONS, "normalization", norm)(units, activation, dtype),
            ]
        if rate:
            layers.append(Dropout(rate, _key(seed, i + 1)))
    return DNN(layers)


def _check_kinds(sizes: Any, activations: Any, dtype: Any) -> None:
    is_list = isinstance(sizes, Sequence | np.ndarray) and not isinstance(activations, str)
    if not is_list or any(isinstance(size, bool) or not isinstance(size, Integral) for size in sizes):
        raise ShapeError(
            f"network: got sizes {sizes!r} and activations {activations!r}, expected whole numbers n[0], …, n[L] and "
            "L names, such as (2, 3, 1) and ('tanh', 'sigmoid')"
        )
    check_units(dtype)


def _of_hidden(given: Any, nothing: Any, number: int) -> list[Any]:
    """Return one value a layer; a single one is for all but the last."""
    if isinstance(given, type(nothing)):
        return [given] * (number - 1) + [nothing]
    return list(given)


def _key(seed: int, number: int) -> int:
    return int(stream(seed, "dropout", number).integers(-(2**31), 2**31))


class Perceptron(DNN):
    """z = w · x + b, predicting +1 where z > 0 and −1 elsewhere (Rosenblatt 1958).

    Trained on z by the loss ``perceptron``, max(0, −y z), for the sign itself has no derivative that teaches anything.
    :func:`ms_dnn.data.separability.separable_outputs` tells beforehand whether a hyperplane separates the classes.

    Args:
        inputs: number of features I.
        outputs: units, one for two classes, or one a class against the rest.
        dtype: "float32" or "float64".

    Examples:
        >>> both = ms_dnn.Perceptron(inputs=2)
        >>> _ = both.layers[0].weight.set_data(ms.Tensor([[1.0, 1.0]])), both.layers[0].bias.set_data(ms.Tensor([-1.5]))
        >>> both.decide(ms.Tensor([[0.0, 1.0], [1.0, 1.0]])).tolist()  # 1 − 1.5 < 0 < 2 − 1.5
        [[-1], [1]]
    """

    def __init__(self, inputs: int, outputs: int = 1, dtype: str = "float32") -> None:
        check_units(dtype, inputs=inputs, outputs=outputs)
        super().__init__([Dense(np.zeros((outputs, inputs), dtype), np.zeros(outputs, dtype), "identity")])

    def decide(self, x: Tensor) -> NDArray[np.int64]:
        """Return +1 or −1, (N, O), for x (N, I)."""
        return np.where(self(x).asnumpy() > 0, 1, -1)


class LogisticRegression(DNN):
    """ŷ = σ(w · x + b), the probability of the class 1 (Cox 1958); convex with the loss ``binary_cross_entropy``.

    Args:
        inputs: number of features I; a picture of H × W × 3 numbers is flattened to as many.
        dtype: "float32" or "float64".

    Examples:
        >>> print(ms_dnn.LogisticRegression(inputs=2)(ms.Tensor([[1.0, 2.0]])))  # weights begin at 0: σ(0)
        [[0.5]]
    """

    def __init__(self, inputs: int, dtype: str = "float32") -> None:
        check_units(dtype, inputs=inputs)
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

    Examples:
        >>> print(ms_dnn.ShallowNetwork(inputs=2, hidden=3, outputs=1))
        2-3-1 (tanh, identity)
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
        check_units(dtype, inputs=inputs, hidden=hidden, outputs=outputs)

        def layer(number: int, units: int, below: int, name: str) -> Dense:
            weight = named(INITIALIZERS, "initializer", initializer)(
                (units, below), stream(seed, "initial weight", number)
            )
            return Dense(weight.astype(dtype), np.zeros(units, dtype), name)

        super().__init__([layer(0, hidden, inputs, activation), layer(1, outputs, hidden, output_activation)])
