"""Measure the kernels between the matrix products of a training step, MindSpore against PyTorch, on CPU.

    python scripts/bench_kernels.py [--rounds N]

MindSpore's are timed as a training step meets them: many times in the loop of one compiled graph, less an empty
turn of that loop. Activations are (256, 1024), the weight is (1024, 1024), all float32.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import mindspore as ms
import numpy as np
import torch
from mindspore import Parameter, Tensor, nn, ops
from mindspore.ops.auto_generate import BiasAddGrad, ReluGrad
from rich.console import Console
from rich.table import Table

from ms_dnn.runtime.device import use_device

TURNS = 40
N, UNITS = 256, 1024
EMPTY = "an empty turn of the loop"


class Loop(nn.Cell):
    """Runs one kernel, by name, ``turns`` times in one graph."""

    def __init__(self, kernel: str) -> None:
        super().__init__()
        self.kernel = kernel
        generator = np.random.default_rng(0)
        self.W = Parameter(Tensor(generator.standard_normal((UNITS, UNITS), np.float32)), name="W")
        self.g = Tensor(generator.standard_normal((UNITS, UNITS), np.float32))
        self.b = Tensor(generator.standard_normal(UNITS, np.float32))
        self.rate = Tensor(1e-9, ms.float32)
        self.relu, self.relu_grad = ops.ReLU(), ReluGrad()
        self.bias_add, self.bias_add_grad = ops.BiasAdd(), BiasAddGrad()
        self.descend = ops.ApplyGradientDescent()

    @ms.jit  # type: ignore[untyped-decorator,unused-ignore]
    def construct(self, a: Tensor, turns: Tensor) -> Tensor:
        """Return the last result; each turn needs the one before, so that none is left out."""
        i = Tensor(0, ms.int32)
        while i < turns:
            if self.kernel == "ReLU":
                a = self.relu(a)
            elif self.kernel == "ReLU, backward":
                a = self.relu_grad(a, a)
            elif self.kernel == "bias":
                a = self.bias_add(a, self.b)
            elif self.kernel == "bias, and its backward":
                a = self.bias_add(a, self.bias_add_grad(a))
            elif self.kernel == "gradient descent":
                self.descend(self.W, self.rate, self.g)
            i = i + 1
        return a


def pytorch_kernels() -> dict[str, Callable[[], Any]]:
    """Return the same work in PyTorch."""
    a, b = torch.randn(N, UNITS), torch.randn(UNITS)
    W, g = torch.randn(UNITS, UNITS), torch.randn(UNITS, UNITS)
    return {
        "ReLU": lambda: torch.relu(a),
        "ReLU, backward": lambda: torch.ops.aten.threshold_backward(a, a, 0),
        "bias": lambda: a + b,
        "bias, and its backward": lambda: a + a.sum(0),
        "gradient descent": lambda: W.add_(g, alpha=-1e-9),
    }


def microseconds(run: Callable[[], Any], rounds: int) -> float:
    """Return the median time of ``run`` divided by the turns that it does."""
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times) / TURNS * 1e6


def repeated(kernel: Callable[[], Any]) -> Callable[[], None]:
    """Return a function that runs the kernel ``TURNS`` times."""

    def run() -> None:
        for _ in range(TURNS):
            kernel()

    return run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Kernels between the matrix products, MindSpore against PyTorch.")
    parser.add_argument("--rounds", type=int, default=30, help=f"rounds of {TURNS} turns each (default 30)")
    rounds = parser.parse_args().rounds
    use_device("CPU")
    a, turns = Tensor(np.random.default_rng(1).standard_normal((N, UNITS), np.float32)), Tensor(TURNS, ms.int32)

    def in_graph(kernel: str) -> float:
        loop = Loop(kernel)
        return microseconds(lambda: loop(a, turns)[0, 0].asnumpy(), rounds)

    empty = in_graph(EMPTY)
    table = Table(title=f"µs, medians of {rounds} rounds; {EMPTY}: {empty:.0f}", title_justify="left")
    for column in ("kernel", "MindSpore", "PyTorch"):
        table.add_column(column, justify="left" if column == "kernel" else "right")
    for name, kernel in pytorch_kernels().items():
        table.add_row(name, f"{in_graph(name) - empty:.0f}", f"{microseconds(repeated(kernel), rounds):.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
