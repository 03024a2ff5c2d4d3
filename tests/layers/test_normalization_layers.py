"""The normalisation layers: training against torch over several batches, the moving averages, prediction."""

import numpy as np
import pytest
import torch
from mindspore import Tensor, ops

from ms_dnn.layers.normalization import BatchNorm, LayerNorm

RNG = np.random.default_rng(6)
UNITS = 5


def batches(dtype, number=4):
    return [RNG.normal(3.0, 2.0, (7, UNITS)).astype(dtype) for _ in range(number)]


def set_parameters(layer):
    scale, shift = RNG.normal(size=(2, UNITS))
    ops.assign(layer.scale, Tensor(scale.astype(np.float64)))
    ops.assign(layer.shift, Tensor(shift.astype(np.float64)))
    return scale, shift


def train(layer, x):
    """One training step without an update: forward, then the state is moved on."""
    a, cache = layer.forward(Tensor(x))
    for parameter, after in zip(layer.state, layer.next_state(cache), strict=True):
        ops.assign(parameter, after)
    return a.asnumpy(), cache


def test_batch_norm_trains_and_predicts_as_torch_does():
    layer, of_torch = BatchNorm(UNITS, "tanh", "float64"), torch.nn.BatchNorm1d(UNITS, dtype=torch.float64)
    scale, shift = set_parameters(layer)
    with torch.no_grad():
        of_torch.weight.copy_(torch.tensor(scale))
        of_torch.bias.copy_(torch.tensor(shift))
    for x in batches("float64"):
        wanted = torch.tanh(of_torch(torch.tensor(x))).detach().numpy()
        np.testing.assert_allclose(train(layer, x)[0], wanted, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(layer.mean.asnumpy(), of_torch.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(layer.variance.asnumpy(), of_torch.running_var.numpy(), rtol=1e-12)
    x = batches("float64", 1)[0]
    wanted = torch.tanh(of_torch.eval()(torch.tensor(x))).detach().numpy()
    np.testing.assert_allclose(layer(Tensor(x)).asnumpy(), wanted, rtol=1e-12, atol=1e-13)


def test_layer_norm_is_the_same_in_training_and_prediction():
    layer = LayerNorm(UNITS, "sigmoid", "float64")
    set_parameters(layer)
    x = batches("float64", 1)[0]
    np.testing.assert_array_equal(layer(Tensor(x)).asnumpy(), layer.forward(Tensor(x))[0].asnumpy())
    assert layer.state == ()


@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
@pytest.mark.parametrize("activation", ["identity", "relu", "softmax"])
def test_backward_equals_torch(kind, activation):
    layer = kind(UNITS, activation, "float64")
    scale, shift = set_parameters(layer)
    x, da = batches("float64", 2)
    inputs = [torch.tensor(array, requires_grad=True) for array in (x, scale, shift)]
    if kind is BatchNorm:
        z = torch.nn.functional.batch_norm(inputs[0], None, None, *inputs[1:], training=True)
    else:
        z = torch.nn.functional.layer_norm(inputs[0], (UNITS,), *inputs[1:])
    a = {"identity": lambda z: z, "relu": torch.relu, "softmax": lambda z: torch.softmax(z, -1)}[activation](z)
    a.backward(torch.tensor(da))
    dx, gradients = layer.backward(layer.forward(Tensor(x))[1], Tensor(da))
    for got, wanted in zip((dx, *gradients), inputs, strict=True):
        np.testing.assert_allclose(got.asnumpy(), wanted.grad.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
def test_everything_keeps_the_dtype(kind, dtype):
    layer = kind(UNITS, "relu", dtype)
    x = Tensor(batches(dtype, 1)[0])
    a, cache = layer.forward(x)
    dx, gradients = layer.backward(cache, a)
    tensors = (a, layer(x), dx, *gradients, *layer.next_state(cache))
    assert {tensor.dtype for tensor in tensors} == {x.dtype}
