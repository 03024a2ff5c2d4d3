"""The time of a training step with dropout, batch normalisation, Adam and a schedule on, against PyTorch eager.

    python scripts/bench_regularized.py [--rounds N] [--sizes medium,large] [--json FILE]

Both train x → W x → batch normalisation → ReLU → dropout, twice, and then logits, from the same weights on the same
batches in float32; Adam with a learning rate that falls along a cosine, one value a step. The masks differ, for each
draws its own, so the costs agree only roughly; they are printed. One process a route, rounds interleaved.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from bench_workload import SIZES, Order, Train, Workload, draw_workload, timed
from rich.console import Console
from rich.table import Table

DROPOUT = 0.2
RATE = 1e-3


def falling_rates(steps: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the rate of each step of an epoch, (steps,)."""
    return RATE * (0.55 + 0.45 * np.cos(np.pi * np.arange(steps) / steps))


def ms_dnn_loop(work: Workload, engine: str) -> Train:
    """The product, called as the trainer calls it."""
    from mindspore import Tensor, nn

    from ms_dnn.dnn import DNN
    from ms_dnn.gradients.handwritten import HandwrittenGradient
    from ms_dnn.layers.cost import Cost
    from ms_dnn.layers.dense import Dense
    from ms_dnn.layers.dropout import Dropout
    from ms_dnn.layers.normalization import BatchNorm
    from ms_dnn.runtime.device import use_device
    from ms_dnn.training.engine import make_loop
    from ms_dnn.training.optimizers import OPTIMIZERS

    use_device("CPU")
    layers: list[nn.Cell] = []
    for number, (W, _) in enumerate(work.weights[:-1]):
        layers += [Dense(W, None, "identity"), BatchNorm(len(W), "relu"), Dropout(DROPOUT, number)]
    network = DNN([*layers, Dense(*work.weights[-1], "identity")])
    optimizer = OPTIMIZERS["adam"](network.trainable_params())
    loop = make_loop(engine, HandwrittenGradient(network, Cost("softmax_cross_entropy")), optimizer)
    samples = Tensor(work.X), Tensor(work.one_hot)
    done = [0]

    def run(order: Order) -> float:
        coefficients = loop.coefficients(falling_rates(len(order)), done[0])
        _, total, _ = loop.run_steps(samples, Tensor(order), coefficients, 0, len(order))
        done[0] += len(order)
        return total / len(order)

    return timed(run)


def torch_eager(work: Workload) -> Train:
    """PyTorch as everybody writes it, the data in memory."""
    import torch

    layers: list[Any] = []
    for number, (W, b) in enumerate(work.weights):
        last = number == len(work.weights) - 1
        linear = torch.nn.Linear(W.shape[1], W.shape[0], bias=last)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W))
            if last:
                linear.bias.copy_(torch.from_numpy(b))
        layers.append(linear)
        if not last:
            layers += [torch.nn.BatchNorm1d(W.shape[0]), torch.nn.ReLU(), torch.nn.Dropout(DROPOUT)]
    network = torch.nn.Sequential(*layers)
    adam = torch.optim.Adam(network.parameters(), lr=RATE)
    X, labels = torch.from_numpy(work.X), torch.from_numpy(work.labels.astype(np.int64))

    def run(order: Order) -> float:
        total = torch.zeros(())
        schedule = torch.optim.lr_scheduler.LambdaLR(adam, (falling_rates(len(order) + 1) / RATE).__getitem__)
        for picked in torch.from_numpy(order):
            cost = torch.nn.functional.cross_entropy(network(X[picked]), labels[picked])
            adam.zero_grad()
            cost.backward()
            adam.step()
            schedule.step()
            total += cost.detach()
        return float(total) / len(order)

    return timed(run)


ROUTES: dict[str, Callable[[Workload], Train]] = {
    "operator": partial(ms_dnn_loop, engine="operator"),
    "graph": partial(ms_dnn_loop, engine="graph"),
    "torch": torch_eager,
}


def work_off(route: str, size: str) -> None:
    """Print one JSON line a request on standard output; anything else that is printed goes to standard error."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    work = draw_workload(SIZES[size])
    orders = work.orders()
    train = ROUTES[route](work)
    print(json.dumps({"costs": [train(next(orders), True)[2] for _ in range(2)]}), file=replies, flush=True)
    for _ in sys.stdin:
        seconds, steps, cost = train(next(orders), False)
        print(json.dumps({"seconds": seconds, "steps": steps, "cost": cost}), file=replies, flush=True)


def measure(size: str, rounds: int) -> dict[str, Any]:
    """Return seconds a step of each route, its ratios to PyTorch's round by round, and the costs of two epochs."""
    from bench_training import Worker

    workers = {route: Worker(route, size, Path(__file__).name) for route in ROUTES}
    try:
        costs = {route: worker.reply()["costs"] for route, worker in workers.items()}
        seconds: dict[str, list[float]] = {route: [] for route in workers}
        for _ in range(rounds):
            for route, worker in workers.items():
                seconds[route].append(worker.epoch())
    finally:
        for worker in workers.values():
            worker.stop()
    ratios = {
        route: [ours / theirs for ours, theirs in zip(seconds[route], seconds["torch"], strict=True)]
        for route in ROUTES
    }
    return {"seconds": seconds, "ratios": ratios, "costs": costs}


def main() -> None:
    """Measure, print the table, and write everything to a file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", default=",".join(SIZES), help=f"comma-separated, of {', '.join(SIZES)}")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    console = Console(width=max(110, shutil.get_terminal_size().columns))
    console.print(f"Load of the machine before the start: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores.")
    table = Table()
    for column in (
        "size",
        *(f"{route}, µs a step" for route in ROUTES),
        "operator / torch",
        "graph / torch",
        "costs of two epochs",
    ):
        table.add_column(column, justify="right")
    results = {}
    for size in options.sizes.split(","):
        results[size] = found = measure(size, options.rounds)
        micros = (f"{median(found['seconds'][route]) * 1e6:,.0f}" for route in ROUTES)
        ratios = (f"{median(found['ratios'][route]):.2f}" for route in ("operator", "graph"))
        costs = "; ".join(", ".join(f"{cost:.3f}" for cost in found["costs"][route]) for route in ROUTES)
        table.add_row(SIZES[size].name, *micros, *ratios, costs)
    console.print(table)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] in ROUTES:
        work_off(sys.argv[1], sys.argv[2])
    else:
        main()
