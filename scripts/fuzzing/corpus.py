"""The whole files that are damaged, and the command that reads each."""

import hashlib
import io
import json
import os
import pickle
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fuzzing.mutations import mutated

CONFIGS = Path(__file__).parents[2] / "configs"
CANARY = "CANARY"
FINISHED_RUN = Path(tempfile.gettempdir()) / f"ms-dnn-fuzz-run-{os.getpid()}"
HEAD = """\
name: fuzz
network: {layers: [{units: 3, activation: tanh, dropout: 0.1}, {units: UNITS, activation: identity}]}
loss: LOSS
optimizer: {name: adam}
learning_rate: 0.01
training: {batch_size: 4, epochs: 1}
"""


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        make: (folder of the case, generator) → the command's arguments; writes the files, one of them damaged.
    """

    make: Callable[[Path, np.random.Generator], list[str]]


class Makes:
    """An object whose pickle orders a file to be made."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        return Path.touch, (Path(CANARY),)  # type: ignore[return-value]


def experiment(folder: Path, data: str, units: int = 2, loss: str = "softmax_cross_entropy") -> list[str]:
    """Write an experiment on the data and return the command that trains it."""
    text = f"data: {data}\n" + HEAD.replace("UNITS", str(units)).replace("LOSS", loss)
    (folder / "experiment.yaml").write_text(text, encoding="utf-8")
    return ["train", str(folder / "experiment.yaml"), "--run", str(folder / "run")]


def damaged_config(folder: Path, generator: np.random.Generator) -> list[str]:
    """One of the repository's own configurations, on data that are there."""
    names = sorted(path.name for path in CONFIGS.glob("*.yaml"))
    content = (CONFIGS / str(generator.choice(names))).read_bytes()
    (folder / "experiment.yaml").write_bytes(mutated(content, generator, is_text=True))
    return ["train", str(folder / "experiment.yaml"), "--run", str(folder / "run")]


def damaged_csv(folder: Path, generator: np.random.Generator) -> list[str]:
    """A table with numbers, categories and holes."""
    lines = ["width,height,colour,kind"]
    for number in range(30):
        colour = ("red", "green", "")[number % 3]
        lines.append(f"{generator.random():.3f},{generator.random():.3f},{colour},{('wide', 'high')[number % 2]}")
    content = mutated(("\n".join(lines) + "\n").encode(), generator, is_text=True)
    (folder / "table.csv").write_bytes(content)
    columns = "{colour: {kind: category, unseen: other, missing: most_frequent}}"
    return experiment(folder, f"{{set: csv, file: {folder / 'table.csv'}, target: kind, columns: {columns}}}")


def damaged_idx(folder: Path, generator: np.random.Generator) -> list[str]:
    """The four files of MNIST's format, small."""
    contents = {}
    for part, count in (("train", 40), ("t10k", 10)):
        images = generator.integers(0, 256, (count, 4, 3)).astype(np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        for stem, array in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)):
            header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
            contents[f"{part}-{stem}"] = header + array.tobytes()
    chosen = str(generator.choice(sorted(contents)))
    contents[chosen] = mutated(contents[chosen], generator, is_text=False)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return experiment(folder, f"{{set: mnist, folder: {folder}}}", units=10)


def damaged_hdf5(folder: Path, generator: np.random.Generator) -> list[str]:
    """The two files of the cat pictures' layout, small."""
    import h5py

    for part, count in (("train", 12), ("test", 6)):
        with h5py.File(folder / f"{part}_catvnoncat.h5", "w") as file:
            file[f"{part}_set_x"] = generator.integers(0, 256, (count, 4, 4, 3)).astype(np.uint8)
            file[f"{part}_set_y"] = np.arange(count) % 2
            file["list_classes"] = np.array([b"non-cat", b"cat"])
    path = folder / f"{generator.choice(['train', 'test'])}_catvnoncat.h5"
    path.write_bytes(mutated(path.read_bytes(), generator, is_text=False))
    return experiment(folder, f"{{set: hdf5, folder: {folder}}}", 1, "binary_cross_entropy_with_logits")


def damaged_image(folder: Path, generator: np.random.Generator) -> list[str]:
    """A folder of pictures a class, in the formats that people have."""
    from PIL import Image

    for name in ("light", "dark"):
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(6):
            ending = str(generator.choice(["png", "jpg", "bmp", "gif"]))
            pixels = generator.integers(0, 256, (6, 5, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "pictures" / name / f"{number}.{ending}")
    paths = sorted((folder / "pictures").rglob("*.*"))
    path = paths[int(generator.integers(len(paths)))]
    path.write_bytes(mutated(path.read_bytes(), generator, is_text=False))
    return experiment(folder, f"{{set: images, folder: {folder / 'pictures'}, image_size: [4, 4]}}")


def damaged_npz(folder: Path, generator: np.random.Generator) -> list[str]:
    """An archive of arrays; sometimes with an object whose pickle would make the canary."""
    x, y = generator.normal(size=(20, 3)), np.arange(20) % 2
    stream = io.BytesIO()
    if generator.random() < 0.2:
        np.savez(stream, x=np.array([Makes()], dtype=object), y=y)
    else:
        np.savez(stream, x=x, y=y)
    (folder / "data.npz").write_bytes(mutated(stream.getvalue(), generator, is_text=False))
    return experiment(folder, f"{{set: npz, file: {folder / 'data.npz'}}}")


def damaged_cifar(folder: Path, generator: np.random.Generator) -> list[str]:
    """The binary batches of CIFAR-10; sometimes pickles of the Python version that would make the canary."""
    records = np.column_stack([np.arange(6, dtype=np.uint8), np.zeros((6, 3072), np.uint8)]).tobytes()
    content, ending = (pickle.dumps(Makes(), protocol=2), "") if generator.random() < 0.3 else (records, ".bin")
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        damaged = mutated(content, generator, is_text=False) if name == "data_batch_2" else content
        (folder / f"{name}{ending}").write_bytes(damaged)
    return experiment(folder, f"{{set: cifar10, folder: {folder}}}", units=10)


def damaged_checkpoint(folder: Path, generator: np.random.Generator) -> list[str]:
    """A finished run, one of whose files is damaged; half of the time with checksums that are right again."""
    for path in FINISHED_RUN.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    names = sorted(
        path.name for path in folder.iterdir() if path.suffix in (".json", ".safetensors", ".yaml", ".jsonl")
    )
    chosen = folder / str(generator.choice(names))
    chosen.write_bytes(mutated(chosen.read_bytes(), generator, is_text=chosen.suffix != ".safetensors"))
    if generator.random() < 0.5:
        mend_checksums(folder)
    command = str(generator.choice(["evaluate", "resume", "compare", "report", "predict", "export"]))
    if command == "resume":
        return ["train", "--resume", str(folder)]
    (folder / "rows.csv").write_text("5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n")
    others = {"compare": [str(FINISHED_RUN)], "predict": [str(folder / "rows.csv")], "export": ["--force"]}
    return [command, str(folder), *others.get(command, [])]


def mend_checksums(folder: Path) -> None:
    """Make the checksums right again where the manifest still is JSON: somebody who attacks would do so."""
    try:
        manifest = json.loads((folder / "checkpoint.json").read_text(encoding="utf-8"))
        body = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
        body["sha256"] = hashlib.sha256((folder / str(body["file"])).read_bytes()).hexdigest()
    except (ValueError, OSError, KeyError, AttributeError, TypeError):
        return
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    (folder / "checkpoint.json").write_text(json.dumps({**body, "manifest_sha256": digest}), encoding="utf-8")


KINDS = {
    "config": Kind(damaged_config),
    "checkpoint": Kind(damaged_checkpoint),
    "csv": Kind(damaged_csv),
    "idx": Kind(damaged_idx),
    "hdf5": Kind(damaged_hdf5),
    "image": Kind(damaged_image),
    "npz": Kind(damaged_npz),
    "cifar10": Kind(damaged_cifar),
}
