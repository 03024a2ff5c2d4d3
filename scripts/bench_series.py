"""Run every chapter of the series in a process of its own, one after the other, and print how long each takes.

    python scripts/bench_series.py [--device CPU] [--language en]

Seconds are those of the wall, Python's start and the import of MindSpore included. Exit code 1 when a chapter fails, or
takes longer than a chapter may.
"""

import argparse
import subprocess
import sys
import tempfile
import time

from ms_dnn.series.catalogue import chapters

MOST_SECONDS = 60.0


def main() -> int:
    """Run the chapters, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--language", default="en")
    options = parser.parse_args()
    seconds, failed = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for chapter in chapters():
            choices = ["--device", options.device, "--language", options.language, "--figures", folder]
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, str(chapter.path), *choices], capture_output=True, text=True, check=False
            )
            seconds[chapter.name] = time.perf_counter() - started
            print(f"{seconds[chapter.name]:6.1f} s  {chapter.title}", flush=True)
            if done.returncode:
                failed.append(chapter.name)
                print(done.stderr, file=sys.stderr)
    slow = [name for name, taken in seconds.items() if taken > MOST_SECONDS]
    print(f"{sum(seconds.values()):6.1f} s  together")
    print(f"failed: {failed or 'none'}; above {MOST_SECONDS:.0f} s: {slow or 'none'}")
    return 1 if failed or slow else 0


if __name__ == "__main__":
    sys.exit(main())
