"""The command line, as a process of its own and, where that adds nothing but seconds, in this one."""

import contextlib
import io
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ms_dnn.cli.main import main

REPOSITORY = Path(__file__).parents[2]
CONFIGS = REPOSITORY / "configs"
PATIENCE = 900.0
"""Seconds after which something that is waited for counts as lost: far more than a busy machine takes."""
KILLED = """
import os, signal, sys
from ms_dnn.cli.main import main
text, left = sys.argv[1], int(sys.argv[2])
def count(event, arguments):
    global left
    if any(isinstance(one, (str, os.PathLike)) and text in str(one) for one in arguments):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
main(sys.argv[3:])
"""


@contextlib.contextmanager
def full_disk(largest_file: int) -> Iterator[None]:
    """Let the system refuse to write a file beyond so many bytes, as a full disk does, here and in new processes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def ms_dnn(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``python -m ms_dnn`` and return what it printed and its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "ms_dnn", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
        timeout=PATIENCE,
        check=False,
    )


def trained_run(place: Path, config: dict[str, Any]) -> Path:
    """Train a configuration into a folder, in this process, and return the run."""
    (place / "c.yaml").write_text(yaml.safe_dump(config))
    process = here("train", place / "c.yaml", "--run", place / "run")
    assert process.returncode == 0, process.stderr
    return place / "run"


def started(*arguments: object, module: str = "ms_dnn") -> "subprocess.Popen[str]":
    """Start ``python -m ms_dnn``, or another module."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
    )


def ended(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """Wait for the end of a process and return what it printed and its exit code."""
    try:
        output, errors = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"waited {PATIENCE:.0f} s for the end of {process.args}; it had said: {process.communicate()}")
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def wait_for(what: str, condition: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    """Wait until a process has come so far; fail, and say what was waited for, when it ends before or never does."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        if process.poll() is not None and not condition():
            pytest.fail(f"{process.args} ended before {what}: {process.communicate()}")
        if time.monotonic() > limit:
            process.kill()
            pytest.fail(f"waited {PATIENCE:.0f} s for {what}; {process.args} had said: {process.communicate()}")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)  # its end is looked for at the top


def killed(text: str, operation: int, *arguments: object) -> None:
    """Run the command in a process that gets SIGKILL at its nth operation on a file whose path contains a text."""
    program = [sys.executable, "-c", KILLED, text, str(operation), *map(str, arguments)]
    process = subprocess.run(program, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr


def here(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in this process and return what it printed and its exit code."""
    output, errors = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors), pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        try:
            main([*map(str, arguments)])
        except SystemExit as ended:
            code = ended.code
    exit_code = code if isinstance(code, int) else 1
    return subprocess.CompletedProcess(arguments, exit_code, output.getvalue(), errors.getvalue())


def refused(process: subprocess.CompletedProcess[str], exit_code: int = 2) -> str:
    """Assert that the process ended with one clear sentence and no traceback, and return the sentence."""
    assert process.returncode == exit_code, process.stderr + process.stdout
    assert "Traceback" not in process.stderr + process.stdout
    assert process.stderr.startswith("ms-dnn: ")
    return process.stderr.removeprefix("ms-dnn: ").strip()
