"""The dense layer: shapes, forward = construct, backward against torch, messages."""

import numpy as np
import pytest
import torch
from mindspore import Tensor

from ms_dnn.errors import NoDerivativeError, ShapeError
from ms_dnn.layers.dense import Dense

I, O = 4, 3  # noqa: E741 - the letters of the shapes


def layer(activation="tanh", dtype="float64"):
    rng = np.random.default_rng(41)
    return Dense(rng.normal(size=(O, I)).astype(dtype), rng.normal(size=O).astype(dtype), activation)


def random(N, width, dtype="float64"):
    return Tensor(np.random.default_rng(42 + width).normal(size=(N, width)).astype(dtype))


@pytest.mark.parametrize("N", [1, 5])
def test_shapes(N):
    dense = layer()
    a, cache = dense.forward(random(N, I))
    x, z, a_kept = cache
    dx, (dW, db) = dense.backward(cache, random(N, O))
    assert [part.shape for part in (a, x, z, a_kept)] == [(N, O), (N, I), (N, O), (N, O)]
    assert [part.shape for part in (dx, dW, db)] == [(N, I), (O, I), (O,)]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_forward_equals_construct_and_keeps_the_dtype(dtype):
    dense, x = layer(dtype=dtype), random(5, I, dtype)
    a, cache = dense.forward(x)
    np.testing.assert_array_equal(a.asnumpy(), dense(x).asnumpy())
    dx, (dW, db) = dense.backward(cache, random(5, O, dtype))
    assert {part.dtype for part in (a, dx, dW, db)} == {x.dtype}


@pytest.mark.parametrize("activation", ["identity", "sigmoid", "relu", "softmax"])
@pytest.mark.parametrize("N", [1, 5])
def test_backward_equals_torch(activation, N):
    dense, x, da = layer(activation), random(N, I), random(N, O)
    variables = [
        torch.tensor(array.asnumpy(), requires_grad=True) for array in (x, dense.weight.value(), dense.bias.value())
    ]
    z = torch.nn.functional.linear(*variables)
    of_torch = {"identity": lambda z: z, "sigmoid": torch.sigmoid, "relu": torch.relu}
    of_torch["softmax"] = lambda z: torch.softmax(z, -1)
    of_torch[activation](z).backward(torch.tensor(da.asnumpy()))
    dx, (dW, db) = dense.backward(dense.forward(x)[1], da)
    for got, variable in zip((dx, dW, db), variables, strict=True):
        np.testing.assert_allclose(got.asnumpy(), variable.grad.numpy(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("weight", "bias"), [((O, I), (I,)), ((O,), (O,)), ((O, I), (O, 1)), ((1, O, I), (1,)), ((O, I), ())]
)
def test_arrays_that_are_no_layer_raise(weight, bias):
    with pytest.raises(ShapeError) as error:
        Dense(np.zeros(weight), np.zeros(bias), "identity")
    assert str(error.value) == (
        f"dense layer: got a weight of shape {weight} and a bias of shape {bias}, expected (O, I) and (O,)"
    )


def test_only_sign_has_no_derivative():
    layer("identity").require_derivative()
    with pytest.raises(NoDerivativeError, match="activation 'sign'"):
        layer("sign").require_derivative()


def test_sign_can_still_predict():
    assert set(layer("sign")(random(5, I)).asnumpy().ravel()) <= {-1.0, 1.0}
