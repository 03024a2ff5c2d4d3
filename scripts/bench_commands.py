"""Where the time of a whole command goes, stage by stage.

    python scripts/bench_commands.py [--rounds 3] [--commands train,check,…]

Each command runs in a process of its own, its imports included, one after the other in interleaved rounds; medians are
printed. A second belongs to the innermost stage that is at work: the import of a large package (with what it imports
itself, but for other packages of the list), or one of the functions in STAGES. "the rest" is what no stage covers:
Python's own start, the command line, ms-dnn's own modules, Python's end. A function that is timed is called through one
more function, once or a few times a command: that costs nothing that can be seen here.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.table import Table

PACKAGES = ("mindspore", "numpy", "scipy", "sklearn", "pandas", "matplotlib", "pydantic", "rich", "typer")
"""Packages whose imports are stages."""
STAGES = {
    "ms_dnn.experiment.data": {"prepare_data": "reading the data"},
    "ms_dnn.training.trainer": {"Trainer.run": "training"},
    "ms_dnn.runs.reports.curves": {"draw_curves": "drawing"},
    "ms_dnn.runs.pictures": {"draw_pictures": "drawing"},
    "ms_dnn.gradients.burn_in": {"train_briefly": "training"},
    "ms_dnn.judge.check": {"check_gradients": "judging"},
    "ms_dnn.runs.evaluation": {"evaluate_run": "evaluating"},
    "ms_dnn.runs.prediction": {"predict_file": "predicting"},
    "ms_dnn.runs.report": {"gather_run": "gathering the report"},
    "ms_dnn.runs.reports.page": {"run_html": "writing the page"},
}
"""By module: functions, and the name of what they do."""
CONFIGS = Path(__file__).resolve().parent.parent / "configs"
COMMANDS = {
    "help": ["--help"],
    "train": ["train", f"{CONFIGS / 'digits.yaml'}", "--run", "{round}"],
    "evaluate": ["evaluate", "{run}"],
    "predict": ["predict", "{run}", "{samples}"],
    "report": ["report", "{run}"],
    "check": ["check", f"{CONFIGS / 'digits.yaml'}"],
    "check-regularized": ["check", f"{CONFIGS / 'digits_regularized.yaml'}"],
    "series": ["series", "9", "--figures", "{round}"],
}
REST = "the rest"


class Clock:
    """Gives each second to the innermost stage that is at work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._stages = [REST]
        self._since = time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what follows as a stage."""
        self.stop()
        self._stages.append(name)
        try:
            yield
        finally:
            self.stop()
            self._stages.pop()

    def stop(self) -> None:
        """Give the time since the last stop to the stage at work."""
        now = time.perf_counter()
        self.seconds[self._stages[-1]] += now - self._since
        self._since = now

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as a stage."""

        @functools.wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            with self.stage(name):
                return function(*arguments, **options)

        return call


def watch(clock: Clock) -> None:
    """Let the imports of PACKAGES and the functions of STAGES be stages from now on."""
    execute = SourceFileLoader.exec_module

    def exec_module(loader: SourceFileLoader, module: ModuleType) -> None:
        package = module.__name__.partition(".")[0]
        if package in PACKAGES:
            with clock.stage(f"import {package}"):
                execute(loader, module)
            return
        execute(loader, module)
        for path, stage in STAGES.get(module.__name__, {}).items():
            owner, _, name = path.rpartition(".")
            holder = getattr(module, owner) if owner else module
            setattr(holder, name, clock.timed(stage, getattr(holder, name)))

    SourceFileLoader.exec_module = exec_module  # type: ignore[method-assign, assignment]


def run_here(arguments: list[str], file: Path) -> None:
    """Run a command in this process, and write the seconds of its stages as JSON."""
    clock = Clock()
    watch(clock)
    from ms_dnn.__main__ import main as command

    # A chapter takes the place of its command: it is waited for instead, as one stage.
    os.execv = clock.timed("the chapter", lambda _, words: sys.exit(subprocess.run(words, check=False).returncode))
    try:
        command(arguments)
    finally:
        clock.stop()
        file.write_text(json.dumps(clock.seconds), encoding="utf-8")


def measure(arguments: list[str], folder: Path) -> dict[str, float]:
    """Return the seconds of the stages of one command, in a process of its own.

    Raises:
        SystemExit: with what the command said when it fails.
    """
    file = folder / "stages.json"
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--here", str(file), *arguments], capture_output=True, text=True, check=False
    )
    whole = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"ms-dnn {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}")
    seconds: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    seconds[REST] += whole - sum(seconds.values())  # Python's start and end
    return seconds


def table_of(name: str, rounds: list[dict[str, float]]) -> Table:
    """Return the stages of a command, the longest first, and the whole."""
    table = Table(title=f"ms-dnn {name}", title_justify="left", min_width=44)
    table.add_column("stage")
    table.add_column("seconds", justify="right")
    medians = {stage: statistics.median(one.get(stage, 0.0) for one in rounds) for stage in {*rounds[0], *rounds[-1]}}
    for stage, seconds in sorted(medians.items(), key=lambda pair: -pair[1]):
        if seconds >= 0.01:
            table.add_row(stage, f"{seconds:.2f}")
    table.add_section()
    table.add_row("whole command", f"{statistics.median(sum(one.values()) for one in rounds):.2f}")
    return table


def main() -> None:
    """Measure the commands and print a table for each."""
    if sys.argv[1:2] == ["--here"]:
        run_here(sys.argv[3:], Path(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commands", default=",".join(COMMANDS), help=f"comma-separated, of {', '.join(COMMANDS)}")
    options = parser.parse_args()
    results: dict[str, list[dict[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = {"run": f"{folder / 'run'}", "samples": f"{folder / 'samples.csv'}"}
        measure(["train", str(CONFIGS / "digits.yaml"), "--run", places["run"]], folder)
        (folder / "samples.csv").write_text("\n".join([",".join(["8"] * 64)] * 20) + "\n", encoding="utf-8")
        for number in range(options.rounds):
            for command in options.commands.split(","):
                here = {**places, "round": f"{folder / f'{command}-{number}'}"}
                results[command].append(measure([word.format(**here) for word in COMMANDS[command]], folder))
    console = Console()
    for command, rounds in results.items():
        console.print(table_of(" ".join(COMMANDS[command]).replace(f"{CONFIGS}/", ""), rounds))


if __name__ == "__main__":
    main()
