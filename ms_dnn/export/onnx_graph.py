"""A network's prediction as an ONNX graph of standard operators: a few nodes a layer, any number of samples.

Written in float32 whatever the precision of the run: onnxruntime has no float64 kernel of Elu, Erf and Softplus on CPU.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from mindspore import nn
from numpy.typing import ArrayLike

from ms_dnn import __version__
from ms_dnn.dnn import DNN
from ms_dnn.errors import ExportError
from ms_dnn.maths.activations import LEAKY_SLOPE, SQRT_HALF

OPSET = 17  # the first with LayerNormalization
IR_VERSION = 8  # the one of that opset, so that runtimes of 2022 read the file
MOST_BYTES = 2**31 - 2**20  # protobuf's limit of a message, less what is not weights
INPUT, OUTPUT = "x", "outputs"


def onnx_bytes(network: DNN, final: str = "identity", facts: Mapping[str, Any] | None = None) -> bytes:
    """Return the model file: x (N, n[0]) float32 → outputs (N, n[L]) float32, checked by ONNX's own checker.

    Args:
        network: the network; its dropout does nothing, its batch normalisation uses the moving averages.
        final: an activation that is applied to the prediction.
        facts: become the model's ``metadata_props``, texts as they are and all else as JSON.

    Raises:
        ExportError: when the package onnx is not installed, the weights are too many for one file, or a layer does not
            say which operators it is made of.
    """
    onnx = _onnx()
    promised = 4 * sum(parameter.size for parameter in network.get_parameters())
    if promised > MOST_BYTES:
        raise ExportError(
            f"--format onnx: got {promised} bytes of weights, expected at most {MOST_BYTES} in one file: "
            "make the network smaller"
        )
    graph = Graph()
    a = INPUT
    for number, layer in enumerate(network.layers):
        a = layer.onnx(graph, f"layers.{number}", a)
    graph.add("Identity", graph.activate(final, a), output=OUTPUT)

    def described(name: str, columns: int) -> Any:
        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", columns])

    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            "prediction",
            [described(INPUT, network.sizes[0])],
            [described(OUTPUT, network.sizes[-1])],
            graph.constants,
        ),
        producer_name="ms-dnn",
        producer_version=__version__,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    texts = {key: fact if isinstance(fact, str) else json.dumps(fact) for key, fact in (facts or {}).items()}
    onnx.helper.set_model_props(model, texts)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


class Graph:
    """Nodes and constants in the order in which they are added; values are known by their names."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(_onnx().helper.make_node(operator, inputs, [output or name], name, **attributes))
        return output or name

    def constant(self, values: ArrayLike, name: str | None = None) -> str:
        """Add a constant of any shape, rounded to float32, and return its name."""
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(_onnx().numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def parameters(self, place: str, layer: nn.Cell, *names: str) -> list[str]:
        """Add parameters of a layer as constants called as in the network, and return what they are called."""
        return [self.constant(getattr(layer, name).asnumpy(), f"{place}.{name}") for name in names]

    def activate(self, activation: str, z: str) -> str:
        """Add the nodes of σ and return the name of a = σ(z)."""
        return ACTIVATIONS[activation](self, z)


def _gelu(graph: Graph, z: str) -> str:
    erf = graph.add("Erf", graph.add("Mul", z, graph.constant(SQRT_HALF)))
    normal_cdf = graph.add("Mul", graph.add("Add", erf, graph.constant(1)), graph.constant(0.5))
    return graph.add("Mul", z, normal_cdf)


#: a = σ(z): adds its nodes, and returns the name of a for the name of z.
ACTIVATIONS: Mapping[str, Callable[[Graph, str], str]] = {
    "identity": lambda graph, z: z,
    "sign": lambda graph, z: graph.add(
        "Where", graph.add("Greater", z, graph.constant(0)), graph.constant(1), graph.constant(-1)
    ),
    "sigmoid": lambda graph, z: graph.add("Sigmoid", z),
    "tanh": lambda graph, z: graph.add("Tanh", z),
    "relu": lambda graph, z: graph.add("Relu", z),
    "leaky_relu": lambda graph, z: graph.add("LeakyRelu", z, alpha=LEAKY_SLOPE),
    "elu": lambda graph, z: graph.add("Elu", z, alpha=1.0),
    "softplus": lambda graph, z: graph.add("Softplus", z),
    "silu": lambda graph, z: graph.add("Mul", z, graph.add("Sigmoid", z)),
    "gelu": _gelu,
    "softmax": lambda graph, z: graph.add("Softmax", z, axis=-1),
}


def _onnx() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise ExportError(
            "--format onnx: it takes the package onnx, which is not installed: pip install 'ms-dnn[export]'"
        ) from error
    return onnx
