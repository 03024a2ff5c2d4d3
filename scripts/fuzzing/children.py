"""A case runs in a forked child with little time and memory; the parent sees how it ends."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fuzzing.corpus import FINISHED_RUN, KINDS

SECONDS = 10.0
ROOM = 2**30
"""Bytes that a child may take beyond what it is born with."""
CANARY = "CANARY"


@dataclass(frozen=True)
class Outcome:
    """How a case ended.

    Attributes:
        number: of the case.
        kind: of file.
        code: exit code; −1 where there is none.
        failure: what is wrong, or "".
        last_line: of what was printed.
        seconds: wall time.
        grown: bytes of resident memory beyond those at birth.
    """

    number: int
    kind: str
    code: int
    failure: str
    last_line: str
    seconds: float
    grown: int


class Server:
    """A process of its own that forks one child a case: MindSpore is imported once, and threads stay apart."""

    def __init__(self, folder: Path, kinds: list[str], keep: Path | None, seconds: float = SECONDS) -> None:
        folder.mkdir(parents=True)
        self.folder, self.kinds, self.keep, self.seconds = folder, kinds, keep, seconds

    def run(self, numbers: Iterable[int]) -> list[Outcome]:
        """Run the cases in a subprocess and return their outcomes."""
        arguments = json.dumps([str(self.folder), self.kinds, str(self.keep or ""), self.seconds, list(numbers)])
        script = Path(__file__)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(script.parents[1]), os.environ.get("PYTHONPATH", "")]),
        }
        done = subprocess.run(
            [sys.executable, "-m", "fuzzing.children"],
            input=arguments, capture_output=True, text=True, env=environment, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"the server of the cases died: {done.stderr[-2000:]}")
        return [Outcome(**json.loads(line)) for line in done.stdout.splitlines()]


def serve() -> None:
    """Read what to do, fork a child a case, print an outcome a line."""
    import numpy as np

    folder, kinds, keep, seconds, numbers = json.loads(sys.stdin.read())
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    prepare()
    for number in numbers:
        kind = kinds[number % len(kinds)]
        case = Path(folder) / f"case-{number}"
        case.mkdir()
        arguments = KINDS[kind].make(case, np.random.default_rng([number, 2026]))
        outcome = run_case(number, kind, case, arguments, seconds)
        if outcome.failure and keep:
            shutil.copytree(case, Path(keep) / f"case-{number}", dirs_exist_ok=True)
        shutil.rmtree(case, ignore_errors=True)
        print(json.dumps(vars(outcome)), file=out, flush=True)
    shutil.rmtree(FINISHED_RUN, ignore_errors=True)


def prepare() -> None:
    """Import everything, and train the run whose files are damaged, in a child: threads do not survive a fork."""
    import ms_dnn.cli.main
    import ms_dnn.runs.training  # noqa: F401

    if not FINISHED_RUN.exists():
        child = os.fork()
        if child == 0:
            config = Path(__file__).parents[2] / "configs" / "shallow.yaml"
            run_command(["train", str(config), "--run", str(FINISHED_RUN), "--set", "training.epochs=2"])
        os.waitpid(child, 0)


def run_case(number: int, kind: str, case: Path, arguments: list[str], seconds: float = SECONDS) -> Outcome:
    """Run a command on the files of a case in a child, for so many seconds at most, and return how it ended."""
    printed = case.with_suffix(".txt")
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        with printed.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.chdir(case)
        without_training()
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + 2 * ROOM, size + 2 * ROOM))
        run_command(arguments)
    code, failure = wait(child, seconds)
    text = printed.read_text(encoding="utf-8", errors="replace")
    usage = peak_of_last_child()
    if not failure and code not in (0, 2):
        failure = f"exit code {code}"
    if not failure and "Traceback (most recent call last)" in text:
        failure = "a traceback"
    if not failure and usage > ROOM:
        failure = f"{usage / 2**20:.0f} MB more memory"
    if (case / CANARY).exists():
        failure = "the file had its way: the canary is there"
    lines = text.strip().splitlines() or [""]
    printed.unlink()
    return Outcome(number, kind, code, failure, lines[-1][:300], time.perf_counter() - started, usage)


def wait(child: int, seconds: float) -> tuple[int, str]:
    """Return the exit code of a child and what is wrong with its end; kill it when its time is over."""
    global _peak
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            _peak = usage.ru_maxrss * 1024
            if os.WIFSIGNALED(status):
                return -1, f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
            return os.WEXITSTATUS(status), ""
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    _peak = os.wait4(child, 0)[2].ru_maxrss * 1024
    return -1, f"no answer in {seconds:g} s"


_peak = 0


def peak_of_last_child() -> int:
    """Return by how many bytes the last child outgrew this process."""
    own = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    return max(0, _peak - own)


def run_command(arguments: list[str]) -> None:
    """Run the command line and leave the process with its exit code; 99 for an exception that nobody caught."""
    from ms_dnn.cli.main import main

    code = 99
    try:
        main(arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:  # noqa: BLE001 (that is what is looked for)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def without_training() -> None:
    """Let trainings end before their first step, and pictures alone."""
    import ms_dnn.runs.training
    from ms_dnn.training.state import State
    from ms_dnn.training.trainer import Trainer

    def run(self: Trainer) -> State:
        self.state.stop_reason = "max_iterations"
        return self.state

    Trainer.run = run  # type: ignore[method-assign]
    vars(ms_dnn.runs.training).update(draw_curves=lambda *arguments: None, draw_pictures=lambda *arguments: ())


if __name__ == "__main__":
    serve()
