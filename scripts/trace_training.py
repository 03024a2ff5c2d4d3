"""The files that a training passes through, from ``ms-dnn train`` to the update of the weights, and its climbs back.

    python scripts/trace_training.py [configs/shallow.yaml] [--engine ENGINE] [--commit COMMIT] [--set KEY=VALUE]

How far must a reader go who follows a training? One iteration is trained by ``ms-dnn train``, and every call of a
function of the package is traced (``sys.setprofile``) until the first call of ``update`` of the optimizer, or of the
operator in C++, which is the end of the way. Counted is what a reader opens:

- a **step** is a call from one file of the package into another. Functions of other packages in between (typer,
  pydantic, MindSpore's ``Cell.__call__``) are passed over: the caller is the nearest function of the package. Only the
  first step between the same two files counts, for a reader who knows the way back needs no second look.
- **files**: how many distinct files the way enters.
- **climbs**: how many steps lead into a file that was entered before, so that the reader goes back in place of on.

Not counted are module bodies (imports), what they run, and functions without a name (lambdas, comprehensions).
MindSpore's parser inlines the functions of the compiled step, and Python never calls them; so it is told by
``MS_JIT=0`` to run the step uncompiled, where each is an ordinary call. ``--commit`` traces another commit of the
project, with this checkout's configuration.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from checkouts import ROOT, checkout_of, environment_of

UPDATE = "update"
"""Name of the method of every optimizer that changes a parameter."""
OPERATOR = "operators/call.py", "__call__"
"""File and method that call the operator."""


class Step(NamedTuple):
    """A call from a function of one file (None: from outside the package) into one of another."""

    caller: str | None
    file: str
    function: str


class Trace:
    """Records the first step between any two files of the package until the weights are updated."""

    def __init__(self, package: Path) -> None:
        self.package = f"{package}{os.sep}"
        self.steps: dict[tuple[str | None, str], Step] = {}
        self.arrived = False
        self._importing = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Take an event of ``sys.setprofile``."""
        code = frame.f_code
        if code.co_name == "<module>" and frame.f_globals.get("__name__") != "__main__":
            self._importing += {"call": 1, "return": -1}.get(event, 0)
        elif event == "call" and not self._importing and self._is_named(frame):
            self._record(frame)

    def _record(self, frame: FrameType) -> None:
        caller = frame.f_back
        while caller is not None and not self._is_named(caller):
            caller = caller.f_back
        start, end = None if caller is None else self._file(caller), self._file(frame)
        if start != end:
            self.steps.setdefault((start, end), Step(start, end, frame.f_code.co_name))
        if (frame.f_code.co_name == UPDATE and _is_of_a_cell(frame)) or (end, frame.f_code.co_name) == OPERATOR:
            self.arrived = True
            sys.setprofile(None)

    def _is_named(self, frame: FrameType) -> bool:
        code = frame.f_code
        return code.co_filename.startswith(self.package) and not code.co_name.startswith("<")

    def _file(self, frame: FrameType) -> str:
        return frame.f_code.co_filename.removeprefix(self.package)


def _is_of_a_cell(frame: FrameType) -> bool:
    from mindspore import nn

    return isinstance(frame.f_locals.get("self"), nn.Cell)


def trace_here(arguments: list[str]) -> list[Step]:
    """Run ``ms-dnn`` with these arguments in this process, and return the steps in the order of the first of each.

    Raises:
        SystemExit: when the training fails or no weight was updated.
    """
    spec = find_spec("ms_dnn")
    assert spec is not None  # noqa: S101 - the package is there
    assert spec.origin is not None  # noqa: S101
    trace = Trace(Path(spec.origin).parent)
    sys.argv = ["ms-dnn", *arguments]
    sys.setprofile(trace)
    try:
        runpy.run_module("ms_dnn", run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            raise
    finally:
        sys.setprofile(None)
    if not trace.arrived:
        sys.exit(f"no optimizer's {UPDATE} was called: was the step compiled, or the method renamed?")
    return list(trace.steps.values())


def trace_package(checkout: Path, config: Path, overrides: list[str]) -> list[Step]:
    """Trace one iteration with the package of a checkout, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        settings = ["training.epochs=null", "training.max_iterations=1", "device=CPU", *overrides]
        arguments = ["train", str(config.resolve()), "--run", "run"]
        arguments += [part for setting in settings for part in ("--set", setting)]
        found = Path(folder) / "steps.json"
        command = [sys.executable, str(Path(__file__).resolve()), "--trace-into", str(found), *arguments]
        environment = {**environment_of(checkout), "MS_JIT": "0"}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{checkout}: the training failed\n{done.stdout}{done.stderr}")
        return [Step(*step) for step in json.loads(found.read_text(encoding="utf-8"))]


def climbs_of(steps: list[Step]) -> list[Step]:
    """Return the steps into files that were entered before."""
    entered: set[str] = set()
    climbs = []
    for step in steps:
        if step.file in entered:
            climbs.append(step)
        entered.add(step.file)
    return climbs


def print_table(steps: list[Step]) -> None:
    """Print the files in the order of first entry, how each is entered, and the totals."""
    climbs = climbs_of(steps)
    first = {step.file: step for step in reversed(steps)}
    print(f"{'':4}{'file':38}{'first entered from':34}{'by':34}{'climbs into it':>14}")
    for number, file in enumerate(dict.fromkeys(step.file for step in steps), start=1):
        again = sum(step.file == file for step in climbs)
        print(f"{number:3} {file:38}{first[file].caller or '–':34}{first[file].function[:32]:34}{again or '':>14}")
    print(f"{len(first)} files, {len(steps)} steps between files, {len(climbs)} climbs back")


def main() -> int:
    """Trace and print."""
    if sys.argv[1:2] == ["--trace-into"]:
        Path(sys.argv[2]).write_text(json.dumps(trace_here(sys.argv[3:])), encoding="utf-8")
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("config", nargs="?", type=Path, default=ROOT / "configs" / "shallow.yaml")
    parser.add_argument("--engine", choices=("graph", "operator"), default="graph", help="of this checkout")
    parser.add_argument("--commit", help="trace this commit of the project in place of this checkout")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of the configuration")
    parser.add_argument("--json", action="store_true", help="print the totals and all steps as JSON")
    options = parser.parse_args()
    place: AbstractContextManager[Path] = checkout_of(options.commit) if options.commit else nullcontext(ROOT)
    with place as checkout:
        engine = [] if options.commit else [f"training.engine={options.engine}"]  # there was one before there were two
        steps = trace_package(checkout, options.config, [*engine, *options.set])
    if options.json:
        files = len({step.file for step in steps})
        print(json.dumps({"files": files, "climbs": len(climbs_of(steps)), "steps": steps}))
    else:
        print_table(steps)
    return 0


if __name__ == "__main__":
    sys.exit(main())
