"""Backward passes with one error each, as a judge of gradients should find them.

A faulty layer inherits everything from :class:`~ms_dnn.layers.dense.Dense` but the step that it gets wrong; a faulty
cost likewise. Shapes and dtypes are those of the right classes.
"""

from typing import Any

from mindspore import Tensor, ops

from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense


class DerivativeAtA(Dense):
    """1 - tanh²(a) where it should be 1 - tanh²(z)."""

    def delta(self, cache: Any, da: Tensor) -> Tensor:
        """Return δ, (N, O)."""
        _, _z, a = cache
        return da * (1 - ops.tanh(a) * ops.tanh(a))


class ForgottenMean(Cost):
    """The derivative of the sum over the samples, where J is the mean."""

    def forward_backward(self, a: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return J and ∂J/∂a."""
        J, da = super().forward_backward(a, y)
        return J, len(a) * da


class TransposedWeight(Dense):
    """dx = dz Wᵀ where it should be dz W."""

    def backward(self, cache: Any, da: Tensor) -> Any:
        """Return dx and (dW, db)."""
        _, gradients = super().backward(cache, da)
        return ops.matmul(self.delta(cache, da), self.weight.T), gradients


class SumOverEverything(Dense):
    """db sums dz over the units as well as over the samples."""

    def backward(self, cache: Any, da: Tensor) -> Any:
        """Return dx and (dW, db)."""
        dx, (dW, db) = super().backward(cache, da)
        return dx, (dW, ops.zeros_like(db) + db.sum())


class SlightlyTooLarge(Dense):
    """dW is too large by 1 part in 100 000."""

    def backward(self, cache: Any, da: Tensor) -> Any:
        """Return dx and (dW, db)."""
        dx, (dW, db) = super().backward(cache, da)
        return dx, (dW + 1e-5 * dW, db)
