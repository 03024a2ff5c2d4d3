"""Measure the time of a training step against other frameworks, and say whether the project's targets are reached.

    python scripts/bench_training.py [--quick] [--rounds N] [--sizes small,large] [--json FILE] [--end-to-end]

Each route (``bench_routes.py``) lives in its own process. The rounds are interleaved, one epoch of each route in
turn, so that a busy machine slows all of them alike; a ratio is the median of the ratios within the rounds.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from bench_routes import ROUTES
from bench_workload import SIZES, Size
from rich.console import Console
from rich.table import Table

COST_TOLERANCE = 1e-3
# Routes left out where one step would take too long, and how often a slow route is asked.
LEFT_OUT = {"large": {"stock"}}
SLOW_ROUNDS = {"stock": 3}
OPERATOR, GRAPH = "operator", "handwritten"
# (ours, peer, largest ratio of our time to the peer's at each size)
TARGETS = (
    (OPERATOR, "jax", {"small": 0.7, "medium": 0.95, "large": 0.95}),
    (OPERATOR, "numpy", {"small": 0.5}),
    (OPERATOR, "sklearn", {"small": 0.2}),
    (OPERATOR, "torch", {"medium": 0.8, "large": 0.95}),
    (GRAPH, "framework", {"small": 1.0, "medium": 1.0, "large": 1.0}),
    (GRAPH, "lean", {"small": 1.05, "medium": 1.05, "large": 1.05}),
    (GRAPH, "torch", {"small": 1.0, "medium": 1.0, "large": 1.0}),
    (GRAPH, "stock", {"small": 1 / 50, "medium": 1 / 50}),
)
PACKAGES = ("ms-dnn", "mindspore", "numpy", "torch", "jax", "scikit-learn")


class Worker:
    """A process that trains one route, an epoch at a time."""

    def __init__(self, route: str, size: str, script: str = "bench_routes.py") -> None:
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (stop closes it)
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(script)), route, size],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )  # fmt: skip
        self.route = route

    def reply(self) -> dict[str, Any]:
        """Return its next reply; raise a RuntimeError with its log when it has died."""
        assert self.process.stdout is not None  # noqa: S101
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise RuntimeError(f"route {self.route} ended before it replied:\n{self.log.read()[-2000:]}")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def epoch(self) -> float:
        """Train one epoch and return the seconds of a step."""
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        reply = self.reply()
        return float(reply["seconds"]) / int(reply["steps"])

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self.log.close()


@dataclass
class Measured:
    """What was found out about one route at one size.

    Attributes:
        seconds: of a step, one number a round.
        costs: mean cost of the first and the second epoch.
        cost_error: largest relative difference of the costs from NumPy's, or None where there is nothing to compare.
        missing: the package that is not installed, or None.
    """

    seconds: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    cost_error: float | None = None
    missing: str | None = None


def measure(name: str, rounds: int) -> dict[str, Measured]:
    """Return what was measured for each route at the size called ``name``."""
    found = {route: Measured() for route in ROUTES if route not in LEFT_OUT.get(name, set())}
    workers: dict[str, Worker] = {}
    try:
        short: float | None = None
        for route in found:  # one after the other, because compiling disturbs
            workers[route] = Worker(route, name)
            ready = workers[route].reply()
            found[route].missing = ready.get("missing")
            found[route].costs = ready.get("costs", [])
            short = ready.get("short", short)
            if found[route].missing is not None:
                workers.pop(route).stop()
        _compare_costs(found, short)
        for number in range(rounds):
            _round(number, workers, found)
    finally:
        for worker in workers.values():
            worker.stop()
    return found


def _round(number: int, workers: dict[str, Worker], found: dict[str, Measured]) -> None:
    """Train one epoch of every route, and note the times."""
    for route, worker in workers.items():
        if number < SLOW_ROUNDS.get(route, number + 1):
            found[route].seconds.append(worker.epoch())


def ratio(ours: Measured, peer: Measured) -> float:
    """Return the median of the ratios of our time to the peer's, round by round."""
    return median(mine / other for mine, other in zip(ours.seconds, peer.seconds, strict=False))


def _compare_costs(found: dict[str, Measured], short: float | None) -> None:
    """Compare all costs with those of NumPy by hand; Model.train only does the first few steps."""
    wanted = found["numpy"].costs
    for route, measured in found.items():
        if measured.missing is None:
            pairs = [(measured.costs[0], short)] if route == "stock" else list(zip(measured.costs, wanted, strict=True))
            measured.cost_error = max(abs(got - want) / want for got, want in pairs if want is not None)


def size_table(size: Size, found: dict[str, Measured]) -> Table:
    """Return the table of one size, times in microseconds a step."""
    rounds = len(found[OPERATOR].seconds)
    table = Table(title=f"{size.name}: {size.steps} steps an epoch, {rounds} rounds", title_justify="left")
    table.add_column("route")
    for column in ("µs a step", "least", "most", "operator / it", "graph / it", "cost differs by"):
        table.add_column(column, justify="right")
    for route, measured in found.items():
        if measured.missing is not None:
            table.add_row(ROUTES[route][0], f"not installed ({measured.missing})", "", "", "", "", "")
            continue
        micros = [seconds * 1e6 for seconds in measured.seconds]
        table.add_row(
            ROUTES[route][0],
            *(f"{value:,.0f}" for value in (median(micros), min(micros), max(micros))),
            *(f"{ratio(found[ours], measured):.3f}" for ours in (OPERATOR, GRAPH)),
            f"{measured.cost_error:.0e}",
        )
    return table


def judge_targets(results: dict[str, dict[str, Measured]]) -> list[dict[str, Any]]:
    """Return one row a target and size: ours, the peer, the bound, the ratio and whether it is reached."""
    rows = []
    for ours, peer, bounds in TARGETS:
        for size, bound in bounds.items():
            found = results.get(size, {})
            if peer in found and found[peer].seconds:
                measured = ratio(found[ours], found[peer])
                rows.append(
                    {
                        "ours": ours,
                        "peer": peer,
                        "size": size,
                        "bound": bound,
                        "ratio": measured,
                        "reached": measured <= bound,
                    }
                )
    return rows


def target_table(rows: list[dict[str, Any]]) -> Table:
    """Return the table of the targets."""
    table = Table(title="Targets: our time over the peer's", title_justify="left")
    for column in ("ours", "peer", "size", "at most", "measured", "reached"):
        table.add_column(column)
    for row in rows:
        reached = "[green]yes[/]" if row["reached"] else "[red]no[/]"
        name, bound = ROUTES[row["peer"]][0], f"{row['bound']:.3g}"
        table.add_row(ROUTES[row["ours"]][0], name, SIZES[row["size"]].name, bound, f"{row['ratio']:.3f}", reached)
    return table


def help_seconds() -> float | str:
    """Return the median wall time of five ``ms-dnn --help``, or why there is none."""
    command = shutil.which("ms-dnn", path=str(Path(sys.executable).parent)) or shutil.which("ms-dnn")
    if command is None:
        return "the command ms-dnn is not installed"
    times = []
    for _ in range(5):
        start = time.perf_counter()
        done = subprocess.run([command, "--help"], capture_output=True, text=True, check=False)
        times.append(time.perf_counter() - start)
        if done.returncode != 0:
            return f"ms-dnn --help fails: {last_line(done.stderr)}"
    return median(times)


def end_to_end() -> dict[str, Any]:
    """Train and evaluate configs/digits.yaml from the command line, with its own seed and with five others.

    Returns the wall seconds of the training with its own seed, its test accuracy, and that of the seeds 0 to 4, each
    of which also draws another split of the data.
    """
    seconds, accuracy = train_digits([])
    return {
        "seconds": seconds,
        "test_accuracy": accuracy,
        "test_accuracy_of_seeds_0_to_4": [train_digits([f"--set=seed={seed}"])[1] for seed in range(5)],
    }


def train_digits(options: list[str]) -> tuple[float, float | str]:
    """Return the wall seconds of ``ms-dnn train configs/digits.yaml`` and the test accuracy, or why there is none."""
    config = Path(__file__).parents[1] / "configs" / "digits.yaml"
    with tempfile.TemporaryDirectory() as folder:
        run = str(Path(folder) / "digits")
        start = time.perf_counter()
        done = ms_dnn("train", str(config), "--run", run, *options)
        seconds = time.perf_counter() - start
        if done.returncode == 0:
            done = ms_dnn("evaluate", run, "--json")
    return seconds, json.loads(done.stdout)["accuracy"] if done.returncode == 0 else last_line(done.stderr)


def ms_dnn(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run([sys.executable, "-m", "ms_dnn", *arguments], capture_output=True, text=True, check=False)


def last_line(text: str) -> str:
    """Return the last line of what a program printed."""
    return (text.strip().splitlines() or ["it says nothing"])[-1]


def environment() -> dict[str, str]:
    """Return the versions that the numbers belong to."""
    versions = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.2f}",
    }
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Time of a training step, ms-dnn against other frameworks.")
    parser.add_argument("--sizes", default=",".join(SIZES), help=f"comma-separated, of {', '.join(SIZES)}")
    parser.add_argument("--rounds", type=int, default=9, help="epochs of each route (default 9)")
    parser.add_argument("--quick", action="store_true", help="three rounds of the two smaller sizes, for a smoke test")
    parser.add_argument(
        "--end-to-end", action="store_true", help="also train and evaluate configs/digits.yaml, six times"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    options = parser.parse_args()
    options.sizes = options.sizes.split(",")
    unknown = sorted(set(options.sizes) - set(SIZES))
    if unknown or options.rounds < 1:
        parser.error(f"expected sizes of {', '.join(SIZES)} and at least one round, got {unknown or options.rounds}")
    if options.quick:
        options.rounds = 3
        options.sizes = [size for size in options.sizes if size != "large"]
    return options


def main() -> int:
    """Measure, print and write; 1 when a route computes something else, else 0."""
    options = parse_arguments()
    console = Console(width=max(110, shutil.get_terminal_size().columns))
    console.print(
        f"Load of the machine before the start: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores. On a busy one"
    )
    console.print("single times mean nothing, and routes that wait for all their threads lose most.")
    results: dict[str, dict[str, Measured]] = {}
    for size in options.sizes:
        results[size] = measure(size, options.rounds)
        console.print(size_table(SIZES[size], results[size]))
    targets = judge_targets(results)
    console.print(target_table(targets))
    differing = [
        f"{ROUTES[route][0]} at {SIZES[size].name}"
        for size, found in results.items()
        for route, measured in found.items()
        if measured.cost_error is not None and not measured.cost_error <= COST_TOLERANCE
    ]
    console.print(
        "All routes take the same weights and batch order at first and find the same costs as NumPy by hand, to "
        f"{COST_TOLERANCE:g} (two epochs; Model.train its first few steps)."
        if not differing
        else f"[red]Not the same computation:[/] {', '.join(differing)}"
    )
    commands: dict[str, Any] = {"help_seconds": help_seconds()}
    if options.end_to_end:
        commands["end_to_end"] = end_to_end()
    console.print_json(data=commands)
    if options.json is not None:
        sizes = {
            size: {"layers": SIZES[size].layers, "batch": SIZES[size].batch, "routes": found}
            for size, found in results.items()
        }
        report = {"environment": environment(), "sizes": sizes, "targets": targets, "commands": commands}
        options.json.write_text(json.dumps(report, default=vars, indent=1) + "\n", encoding="utf-8")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
