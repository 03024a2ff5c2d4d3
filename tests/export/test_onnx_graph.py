"""The ONNX graph, in onnxruntime, against the network."""

import json
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mindspore import Tensor
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from trained_like import in_float64, network_of, relative, samples

from ms_dnn.dnn import NORMALIZATIONS
from ms_dnn.errors import ExportError
from ms_dnn.export import onnx_graph
from ms_dnn.export.onnx_graph import onnx_bytes
from ms_dnn.layers.dense import Dense
from ms_dnn.layers.dropout import Dropout
from ms_dnn.layers.layer import Layer
from ms_dnn.maths.activations import ACTIVATIONS

BATCHES = (1, 7, 64)


def in_onnxruntime(content):
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda x: session.run(["outputs"], {"x": x})[0]


def assert_agreement(network, final="identity", scale=3.0):
    """Assert that onnxruntime is right, and that it says what the network says."""
    predict, exact = in_onnxruntime(onnx_bytes(network, final)), in_float64(network)
    finish = ACTIVATIONS[final].function
    for size in BATCHES:
        x = samples(size, network.sizes[0], scale=scale)
        got, of_run = predict(x), finish(network(Tensor(x))).asnumpy()
        truth = finish(exact(Tensor(x.astype(np.float64)))).asnumpy().astype(np.float32)
        assert relative(got, truth) <= 5e-7
        assert relative(got, of_run) <= 1e-6


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_normalization(activation, normalization):
    activations = [activation, activation]
    assert_agreement(network_of([5, 16, 3], activations, normalizations=normalization, dropouts=0.4, input_dropout=0.2))


@pytest.mark.parametrize("last", ["identity", "softmax", "sigmoid"])
def test_wide_networks_agree_as_far_as_float32_goes(last):
    network = network_of([784, 1024, 1024, 10], ["elu", "elu", last])
    x = samples(64, 784, scale=1.0)
    got, of_run = in_onnxruntime(onnx_bytes(network))(x), network(Tensor(x)).asnumpy()
    truth = in_float64(network)(Tensor(x.astype(np.float64))).asnumpy().astype(np.float32)
    assert max(relative(got, truth), relative(of_run, truth), relative(got, of_run)) <= 2e-6


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_far_from_0_nothing_overflows(activation):
    assert_agreement(network_of([4, 8], [activation]), scale=300.0)


@pytest.mark.parametrize("final", ["softmax", "sigmoid"])
def test_an_activation_is_appended(final):
    network = network_of([5, 8, 3], ["tanh", "identity"])
    assert_agreement(network, final)


def widened(content):
    """Return the model with every tensor in float64, so that ONNX's own evaluator follows it without rounding."""
    model = onnx.load_from_string(content)
    wide = [
        numpy_helper.from_array(numpy_helper.to_array(c).astype(np.float64), c.name) for c in model.graph.initializer
    ]
    del model.graph.initializer[:]
    model.graph.initializer.extend(wide)
    for described in (*model.graph.input, *model.graph.output):
        described.type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    return model


@settings(max_examples=15)
@given(st.data())
def test_random_networks(data):
    depth = data.draw(st.integers(1, 4))
    # Not sign: near a weighted sum of 0 the rounding of a constant decides.
    names = st.sampled_from(sorted(set(ACTIVATIONS) - {"sign"}))
    normalizations = data.draw(st.lists(st.sampled_from(["none", *NORMALIZATIONS]), min_size=depth, max_size=depth))
    sizes = data.draw(st.lists(st.integers(1, 12), min_size=depth + 1, max_size=depth + 1))
    network = network_of(
        sizes,
        data.draw(st.lists(names, min_size=depth, max_size=depth)),
        data.draw(st.integers(0, 1000)),
        normalizations=normalizations,
        dropouts=[data.draw(st.sampled_from([0.0, 0.3])) for _ in range(depth)],
    )
    x = samples(7, sizes[0], "float64")
    expected = in_float64(network)(Tensor(x)).asnumpy()
    (got,) = ReferenceEvaluator(widened(onnx_bytes(network))).run(None, {"x": x})
    # What is left is the rounding of the constants: ε, 0.01, √½.
    assert got == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_every_layer_and_activation_has_its_nodes():
    assert set(onnx_graph.ACTIVATIONS) == set(ACTIVATIONS)
    for kind in (Dense, Dropout, *NORMALIZATIONS.values()):
        assert kind.onnx is not Layer.onnx


def test_a_float64_network_becomes_float32():
    network = network_of([5, 8, 3], ["gelu", "identity"], dtype="float64", normalizations="batch")
    x = samples(7, 5)
    expected = network(Tensor(x.astype(np.float64))).asnumpy()
    assert relative(in_onnxruntime(onnx_bytes(network))(x), expected.astype(np.float32)) <= 1e-6


def test_the_file_says_what_it_is():
    network = network_of([5, 8, 3], ["relu", "identity"], normalizations="batch", dropouts=0.5)
    model = onnx.load_from_string(onnx_bytes(network, facts={"name": "Größe", "class_names": ["a", "b", "c"]}))
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert model.ir_version == 8
    facts = {prop.key: prop.value for prop in model.metadata_props}
    assert facts["name"] == "Größe"
    assert json.loads(facts["class_names"]) == ["a", "b", "c"]
    (x,), (outputs,) = model.graph.input, model.graph.output
    assert [d.dim_param or d.dim_value for d in x.type.tensor_type.shape.dim] == ["N", 5]
    assert [d.dim_param or d.dim_value for d in outputs.type.tensor_type.shape.dim] == ["N", 3]
    named = {constant.name for constant in model.graph.initializer}
    assert named == {parameter.name for parameter in network.get_parameters() if not parameter.name.endswith("step")}


def test_what_is_too_large_for_one_file_is_refused(monkeypatch):
    monkeypatch.setattr(onnx_graph, "MOST_BYTES", 100)
    with pytest.raises(ExportError, match=r"--format onnx: got 272 bytes of weights, expected at most 100 in one file"):
        onnx_bytes(network_of([16, 4], ["relu"]))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ExportError, match=r"it takes the package onnx, .*: pip install 'ms-dnn\[export\]'"):
        onnx_bytes(network_of([2, 1], ["relu"]))
