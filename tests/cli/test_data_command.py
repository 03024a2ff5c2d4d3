"""``ms-dnn data``: what a set is, and what of a conversion that fails is left."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from command import CONFIGS, full_disk, here, killed, refused

sys.path.append(str(Path(__file__).parents[1] / "data"))
import mixed_tables
import own_files

pytestmark = pytest.mark.usefixtures("unpictured")


def test_show_pictures_of_classes():
    shown = here("data", "show", CONFIGS / "digits.yaml").stdout
    assert "digits: classification, 1,797 samples, 64 features, pictures of 8×8" in shown
    assert "features with one value only: 3" in shown
    assert any(line.split()[:3] == ["1", "182", "10.1%"] for line in shown.splitlines())
    assert shown.splitlines()[-1] == "pixels: 0 to 16"


def test_show_a_table_with_holes(tmp_path):
    mixed_tables.write(mixed_tables.mixed(), tmp_path / "t.csv")
    (tmp_path / "c.yaml").write_text(mixed_tables.CONFIG.replace("file: t.csv", f"file: {tmp_path}/t.csv"))
    shown = here("data", "show", tmp_path / "c.yaml").stdout
    assert any(line.split()[:3] == ["colour", "3", "texts"] for line in shown.splitlines())
    report = json.loads(here("data", "show", tmp_path / "c.yaml", "--json").stdout)
    of = {feature["name"]: feature for feature in report["features"]}
    table = mixed_tables.mixed()
    assert of["size"]["missing"] == table["size"].isna().sum() > 0
    assert (of["age"]["low"], of["age"]["high"]) == (table["age"].min(), table["age"].max())
    assert report["classes"] == table["bought"].value_counts().sort_index().to_dict()
    sentence = refused(here("data", "convert", tmp_path / "c.yaml", tmp_path / "out"))
    assert "data.columns: got declared columns, expected numbers to convert" in sentence
    assert not (tmp_path / "out").exists()


def test_show_a_regression_set():
    report = json.loads(here("data", "show", CONFIGS / "regression.yaml", "--json").stdout)
    assert report["targets"] == [{"low": 25.0, "high": 346.0}]
    assert "target 0: 25 to 346" in here("data", "show", CONFIGS / "regression.yaml").stdout


def test_what_convert_prints_can_be_trained_on(tmp_path):
    own_files.write_idx(tmp_path)
    shown = here("data", "convert", CONFIGS / "mnist.yaml", tmp_path / "m", f"--set=data.folder={tmp_path}")
    assert "80 samples of 12 features, uint8" in shown.stdout
    section = yaml.safe_load(shown.stdout.splitlines()[-1].split("  (")[0])
    assert section["data"] == {"set": "mindrecord", "file": str(tmp_path / "m"), "test": 0}
    config = yaml.safe_load((CONFIGS / "mnist.yaml").read_text())
    layers = [{"units": 4, "activation": "relu"}, {"units": 10, "activation": "identity"}]
    config |= {**section, "training": {"batch_size": 10, "epochs": 1}, "network": {"layers": layers}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    process = here("train", tmp_path / "c.yaml", "--set=data.stream=true", "--run", tmp_path / "run")
    assert process.returncode == 0, process.stderr
    assert "20 samples" in here("evaluate", tmp_path / "run").stdout
    sentence = refused(here("train", tmp_path / "c.yaml", "--set=data.test=0.2", "--run", tmp_path / "other"))
    assert sentence == "data.test: got 0.2, but the set has a test set of its own, 20 samples: set it to 0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["data.stream=true"], "data.stream: digits has no use for it"),
        (["data={set: npy}"], "data.folder: missing; npy needs a folder with x.npy and y.npy"),
        (["data={set: npy, folder: x, stream: true}", "training.batch_size=all"], "needs all of them in memory"),
        (
            ["data={set: mindrecord, file: nowhere}"],
            "nowhere', expected a MindRecord: put it there",
        ),
    ],
)
def test_what_cannot_be_streamed(options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    overrides = [f"--set={option}" for option in options]
    assert message in refused(here("train", CONFIGS / "digits.yaml", "--run", tmp_path / "run", *overrides))


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        (np.full((3, 2), np.nan), np.arange(3), "has nan in column 0, row 0 (rows count from 0); 6 values are not"),
        (np.array([{}] * 3), np.arange(3), "got object of shape (3,), expected real numbers of shape (samples, …)"),
        (np.ones((3, 2)), np.arange(4), "got shape (4,), expected (3,) or (3, outputs), a target for each row"),
        (np.ones((3, 2)), np.zeros(3, int), "has samples of one class only, '0'"),
        (np.ones((3, 2)), np.array([0, np.inf, 0]), "has inf in 'y', row 1"),
    ],
)
def test_what_cannot_be_converted_leaves_nothing(tmp_path, x, y, sentence):
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    process = here(
        "data", "convert", CONFIGS / "wine.yaml", tmp_path / "out", f"--set=data={{set: npy, folder: {tmp_path}}}"
    )
    assert sentence in refused(process)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy", "y.npy"]


def test_an_existing_output_is_refused(tmp_path):
    for name in ("out", "other.db"):
        (tmp_path / name).write_text("mine")
        sentence = refused(here("data", "convert", CONFIGS / "wine.yaml", tmp_path / name.removesuffix(".db")))
        assert sentence == f"{tmp_path / name}: exists already, expected a new name: choose another, or move it away"
        assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize(("kind", "most"), [("npy", 50_000), ("mindrecord", 1_000_000)])
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, kind, most):
    monkeypatch.chdir(tmp_path)
    with full_disk(most):
        process = here("data", "convert", CONFIGS / "digits.yaml", "out", "--to", kind)
    assert "out: the set could not be written" in refused(process)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_before_anything_is_converted_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own_files.write_csv(tmp_path / "t.csv", samples=4000)
    data = "--set=data={set: csv, file: t.csv, target: kind, drop: [id, price]}"
    with full_disk(50_000):
        process = here("data", "convert", CONFIGS / "wine.yaml", "out", data)
    assert "out: the set could not be written (File too large); nothing is left of it" in refused(process)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_kill_leaves_no_set_and_the_next_conversion_makes_one(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.arange(80).reshape(40, 2) / 3, y=np.arange(40) % 2)
    overrides = [f"--set=data={{set: npz, file: {tmp_path}/t.npz}}"]
    command = ["data", "convert", CONFIGS / "wine.yaml", tmp_path / "out", "--to=npy", *overrides]
    killed("/out.unfinished/out/y.npy", 1, *command)
    assert (tmp_path / "out.unfinished" / "out" / "x.npy").exists()
    assert not (tmp_path / "out").exists()
    assert here(*command).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "t.npz"]
