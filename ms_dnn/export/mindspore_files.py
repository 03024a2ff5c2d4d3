"""A network as MindSpore's own files: MindIR for any number of samples; AIR, for Ascend alone, for one at a time."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import mindspore as ms
from mindspore import Tensor, nn

from ms_dnn.dnn import DNN
from ms_dnn.errors import ExportError
from ms_dnn.maths.activations import ACTIVATIONS

MOST_BYTES = 10**9  # MindSpore divides what has more than 1 GiB into several files


class _Finished(nn.Cell):
    """A network and an activation of its prediction."""

    def __init__(self, network: DNN, final: str) -> None:
        super().__init__()
        self.network = network
        self._activate = ACTIVATIONS[final].function

    def construct(self, x: Tensor) -> Tensor:
        return self._activate(self.network(x))


def mindir_bytes(network: DNN, final: str = "identity", facts: Mapping[str, Any] | None = None) -> bytes:
    """Return the MindIR file: (N, n[0]) → (N, n[L]) in the dtype of the weights, after the ``final`` activation.

    The facts become the model's ``user_info``, texts as they are and all else as JSON.

    Raises:
        ExportError: when MindSpore refuses the network, or the weights are too many for one file.
    """

    def informed(model: Any) -> None:
        for key, fact in (facts or {}).items():
            model.user_info[key] = fact if isinstance(fact, str) else json.dumps(fact)

    return _exported(network, final, "MINDIR", None, custom_func=informed)


def air_bytes(network: DNN, final: str = "identity") -> bytes:
    """Return the AIR file, (1, n[0]) → (1, n[L]): such files have fixed shapes. Only MindSpore on Ascend writes them.

    Raises:
        ExportError: when MindSpore refuses the network, or the weights are too many for one file.
    """
    return _exported(network, final, "AIR", 1)


def _exported(
    network: DNN, final: str, file_format: Literal["MINDIR", "AIR"], batch: int | None, **options: Any
) -> bytes:
    promised = sum(parameter.nbytes for parameter in network.get_parameters())
    if promised > MOST_BYTES:
        raise ExportError(
            f"--format {file_format.lower()}: got {promised} bytes of weights, expected at most {MOST_BYTES}, because "
            "MindSpore writes more into several files: make the network smaller"
        )
    dtype = network.trainable_params()[0].dtype
    x = ms.ops.zeros((batch, network.sizes[0]), dtype) if batch else Tensor(shape=[None, network.sizes[0]], dtype=dtype)
    cell = network if final == "identity" else _Finished(network, final)
    syntax = ms.get_context("jit_syntax_level")
    # Not to the place asked for: MindSpore takes few characters in names, and does not write in one step.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"model.{file_format.lower()}")
        try:
            ms.export(cell, x, file_name=str(file), file_format=file_format, **options)
            return file.read_bytes()
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ExportError(f"--format {file_format.lower()}: MindSpore cannot export it ({reason})") from error
        finally:
            ms.set_context(jit_syntax_level=syntax)  # which MindSpore leaves changed when it fails
