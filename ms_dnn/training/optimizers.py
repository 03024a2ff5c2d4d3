"""Step 3 of an iteration: the update of the weights from their gradients, in the compiled graph.

Numbers that change from step to step (learning rate, bias corrections of Adam) are worked out on the host in
float64, for many steps at once, and the graph picks its own by index. So an optimizer's state on the
device is its slots alone, and a resumed run needs no more than them and the number of steps done.

The trajectories are those of ``torch.optim``; each class names its update.
"""

from collections.abc import Sequence

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from numpy.typing import NDArray

from ms_dnn.maths.constants import constant
from ms_dnn.runtime.precision import numpy_dtype

Coefficients = tuple[Tensor, ...]


class Optimizer(nn.Cell):
    """Base: holds the parameters θ and the slots that an update keeps between steps.

    Args:
        parameters: the parameters, in the order of the gradients.
    """

    slot_names: tuple[str, ...] = ()

    @property
    def constants(self) -> tuple[float, ...]:
        """The numbers of the update that stay the same in all steps: μ, or β₁ and β₂."""
        return ()

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        super().__init__(auto_prefix=False)
        self.parameters = ms.ParameterTuple(parameters)
        self.slots = tuple(
            ms.ParameterTuple([_zeros_like(parameter, name) for parameter in parameters]) for name in self.slot_names
        )

    def coefficients(self, rates: NDArray[np.float64], first_step: int) -> tuple[NDArray[np.float64], ...]:
        """Return what the update needs in each step: arrays as long as ``rates``.

        Args:
            rates: learning rates r of consecutive steps.
            first_step: number of the first of them, counted from 0.
        """
        return (rates,)

    def construct(self, gradients: tuple[Tensor, ...], coefficients: Coefficients) -> None:
        """Update all parameters by one step; ``coefficients`` are 0-d tensors."""
        for i in range(len(self.parameters)):
            self.update(i, gradients[i], coefficients)

    def update(self, i: int, gradient: Tensor, coefficients: Coefficients) -> None:
        """Update parameter i and its slots."""
        raise NotImplementedError


def _zeros_like(parameter: Parameter, slot: str) -> Parameter:
    zeros = np.zeros(parameter.shape, numpy_dtype(parameter.dtype))
    return Parameter(Tensor(zeros), name=f"{slot}.{parameter.name}", requires_grad=False)


class GradientDescent(Optimizer):
    """θ ← θ − r g (``torch.optim.SGD``).

    Examples:
        >>> w = ms.Parameter(ms.Tensor([1.0]), name="w")
        >>> GradientDescent([w])((ms.Tensor([0.5]),), (ms.Tensor(0.1),))
        >>> print(w.asnumpy().round(4))  # 1 − 0.1 · 0.5
        [0.95]
    """

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        super().__init__(parameters)
        self._descend = ops.ApplyGradientDescent()

    def update(self, i: int, gradient: Tensor, coefficients: Coefficients) -> None:
        """θ ← θ − r g."""
        self._descend(self.parameters[i], coefficients[0], gradient)


class Momentum(Optimizer):
    """v ← μ v + g, θ ← θ − r v (``torch.optim.SGD(momentum=μ)``; Polyak 1964).

    Examples:
        >>> w = ms.Parameter(ms.Tensor([1.0]), name="w")
        >>> optimizer = Momentum([w], momentum=0.9)
        >>> for _ in range(2): optimizer((ms.Tensor([0.5]),), (ms.Tensor(0.1),))
        >>> print(w.asnumpy().round(4))  # v = 0.5, then 0.9 · 0.5 + 0.5: 1 − 0.1 · (0.5 + 0.95)
        [0.855]
    """

    slot_names = ("velocity",)

    def __init__(self, parameters: Sequence[Parameter], momentum: float = 0.9) -> None:
        super().__init__(parameters)
        self.momentum = momentum
        self._apply = ops.ApplyMomentum()

    @property
    def constants(self) -> tuple[float, ...]:
        """μ."""
        return (self.momentum,)

    def update(self, i: int, gradient: Tensor, coefficients: Coefficients) -> None:
        """v ← μ v + g, θ ← θ − r v."""
        momentum = constant(self.momentum, gradient)
        self._apply(self.parameters[i], self.slots[0][i], coefficients[0], gradient, momentum)


class Nesterov(Optimizer):
    """v ← μ v + g, θ ← θ − r (g + μ v) (``torch.optim.SGD(nesterov=True)``; Sutskever et al. 2013).

    Written out, because MindSpore's fused kernel ignores ``use_nesterov`` on CPU.

    Examples:
        >>> w = ms.Parameter(ms.Tensor([1.0]), name="w")
        >>> Nesterov([w], momentum=0.9)((ms.Tensor([0.5]),), (ms.Tensor(0.1),))
        >>> print(w.asnumpy().round(4))  # v = 0.5: 1 − 0.1 · (0.5 + 0.9 · 0.5)
        [0.905]
    """

    slot_names = ("velocity",)

    def __init__(self, parameters: Sequence[Parameter], momentum: float = 0.9) -> None:
        super().__init__(parameters)
        self.momentum = momentum
        self._descend = ops.ApplyGradientDescent()

    @property
    def constants(self) -> tuple[float, ...]:
        """μ."""
        return (self.momentum,)

    def update(self, i: int, gradient: Tensor, coefficients: Coefficients) -> None:
        """v ← μ v + g, θ ← θ − r (g + μ v)."""
        momentum = constant(self.momentum, gradient)
        velocity = momentum * self.slots[0][i] + gradient
        ops.assign(self.slots[0][i], velocity)
        self._descend(self.parameters[i], coefficients[0], gradient + momentum * velocity)


class Adam(Optimizer):
    """Adam with ε beside the bias-corrected √v̂ (``torch.optim.Adam``; Kingma & Ba 2015, algorithm 1).

    m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − r m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ) and
    v̂ = v / (1 − β₂ᵗ). That is θ ← θ − rₜ m / (√v + εₜ) with rₜ = r √(1 − β₂ᵗ) / (1 − β₁ᵗ) and
    εₜ = ε √(1 − β₂ᵗ), the form of MindSpore's kernel, whose own bias correction loses digits in float32 and is
    switched off by giving it powers of 0.

    Examples:
        >>> w = ms.Parameter(ms.Tensor([1.0, 1.0]), name="w")
        >>> adam = Adam([w])
        >>> [rate], [epsilon] = adam.coefficients(np.array([0.1]), first_step=0)
        >>> adam((ms.Tensor([0.5, -8.0]),), (ms.Tensor(rate, ms.float32), ms.Tensor(epsilon, ms.float32)))
        >>> print(w.asnumpy().round(4))  # m̂ / √v̂ = g / |g| in the first step: 1 − 0.1, 1 + 0.1
        [0.9 1.1]
    """

    slot_names = ("first_moment", "second_moment")

    def __init__(
        self, parameters: Sequence[Parameter], beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        super().__init__(parameters)
        # As the device will see them: the bias correction must be that of the decay which really takes place.
        rounded = numpy_dtype(parameters[0].dtype).type
        self.beta1, self.beta2, self.epsilon = float(rounded(beta1)), float(rounded(beta2)), epsilon
        self._adam = ops.Adam()
        self._amsgrad = ops.ApplyAdamWithAmsgradV2()

    @property
    def constants(self) -> tuple[float, ...]:
        """β₁ and β₂."""
        return self.beta1, self.beta2

    def coefficients(self, rates: NDArray[np.float64], first_step: int) -> tuple[NDArray[np.float64], ...]:
        """Return rₜ and εₜ for t = first_step + 1, …"""
        t = np.arange(first_step + 1, first_step + 1 + len(rates))
        correction = np.sqrt(1 - self.beta2**t)
        return rates * correction / (1 - self.beta1**t), self.epsilon * correction

    def update(self, i: int, gradient: Tensor, coefficients: Coefficients) -> None:
        """One step of Adam.

        MindSpore's kernel has no float64, but that of AMSGrad has. In place of v it divides by the largest v so far,
        and as that it is given v itself, so that it takes the larger of v and v.
        """
        rate, epsilon = coefficients
        theta, m, v = self.parameters[i], self.slots[0][i], self.slots[1][i]
        zero = constant(0.0, gradient)
        beta1, beta2 = constant(self.beta1, gradient), constant(self.beta2, gradient)
        if gradient.dtype == ms.float64:
            self._amsgrad(theta, m, v, v, zero, zero, rate, beta1, beta2, epsilon, gradient)
        else:
            self._adam(theta, m, v, zero, zero, rate, beta1, beta2, epsilon, gradient)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "gradient_descent": GradientDescent,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adam": Adam,
}
