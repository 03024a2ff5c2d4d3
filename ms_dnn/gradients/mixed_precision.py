"""Mixed precision: forward and backward in float16 or bfloat16, weights, cost and update in float32.

Micikevicius et al., "Mixed precision training", ICLR 2018. Small gradients are 0 in float16 (below 6e-8), so the cost's
gradient is multiplied by a loss scale S before it goes back, and the gradients are divided by it. S is doubled after
``doubled_after`` steps in a row with finite gradients, and halved after one without them; that step is skipped.
"""

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, ops

from ms_dnn.dnn import DNN
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.gradients.workers import SumOverWorkers
from ms_dnn.layers.cost import Cost
from ms_dnn.maths.constants import constant

INITIAL_SCALE = 2.0**16
LARGEST_SCALE = 2.0**24
DOUBLED_AFTER = 2000
"""Steps without overflow before S is doubled; this and the first S are those of ``torch.amp.GradScaler``."""


class MixedPrecisionGradient(HandwrittenGradient):
    """(x, y) → (J, gradients) by hand, computed in a 16-bit dtype; the interface of ``HandwrittenGradient``.

    Args:
        network: float32; its ``forward`` and ``backward`` compute in ``dtype`` from now on, its ``construct`` does not.
        cost: computed in float32.
        dtype: ``mindspore.float16`` or ``mindspore.bfloat16``; the latter has the exponents of float32 and starts with
            S = 1.
        initial_scale: first S.
        doubled_after: finite steps after which S is doubled.
        over_workers: adds up the parts of several workers, or None for a process that has all samples. What overflows
            on one is then not finite on any, so that all skip the same steps.

    Raises:
        NoDerivativeError: when an activation has none.
    """

    may_overflow = True

    def __init__(
        self,
        network: DNN,
        cost: Cost,
        dtype: Any = ms.float16,
        initial_scale: float | None = None,
        doubled_after: int = DOUBLED_AFTER,
        over_workers: SumOverWorkers | None = None,
    ) -> None:
        super().__init__(network, cost, over_workers)
        network.compute_in(dtype)
        self.doubled_after = doubled_after
        if initial_scale is None:
            initial_scale = INITIAL_SCALE if dtype == ms.float16 else 1.0
        self.loss_scale = Parameter(Tensor(np.float32(initial_scale)), name="loss_scale", requires_grad=False)
        self.finite_steps = Parameter(Tensor(0, ms.int32), name="finite_steps", requires_grad=False)
        self._is_finite = ops.IsFinite()
        self._all = ops.ReduceAll()

    @property
    def state(self) -> dict[str, Parameter]:
        """What training changes without a gradient: the network's state, S, and the finite steps since it changed."""
        own = {"loss_scale": self.loss_scale, "finite_steps": self.finite_steps}
        return super().state | own

    def differentiate(self, x: Tensor, y: Tensor) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...], Any]:
        """Return J, the gradients, what :attr:`state` is after this step, and whether all gradients are finite."""
        a, caches = self.network.forward(x)
        J, da = self.cost.forward_backward(a, y)
        gradients: tuple[Tensor, ...] = ()
        for scaled in self.network.backward(caches, da * self.loss_scale)[1]:
            gradients += (scaled / self.loss_scale,)
        if self.over_workers is not None:
            J, gradients = self.over_workers(J, gradients)
        finite = Tensor(True)
        for gradient in gradients:
            finite = ops.logical_and(finite, self._all(self._is_finite(gradient)))
        J, gradients = self.cost.add_penalty(self.parameters, J, gradients)
        return J, gradients, self.network.next_state(caches) + self._next_scale(finite, J), finite

    def _next_scale(self, finite: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return S and the finite steps after a step."""
        steps = self.finite_steps + Tensor(1, ms.int32)
        due = ops.equal(steps, Tensor(self.doubled_after, ms.int32))
        grown = ops.minimum(self.loss_scale * constant(2.0, like), constant(LARGEST_SCALE, like))
        kept = ops.select(due, grown, self.loss_scale * constant(1.0, like))
        shrunk = ops.maximum(self.loss_scale * constant(0.5, like), constant(1.0, like))
        none = Tensor(0, ms.int32)
        return ops.select(finite, kept, shrunk), ops.select(ops.logical_and(finite, ops.logical_not(due)), steps, none)
