"""Losses of one sample and, beside each, the derivative with respect to the prediction.

A loss takes the prediction a and the target y, both (N, C) in one floating dtype, and returns (N,): one number a
sample, summed over the C outputs, never averaged over samples; the cost does that (``ms_dnn.layers.Cost``).
``*_gradient(a, y)`` returns ∂ℓ/∂a, shape (N, C), again without any 1/N. Losses that take logits say so: the last
layer's activation is then identity.
"""

from collections.abc import Callable
from dataclasses import dataclass

import mindspore as ms
from mindspore import Tensor, ops

from ms_dnn.errors import NoDerivativeError
from ms_dnn.maths.activations import relu, sigmoid, softplus
from ms_dnn.maths.constants import constant

# Smallest normal number and largest number below one of each dtype. As tensors, because the graph compiler takes two
# Python numbers for one constant when they differ by less than 1e-16 or so.
_LOWEST_16, _HIGHEST_16 = Tensor(2.0**-14, ms.float16), Tensor(1 - 2.0**-11, ms.float16)
_LOWEST_32, _HIGHEST_32 = Tensor(2.0**-126, ms.float32), Tensor(1 - 2.0**-24, ms.float32)
_LOWEST_64, _HIGHEST_64 = Tensor(2.0**-1022, ms.float64), Tensor(1 - 2.0**-53, ms.float64)

_sum = ops.ReduceSum()
_sum_keeping = ops.ReduceSum(keep_dims=True)
_max_keeping = ops.ReduceMax(keep_dims=True)
_fused_cross_entropy = ops.SoftmaxCrossEntropyWithLogits()


def squared_error(a: Tensor, y: Tensor) -> Tensor:
    """ℓ = ½ ‖a − y‖². Averaged over samples this is C/2 times ``nn.MSELoss``, which also averages over outputs.

    Examples:
        >>> a, y = ms.Tensor([[0.5, 2.0]]), ms.Tensor([[0.0, 1.0]])
        >>> print(squared_error(a, y), squared_error_gradient(a, y))  # ½ (0.5² + 1²), a − y
        [0.625] [[0.5 1. ]]
    """
    error = a - y
    return constant(0.5, a) * _sum(error * error, -1)


def squared_error_gradient(a: Tensor, y: Tensor) -> Tensor:
    """Return a − y."""
    return a - y


def binary_cross_entropy(a: Tensor, y: Tensor) -> Tensor:
    """ℓ = −Σ_j [y_j ln a_j + (1 − y_j) ln(1 − a_j)] for probabilities a.

    a is limited to [tiny, 1 − ε/2] of its dtype, so a sample costs at most 16.6 at the upper end in float32
    (36.7 in float64) and the loss is flat beyond. Where that matters, use the form on logits: it has no limit. On CPU
    the last bits of the loss in float32, not of its gradient, may differ from call to call, as those of MindSpore's
    logarithm do.

    Examples:
        >>> a, y = ms.Tensor([[0.2, 0.9]]), ms.Tensor([[0.0, 1.0]])
        >>> print(binary_cross_entropy(a, y).asnumpy().round(4))  # −ln 0.8 − ln 0.9
        [0.3285]
        >>> print(binary_cross_entropy_gradient(a, y).asnumpy().round(4))  # 1 / 0.8, −1 / 0.9
        [[ 1.25   -1.1111]]
    """
    a = _limited(a)
    one = constant(1.0, a)
    return -_sum(y * ops.log(a) + (one - y) * ops.log(one - a), -1)


def binary_cross_entropy_gradient(a: Tensor, y: Tensor) -> Tensor:
    """Return −y/a + (1 − y)/(1 − a); 0 outside the limits of a, where the loss is flat."""
    limited = _limited(a)
    one = constant(1.0, a)
    return ops.select(limited == a, (one - y) / (one - limited) - y / limited, constant(0.0, a))


def _limited(a: Tensor) -> Tensor:
    """Return a within the smallest normal number and the largest number below one of its dtype."""
    # Not looked up in a dictionary: that would call the host from the compiled graph.
    if a.dtype == ms.float64:
        low, high = _LOWEST_64, _HIGHEST_64
    elif a.dtype == ms.float32:
        low, high = _LOWEST_32, _HIGHEST_32
    else:
        low, high = _LOWEST_16, _HIGHEST_16
    return ops.select(a < low, low, ops.select(a > high, high, a))


def binary_cross_entropy_with_logits(z: Tensor, y: Tensor) -> Tensor:
    """ℓ = Σ_j [ln(1 + e^{z_j}) − y_j z_j] for logits z: binary cross-entropy at a = σ(z), for any z.

    Examples:
        >>> z, y = ms.Tensor([[0.0, np.log(3)]], ms.float32), ms.Tensor([[0.0, 1.0]])  # σ(z) = ½, ¾
        >>> print(binary_cross_entropy_with_logits(z, y).asnumpy().round(4))  # −ln ½ − ln ¾
        [0.9808]
        >>> print(binary_cross_entropy_with_logits_gradient(z, y).asnumpy().round(4))
        [[ 0.5  -0.25]]
    """
    return _sum(softplus(z) - y * z, -1)


def binary_cross_entropy_with_logits_gradient(z: Tensor, y: Tensor) -> Tensor:
    """Return σ(z) − y."""
    return sigmoid(z) - y


def softmax_cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    """ℓ = ln Σ_k e^{z_k} − Σ_j y_j z_j for logits z and one-hot (or soft, rows summing to 1) labels y.

    Integer labels y of shape (N,) are taken as well. MindSpore's fused kernel takes float32 only (on CPU);
    elsewhere the formula is written out, with the largest logit subtracted first.

    Examples:
        >>> z, y = ms.Tensor([[0.0, np.log(3)]], ms.float32), ms.Tensor([[0.0, 1.0]])  # softmax(z) = ¼, ¾
        >>> print(softmax_cross_entropy(z, y).asnumpy().round(4))  # −ln ¾
        [0.2877]
        >>> print(softmax_cross_entropy_gradient(z, y).asnumpy().round(4))
        [[ 0.25 -0.25]]
    """
    y = _as_one_hot(y, z)
    if z.dtype == ms.float32:
        return _fused_cross_entropy(z, y)[0]
    shifted = z - _max_keeping(z, -1)
    return _sum(y * (ops.log(_sum_keeping(ops.exp(shifted), -1)) - shifted), -1)


def softmax_cross_entropy_gradient(z: Tensor, y: Tensor) -> Tensor:
    """Return softmax(z) − y."""
    return _softmax_cross_entropy_both(z, y)[1]


def _softmax_cross_entropy_both(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the losses and their gradient from one kernel where there is one."""
    y = _as_one_hot(y, z)
    if z.dtype == ms.float32:
        return _fused_cross_entropy(z, y)
    return softmax_cross_entropy(z, y), ops.softmax(z, -1) - y


def _as_one_hot(y: Tensor, z: Tensor) -> Tensor:
    if y.ndim == 1:
        # In float32 first: OneHot has no float64.
        return ops.cast(ops.one_hot(y, z.shape[-1], Tensor(1.0, ms.float32), Tensor(0.0, ms.float32)), z.dtype)
    return y


def hinge(z: Tensor, y: Tensor) -> Tensor:
    """ℓ = Σ_j max(0, 1 − y_j z_j) for y ∈ {−1, +1} (Cortes & Vapnik 1995).

    Examples:
        >>> z, y = ms.Tensor([[2.0, 0.5]]), ms.Tensor([[1.0, -1.0]])
        >>> print(hinge(z, y), hinge_gradient(z, y))  # max(0, 1 − 2) + max(0, 1 + 0.5)
        [1.5] [[0. 1.]]
    """
    return _sum(relu(constant(1.0, z) - y * z), -1)


def hinge_gradient(z: Tensor, y: Tensor) -> Tensor:
    """Return −y where y z < 1, else 0. At the kink y z = 1 the derivative is taken as 0."""
    return ops.select(y * z < constant(1.0, z), -y, constant(0.0, z))


def perceptron(z: Tensor, y: Tensor) -> Tensor:
    """ℓ = Σ_j max(0, −y_j z_j) for y ∈ {−1, +1} (Rosenblatt 1958).

    Examples:
        >>> z, y = ms.Tensor([[2.0, 0.5]]), ms.Tensor([[1.0, -1.0]])
        >>> print(perceptron(z, y), perceptron_gradient(z, y))  # max(0, −2) + max(0, 0.5)
        [0.5] [[0. 1.]]
    """
    return _sum(relu(-y * z), -1)


def perceptron_gradient(z: Tensor, y: Tensor) -> Tensor:
    """Return −y where y z < 0, else 0. At z = 0 the derivative is taken as 0: do not start from zero weights."""
    return ops.select(y * z < constant(0.0, z), -y, constant(0.0, z))


def zero_one(z: Tensor, y: Tensor) -> Tensor:
    """ℓ = 1 where the prediction is wrong, else 0, to report only; (N,) in the dtype of z.

    With C > 1 outputs the largest one is the predicted class; with one output, its sign, against y ∈ {−1, +1}.

    Examples:
        >>> print(zero_one(ms.Tensor([[0.2], [-3.0]]), ms.Tensor([[1.0], [1.0]])))
        [0. 1.]
    """
    if z.shape[-1] == 1:
        wrong = (z > constant(0.0, z)) != (y > constant(0.0, y))
        return ops.cast(wrong.reshape(-1), z.dtype)
    return ops.cast(ops.argmax(z, -1) != ops.argmax(_as_one_hot(y, z), -1), z.dtype)


@dataclass(frozen=True)
class Loss:
    """A loss, its derivative, and the two at once where one kernel gives both."""

    name: str
    function: Callable[[Tensor, Tensor], Tensor]
    gradient: Callable[[Tensor, Tensor], Tensor] | None
    both: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None

    def derivative(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the gradient function.

        Raises:
            NoDerivativeError: for zero-one, which is a step and can only be reported.
        """
        if self.gradient is None:
            raise NoDerivativeError(
                f"loss '{self.name}' has no useful gradient (it is a step), so it can be reported but not "
                "trained: use 'hinge', 'perceptron' or a cross-entropy"
            )
        return self.gradient


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("squared_error", squared_error, squared_error_gradient),
        Loss("binary_cross_entropy", binary_cross_entropy, binary_cross_entropy_gradient),
        Loss(
            "binary_cross_entropy_with_logits",
            binary_cross_entropy_with_logits,
            binary_cross_entropy_with_logits_gradient,
        ),
        Loss(
            "softmax_cross_entropy",
            softmax_cross_entropy,
            softmax_cross_entropy_gradient,
            _softmax_cross_entropy_both,
        ),
        Loss("hinge", hinge, hinge_gradient),
        Loss("perceptron", perceptron, perceptron_gradient),
        Loss("zero_one", zero_one, None),
    )
}
