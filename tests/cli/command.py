"""The command line, as a process of its own and, where that adds nothing but seconds, in this one."""

import contextlib
import io
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ms_dnn.cli.main import main

REPOSITORY = Path(__file__).parents[2]
CONFIGS = REPOSITORY / "configs"


def ms_dnn(
    *arguments: object, cwd: Path | None = None, largest_file: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m ms_dnn`` and return what it printed and its exit code.

    ``largest_file``: bytes beyond which the system refuses to write, as a full disk does.
    """

    def limit() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.run(
        [sys.executable, "-m", "ms_dnn", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
        preexec_fn=limit,
        timeout=240,
        check=False,
    )


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
