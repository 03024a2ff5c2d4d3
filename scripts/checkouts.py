"""Commits of the project as folders, and the command ``ms-dnn`` of such a folder."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def checkout_of(commit: str) -> Iterator[Path]:
    """Write the files of a commit into a temporary folder, which is gone at the end.

    Raises:
        SystemExit: with git's sentence when there is no such commit.
    """
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{commit}: {done.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory(prefix="checkout-") as folder:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="fully_trusted")  # noqa: S202 - this repository's own files
        yield Path(folder)


def environment_of(checkout: Path) -> dict[str, str]:
    """Return the environment in which Python finds the package of the checkout before any that is installed."""
    paths = [str(checkout), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def run_command(checkout: Path, arguments: list[str], folder: Path) -> None:
    """Run ``ms-dnn`` of the checkout with these arguments in a folder.

    Raises:
        SystemExit: with what the command said when it fails.
    """
    command = [sys.executable, "-m", "ms_dnn", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment_of(checkout), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{checkout}: ms-dnn {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def check_import(checkout: Path) -> None:
    """Raise a SystemExit unless ``import ms_dnn`` finds the package of the checkout."""
    done = subprocess.run(
        [sys.executable, "-c", "import ms_dnn; print(ms_dnn.__file__)"],
        cwd=tempfile.gettempdir(), env=environment_of(checkout), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not Path(done.stdout.strip()).is_relative_to(checkout.resolve()):
        sys.exit(f"{checkout}: expected its package ms_dnn, got {done.stdout.strip() or done.stderr.strip()}")
