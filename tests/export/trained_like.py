"""Networks whose parameters and moving averages are all different from what they start with, and samples for them."""

import numpy as np
from mindspore import Tensor

from ms_dnn.dnn import DNN, build_dnn
from ms_dnn.layers.dense import Dense
from ms_dnn.layers.dropout import Dropout


def network_of(sizes, activations, seed=0, dtype="float32", **rest):
    """Return a network with drawn scales, shifts, biases, moving means and variances."""
    network = build_dnn(sizes, activations, seed=seed, dtype=dtype, **rest)
    random = np.random.default_rng(seed)
    for parameter in network.get_parameters():
        if not parameter.name.endswith(("weight", "step")):
            parameter.set_data(Tensor(random.uniform(0.4, 1.6, parameter.shape).astype(dtype)))
    return network


def in_float64(network):
    """Return the float64 network with the parameters of a float32 one: what it would answer without its rounding."""
    wide = DNN([copied(layer) for layer in network.layers])
    for there, here in zip(wide.get_parameters(), network.get_parameters(), strict=True):
        if not here.name.endswith("step"):
            there.set_data(Tensor(here.asnumpy().astype(np.float64)))
    return wide


def copied(layer):
    if isinstance(layer, Dropout):
        return Dropout(layer.rate, layer.key)
    if isinstance(layer, Dense):
        bias = None if layer.bias is None else np.zeros(layer.units)
        return Dense(np.zeros(layer.weight.shape), bias, layer.activation.name)
    return type(layer)(layer.inputs, layer.activation.name, "float64")


def samples(rows, columns, dtype="float32", scale=3.0):
    return (np.random.default_rng(rows).normal(size=(rows, columns)) * scale).astype(dtype)


def relative(got, wanted):
    """Return the largest difference as a share of the largest number, of arrays of one shape and dtype."""
    assert got.shape == wanted.shape
    assert got.dtype == wanted.dtype
    assert np.isfinite(wanted).all()
    return np.abs(got.astype(np.float64) - wanted).max() / np.abs(wanted).max()
