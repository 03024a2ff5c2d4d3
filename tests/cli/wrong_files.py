"""The files that the cases of wrong inputs start from: right ones, runs, and damaged copies of both."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "data"))
import own_files

CONFIG = """\
version: 1
name: good
data: {set: csv, file: good.csv, target: y, columns: {colour: {kind: category}}}
network:
  layers:
    - {units: 3, activation: relu, initializer: he}
    - {units: 2, activation: identity}
loss: softmax_cross_entropy
optimizer: {name: adam}
learning_rate: 0.01
training: {batch_size: 16, epochs: 1}
"""
PICTURES = CONFIG.replace("good", "pictures").partition("\ndata")[0] + (
    "\ndata: {set: images, folder: pictures, scaling: min_max}\nnetwork" + CONFIG.partition("\nnetwork")[2]
)


def good_table(rows=40):
    """A frame with two columns of numbers, one of colours, and the target y, yes or no."""
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, rows)).round(3)
    colour = np.array(["red", "green"])[np.arange(rows) // 2 % 2]
    return pd.DataFrame({"a": a, "b": b, "colour": colour, "y": np.where(np.arange(rows) % 2, "yes", "no")})


def write_right_files(folder):
    """Write a file or folder of each kind that a configuration can name, and two configurations."""
    good_table().to_csv(folder / "good.csv", index=False)
    good_table().to_parquet(folder / "good.parquet", index=False)
    (folder / "good.yaml").write_text(CONFIG)
    (folder / "pictures.yaml").write_text(PICTURES)
    (folder / "table.yaml").write_text(CONFIG.replace("good", "t").replace(", columns: {colour: {kind: category}}", ""))
    own_files.write_npz(folder / "good.npz")
    for name in ("pictures", "pair", "idx", "hdf5", "cifar", "empty"):
        (folder / name).mkdir()
    own_files.write_images(folder / "pictures")
    own_files.write_pair(folder / "pair")
    own_files.write_idx(folder / "idx")
    own_files.write_hdf5(folder / "hdf5")
    own_files.write_cifar(folder / "cifar")
    Image.new("L", (4, 5)).save(folder / "grey.png")


def write_damaged_files(folder):
    """Write what looks like a file of some kind and is none."""
    (folder / "text.png").write_text("no picture")
    (folder / "text.npz").write_text("no archive")
    (folder / "text.npy").write_text("no array")
    (folder / "text.parquet").write_text("no table")
    (folder / "cut.npz").write_bytes((folder / "good.npz").read_bytes()[:300])
    (folder / "cut.parquet").write_bytes((folder / "good.parquet").read_bytes()[:300])
    (folder / "empty.csv").touch()
    x, y = np.arange(24.0).reshape(12, 2), np.arange(12) % 2
    for name, arrays in {
        "short": {"x": x, "y": y[:5]},
        "nan": {"x": np.where(x == 3, np.nan, x), "y": y},
        "complex": {"x": x * 1j, "y": y},
        "objects": {"x": x.astype(object), "y": y},
        "nothing": {"x": x[:0], "y": y[:0]},
        "other": {"inputs_": x, "outputs_": y},
        "oneclass": {"x": x, "y": y * 0},
    }.items():
        np.savez(folder / f"{name}.npz", **arrays)
    for old, new, name, cut in (
        ("idx", "idx-cut", "train-images-idx3-ubyte", 200),
        ("idx", "idx-labels", "train-labels-idx1-ubyte", 20),
        ("hdf5", "hdf5-cut", "train_catvnoncat.h5", 500),
        ("pair", "pair-cut", "x.npy", 200),
    ):
        shutil.copytree(folder / old, folder / new)
        (folder / new / name).write_bytes((folder / old / name).read_bytes()[:cut])
    shutil.copytree(folder / "idx", folder / "idx-three")
    (folder / "idx-three" / "t10k-labels-idx1-ubyte").unlink()
    shutil.copytree(folder / "pictures", folder / "pictures-broken")
    (folder / "pictures-broken" / "dark" / "03.png").write_text("no picture")
    shutil.copytree(folder / "pictures", folder / "pictures-sizes")
    Image.new("RGB", (9, 9)).save(folder / "pictures-sizes" / "light" / "03.png")
    for split in ("train", "test"):
        shutil.copytree(folder / "pictures", folder / "pictures-sets" / split)
        shutil.copytree(folder / "pictures" / "dark", folder / "pictures-flat" / split)
    shutil.copytree(folder / "pictures", folder / "pictures-hollow")
    shutil.rmtree(folder / "pictures-hollow" / "dark")
    (folder / "pictures-hollow" / "dark").mkdir()
    batch = folder / "cifar" / "cifar-10-batches-bin"
    shutil.copytree(batch, folder / "cifar-cut")
    (folder / "cifar-cut" / "data_batch_2.bin").write_bytes((batch / "data_batch_2.bin").read_bytes()[:-7])


def write_damaged_runs(folder):
    """Write copies of the folder ``run`` in each of which something is missing, damaged or newer."""
    run = folder / "run"
    for name in ("data.json", "features.json", "checkpoint.json", "config.yaml"):
        shutil.copytree(run, folder / f"no-{name.partition('.')[0]}")
        (folder / f"no-{name.partition('.')[0]}" / name).unlink()
        shutil.copytree(run, folder / f"cut-{name.partition('.')[0]}")
        (folder / f"cut-{name.partition('.')[0]}" / name).write_text((run / name).read_text()[:25])
    shutil.copytree(run, folder / "newer")
    text = (run / "config.yaml").read_text()
    (folder / "newer" / "config.yaml").write_text(text.replace("version: 1", "version: 9"))
    for name in ("data.json", "features.json"):
        shutil.copytree(run, folder / f"newer-{name.partition('.')[0]}")
        path = folder / f"newer-{name.partition('.')[0]}" / name
        path.write_text(path.read_text().replace('"version": ', '"version": 9', 1))
    shutil.copytree(run, folder / "newer-checkpoint")
    path = folder / "newer-checkpoint" / "checkpoint.json"
    manifest = json.loads(path.read_text()) | {"format": 99}
    del manifest["manifest_sha256"]
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(manifest | {"manifest_sha256": digest}))
    shutil.copytree(run, folder / "cut-weights")
    weights = next((folder / "cut-weights").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:100])
    shutil.copytree(run, folder / "no-weights")
    next((folder / "no-weights").glob("*.safetensors")).unlink()
    shutil.copytree(run, folder / "other-network")
    (folder / "other-network" / "config.yaml").write_text(text.replace("units: 3", "units: 4"))
    shutil.copytree(run, folder / "cut-metrics")
    (folder / "cut-metrics" / "metrics.jsonl").write_text('{"step": 1,\n{"step": 2}\n')


def remove(path):
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
