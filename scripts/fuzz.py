"""Give the command line thousands of damaged files, and check that each ends with exit code 0 or 2.

    python scripts/fuzz.py [--cases 10000] [--first 0] [--kinds config,csv,…] [--jobs 2] [--seconds 10] [--keep FOLDER]

Each case is a whole file of some kind, mutated as its number says, and one command that reads it, in a child forked
from a process that has imported everything. A child has some seconds and a bounded address space. What fails: any
other exit code, a traceback, a signal, a timeout, too much memory, and a canary file, which some of the files would
make if they were executed (by a pickle, by a YAML tag). Trainings end before their first step, for it is the reading
that is tested. The same numbers give the same cases. Exit code 1 when a case failed.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fuzzing.children import SECONDS, Outcome, Server
from fuzzing.corpus import KINDS


def main() -> int:
    """Run the cases, print a table, and return 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that a case may take")
    parser.add_argument("--keep", type=Path, help="folder for the files of failed cases")
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    started, outcomes = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        servers = [Server(Path(folder) / str(job), kinds, options.keep, options.seconds) for job in range(options.jobs)]
        numbers = range(options.first, options.first + options.cases)
        shares = [numbers[job :: options.jobs] for job in range(options.jobs)]
        for found in pool.map(lambda server, share: server.run(share), servers, shares):
            outcomes += found
    print_table(outcomes, kinds)
    print(f"{len(outcomes)} cases in {time.perf_counter() - started:.0f} s")
    failed = [outcome for outcome in outcomes if outcome.failure]
    for outcome in sorted(failed, key=lambda outcome: outcome.number)[:40]:
        print(f"case {outcome.number} ({outcome.kind}): {outcome.failure}\n    {outcome.last_line}")
    return 1 if failed else 0


def print_table(outcomes: list[Outcome], kinds: list[str]) -> None:
    """Print a row a kind."""
    print(f"{'kind':12}{'cases':>7}{'exit 0':>8}{'exit 2':>8}{'failed':>8}{'slowest':>10}{'memory grows by':>18}")
    for kind in kinds:
        own = [outcome for outcome in outcomes if outcome.kind == kind]
        if own:
            codes = Counter(outcome.code for outcome in own if not outcome.failure)
            failed = sum(bool(outcome.failure) for outcome in own)
            slowest, most = max(o.seconds for o in own), max(o.grown for o in own)
            print(f"{kind:12}{len(own):7}{codes[0]:8}{codes[2]:8}{failed:8}{slowest:8.1f} s{most / 2**20:14.0f} MB")


if __name__ == "__main__":
    sys.exit(main())
