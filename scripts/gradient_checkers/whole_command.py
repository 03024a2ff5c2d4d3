"""The complete check of a 784-256-128-10 network as a command: what it takes, MindSpore's import included."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def network() -> tuple[Any, ...]:
    """Return (network, x, cost, y): 784-256-128-10, ReLU, batch 64, float64. A factory for ``ms-dnn check``."""
    import numpy as np

    import ms_dnn

    generator = np.random.default_rng(0)
    layers = ms_dnn.build_dnn([784, 256, 128, 10], ["relu", "relu", "identity"], "he", dtype="float64")
    x, y = generator.normal(size=(64, 784)), np.eye(10)[generator.integers(0, 10, 64)]
    return layers, x, ms_dnn.Cost("softmax_cross_entropy"), y


def measure() -> dict[str, Any]:
    """Return seconds, largest memory in GB and exit code of ``ms-dnn check`` on it, all tensors, both modes."""
    command = [sys.executable, "-m", "ms_dnn", "check", f"{__name__.removeprefix('scripts.')}:network"]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    return {
        "exit code": os.waitstatus_to_exitcode(status),
        "seconds": round(time.perf_counter() - started, 1),
        "GB": round(usage.ru_maxrss / 1e6, 2),
    }
