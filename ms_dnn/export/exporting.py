"""Write a run as a model file for other runtimes, with a JSON file beside it that says how it is used."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn
from numpy.typing import NDArray

from ms_dnn.dnn import DNN
from ms_dnn.errors import DataError, ExportError, MismatchError
from ms_dnn.export.destination import PROGRAM, Destination, Format
from ms_dnn.export.facts import facts_of, facts_to_json, final_activation
from ms_dnn.export.mindspore_files import air_bytes, mindir_bytes
from ms_dnn.export.onnx_graph import INPUT, onnx_bytes
from ms_dnn.maths.activations import ACTIVATIONS
from ms_dnn.runs.stored import StoredRun
from ms_dnn.runtime.durable import write_durably
from ms_dnn.runtime.precision import comparison_tolerance, weights_dtype

Predict = Callable[[NDArray[Any]], NDArray[Any]]

BATCHES = (1, 7, 64)


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        facts: what the JSON file says.
        verified: how well the model agrees with the run, in words; None where nothing could load it.
        note: why it was not compared on the data of the run; None where it was, or was not compared at all.
    """

    facts: dict[str, Any]
    verified: str | None
    note: str | None


def export_run(path: Path, to: Destination, *, as_probabilities: bool = False, device: str | None = None) -> Exported:
    """Write the network of a run as a model file, after it was loaded again and predicted as the run does.

    Files that are there are replaced. ``as_probabilities`` appends softmax or sigmoid, as the loss has it.

    Raises:
        MsDnnError: when the folder, its checkpoint or the device is not fit, or a package is missing.
        MismatchError: when the model does not predict as the run does. Nothing was written then.
    """
    run = StoredRun(path, device)
    final = final_activation(run.config, as_probabilities=as_probabilities)
    if to.file_format == "air" and run.device.name != "Ascend":
        raise ExportError(
            f"--format air: got the device {run.device.name}, expected Ascend, where alone MindSpore writes AIR: "
            "export there, or choose mindir or onnx"
        )
    features, network = run.load_preprocessing(), run.network()
    on_onnx = to.file_format == "onnx"
    dtype = "float32" if on_onnx else weights_dtype(run.config.precision)
    facts = facts_of(run.config, run.metadata, features, final, dtype, batch=1 if to.file_format == "air" else None)
    content, loaded = _model_file(to.file_format, network, final, facts)
    allowed = comparison_tolerance(dtype, "CPU" if on_onnx else run.device.name)
    verified, note = None, None
    if loaded is not None:
        x, which, note = _samples(run)
        verified = _agreement(to.model, loaded, network, final, x, which, allowed)
    program = {} if to.program is None else {to.program: PROGRAM.read_bytes()}
    _write({to.model: content, to.facts: facts_to_json(facts, features).encode(), **program})
    return Exported(facts, verified, note)


def _model_file(
    file_format: Format, network: DNN, final: str, facts: dict[str, Any]
) -> tuple[bytes, tuple[str, Predict] | None]:
    """Return the content of the model file, and what it is once it is loaded again; None where nothing can load it."""
    if file_format == "onnx":
        content = onnx_bytes(network, final, facts)
        return content, loaded_onnx(content)
    if file_format == "mindir":
        content = mindir_bytes(network, final, facts)
        return content, loaded_mindir(content)
    return air_bytes(network, final), None


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


def _samples(run: StoredRun) -> tuple[NDArray[np.float64], str, str | None]:
    """Return samples to compare outputs on, what they are, and why they are not of the run's data, if they are not."""
    try:
        data = run.experiment.data
        name = data.held_out or "train"
        return data.splits[name].x[: BATCHES[-1]], f"samples of the {name} set", None
    except DataError as error:
        drawn = np.random.default_rng(0).normal(size=(BATCHES[-1], run.metadata.inputs))
        return drawn, "random samples", f"verified on normally distributed random samples, because {error}"


def _agreement(
    model: Path, loaded: tuple[str, Predict], network: DNN, final: str, x: NDArray[Any], which: str, allowed: float
) -> str:
    """Return in words how well the loaded model agrees with the run.

    Raises:
        MismatchError: when it does not.
    """
    runtime, predict = loaded
    dtype = network.trainable_params()[0].dtype

    def expected(x: NDArray[Any]) -> NDArray[Any]:
        return ACTIVATIONS[final].function(network(Tensor(x))).asnumpy()

    off = largest_difference(predict, expected, Tensor(x, dtype).asnumpy())
    if not off <= allowed:  # NaN is no agreement
        raise MismatchError(
            f"{model}: not written; got outputs of {runtime} that are off by {off:.1e} of the largest output, expected "
            f"at most {allowed:g} on {which}: scale the features, or use another --format"
        )
    sizes = f"{', '.join(map(str, BATCHES[:-1]))} and {BATCHES[-1]}"
    how = f"but for {off:.1e} of the largest output" if off else "to the bit"
    return f"{runtime} predicts batches of {sizes} {which} as the run does, {how}"


def _write(files: dict[Path, bytes]) -> None:
    """Write each file in one step; where one cannot be written, none that is new stays."""
    new = [file for file in files if not file.exists()]
    for file, content in files.items():
        try:
            write_durably(file, content)
        except OSError as error:
            for other in new:
                other.unlink(missing_ok=True)
            raise ExportError(
                f"{file}: cannot be written ({error.strerror}): choose another place with --output, or free some"
            ) from error
