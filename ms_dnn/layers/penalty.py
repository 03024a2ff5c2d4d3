"""The penalty R(θ) that the cost adds to keep weights small."""

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops

from ms_dnn.errors import ConfigError
from ms_dnn.maths.constants import constant
from ms_dnn.maths.penalties import l1, l1_gradient, l2, l2_gradient


class WeightPenalty(nn.Cell):
    """Base of both: a penalty R(θ) that is a sum over the weights, and over the biases if asked.

    It is added to J as it is: not divided by the number of samples, whatever the reduction.

    Attributes:
        biases: whether biases, the parameters with one axis, are penalised like the weights.
    """

    biases = False

    @property
    def factors(self) -> tuple[float, float]:
        """λ₁ and λ₂ as they are now."""
        raise NotImplementedError

    def construct(self, parameters: tuple[Tensor, ...]) -> Tensor:
        """Return R (0-d) of all parameters, in their dtype."""
        total = constant(0.0, parameters[0])
        for w in parameters:
            if self.biases or w.ndim > 1:
                total = self.add(total, w)
        return total

    def backward(self, parameters: tuple[Tensor, ...], gradients: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the gradients of J + R, each shaped as its parameter, given those of J."""
        penalised: tuple[Tensor, ...] = ()
        for i in range(len(parameters)):
            w, dw = parameters[i], gradients[i]
            penalised += (self.add_gradient(dw, w) if self.biases or w.ndim > 1 else dw,)
        return penalised

    def add(self, total: Tensor, w: Tensor) -> Tensor:
        """Return ``total`` (0-d) plus the penalty on one parameter."""
        raise NotImplementedError

    def add_gradient(self, dw: Tensor, w: Tensor) -> Tensor:
        """Return dw plus the derivative of the penalty on one parameter, shaped as w."""
        raise NotImplementedError


class Penalty(WeightPenalty):
    """R(θ) = λ₁ Σ |w| + λ₂/2 Σ w² over the weights, and over the biases if asked.

    Args:
        l1: λ₁ ≥ 0.
        l2: λ₂ ≥ 0.
        biases: whether biases are penalised like the weights.

    Raises:
        ConfigError: a λ is negative or not finite.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, biases: bool = False) -> None:
        super().__init__()
        for name, value in (("l1", l1), ("l2", l2)):
            if not 0 <= value < float("inf"):
                raise ConfigError(f"penalty.{name}: got {value}, expected a number ≥ 0; 0 is no penalty")
        self.l1, self.l2, self.biases = l1, l2, biases

    def __str__(self) -> str:
        parts = [f"{name} {value:g}" for name, value in (("L1", self.l1), ("L2", self.l2)) if value]
        return " and ".join(parts or ["no penalty"]) + (" on weights and biases" if self.biases else " on weights")

    @property
    def factors(self) -> tuple[float, float]:
        """λ₁ and λ₂."""
        return self.l1, self.l2

    def add(self, total: Tensor, w: Tensor) -> Tensor:
        """Return ``total`` + λ₁ ‖w‖₁ + λ₂/2 ‖w‖₂², 0-d."""
        if self.l1 > 0:
            total = total + constant(self.l1, w) * l1(w)
        if self.l2 > 0:
            total = total + constant(self.l2, w) * l2(w)
        return total

    def add_gradient(self, dw: Tensor, w: Tensor) -> Tensor:
        """Return dw + λ₁ sign(w) + λ₂ w."""
        if self.l1 > 0:
            dw = dw + constant(self.l1, w) * l1_gradient(w)
        if self.l2 > 0:
            dw = dw + constant(self.l2, w) * l2_gradient(w)
        return dw


class AdjustablePenalty(WeightPenalty):
    """R(θ) = λ₂/2 Σ w² over the weights, with a λ₂ that a compiled graph reads anew in each call; 0 to begin with.

    Args:
        dtype: of the weights.
    """

    def __init__(self, dtype: ms.Type) -> None:
        super().__init__()
        self.l2 = Parameter(Tensor(0.0, dtype), name="l2", requires_grad=False)

    @property
    def factors(self) -> tuple[float, float]:
        """0 and λ₂ as it is now."""
        return 0.0, float(self.l2.asnumpy())

    def adjust(self, l2: float) -> None:
        """Set λ₂ ≥ 0."""
        ops.assign(self.l2, Tensor(l2, self.l2.dtype))  # not set_data, which a compiled graph does not see

    def add(self, total: Tensor, w: Tensor) -> Tensor:
        """Return ``total`` + λ₂/2 ‖w‖₂², 0-d."""
        return total + self.l2 * l2(w)

    def add_gradient(self, dw: Tensor, w: Tensor) -> Tensor:
        """Return dw + λ₂ w."""
        return dw + self.l2 * l2_gradient(w)
