"""The compiled epoch is a graph that Ascend can run, as far as a machine without one can tell.

The graph is MindSpore's own dump after type inference and optimization, before the part that belongs to a device.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from mindspore import ops

from ms_dnn.config.network_section import Activation
from ms_dnn.config.schema import Loss

SCRIPT = Path(__file__).with_name("compile_epoch.py")
ALL_ACTIVATIONS = "sigmoid,tanh,relu,leaky_relu,elu,softplus,silu,gelu,softmax"
EPOCHS = {
    "softmax_cross_entropy adam": (ALL_ACTIVATIONS, "softmax_cross_entropy", "adam", "plain"),
    "squared_error gradient_descent": ("relu", "squared_error", "gradient_descent", "plain"),
    "binary_cross_entropy momentum": ("relu", "binary_cross_entropy", "momentum", "plain"),
    "binary_cross_entropy_with_logits nesterov": ("relu", "binary_cross_entropy_with_logits", "nesterov", "plain"),
    "hinge gradient_descent, watched": ("relu", "hinge", "gradient_descent", "watched"),
    "perceptron gradient_descent": ("relu", "perceptron", "gradient_descent", "plain"),
}

# Primitives without a page of their own. The derivative kernels are those that MindSpore's automatic differentiation
# itself puts in for the documented function on every device, so they are judged by that function's page.
DOCUMENTED_AS = {
    "BiasAddGrad": "BiasAdd",
    "EluGrad": "Elu",
    "ReluGrad": "ReLU",
    "SiLU": "silu",
    "SiLUGrad": "silu",
    "SigmoidGrad": "Sigmoid",
    "TanhGrad": "Tanh",
}
# How the graph is written down, not something that a device computes.
STRUCTURE = {"Depend", "Load", "MakeTuple", "Partial", "Return", "Switch", "TupleGetItem", "UpdateState", "call"}


@dataclass(frozen=True)
class Graph:
    """The primitives of an epoch with their counts, and the text that they were read from."""

    primitives: Counter[str]
    text: str


def read_graph(folder: Path) -> Graph:
    """Read the last dump that is the same for every device; the comments, which hold Python source, are left out."""
    dumps = sorted(folder.glob("*_validate_*.ir"), key=lambda path: path.stat().st_size)
    lines = [line for line in dumps[-1].read_text().splitlines() if not line.lstrip().startswith("#")]
    names = [match[1] for line in lines if (match := re.match(r"\s*%\d+\([^)]*\) = (?:PrimFunc_)?([A-Za-z]\w*)", line))]
    return Graph(Counter(name for name in names if name not in STRUCTURE), "\n".join(lines))


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    """Compile every epoch of EPOCHS in another process and return the graphs."""
    folder = tmp_path_factory.mktemp("graphs")
    environment = {**os.environ, "MS_DEV_SAVE_GRAPHS": "2", "MS_DEV_SAVE_GRAPHS_PATH": str(folder / "dumps")}
    words = [word for epoch in EPOCHS.values() for word in epoch]
    subprocess.run([sys.executable, SCRIPT, folder, *words], env=environment, check=True, cwd=folder)
    return {name: read_graph(folder / str(number)) for number, name in enumerate(EPOCHS)}


def platforms(primitive: str) -> str:
    """Return what MindSpore's documentation of a primitive says under "Supported Platforms"."""
    text = getattr(ops, DOCUMENTED_AS.get(primitive, primitive)).__doc__ or ""
    found = re.search(r"Supported Platforms:\s*\n\s*(.*)", text)
    if found is None and (other := re.search(r"mindspore\.ops\.(\w+)", text)):
        found = re.search(r"Supported Platforms:\s*\n\s*(.*)", getattr(ops, other[1]).__doc__ or "")
    return found[1] if found else ""


def test_the_epochs_cover_every_activation_and_loss_that_trains() -> None:
    assert {*ALL_ACTIVATIONS.split(","), "identity", "sign"} == set(Activation.__args__)
    assert {case[1] for case in EPOCHS.values()} == set(Loss.__args__)


@pytest.mark.parametrize("name", EPOCHS)
def test_every_primitive_is_documented_for_ascend(graphs: dict[str, Graph], name: str) -> None:
    assert graphs[name].primitives["MatMul"] >= 3
    for primitive in graphs[name].primitives:
        assert "Ascend" in platforms(primitive), primitive


@pytest.mark.parametrize("name", EPOCHS)
def test_no_float64_and_no_host_callback(graphs: dict[str, Graph], name: str) -> None:
    assert "Float32" in graphs[name].text
    assert "Float64" not in graphs[name].text
    assert not re.search(r"PyExecute|PyInterpret|PyFunc|Custom|HostDevice|Print\b", graphs[name].text)


def test_fused_kernels_are_used_where_there_are_any(graphs: dict[str, Graph]) -> None:
    used = set().union(*(graph.primitives for graph in graphs.values()))
    forward = {
        "MatMul",
        "BiasAdd",
        "ReLU",
        "Sigmoid",
        "Tanh",
        "Elu",
        "SiLU",
        "SoftmaxCrossEntropyWithLogits",
    }
    backward = {"BiasAddGrad", "ReluGrad", "SigmoidGrad", "TanhGrad", "EluGrad", "SiLUGrad"}
    update = {"ApplyGradientDescent", "ApplyMomentum", "Adam"}
    assert forward | backward | update <= used


def test_no_matrix_is_transposed_and_no_product_is_wasted(graphs: dict[str, Graph]) -> None:
    for name, (activations, *_) in EPOCHS.items():
        layers = len(activations.split(",")) + 1
        assert "Transpose" not in graphs[name].primitives
        # z and dW for every layer, dx for all but the first, whose dx nobody needs.
        assert graphs[name].primitives["MatMul"] == 3 * layers - 1
