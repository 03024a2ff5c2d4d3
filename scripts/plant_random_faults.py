"""How many random faults does the test suite notice?

    python scripts/plant_random_faults.py [--count 60] [--seed 0] [--commit HEAD] [--output FILE.json] [--jobs 1]
                                          [--first-stage-only] [--only N] [--list]

A fault (a mutant) is one edit of the syntax tree of a file of the wings: an operator swapped, a sign flipped, a
constant changed, 1 added or taken, two arguments swapped, an axis changed, a comparison turned, a factor or term
dropped, a transpose removed, two branches swapped; see ``random_faults/mutants.py``. ``--count`` of all that are
possible are chosen by the seed, the same in two commits where the code is the same. Each is planted into a temporary
copy of the commit, never into the working tree, and the tests are run until one fails: those of the wing
(``tests/WING``), then those that import the module, then the whole default suite. A test that fails without the fault
as well does not count and is left out from then on. What the whole suite lets pass is a survivor; some survivors are
equivalent, that is, no test can notice them, which only a reader can tell.

``--first-stage-only`` leaves out the whole suite: cheap, and what it notices is a lower bound. ``--output`` keeps the
results after every fault, and a second call goes on where the first one stopped. ``--jobs`` copies are worked on at a
time, each with pytest on ``--workers`` processes. Exit code 0 whatever survives.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from checkouts import ROOT, check_import, checkout_of
from random_faults.mutants import Mutant, find_mutants
from random_faults.suite import Suite

PACKAGE = "ms_dnn"
WINGS = ("maths", "layers", "gradients", "training", "judge")
REPORTS = {"report", "reports"}
"""Folders of a wing that only show results."""


def main() -> int:
    """Plant, test, print."""
    options = parse_arguments()
    with ExitStack() as stack:
        copies = [stack.enter_context(checkout_of(options.commit)) for _ in range(options.jobs)]
        mutants = find_mutants(copies[0], files_of(copies[0], options.wings), options.seed)
        chosen = list(enumerate(mutants[: options.count], start=1))
        if options.only is not None:
            chosen = [one for one in chosen if one[0] == options.only]
        print(f"{len(mutants)} faults are possible in {', '.join(options.wings)}; {len(chosen)} are chosen")
        if options.list:
            for number, mutant in chosen:
                print(f"{number:4} {described(mutant)}")
            return 0
        check_import(copies[0])
        suites = [Suite(copy, options.workers, options.time_limit, options.first_stage_only) for copy in copies]
        records = examine_all(chosen, suites, Results(options))
    summary(records)
    return 0


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=60, help="faults (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="which faults (default 0)")
    parser.add_argument("--only", type=int, metavar="N", help="only the fault of this number")
    parser.add_argument("--commit", default="HEAD", help="what is tested (default HEAD)")
    parser.add_argument("--wings", nargs="+", default=list(WINGS), help=f"default {' '.join(WINGS)}")
    parser.add_argument("--jobs", type=int, default=1, help="copies that are tested at a time (default 1)")
    parser.add_argument("--workers", type=int, default=2, help="processes of each pytest, 0 for none (default 2)")
    parser.add_argument("--time-limit", type=float, default=3600.0, help="seconds for the tests of a stage")
    parser.add_argument("--output", type=Path, metavar="FILE", help="results as JSON; goes on where it stopped")
    parser.add_argument("--first-stage-only", action="store_true", help="not the whole suite: a lower bound")
    parser.add_argument("--list", action="store_true", help="list the chosen faults and test nothing")
    options = parser.parse_args()
    done = subprocess.run(["git", "rev-parse", options.commit], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        options.commit = done.stdout.strip()  # HEAD may move while this runs
    return options


def files_of(checkout: Path, wings: Sequence[str]) -> list[Path]:
    """Return the Python files of the wings, without those that only show results."""
    package = checkout / PACKAGE
    found = [path for wing in wings for path in sorted((package / wing).rglob("*.py"))]
    return [path for path in found if not REPORTS & set(path.relative_to(package).parts)]


class Results:
    """The records of all faults that were tested, kept in a file.

    Raises:
        SystemExit: when the file holds the results of another commit, seed or choice of tests.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.path: Path | None = options.output
        self.asked = {key: getattr(options, key) for key in ("commit", "seed", "wings", "first_stage_only")}
        self.records: dict[str, dict[str, Any]] = {}
        if self.path is not None and self.path.exists():
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            if stored["asked"] != self.asked:
                sys.exit(f"{self.path}: holds the results of {stored['asked']}; choose another file")
            self.records = {record["key"]: record for record in stored["faults"]}

    def add(self, record: dict[str, Any]) -> None:
        """Keep a record."""
        self.records[record["key"]] = record
        if self.path is not None:
            content = {"asked": self.asked, "faults": list(self.records.values())}
            new = self.path.with_name(self.path.name + ".new")
            new.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            new.replace(self.path)


def examine_all(chosen: list[tuple[int, Mutant]], suites: list[Suite], results: Results) -> list[dict[str, Any]]:
    """Examine the faults that have no record yet, and return the records of all, in order."""
    free: queue.SimpleQueue[Suite] = queue.SimpleQueue()
    for suite in suites:
        free.put(suite)

    def examine(numbered: tuple[int, Mutant]) -> tuple[int, dict[str, Any]]:
        number, mutant = numbered
        suite = free.get()
        try:
            verdict = suite.examine(mutant)
        finally:
            free.put(suite)
        return number, {**_without_content(mutant), **vars(verdict), "seconds": round(verdict.seconds, 1)}

    waiting = [(number, mutant) for number, mutant in chosen if mutant.key not in results.records]
    with ThreadPoolExecutor(len(suites)) as pool:
        for number, record in pool.map(examine, waiting):
            results.add(record)
            end = f"noticed by {record['test']}" if record["noticed"] else f"NOT NOTICED by the {record['stage']}"
            print(f"{number:4} {record['function']}, {record['kind']}: {end} ({record['seconds']:.0f} s)", flush=True)
    failing = sorted(set().union(*(suite.failing for suite in suites)))
    if failing:
        print(f"left out, because they fail without a fault: {', '.join(failing)}")
    return [results.records[mutant.key] for _, mutant in chosen]


def _without_content(mutant: Mutant) -> dict[str, Any]:
    return {name: value for name, value in vars(mutant).items() if name != "content"}


def described(mutant: Mutant) -> str:
    """Return the fault in one line."""
    return f"{mutant.file}:{mutant.line} {mutant.function}: {mutant.kind}: {mutant.replaced} → {mutant.replacement}"


def summary(records: list[dict[str, Any]]) -> None:
    """Print how many were noticed, by wing and by stage, and every one that was not."""
    missed = [record for record in records if not record["noticed"]]
    print(f"{len(records) - len(missed)} of {len(records)} faults noticed")
    for name in sorted({Path(record["file"]).parts[1] for record in records}):
        of_wing = [record for record in records if Path(record["file"]).parts[1] == name]
        print(f"  {name:12}{sum(record['noticed'] for record in of_wing):4} of {len(of_wing)}")
    for record in missed:
        place = f"{record['file']}:{record['line']} {record['function']}"
        print(f"not noticed: {place}: {record['kind']}: {record['replaced']} → {record['replacement']}")


if __name__ == "__main__":
    sys.exit(main())
