"""Compile epochs and save their graphs: ``compile_epoch.py FOLDER ACTIVATIONS LOSS OPTIMIZER watched|plain …``.

A process of its own, because MindSpore reads ``MS_DEV_SAVE_GRAPHS`` once, when it starts. All graphs come into one
folder, ``MS_DEV_SAVE_GRAPHS_PATH``; those of each epoch are moved into FOLDER/0, FOLDER/1, …
"""

import os
import sys
from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import Tensor

from ms_dnn.dnn import build_dnn
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.device import use_device
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.optimizers import OPTIMIZERS


def compile_epoch(activations: list[str], loss: str, optimizer: str, watch_change: bool) -> None:
    """Compile and run one step."""
    network = build_dnn([5, *(4 for _ in activations), 3], [*activations, "identity"])
    update = OPTIMIZERS[optimizer](network.trainable_params())
    epoch = Epoch(HandwrittenGradient(network, Cost(loss)), update, watch_change)
    schedule = ms.mutable(tuple(Tensor(values, ms.float32) for values in update.coefficients(np.full(2, 0.1), 0)))
    x, y = Tensor(np.ones((8, 5), np.float32)), Tensor(np.eye(3, dtype=np.float32)[np.arange(8) % 3])
    batches = Tensor(np.arange(8, dtype=np.int32).reshape(2, 4))
    first, last = Tensor(0, ms.int32), Tensor(2, ms.int32)
    zero = Tensor(0.0, ms.float32)
    epoch(x, y, batches, schedule, first, last, zero, zero)


if __name__ == "__main__":
    use_device("CPU")
    moved_to, *words = sys.argv[1:]
    for number, first in enumerate(range(0, len(words), 4)):
        activations, loss, optimizer, watched = words[first : first + 4]
        compile_epoch(activations.split(","), loss, optimizer, watched == "watched")
        Path(os.environ["MS_DEV_SAVE_GRAPHS_PATH"]).rename(Path(moved_to) / str(number))
