"""Normalisation: forward and derivative against torch, and against the complex step of its definition."""

import numpy as np
import pytest
import torch
from mindspore import Tensor

from ms_dnn.gradients.reference_chain import normalized
from ms_dnn.maths.normalization import (
    OVER_SAMPLES,
    OVER_UNITS,
    normalize,
    normalize_vjp,
    scale_and_shift,
    scale_and_shift_vjp,
)

EPSILON = 1e-5
RNG = np.random.default_rng(5)
X, GAMMA, BETA, DZ = RNG.normal(2.0, 3.0, (6, 4)), RNG.normal(size=4), RNG.normal(size=4), RNG.normal(size=(6, 4))


def backward(axis, x, gamma, dz):
    x_hat, inverse, _, _ = normalize(Tensor(x), axis, EPSILON)
    dx_hat, d_gamma, d_beta = scale_and_shift_vjp(x_hat, Tensor(gamma), Tensor(dz))
    return [t.asnumpy() for t in (normalize_vjp(x_hat, inverse, dx_hat, axis), d_gamma, d_beta)]


def by_torch(axis):
    x, gamma, beta = (torch.tensor(array, requires_grad=True) for array in (X, GAMMA, BETA))
    if axis == OVER_SAMPLES:
        z = torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=EPSILON)
    else:
        z = torch.nn.functional.layer_norm(x, (4,), gamma, beta, eps=EPSILON)
    z.backward(torch.tensor(DZ))
    return z.detach().numpy(), [t.grad.numpy() for t in (x, gamma, beta)]


@pytest.mark.parametrize("axis", [OVER_SAMPLES, OVER_UNITS])
def test_forward_and_backward_equal_torch(axis):
    z, gradients = by_torch(axis)
    got = scale_and_shift(normalize(Tensor(X), axis, EPSILON)[0], Tensor(GAMMA), Tensor(BETA)).asnumpy()
    np.testing.assert_allclose(got, z, rtol=1e-12, atol=1e-13)
    for one, other in zip(backward(axis, X, GAMMA, DZ), gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("axis", [OVER_SAMPLES, OVER_UNITS])
def test_dx_equals_the_complex_step(axis):
    wanted = np.empty_like(X)
    for index in np.ndindex(X.shape):
        moved = X.astype(complex)
        moved[index] += 1e-30j
        z = normalized(moved, GAMMA, BETA, "identity", axis, EPSILON)
        wanted[index] = np.sum(z * DZ).imag / 1e-30
    np.testing.assert_allclose(backward(axis, X, GAMMA, DZ)[0], wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("axis", [OVER_SAMPLES, OVER_UNITS])
def test_a_large_mean_costs_no_digits(axis):
    """μ² − the mean of squares would lose them: 10⁶ and a deviation of 1 leave float32 nothing."""
    x = (1e6 + RNG.normal(size=(8, 16))).astype(np.float32)
    x_hat = normalize(Tensor(x), axis, EPSILON)[0].asnumpy()
    exact = x.astype(np.float64) - x.astype(np.float64).mean(axis, keepdims=True)
    exact /= np.sqrt((exact**2).mean(axis, keepdims=True) + EPSILON)
    assert np.abs(x_hat - exact).max() < 0.1


def test_equal_inputs_become_zero():
    x_hat, _, mean, variance = normalize(Tensor(np.full((5, 3), 7.0)), OVER_SAMPLES, EPSILON)
    assert not x_hat.asnumpy().any()
    assert mean.shape == variance.shape == (1, 3)
