"""Measure training on samples that stay on the disk against the same training on samples in memory.

    python scripts/bench_streaming.py [--rounds N] [--epochs N]

A generated set of MNIST's size, 60 000 × 784 bytes, is converted to both formats; the network is 784-256-128-10 with
batches of 64. Each run is a process of its own, and the routes take turns. Samples a second are counted from the end
of the first chunk, when all is compiled and read, to the end of the run; memory is the peak of the process. All routes
must end with the same bits.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

SAMPLES, FEATURES, CLASSES, BATCH = 60_000, 784, 10, 64
SETS = {
    "in memory": "{set: npy, folder: digits.npy",
    "streamed, npy": "{set: npy, folder: digits.npy, stream: true",
    "streamed, MindRecord": "{set: mindrecord, file: digits.mindrecord, stream: true",
}


def config_text(data: str, epochs: int) -> str:
    """Return the experiment on a data section."""
    return f"""
name: streaming
data: {data}, validation: 0, test: 0}}
network:
  layers:
    - {{units: 256, activation: relu, initializer: he}}
    - {{units: 128, activation: relu, initializer: he}}
    - {{units: {CLASSES}, activation: identity}}
loss: softmax_cross_entropy
optimizer: {{name: gradient_descent}}
learning_rate: 0.05
training: {{batch_size: {BATCH}, epochs: {epochs}, checkpoint_seconds: 3600}}
device: CPU
"""


def write_sets(folder: Path) -> None:
    """Generate the set, and convert it to both formats."""
    from ms_dnn.config import parse_config
    from ms_dnn.data.converting import convert_data
    from ms_dnn.experiment.source import source_of

    draws = np.random.default_rng(0)
    y = np.arange(SAMPLES) % CLASSES
    centres = draws.integers(0, 200, (CLASSES, FEATURES))
    x = (centres[y] + draws.integers(0, 56, (SAMPLES, FEATURES))).astype(np.uint8)
    np.savez(folder / "generated.npz", x=x, y=y)
    config = parse_config(config_text(f"{{set: npz, file: '{folder / 'generated.npz'}'", 1), "generated")
    convert_data(source_of(config), folder / "digits.npy", "npy")
    convert_data(source_of(config), folder / "digits.mindrecord", "mindrecord")


class Clock:
    """A callback that measures from the first chunk to the end."""

    def on_start(self, plan: Any, state: Any) -> None:
        """Begin."""
        self.batch = plan.batch_size
        self.first: tuple[float, int] | None = None
        self.last = (0.0, 0)

    def on_chunk(self, state: Any, samples_per_second: float) -> None:
        """Note the time."""
        self.last = time.perf_counter(), state.step
        self.first = self.first or self.last

    def on_report(self, row: dict[str, Any]) -> None:
        """Say nothing."""

    def on_end(self, state: Any) -> None:
        """Say nothing."""

    @property
    def samples_per_second(self) -> float:
        """Samples trained on in a second of the clock on the wall."""
        assert self.first is not None  # noqa: S101
        return (self.last[1] - self.first[1]) * self.batch / (self.last[0] - self.first[0])


def run_route(route: str, epochs: int) -> None:
    """Train on one route in this process, and print what was measured as JSON."""
    from ms_dnn.config import parse_config
    from ms_dnn.runs.training import start_run
    from ms_dnn.training.checkpoints import read_checkpoint

    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        start_run(parse_config(config_text(SETS[route], epochs), route), Path(folder) / "run", clock)
        checkpoint = read_checkpoint(Path(folder) / "run")
    assert checkpoint is not None  # noqa: S101
    weights = b"".join(checkpoint.arrays[name].tobytes() for name in sorted(checkpoint.arrays))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    digest = hashlib.sha256(weights).hexdigest()
    print(json.dumps({"speed": clock.samples_per_second, "peak": peak, "weights": digest}))


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--route", choices=SETS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.route:
        run_route(arguments.route, arguments.epochs)
        return
    found: dict[str, list[dict[str, Any]]] = {route: [] for route in SETS}
    with tempfile.TemporaryDirectory() as folder:
        write_sets(Path(folder))
        for _ in range(arguments.rounds):
            for route in SETS:
                command = [sys.executable, str(Path(__file__).resolve()), "--route", route]
                command += ["--epochs", str(arguments.epochs)]
                ended = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
                found[route].append(json.loads(ended.stdout.splitlines()[-1]))
    weights = {run["weights"] for runs in found.values() for run in runs}
    table = Table(title=f"784-256-128-10, batches of {BATCH}, {os.cpu_count()} processors, {arguments.rounds} rounds")
    for column in ("samples", "samples/s", "of in memory", "peak memory, MB"):
        table.add_column(column, justify="left" if column == "samples" else "right")
    for route, runs in found.items():
        ratio = median(run["speed"] / base["speed"] for run, base in zip(runs, found["in memory"], strict=True))
        speed, peak = (median(run[key] for run in runs) for key in ("speed", "peak"))
        table.add_row(route, f"{speed:,.0f}", f"{ratio:.0%}", f"{peak:,.0f}")
    Console().print(table)
    print("all runs ended with the same bits" if len(weights) == 1 else "the runs ended with DIFFERENT bits")


if __name__ == "__main__":
    main()
