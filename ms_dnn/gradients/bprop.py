"""The hand-written derivatives as ``bprop`` of parameter-less Cells, so that GradOperation runs through them.

A Cell that owns Parameters and defines ``bprop`` gets weight gradients of 0 without a word in PyNative. So the
Cells that carry a ``bprop`` here own nothing: W and b are inputs to them, held by the Cell around them.
"""

from mindspore import Tensor, nn, ops

from ms_dnn.dnn import DNN
from ms_dnn.errors import NoDerivativeError
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense, dense
from ms_dnn.layers.normalization import LayerNorm
from ms_dnn.maths.affine import affine, affine_vjp, linear, linear_vjp
from ms_dnn.maths.normalization import normalize, normalize_vjp, scale_and_shift, scale_and_shift_vjp


class DenseFunction(nn.Cell):
    """(x, W, b) → a = σ(x Wᵀ + b), differentiated by hand."""

    def __init__(self, layer: Dense) -> None:
        super().__init__()
        self._activate = layer.activation.function
        self._activation_vjp = layer.activation.derivative()

    def construct(self, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        """Return a (N, O) for x (N, I), W (O, I), b (O,)."""
        return dense(x, W, b, self._activate)[1]

    def bprop(self, x: Tensor, W: Tensor, b: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, ...]:
        """Return (dx, dW, db) for the cotangent dout = ∂J/∂a."""
        dz = self._activation_vjp(affine(x, W, b), out, dout)
        return affine_vjp(x, W, dz)


class LinearFunction(nn.Cell):
    """(x, W) → a = σ(x Wᵀ), differentiated by hand."""

    def __init__(self, layer: Dense) -> None:
        super().__init__()
        self._activate = layer.activation.function
        self._activation_vjp = layer.activation.derivative()

    def construct(self, x: Tensor, W: Tensor) -> Tensor:
        """Return a (N, O) for x (N, I), W (O, I)."""
        return self._activate(linear(x, W))

    def bprop(self, x: Tensor, W: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, ...]:
        """Return (dx, dW) for the cotangent dout = ∂J/∂a."""
        return linear_vjp(x, W, self._activation_vjp(linear(x, W), out, dout))


class LayerNormFunction(nn.Cell):
    """(x, γ, β) → a = σ(γ ⊙ x̂ + β), x̂ over the units, differentiated by hand."""

    def __init__(self, layer: LayerNorm) -> None:
        super().__init__()
        self.axis, self.epsilon = layer.axis, layer.epsilon
        self._activate = layer.activation.function
        self._activation_vjp = layer.activation.derivative()

    def construct(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Return a (N, O) for x (N, O), γ (O,), β (O,)."""
        return self._activate(scale_and_shift(normalize(x, self.axis, self.epsilon)[0], gamma, beta))

    def bprop(self, x: Tensor, gamma: Tensor, beta: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, ...]:
        """Return (dx, dγ, dβ) for the cotangent dout = ∂J/∂a."""
        x_hat, inverse, _, _ = normalize(x, self.axis, self.epsilon)
        dz = self._activation_vjp(scale_and_shift(x_hat, gamma, beta), out, dout)
        dx_hat, d_gamma, d_beta = scale_and_shift_vjp(x_hat, gamma, dz)
        return normalize_vjp(x_hat, inverse, dx_hat, self.axis), d_gamma, d_beta


class CostFunction(nn.Cell):
    """(a, y) → J, differentiated by hand; the target y gets the gradient 0, for it is not a variable."""

    def __init__(self, cost: Cost) -> None:
        super().__init__()
        self.cost = cost

    def construct(self, a: Tensor, y: Tensor) -> Tensor:
        """Return J (0-d)."""
        return self.cost(a, y)

    def bprop(self, a: Tensor, y: Tensor, out: Tensor, dout: Tensor) -> tuple[Tensor, Tensor]:
        """Return (dout · ∂J/∂a, 0)."""
        return dout * self.cost.forward_backward(a, y)[1], ops.zeros_like(y)


class NetworkWithBprop(nn.Cell):
    """x → a[L] with the Parameters of a network and the hand-written derivative of every layer."""

    def __init__(self, network: DNN) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.functions = nn.CellList([_function(layer) for layer in network.layers])

    def construct(self, x: Tensor) -> Tensor:
        """Return the prediction a[L], shape (N, n[L])."""
        for i in range(len(self.functions)):  # not zip(strict=True), which the graph compiler does not know
            layer = self.network.layers[i]
            if isinstance(layer, LayerNorm):
                x = self.functions[i](x, layer.scale, layer.shift)
            elif layer.bias is None:
                x = self.functions[i](x, layer.weight)
            else:
                x = self.functions[i](x, layer.weight, layer.bias)
        return x


def with_handwritten_bprop(network: DNN, cost: Cost) -> tuple[NetworkWithBprop, CostFunction]:
    """Return the network and the cost as Cells that MindSpore differentiates by the hand-written formulas.

    Both share the given network's Parameters. ``mindspore.grad``, ``GradOperation`` and ``nn.TrainOneStepCell``
    work on them as on any Cell, in PyNative and compiled.

    Raises:
        NoDerivativeError: when a layer's activation has none, or a layer has a state that training changes (dropout,
            batch normalisation), which a ``bprop`` cannot hand on.
    """
    return NetworkWithBprop(network), CostFunction(cost)


def _function(layer: nn.Cell) -> nn.Cell:
    if isinstance(layer, LayerNorm):
        return LayerNormFunction(layer)
    if isinstance(layer, Dense):
        return LinearFunction(layer) if layer.bias is None else DenseFunction(layer)
    raise NoDerivativeError(
        f"with_handwritten_bprop: the layer '{layer}' changes from step to step, which a bprop cannot hand on: use "
        "HandwrittenTrainOneStep, or a network without it"
    )
