"""Which tests are asked about a mutant, in which order, and whether they notice it."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from checkouts import environment_of

from random_faults.mutants import Mutant

Stage = tuple[str, list[str]]
"""A name, and paths for pytest."""


@dataclass
class Verdict:
    """Whether the tests noticed a mutant.

    Attributes:
        noticed: whether a test failed that passes without the fault.
        stage: the stage that noticed it; of a survivor, the last one that was run.
        test: the test that failed.
        seconds: time that all took.
    """

    noticed: bool
    stage: str = ""
    test: str = ""
    seconds: float = 0.0


@dataclass
class Suite:
    """The tests of one checkout, whose files are changed and put back.

    Attributes:
        checkout: a copy of a commit, which nobody else uses.
        workers: processes of pytest-xdist; 0 is none.
        time_limit: seconds for a stage, after which a mutant counts as noticed: it hangs.
        first_stage_only: whether to leave out the whole suite.
        failing: tests that fail without any fault, found on the way, and left out.
    """

    checkout: Path
    workers: int = 2
    time_limit: float = 3600.0
    first_stage_only: bool = False
    failing: set[str] = field(default_factory=set)
    _passing: set[str] = field(default_factory=set)

    def examine(self, mutant: Mutant) -> Verdict:
        """Plant the mutant, run the stages until a test notices it, and take it out again."""
        path, started = self.checkout / mutant.file, time.monotonic()
        right = path.read_text(encoding="utf-8")
        verdict = Verdict(noticed=False)
        for name, paths in self.stages(mutant):
            while (test := self._failed_test(path, mutant.content, right, paths)) is not None:
                if not self._fails_anyway(test):
                    return Verdict(True, name, test, time.monotonic() - started)
                self.failing.add(test)
            verdict.stage = name
        verdict.seconds = time.monotonic() - started
        return verdict

    def stages(self, mutant: Mutant) -> Iterator[Stage]:
        """Yield the wing's own tests, those that import the module first; the others that import it; all tests."""
        package, *_, wing = Path(mutant.file).parts[:2]
        module = ".".join(Path(mutant.file).with_suffix("").parts).removesuffix(".__init__")
        importing = [path for path in self._test_files() if module in imports_of(self.checkout / path)]
        own = f"tests/{wing}"
        if (self.checkout / own).is_dir():
            rest = [path for path in self._test_files() if path.startswith(f"{own}/") and path not in importing]
            inside = [path for path in importing if path.startswith(f"{own}/")]
            yield f"tests of {wing}", [*inside, *rest]
        outside = [path for path in importing if not path.startswith(f"{own}/")]
        if outside:
            yield f"tests that import {module.removeprefix(package + '.')}", outside
        if not self.first_stage_only:
            yield "all tests", ["tests"]

    def _test_files(self) -> list[str]:
        found = sorted((self.checkout / "tests").rglob("test_*.py"))
        return [path.relative_to(self.checkout).as_posix() for path in found]

    def _failed_test(self, path: Path, faulty: str, right: str, paths: list[str]) -> str | None:
        """Return the first test that fails with the fault, or None."""
        path.write_text(faulty, encoding="utf-8")
        try:
            code, output = self._pytest(paths, self.workers)
        finally:
            path.write_text(right, encoding="utf-8")
        if code in (0, 5):
            return None
        lines = [line for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        return lines[0].partition(" ")[2].split(" - ")[0].strip() if lines else f"exit code {code}"

    def _fails_anyway(self, test: str) -> bool:
        """Whether the test fails without any fault, too; asked once of each."""
        if test.startswith("exit code") or test in self._passing:
            return False
        code, _ = self._pytest([test], workers=0)
        if code in (4, 5):  # a name that pytest prints but does not take
            code, _ = self._pytest([test.partition("::")[0]], workers=0)
        if code == 0:
            self._passing.add(test)
        return code != 0

    def _pytest(self, paths: list[str], workers: int) -> tuple[int, str]:
        """Return the exit code (-1: out of time) and what was printed, at most one failure."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider"]
        if workers:
            command += ["-n", str(workers), "--dist", "loadfile"]
        if not (self.checkout / "ms_dnn" / "judge" / "pytest_plugin.py").exists():
            command += ["-p", "no:ms-dnn"]  # which is installed here, and which an earlier commit does not have
        command += [part for test in sorted(self.failing) for part in ("--deselect", test)]
        # Without what an outer pytest says to its own children.
        clean = {name: value for name, value in environment_of(self.checkout).items() if not name.startswith("PYTEST_")}
        process = subprocess.Popen(
            [*command, *paths], cwd=self.checkout, env={**clean, "COLUMNS": "1000"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            output, _ = process.communicate(timeout=self.time_limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return -1, ""
        return process.returncode, output


def imports_of(path: Path) -> set[str]:
    """Return the modules that a file of tests imports, with ``from a import b`` as a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found
