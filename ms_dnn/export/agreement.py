"""Whether a model file predicts what the run does: it is loaded again, by the runtime that it is for, and run."""

import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn
from numpy.typing import NDArray

from ms_dnn.errors import ExportError
from ms_dnn.export.onnx_graph import INPUT

Predict = Callable[[NDArray[Any]], NDArray[Any]]

BATCHES = (1, 7, 64)


def loaded_onnx(content: bytes) -> tuple[str, Predict] | None:
    """Return the runtime's name and the prediction of an ONNX file, or None where onnxruntime is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def predict(x: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(session.run(None, {INPUT: x.astype(np.float32)})[0])

    return f"onnxruntime {version('onnxruntime')}", predict


def loaded_mindir(content: bytes) -> tuple[str, Predict]:
    """Return the runtime's name and the prediction of a MindIR file, in the dtype of the samples."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.mindir")
        file.write_bytes(content)
        cell = nn.GraphCell(ms.load(str(file)))
    return f"MindSpore {version('mindspore')}", lambda x: cell(Tensor(x)).asnumpy()


def largest_difference(predict: Predict, expected: Predict, x: NDArray[Any]) -> float:
    """Return the largest difference of two predictions for x (M, I), as a share of the largest number expected.

    Both are asked about batches of :data:`BATCHES` samples, from the first on, over again where M is less. NaN where
    one of them returns NaN.

    Raises:
        ExportError: when the shapes of the outputs differ.
    """
    differences, largest = [], 0.0
    for size in BATCHES:
        batch = x[np.arange(size) % len(x)]
        got, wanted = predict(batch), expected(batch)
        if got.shape != wanted.shape:
            raise ExportError(f"model file: got outputs of shape {got.shape}, expected {wanted.shape} as in the run")
        differences.append(np.abs(got.astype(np.float64) - wanted).max())
        largest = max(largest, float(np.abs(wanted).max()))
    return float(np.max(differences) / (largest or 1.0))
