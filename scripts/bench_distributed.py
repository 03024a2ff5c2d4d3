"""Measure training on two workers against one process, the share of communication, and a model for more workers.

    python scripts/bench_distributed.py [--rounds N] [--json FILE]

Times are of the compiled epoch, per step, as medians over rounds: one process with the whole batch; two workers with
half of it each; and the same two without the AllReduce of cost and gradients, which is the share that computes.
AllReduce alone is timed for rows of several lengths, in the loop of a graph. From these T(2, n) = 2α + n/B is fitted
(latency α of a message, bytes n, bandwidth B), and a ring of W workers predicted by T(W, n) = 2(W − 1)α +
2 (W − 1)/W · n/B. Only W = 2 is run; larger W are the model's, for workers that each have a processor as free as those
of this machine and the same links.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from ms_dnn.dnn import build_dnn
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.gradients.workers import SumOverWorkers
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.device import use_device
from ms_dnn.runtime.distributed import ALONE, Workers, end_worker, init_process_group
from ms_dnn.runtime.launch import Cluster, msrun_command
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.optimizers import OPTIMIZERS

SAMPLES = 2048
NETWORKS = {
    "64-512-256-10, batch 32": ((64, 512, 256, 10), 32, 60),
    "784-1024-1024-10, batch 256": ((784, 1024, 1024, 10), 256, 8),
}
LENGTHS = (1, 1_000, 10_000, 100_000, 300_000, 1_000_000, 2_000_000)
PREDICTED = (2, 8, 64)


class AllReduces(nn.Cell):
    """AllReduces one row so many times."""

    def __init__(self) -> None:
        super().__init__(auto_prefix=False)
        self.sum = ops.AllReduce()

    @ms.jit  # type: ignore[untyped-decorator,unused-ignore]
    def construct(self, row: Tensor, turns: Tensor) -> Tensor:
        """Return the last sum, halved each time so that it stays finite."""
        i = Tensor(0, ms.int32)
        while i < turns:
            row = self.sum(row) * Tensor(0.5, ms.float32)
            i = i + 1
        return row


def seconds_per_step(
    sizes: tuple[int, ...], batch: int, steps: int, workers: Workers, talk: bool, rounds: int
) -> float:
    """Return the median time of a training step, compilation excepted."""
    network = build_dnn(sizes, ["relu"] * (len(sizes) - 2) + ["identity"])
    network.shard_batch(workers)
    cost = Cost("softmax_cross_entropy", shards=workers.number)
    gradient = HandwrittenGradient(network, cost, SumOverWorkers() if talk else None)
    optimizer = OPTIMIZERS["gradient_descent"](network.trainable_params())
    epoch = Epoch(gradient, optimizer)
    generator = np.random.default_rng(0)
    x = Tensor(generator.normal(size=(SAMPLES, sizes[0])).astype(np.float32))
    y = Tensor(np.eye(sizes[-1], dtype=np.float32)[generator.integers(0, sizes[-1], SAMPLES)])
    picked = Tensor(workers.shard_of(generator.integers(0, SAMPLES, (steps, batch)).astype(np.int32)))
    coefficients = epoch.coefficients(np.full(steps, 1e-3), 0)

    def run() -> None:
        epoch.run_steps((x, y), picked, coefficients, 0, steps)

    return _median_seconds(run, rounds, workers) / steps


def seconds_per_all_reduce(length: int, rounds: int, workers: Workers) -> float:
    """Return the median time of an AllReduce of ``length`` float32."""
    loop, row, turns = AllReduces(), Tensor(np.ones(length, np.float32)), 100 if length < 100_000 else 10
    many = Tensor(turns, ms.int32)
    return _median_seconds(lambda: loop(row, many).asnumpy(), rounds, workers) / turns


def _median_seconds(run: Any, rounds: int, workers: Workers) -> float:
    run()
    times = []
    for _ in range(rounds):
        workers.all_reduce_min(0)
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


def measure(rounds: int, alone: bool) -> dict[str, Any]:
    """Return the times in seconds of this process, alone or as a worker, by what was measured."""
    use_device("CPU")
    workers = ALONE if alone else init_process_group()
    times: dict[str, Any] = {}
    for name, (sizes, batch, steps) in NETWORKS.items():
        times[name] = {
            talk: seconds_per_step(sizes, batch, steps, workers, talk == "talking", rounds)
            for talk in (("silent",) if alone else ("talking", "silent"))
        }
    if not alone:
        times["all_reduce"] = {length: seconds_per_all_reduce(length, rounds, workers) for length in LENGTHS}
    if workers.rank > 0:
        time.sleep(2)  # what was sent last must go out
    return times


def fit(lengths: NDArray[np.float64], seconds: NDArray[np.float64]) -> tuple[float, float]:
    """Return α in seconds and B in bytes a second of T = 2α + 4 length / B, by least squares of relative errors."""
    terms = np.stack([np.full_like(lengths, 2.0), 4 * lengths], axis=1) / seconds[:, None]
    latency, per_byte = np.linalg.lstsq(terms, np.ones_like(seconds), rcond=None)[0]
    return float(latency), float(1 / per_byte)


def predicted(workers: int, numbers: int, latency: float, bandwidth: float) -> float:
    """Return the seconds of an AllReduce of so many float32 in a ring."""
    return 2 * (workers - 1) * latency + 2 * (workers - 1) / workers * 4 * numbers / bandwidth


def _times_of(command: list[str], file: Path) -> dict[str, Any]:
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=1200)
    times: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return times


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path, help="write the times there as well")
    parser.add_argument("--measure", choices=["alone", "worker"], help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        times = measure(options.rounds, options.measure == "alone")
        if os.environ.get("RANK_ID", "0") == "0":
            options.into.write_text(json.dumps(times), encoding="utf-8")
        end_worker(0)
        return
    with tempfile.TemporaryDirectory() as folder:
        script = [str(Path(__file__).resolve()), f"--rounds={options.rounds}", "--measure"]
        alone = _times_of([sys.executable, *script, "alone", f"--into={folder}/alone"], Path(folder, "alone"))
        command = [*msrun_command(Cluster(2, 2), Path(folder)), *script, "worker", f"--into={folder}/two"]
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        two = _times_of(command, Path(folder, "two"))
    if options.json:
        options.json.write_text(json.dumps({"alone": alone, "two": two}, indent=1) + "\n", encoding="utf-8")
    _print(alone, two)


def _print(alone: dict[str, Any], two: dict[str, Any]) -> None:
    console = Console()
    lengths = np.array([float(length) for length in two["all_reduce"]])
    seconds = np.array(list(two["all_reduce"].values()))
    latency, bandwidth = fit(lengths, seconds)
    table = Table("float32", "measured, µs", "2α + n/B, µs", title="AllReduce of two workers")
    for length, measured in zip(lengths, seconds, strict=True):
        fitted = predicted(2, int(length), latency, bandwidth)
        table.add_row(f"{length:,.0f}", f"{measured * 1e6:,.0f}", f"{fitted * 1e6:,.0f}")
    console.print(table, f"α = {latency * 1e6:,.0f} µs, B = {bandwidth / 1e9:.2f} GB/s\n")
    table = Table("µs a step", "1 process", "2 workers", "without AllReduce", "communication", "1 process / 2 workers")
    for name in NETWORKS:
        one, talking, silent = alone[name]["silent"], two[name]["talking"], two[name]["silent"]
        times = [f"{t * 1e6:,.0f}" for t in (one, talking, silent)]
        table.add_row(name, *times, f"{1 - silent / talking:.0%}", f"{one / talking:.2f}")
    console.print(table)
    table = Table("predicted, not run", *(f"{w} workers" for w in PREDICTED))
    table.title = "AllReduce, µs (share of a step that computes, at as many samples a worker)"
    for name, (sizes, _, _) in NETWORKS.items():
        numbers = 1 + sum((i + 1) * o for i, o in itertools.pairwise(sizes))
        silent = two[name]["silent"]
        sums = [predicted(w, numbers, latency, bandwidth) for w in PREDICTED]
        table.add_row(name, *(f"{t * 1e6:,.0f} ({silent / (silent + t):.0%})" for t in sums))
    console.print(table)


if __name__ == "__main__":
    main()
