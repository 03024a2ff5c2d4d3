"""The two judgements that the tests of this folder share, and which test_derivative_check.py shows able to fail."""

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn


def evaluate(function, *arrays):
    """Call a MindSpore function on NumPy arrays and return NumPy."""
    return function(*(Tensor(array) for array in arrays)).asnumpy().copy()


def assert_vjp(vjp, function, z, da, wanted, rtol):
    """Refuse a vjp that is farther than rtol · (largest |wanted|) from the wanted dz anywhere."""
    a = evaluate(function, z)
    got = evaluate(vjp, z, a, da)
    assert got.shape == wanted.shape
    assert got.dtype == z.dtype
    error = np.abs(got.astype(np.float64) - wanted).max() / np.abs(wanted).max()
    assert error <= rtol, f"the derivative is off by {error:.2e} of its largest value, allowed are {rtol:.0e}"


def central_difference(function, z, da, step):
    """Σ da · ∂a/∂z by central differences of fourth order, one element of z at a time."""
    result = np.zeros_like(z)
    for index in np.ndindex(z.shape):
        unit = np.zeros_like(z)
        unit[index] = step
        slope = (
            8 * (evaluate(function, z + unit) - evaluate(function, z - unit))
            - (evaluate(function, z + 2 * unit) - evaluate(function, z - 2 * unit))
        ) / (12 * step)
        result[index] = np.sum(da * slope)
    return result


class FunctionAndVjp(nn.Cell):
    """(z, da) → (a, dz), run as it stands or as one compiled graph."""

    def __init__(self, activation):
        super().__init__()
        self.function, self.vjp = activation.function, activation.vjp

    def construct(self, z, da):
        a = self.function(z)
        return a, self.vjp(z, a, da)

    @ms.jit
    def compiled(self, z, da):
        return self.construct(z, da)


class LossAndGradient(nn.Cell):
    """(a, y) → (ℓ, ∂ℓ/∂a), run as it stands or as one compiled graph."""

    def __init__(self, loss):
        super().__init__()
        self.function, self.gradient = loss.function, loss.gradient

    def construct(self, a, y):
        return self.function(a, y), self.gradient(a, y)

    @ms.jit
    def compiled(self, a, y):
        return self.construct(a, y)


def gradient_by_framework(function, *arrays):
    """MindSpore's automatic derivative of Σ function with respect to the first array."""
    return ms.grad(function)(*(Tensor(array) for array in arrays)).asnumpy().copy()
