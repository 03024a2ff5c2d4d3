"""How the time and the memory of training grow with width, depth, batch and samples, ours beside other frameworks'.

    python scripts/bench_growth.py [--rounds N] [--axes width,depth] [--figure FILE] [--json FILE]

One axis changes, the others stay at 64 inputs, two hidden layers of 256 units, 10 outputs, batches of 64, 4 096
samples. Each route has a process of its own, the rounds are interleaved. Beside the time stands what it comes to in
floating-point operations a second, and the peak of the machine's matrix product in the same run (float32, 1 024 ×
1 024). The memory is the peak of the process, beside the size of the samples.
"""

import argparse
import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from bench_routes import ROUTES
from bench_training import Worker
from bench_workload import Size, size_of
from rich.console import Console
from rich.table import Table

from ms_dnn.presentation.plots import BLUE, GREEN, ORANGE, PURPLE, SKY, tidy

COMPARED = ("operator", "handwritten", "torch", "sklearn", "jax")
POINTS = {
    "width": [(f"64-{width}-{width}-10/64/4096", width) for width in (32, 128, 512, 2048, 4096)],
    "depth": [(f"64-{'-'.join(['256'] * depth)}-10/64/4096", depth) for depth in (1, 2, 4, 8, 16, 32)],
    "batch": [(f"64-256-256-10/{batch}/4096", batch) for batch in (1, 8, 64, 512, 4096)],
    "samples": [(f"64-256-256-10/64/{samples}", samples) for samples in (1024, 8192, 65536, 524288)],
}
LONGEST = 3.0
"""Seconds of an epoch from which on one round is enough."""


def flops_of(size: Size) -> float:
    """Return the floating-point operations of a step's products: three a layer, but two of the first."""
    products = [2.0 * size.batch * below * above for below, above in pairwise(size.layers)]
    return 3 * sum(products) - products[0]


def peak() -> float:
    """Return the floating-point operations a second of NumPy's matrix product, the best of ten."""
    a = np.random.default_rng(0).standard_normal((1024, 1024), np.float32)
    best = np.inf
    for _ in range(10):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return float(2 * 1024**3 / best)


def measure(text: str, rounds: int) -> dict[str, dict[str, Any]]:
    """Return seconds a step and peak kilobytes of each route that is installed, at a size."""
    workers: dict[str, Worker] = {}
    found: dict[str, dict[str, Any]] = {}
    try:
        for route in COMPARED:
            worker = Worker(route, text)
            ready = worker.reply()
            if "missing" in ready:
                worker.stop()
                continue
            workers[route], found[route] = worker, {"seconds": [], "kilobytes": ready["peak_kilobytes"]}
        for _ in range(rounds):
            took = 0.0
            for route, worker in workers.items():
                start = time.perf_counter()
                found[route]["seconds"].append(worker.epoch())
                took = max(took, time.perf_counter() - start)
            if took > LONGEST:
                break
    finally:
        for worker in workers.values():
            worker.stop()
    return found


def table_of(axis: str, results: dict[int, dict[str, dict[str, Any]]], gemm: float) -> Table:
    """Return the table of an axis: µs a step, the share of the peak that ours reaches, and megabytes."""
    table = Table(title=f"{axis}; matrix product {gemm / 1e9:.0f} GFLOP/s", title_justify="left")
    table.add_column(axis, justify="right")
    for route in COMPARED:
        table.add_column(f"{ROUTES[route][0]}, µs", justify="right")
    table.add_column("operator, of the peak", justify="right")
    table.add_column("operator, MB (samples)", justify="right")
    for (text, place), found in zip(POINTS[axis], results.values(), strict=False):
        size = size_of(text)
        times = [median(found[route]["seconds"]) if route in found else None for route in COMPARED]
        share = flops_of(size) / times[0] / gemm if times[0] else 0.0
        data = 4 * size.samples * (size.layers[0] + size.layers[-1]) / 1e6
        table.add_row(
            f"{place:,}",
            *("–" if seconds is None else f"{seconds * 1e6:,.0f}" for seconds in times),
            f"{share:.0%}",
            f"{found['operator']['kilobytes'] / 1e3:,.0f} ({data:,.0f})",
        )
    return table


def draw(results: dict[str, dict[int, dict[str, dict[str, Any]]]], file: Path) -> None:
    """Draw the time of a step against each axis, both logarithmic."""
    from matplotlib.figure import Figure

    colours = dict(zip(COMPARED, (BLUE, SKY, ORANGE, GREEN, PURPLE), strict=True))
    columns = min(2, len(results))
    figure = Figure(figsize=(5.5 * columns, 4 * -(-len(results) // columns)), layout="constrained")
    for number, (axis, points) in enumerate(results.items(), start=1):
        axes = figure.add_subplot(-(-len(results) // columns), columns, number)
        for route, colour in colours.items():
            there = {place: found[route] for place, found in points.items() if route in found}
            if there:
                times = [median(one["seconds"]) * 1e6 for one in there.values()]
                width = 2.5 if route == "operator" else 1.2
                axes.loglog(list(there), times, "o-", color=colour, label=ROUTES[route][0], linewidth=width)
        axes.set_xticks(list(points), [f"{place:,}" for place in points])
        axes.minorticks_off()
        axes.set_xlabel(axis)
        axes.set_ylabel("µs a step")
        tidy(axes)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(file, dpi=120)


def main() -> int:
    """Measure, print, draw and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--axes", default=",".join(POINTS), help=f"comma-separated, of {', '.join(POINTS)}")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    console = Console(width=150)
    results: dict[str, dict[int, dict[str, dict[str, Any]]]] = {}
    for axis in options.axes.split(","):
        gemm = peak()
        results[axis] = {place: measure(text, options.rounds) for text, place in POINTS[axis]}
        console.print(table_of(axis, results[axis], gemm))
    if options.figure:
        draw(results, options.figure)
    if options.json:
        options.json.write_text(json.dumps(results) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
