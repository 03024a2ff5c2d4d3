"""Run a part of the tests on every declared version of MindSpore and Python, and print a table of what came out.

    python scripts/check_versions.py FOLDER [--mindspore 2.9.0 …] [--python 3.11 …]

Each pair gets an environment of its own in FOLDER (3 GB; removed when it has been tested, unless --keep), with ms-dnn
as a user installs it. Tested is what users meet first: formulas, layers, gradients, the compiled epoch, optimizers,
the operator in C++, the judge, the estimators, the commands; files of tests that need PyTorch are left out. The
interpreters are those on PATH and pyenv's. A pair for which MindSpore has no wheel is said to have none. Exit code 1
when a test failed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

from checkouts import ROOT

MINDSPORE = ("2.7.2", "2.8.0", "2.9.0", "2.10.0")
PYTHON = ("3.10", "3.11", "3.12")
TESTED = (
    "tests/maths", "tests/layers", "tests/gradients", "tests/training", "tests/operators", "tests/test_networks.py",
    "tests/judge/test_check_gradients.py", "tests/judge/test_public_cells.py", "tests/estimators/test_estimators.py",
    "tests/cli/test_commands.py",
)  # fmt: skip
FOR_TESTS = ("hypothesis>=6.100", "jsonschema>=4.18", "polib>=1.2", "pytest>=8.2", "pytest-timeout>=2.3")
NO_WHEEL = "no wheel"


def interpreter(version: str) -> str | None:
    """Return an interpreter of a version such as "3.11": the one on PATH that runs, or pyenv's newest."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *sorted(map(str, pyenv.glob(f"{version}.*/bin/python")), reverse=True)]
    for path in filter(None, found):
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        if told.stdout.startswith(f"Python {version}."):
            return path
    return None


def needs_torch(path: Path) -> bool:
    """Tell whether a file of tests imports PyTorch."""
    return re.search(r"^\s*(import|from) torch", path.read_text(encoding="utf-8"), re.MULTILINE) is not None


def tested_files() -> list[str]:
    """Return the files of tests that run without PyTorch, relative to the checkout."""
    places = [ROOT / place for place in TESTED]
    files = [file for place in places for file in (sorted(place.glob("test_*.py")) if place.is_dir() else [place])]
    return [str(file.relative_to(ROOT)) for file in files if not needs_torch(file)]


def install(mindspore: str, python: str, environment: Path) -> str | None:
    """Make an environment with a version of MindSpore; return why there is none, or None."""
    path = interpreter(python)
    if path is None:
        return f"no Python {python} here"
    subprocess.run([path, "-m", "venv", environment], check=True)
    command = [str(environment / "bin" / "python"), "-m", "pip", "install", "-q", f"mindspore=={mindspore}", *FOR_TESTS]
    done = subprocess.run([*command, f"{ROOT}[data,export]"], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    print(done.stderr, file=sys.stderr)
    return NO_WHEEL if f"mindspore=={mindspore}" in done.stderr else "not installed"


def outcome(mindspore: str, python: str, folder: Path, keep: bool) -> str:
    """Return what came out on one pair of versions: "1034 passed in 90 s", or what stood in the way."""
    environment = folder / f"{mindspore}-{python}"
    try:
        failed = install(mindspore, python, environment)
        if failed is not None:
            return failed
        command = [str(environment / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", *tested_files()]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        (folder / f"{mindspore}-{python}.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
        last = done.stdout.strip().rpartition("\n")[2]
        return re.sub(r", \d+ deselected|, \d+ warnings?| in .*", "", last)
    finally:
        if not keep:
            shutil.rmtree(environment, ignore_errors=True)


def table(outcomes: dict[tuple[str, str], str], versions: list[str], pythons: list[str]) -> str:
    """Return the outcomes in Markdown, a row a version of MindSpore."""
    lines = [
        f"| MindSpore | {' | '.join(f'Python {python}' for python in pythons)} |",
        "|---" * (len(pythons) + 1) + "|",
    ]
    lines += [f"| {one} | {' | '.join(outcomes[one, python] for python in pythons)} |" for one in versions]
    return "\n".join(lines)


def main() -> int:
    """Test all pairs, say each outcome as it comes, and print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="for the environments, and for what pytest printed on each")
    parser.add_argument("--mindspore", nargs="+", default=list(MINDSPORE), metavar="VERSION")
    parser.add_argument("--python", nargs="+", default=list(PYTHON), metavar="VERSION")
    parser.add_argument("--keep", action="store_true", help="keep the environments")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    outcomes = {}
    for mindspore, python in product(options.mindspore, options.python):
        outcomes[mindspore, python] = outcome(mindspore, python, folder, options.keep)
        print(f"MindSpore {mindspore}, Python {python}: {outcomes[mindspore, python]}", file=sys.stderr, flush=True)
    print(table(outcomes, options.mindspore, options.python))
    return int(any(result != NO_WHEEL and not re.fullmatch(r"\d+ passed", result) for result in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
