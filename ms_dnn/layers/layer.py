"""What every layer of a network is: the protocol that the network knows its layers by, with its defaults."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from mindspore import Parameter, Tensor, nn
from numpy.typing import NDArray

from ms_dnn.errors import ExportError, NoDerivativeError
from ms_dnn.maths.activations import Activation
from ms_dnn.runtime.distributed import Workers

Plain: TypeAlias = tuple[str | Callable[..., NDArray[Any]], Mapping[str, Any]]
"""A layer as plain data: its formula, and the formula's arguments beside x."""


class OnnxGraph(Protocol):
    """Where a layer writes its ONNX nodes; values are known by their names (:mod:`ms_dnn.export.onnx_graph`)."""

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of an ONNX operator and return the name of its output."""

    def constant(self, values: Any) -> str:
        """Add a constant of any shape, rounded to float32, and return its name."""

    def parameters(self, place: str, layer: nn.Cell, *names: str) -> list[str]:
        """Add parameters of the layer as constants and return their names."""

    def activate(self, activation: str, z: str) -> str:
        """Add σ and return the name of a = σ(z)."""


class Layer(nn.Cell):
    """One layer x → a. A subclass defines three methods, and is then trained, judged, drawn and exported as MindIR.

    - ``construct(x)``: the prediction a, (N, O) for x (N, I).
    - ``forward(x) -> (a, cache)``: the same while training, where dropout drops and batches are normalised.
    - ``backward(cache, da) -> (dx, gradients)``: the gradients in the order of the layer's parameters.

    The rest has defaults, for a layer that keeps no state, treats each sample by itself and is differentiable
    everywhere. Two optional methods say more: :meth:`plain` gives the formula in NumPy to the complex-step witness, and
    :meth:`onnx` the operators of ONNX.

    Attributes:
        activation: σ, or None for a layer without one. A layer that has one gives its z and a in :meth:`tensors` as
            "weighted sum" and "activation".
        compute_dtype: in mixed precision the 16-bit dtype of x and da, for a layer that takes them in it; else None.
        mixed_precision: whether :meth:`forward` and :meth:`backward` take x and da in the 16-bit dtype of mixed
            precision. The others get and return them in the dtype of their parameters.

    Examples:
        >>> class Double(ms_dnn.Layer):
        ...     def construct(self, x): return 2 * x
        ...     def forward(self, x): return 2 * x, None
        ...     def backward(self, cache, da): return 2 * da, ()
        >>> network = ms_dnn.DNN([Double(), ms_dnn.Dense(np.ones((1, 1)), np.zeros(1), "identity")])
        >>> print(network, network(ms.Tensor([[3.0]], ms.float64)))
        1 → Double → 1 identity [[6.]]
    """

    activation: Activation | None = None
    compute_dtype: Any = None
    mixed_precision = False

    @property
    def inputs(self) -> int | None:
        """I, the number of inputs; None where any number fits."""
        return None

    @property
    def units(self) -> int | None:
        """O, the number of outputs; None where as many come out as went in."""
        return None

    @property
    def is_dense(self) -> bool:
        """Whether it is a = σ(x Wᵀ + b) with a bias, whose rounding and typical faults are known by formula."""
        return False

    @property
    def state(self) -> tuple[Parameter, ...]:
        """Parameters that training changes without a gradient."""
        return ()

    def next_state(self, cache: Any) -> tuple[Tensor, ...]:
        """Return what :attr:`state` is after the step of the cache; nothing is changed."""
        return ()

    def tensors(self, cache: Any) -> tuple[tuple[str, Tensor], ...]:
        """Return what the forward pass computed, by name."""
        return ()

    def shard_batch(self, workers: Workers) -> None:
        """Take x from now on for this worker's shard of the mini-batch; nothing to do where samples do not interact."""

    def compute_in(self, dtype: Any) -> None:
        """Take x and da in another dtype than the parameters' from now on; None takes it back."""
        self.compute_dtype = dtype if self.mixed_precision else None

    def require_derivative(self) -> None:
        """Raise a NoDerivativeError when no gradient can pass through the activation."""
        if self.activation is not None:
            self.activation.derivative()

    def misfit(self, units: int) -> tuple[str, str]:
        """Return what the layer expects and how to fix it, for a message, where ``units`` is not :attr:`inputs`."""
        return f"it takes {self.inputs} inputs", f"give it {units}"

    def function(self) -> nn.Cell:
        """Return ``(x, *parameters) → a`` as a parameter-less Cell whose ``bprop`` is the hand-written derivative.

        Raises:
            NoDerivativeError: there is none.
        """
        why = "changes from step to step, which a bprop cannot hand on" if self.state else "defines no Layer.function"
        raise NoDerivativeError(
            f"with_handwritten_bprop: the layer '{self}' {why}: use HandwrittenTrainOneStep, or a network without it"
        )

    def plain(self) -> Plain | None:
        """Return the training forward pass as plain data for the complex-step witness; None where it is not told.

        The formula is a name of :data:`ms_dnn.gradients.reference_chain.FORMULAS`, or a NumPy function
        ``formula(x, **arguments)`` → a of float64 or complex128 arrays, which is analytic off its kinks and shares no
        code with :meth:`forward`. Each parameter is an argument under its own name, as :func:`as_float64` gives it.
        """
        return None

    def onnx(self, graph: OnnxGraph, place: str, x: str) -> str:
        """Add the nodes of the prediction and return the name of a.

        Args:
            graph: takes the nodes.
            place: prefix of the parameters' names, ``layers.2``.
            x: name of the layer's input.

        Raises:
            ExportError: the layer does not say which operators it is made of.
        """
        raise ExportError(
            f"--format onnx: {place}, {type(self).__name__}, names no ONNX operators (Layer.onnx): add that method, or "
            "choose --format mindir"
        )

    def __repr__(self) -> str:
        inputs = "" if self.inputs is None else f"{self.inputs} → "
        return f"{type(self).__name__}({inputs}{self})"

    def __str__(self) -> str:
        kind = type(self).__name__
        return kind if self.activation is None else f"{kind} {self.activation.name}"


def as_float64(parameter: Parameter) -> NDArray[np.float64]:
    """Return a copy of a parameter's numbers."""
    return np.array(parameter.asnumpy(), np.float64)
