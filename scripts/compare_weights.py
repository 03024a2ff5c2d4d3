"""Same seeds give the same bits: train every configuration, and compare the final weights with another commit's.

    python scripts/compare_weights.py [CONFIG.yaml …] [--against COMMIT] [--iterations 40] [--set KEY=VALUE]
                                      [--keep FOLDER]

Each configuration (without arguments: all of ``configs/``) is trained by ``ms-dnn train``, cut to ``--iterations``
updates of the weights. Those that name files of the user's get small synthetic ones in the same format. What is
compared are all arrays of the last checkpoint (weights, state of the optimizer and of the layers) and every number
of ``metrics.jsonl`` but the seconds, bit for bit: equal, or the largest difference of any array, relative to the
largest element of that array. The configurations are this checkout's, also for the other commit; the interpreter and
its packages are the same for both.

Without ``--against`` the SHA-256 of the arrays and of the metrics is printed, so that machines can be compared by
eye. ``--keep`` keeps the run folders: ``FOLDER/here/NAME`` and ``FOLDER/COMMIT/NAME``. Exit code 1 when something
differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from checkouts import ROOT, check_import, checkout_of, run_command
from numpy.typing import NDArray
from safetensors.numpy import load_file

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Outcome:
    """What a training left behind: the arrays of its checkpoint, and its metrics, one array a column."""

    weights: Arrays
    history: Arrays


def main() -> int:
    """Train, print one line a configuration, and return 1 when two differ."""
    options = parse_arguments()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        own = train_all(ROOT, folder / "here", options)
        if options.against is None:
            for name, outcome in own.items():
                print(f"{name:30}weights {digest(outcome.weights)}  metrics {digest(outcome.history)}")
            return 0
        with checkout_of(options.against) as checkout:
            other = train_all(checkout, folder / options.against, options)
    found = {name: [*differences(other[name].weights, own[name].weights, "weights"),
                    *differences(other[name].history, own[name].history, "metrics")] for name in own}  # fmt: skip
    for name, sentences in found.items():
        print(f"{name:30}{'; '.join(sentences) or 'equal, bit for bit'}")
    differing = sum(map(bool, found.values()))
    print(
        f"{len(found) - differing} of {len(found)} are equal to {options.against}, {options.iterations} iterations each"
    )
    return 1 if differing else 0


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("configs", nargs="*", type=Path, help="default: all of configs/")
    parser.add_argument("--against", metavar="COMMIT", help="the commit that is to give the same bits")
    parser.add_argument("--iterations", type=int, default=40, help="updates of the weights (default 40)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for every training")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the run folders there")
    options = parser.parse_args()
    options.configs = [path.resolve() for path in options.configs] or sorted((ROOT / "configs").glob("*.yaml"))
    return options


def train_all(checkout: Path, folder: Path, options: argparse.Namespace) -> dict[str, Outcome]:
    """Train every configuration with the package of the checkout; return what came out, by name."""
    check_import(checkout)
    folder.mkdir(parents=True, exist_ok=True)
    write_files(folder)
    length = [f"training.max_iterations={options.iterations}", "training.epochs=null", *options.set]
    overrides = [argument for setting in length for argument in ("--set", setting)]
    outcomes = {}
    for config in options.configs:
        run_command(checkout, ["train", str(config), "--run", config.stem, *overrides], folder)
        outcomes[config.stem] = outcome_of(folder / config.stem)
        print(f"trained {folder.name} {config.stem}", file=sys.stderr)
    return outcomes


def outcome_of(run: Path) -> Outcome:
    """Return what stands in a run folder."""
    manifest = json.loads((run / "checkpoint.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    columns = sorted({key for row in rows for key in row} - {"seconds"})
    history = {column: np.array([row.get(column, np.nan) for row in rows], np.float64) for column in columns}
    return Outcome(load_file(run / manifest["file"]), history)


def digest(arrays: Arrays) -> str:
    """Return the first 16 digits of the SHA-256 of the arrays with their names, dtypes and shapes."""
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype} {array.shape} ".encode() + array.tobytes())
    return found.hexdigest()[:16]


def differences(expected: Arrays, got: Arrays, what: str) -> list[str]:
    """Return what differs, in at most one sentence; nothing where all bits are equal."""
    if expected.keys() != got.keys():
        return [f"{what}: only one of both has {', '.join(sorted(expected.keys() ^ got.keys()))}"]
    sizes = {}
    for name, right in expected.items():
        array = got[name]
        if array.dtype != right.dtype or array.shape != right.shape:
            return [f"{what}: {name} is {array.dtype} {array.shape}, was {right.dtype} {right.shape}"]
        if array.tobytes() != right.tobytes():
            sizes[name] = relative_difference(right, array)
    if not sizes:
        return []
    worst = max(sizes, key=sizes.__getitem__)
    return [f"{what}: {len(sizes)} of {len(expected)} arrays differ, {worst} most, by {sizes[worst]:.1e}"]


def relative_difference(expected: NDArray[Any], got: NDArray[Any]) -> float:
    """Return the largest difference, relative to the largest element; infinity where one alone is not finite."""
    a, b = expected.astype(np.float64), got.astype(np.float64)
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return float("inf")
    finite = np.isfinite(a)
    if not finite.any():
        return 0.0
    return float(np.abs(a - b)[finite].max() / max(np.abs(a[finite]).max(), np.finfo(np.float64).tiny))


# Small synthetic files, where the configurations expect the user's ---------------------------------------------


def write_files(folder: Path) -> None:
    """Write the files that the configurations name, relative to the folder that trainings run in."""
    writers: dict[str, Callable[[Path], None]] = {"mnist": _write_mnist, "cat_pictures": _write_cats}
    for name, write in writers.items():
        (folder / "data" / name).mkdir(parents=True, exist_ok=True)
        write(folder / "data" / name)
    _write_customers(folder / "data" / "customers.csv")


def _write_mnist(folder: Path) -> None:
    generator = np.random.default_rng(0)
    for part, count in (("train", 300), ("t10k", 40)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        pictures = (generator.integers(0, 50, (count, 28, 28)) + 20 * labels[:, None, None]).astype(np.uint8)
        for stem, array in (("images-idx3-ubyte", pictures), ("labels-idx1-ubyte", labels)):
            head = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / f"{part}-{stem}").write_bytes(head + array.tobytes())


def _write_cats(folder: Path) -> None:
    import h5py

    generator = np.random.default_rng(1)
    for part, count in (("train", 20), ("test", 6)):
        y = np.arange(count) % 2
        x = generator.integers(0, 100, (count, 64, 64, 3)) + 100 * y[:, None, None, None]
        with h5py.File(folder / f"{part}_catvnoncat.h5", "w") as file:
            file.create_dataset(f"{part}_set_x", data=x.astype(np.uint8))
            file.create_dataset(f"{part}_set_y", data=y)
            file.create_dataset("list_classes", data=np.array([b"non-cat", b"cat"]))


def _write_customers(path: Path) -> None:
    generator = np.random.default_rng(2)
    lines = ["id,size,colour,tags,age,bought"]
    for number in range(160):
        colour = generator.choice(["blue", "green", "red"])
        size = "" if generator.random() < 0.1 else f"{generator.normal(10, 3):.3f}"
        tags = ";".join(tag for tag in "abc" if generator.random() < 0.5)
        bought = "yes" if colour == "red" or float(size or 0) > 12 else "no"
        lines.append(f"n{number},{size},{colour},{tags},{generator.integers(1, 90)},{bought}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
