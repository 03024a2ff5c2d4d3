"""MindIR, loaded in a process that knows nothing of this package, against the network; AIR as far as CPU goes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor
from mindspore.train import mind_ir_pb2
from trained_like import network_of, relative, samples

from ms_dnn.errors import ExportError
from ms_dnn.export import mindspore_files
from ms_dnn.export.mindspore_files import air_bytes, mindir_bytes
from ms_dnn.maths.activations import ACTIVATIONS

LOADER = """
import sys
import numpy as np
import mindspore as ms
for name in sys.argv[1:]:
    cell = ms.nn.GraphCell(ms.load(name + ".mindir"))
    asked = np.load(name + ".npz")
    np.savez(name + "-answers.npz", **{size: cell(ms.Tensor(asked[size])).asnumpy() for size in asked})
assert not any(module.partition(".")[0] == "ms_dnn" for module in sys.modules)
"""
BATCHES = (1, 7, 64)


# Every activation, each normalisation, both dtypes, and what can be appended: few, since each is compiled.
NETWORKS = {
    "a": (["relu", "leaky_relu", "elu", "gelu", "sign", "identity"], "none", "float32", "softmax"),
    "b": (["sigmoid", "tanh", "silu", "identity"], "batch", "float32", "sigmoid"),
    "c": (["softplus", "softmax", "tanh", "identity"], "layer", "float64", "identity"),
}


def test_every_activation_is_exported():
    assert {name for activations, *_ in NETWORKS.values() for name in activations} == set(ACTIVATIONS)


def test_a_fresh_process_answers_batches_of_any_size_as_the_network(tmp_path):
    expected = {}
    for name, (activations, normalization, dtype, final) in NETWORKS.items():
        sizes = [5, *(9 for _ in activations)]
        network = network_of(sizes, activations, dtype=dtype, normalizations=normalization, dropouts=0.4)
        x = {str(size): samples(size, 5, dtype) for size in BATCHES}
        finish = ACTIVATIONS[final].function
        expected[name] = {size: finish(network(Tensor(rows))).asnumpy() for size, rows in x.items()}
        np.savez(tmp_path / f"{name}.npz", **x)
        (tmp_path / f"{name}.mindir").write_bytes(mindir_bytes(network, final))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    loader = [sys.executable, "-c", LOADER, *NETWORKS]
    process = subprocess.run(loader, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    for name, answers in expected.items():
        got = np.load(tmp_path / f"{name}-answers.npz")
        assert max(relative(got[size], answers[size]) for size in answers) <= 1e-6


def test_the_process_and_the_network_are_left_as_they_were():
    network = network_of([5, 8, 3], ["tanh", "identity"], normalizations="batch", dropouts=0.3)
    x = Tensor(samples(7, 5))

    def state():
        settings = [ms.get_context(key) for key in ("mode", "jit_syntax_level", "device_target")]
        parameters = [(p.name, p.requires_grad, p.asnumpy().tobytes()) for p in network.get_parameters()]
        return settings, parameters, network.training, network(x).asnumpy().tobytes()

    before = state()
    mindir_bytes(network)
    assert state() == before


def test_the_file_carries_the_facts():
    content = mindir_bytes(network_of([2, 1], ["sigmoid"]), facts={"name": "Größe", "class_names": ["a", "b"]})
    model = mind_ir_pb2.ModelProto()
    model.ParseFromString(content)
    assert model.user_info["name"] == "Größe"
    assert json.loads(model.user_info["class_names"]) == ["a", "b"]


def test_what_mindspore_would_divide_into_several_files_is_refused(monkeypatch):
    monkeypatch.setattr(mindspore_files, "MOST_BYTES", 100)
    with pytest.raises(ExportError, match=r"--format mindir: got 272 bytes of weights, expected at most 100"):
        mindir_bytes(network_of([16, 4], ["relu"]))


def test_what_mindspore_refuses_is_one_sentence_and_leaves_the_process_as_it_was(monkeypatch):
    def export(*_, **__):
        ms.set_context(jit_syntax_level=ms.STRICT)
        raise RuntimeError("\nNo such operator.\n----\n- C++ call stack")

    monkeypatch.setattr(ms, "export", export)
    before = ms.get_context("jit_syntax_level")
    with pytest.raises(ExportError, match=r"--format mindir: MindSpore cannot export it \(No such operator.\)$"):
        mindir_bytes(network_of([2, 1], ["relu"]))
    assert ms.get_context("jit_syntax_level") == before != ms.STRICT


def test_air_is_asked_for_with_one_sample(monkeypatch):
    def export(cell, x, *, file_name, file_format):
        assert (file_format, x.shape, x.dtype) == ("AIR", (1, 5), ms.float32)
        Path(file_name).write_bytes(b"air")

    monkeypatch.setattr(ms, "export", export)
    assert air_bytes(network_of([5, 3], ["relu"])) == b"air"
