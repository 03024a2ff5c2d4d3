"""Derivatives of the activations against torch, against differences, at the kinks, and against MindSpore's own."""

import numpy as np
import pytest
import torch
from derivative_check import assert_vjp, central_difference, evaluate, gradient_by_framework
from scipy import special

from ms_dnn.maths.activations import ACTIVATIONS

T = torch.nn.functional
TORCH = {
    "identity": lambda z: z * 1.0,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: T.leaky_relu(z, 0.01),
    "elu": T.elu,
    "softplus": T.softplus,
    "silu": T.silu,
    "gelu": T.gelu,
    "softmax": lambda z: torch.softmax(z, -1),
}
RTOL = {"float64": 2e-15, "float32": 5e-6, "float16": 4e-3}
AT_ZERO = {
    "identity": 1.0,
    "sigmoid": 0.25,
    "tanh": 1.0,
    "relu": 0.0,
    "leaky_relu": 0.01,
    "elu": 1.0,
    "softplus": 0.5,
    "silu": 0.5,
    "gelu": 0.5,
}


def by_torch(name, z, da):
    variable = torch.tensor(z.astype(np.float64), requires_grad=True)
    TORCH[name](variable).backward(torch.tensor(da.astype(np.float64)))
    return variable.grad.numpy()


def random(dtype="float64", shape=(8, 6)):
    rng = np.random.default_rng(11)
    return (rng.normal(size=shape) * 2).astype(dtype), rng.normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", RTOL)
@pytest.mark.parametrize("name", TORCH)
def test_equals_torch(name, dtype):
    z, da = random(dtype)
    activation = ACTIVATIONS[name]
    assert_vjp(activation.vjp, activation.function, z, da, by_torch(name, z, da), RTOL[dtype])


@pytest.mark.parametrize("name", TORCH)
def test_equals_central_differences_of_the_forward_code(name):
    z, da = random(shape=(2, 4))
    assert np.abs(z).min() > 0.01  # no kink within reach of the step
    activation = ACTIVATIONS[name]
    wanted = central_difference(activation.function, z, da, 1e-3)
    assert_vjp(activation.vjp, activation.function, z, da, wanted, 1e-10)


COMPLEX = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "gelu": lambda z: z * (1 + special.erf(z / np.sqrt(2))) / 2,
    "elu": lambda z: np.where(z.real > 0, z, np.exp(z) - 1),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_equals_the_complex_step(name):
    z, da = random()
    wanted = da * COMPLEX[name](z + 1e-30j).imag / 1e-30
    assert_vjp(ACTIVATIONS[name].vjp, ACTIVATIONS[name].function, z, da, wanted, 4e-15)


@pytest.mark.parametrize("name", AT_ZERO)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_at_0_the_stated_convention_and_mindspore_agree(name, dtype):
    activation = ACTIVATIONS[name]
    zero, one = np.zeros((2, 3), dtype), np.ones((2, 3), dtype)
    by_hand = evaluate(activation.vjp, zero, evaluate(activation.function, zero), one)
    np.testing.assert_allclose(by_hand, AT_ZERO[name], rtol=np.finfo(dtype).eps)
    np.testing.assert_allclose(gradient_by_framework(activation.function, zero), by_hand, rtol=np.finfo(dtype).eps)


# Without softmax: the implicit cotangent of ones does not see it. The tests of the network do.
@pytest.mark.parametrize("name", AT_ZERO)
def test_equals_mindspores_automatic_derivative(name):
    z, _ = random()
    by_framework = gradient_by_framework(ACTIVATIONS[name].function, z)
    assert_vjp(ACTIVATIONS[name].vjp, ACTIVATIONS[name].function, z, np.ones_like(z), by_framework, 1e-14)


@pytest.mark.parametrize(
    ("dtype", "large"),
    [("float64", 30), ("float64", 700), ("float64", 1e4), ("float32", 88), ("float32", 1e4), ("float16", 6e4)],
)
@pytest.mark.parametrize("name", AT_ZERO)
def test_far_out_the_slope_is_that_of_the_asymptote(name, dtype, large):
    left, right = {"identity": (1, 1), "sigmoid": (0, 0), "tanh": (0, 0), "leaky_relu": (0.01, 1)}.get(name, (0, 1))
    z = np.array([[-large, large]], dtype)
    activation = ACTIVATIONS[name]
    got = evaluate(activation.vjp, z, evaluate(activation.function, z), np.ones_like(z))
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got, [[left, right]], rtol=4 * np.finfo(dtype).eps, atol=1e-11)


def test_softmax_jacobian_is_diag_a_minus_a_a_transposed():
    z = np.random.default_rng(2).normal(size=(1, 5))
    a = special.softmax(z[0])
    rows = [
        evaluate(ACTIVATIONS["softmax"].vjp, z, evaluate(ACTIVATIONS["softmax"].function, z), unit[np.newaxis])[0]
        for unit in np.eye(5)
    ]
    np.testing.assert_allclose(np.array(rows), np.diag(a) - np.outer(a, a), rtol=1e-14, atol=1e-16)
    # A shift of all logits changes nothing.
    np.testing.assert_allclose(np.array(rows) @ np.ones(5), 0, atol=1e-16)
