"""A run's own test pictures, handed back as files: predicted as it evaluates them, on a dark and on a light ground."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import here, refused, trained_run
from PIL import Image

from ms_dnn.data import load_data, split
from ms_dnn.experiment.source import source_of
from ms_dnn.runs.stored import StoredRun

sys.path.append(str(Path(__file__).parents[1] / "data"))
import own_files

pytestmark = pytest.mark.usefixtures("cpu", "unpictured")

SIDE, PICTURES = 10, 160
CLASSES = ("across", "cross", "down", "square")


def strokes(ground):
    """Return grey pictures (N, height, width) of one of four figures each, on this ground, and their classes (N,)."""
    random = np.random.default_rng(6)
    y = np.arange(PICTURES) % len(CLASSES)
    ink = np.zeros((PICTURES, SIDE, SIDE))
    for one, label in zip(ink, y, strict=True):
        row, column = random.integers(3, SIDE - 3, 2)
        if label in (0, 1):
            one[row, 1:-1] = 1
        if label in (1, 2):
            one[1:-1, column] = 1
        if label == 3:
            one[row - 2 : row + 3, column - 2 : column + 3] = 1
    light = 20 + 200 * ink + random.integers(0, 20, ink.shape)
    return (light if ground == "dark" else 255 - light).astype(np.uint8), y


def write_folders(folder, ground):
    for number, (picture, label) in enumerate(zip(*strokes(ground), strict=True)):
        (folder / CLASSES[label]).mkdir(exist_ok=True)
        Image.fromarray(picture).save(folder / CLASSES[label] / f"{number:03}.png")
    return {"set": "images", "folder": str(folder), "test": 0.25}


def write_idx(folder, ground):
    x, y = strokes(ground)
    y[-20:] = np.arange(20) % 10  # the format has ten classes, of which each needs a sample
    for part, rows in (("train", slice(40, None)), ("t10k", slice(40))):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(own_files.idx_bytes(x[rows]))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(own_files.idx_bytes(y[rows].astype(np.uint8)))
    return {"set": "mnist", "folder": str(folder)}


def write_npz(folder, ground):
    x, y = strokes(ground)
    np.savez(folder / "x.npz", x=x, y=y)
    return {"set": "npz", "file": str(folder / "x.npz"), "test": 0.25}


SETS = {"folders": write_folders, "idx": write_idx, "npz": write_npz}


def trained(place, data, outputs):
    """Return a trained run, and the pixels (N, height, width) and the outputs (N, n[L]) of its test set."""
    config = {
        "name": "strokes",
        "data": {"validation": 0.1, **data},
        "network": {"layers": [{"units": 16, "activation": "tanh"}, {"units": outputs, "activation": "identity"}]},
        "loss": "softmax_cross_entropy",
        "optimizer": {"name": "adam"},
        "learning_rate": 0.02,
        "training": {"batch_size": 10, "epochs": 10},
    }
    run = StoredRun(trained_run(place, config))
    test = run.experiment.data.test
    source = load_data(source_of(run.config))
    raw = source.test or split(source.dataset, run.config.data.validation, run.config.data.test, run.config.seed).test
    from mindspore import Tensor

    network = run.network()
    predicted = network(Tensor(test.x, network.trainable_params()[0].dtype)).asnumpy()
    return place / "run", raw, predicted


KINDS = [
    pytest.param(("folders", "dark"), marks=pytest.mark.campaign),
    ("folders", "light"),
    ("idx", "dark"),
    ("idx", "light"),
]


@pytest.fixture(scope="module", params=KINDS, ids=" ".join)
def own(request, tmp_path_factory):
    """A run, its test set as PNG and as JPEG files, the classes that it is evaluated to, and the ground."""
    kind, ground = request.param
    place = tmp_path_factory.mktemp("own")
    (place / "data").mkdir()
    run, test, outputs = trained(place, SETS[kind](place / "data", ground), 4 if kind == "folders" else 10)
    for suffix, options in (("png", {}), ("jpg", {"quality": 95})):
        (place / suffix).mkdir()
        for number, picture in enumerate(test.x.reshape(-1, SIDE, SIDE)):
            Image.fromarray(picture.astype(np.uint8)).save(place / suffix / f"{number:02}.{suffix}", **options)
    return run, place, [test.class_names[index] for index in outputs.argmax(axis=1)], ground


def predicted(*arguments):
    process = here("predict", *arguments, "--json")
    assert process.returncode == 0, process.stderr
    report = json.loads(process.stdout)
    assert [f"note: {note}" for note in report["notes"]] == process.stderr.splitlines()
    return [sample["answer"] for sample in report["samples"]], report["notes"]


def test_its_own_pictures_are_predicted_as_they_are_evaluated(own):
    run, place, expected, _ = own
    assert len(expected) == 40
    answers, notes = predicted(run, place / "png")
    assert answers == expected
    assert notes == ["40 pictures: black is 0, white 255"]
    answers, _ = predicted(run, place / "jpg")
    assert sum(answer != wanted for answer, wanted in zip(answers, expected, strict=True)) <= 1


def test_the_other_ground_is_told_of_and_inverted_on_request(own, tmp_path):
    run, place, expected, ground = own
    for picture in sorted((place / "png").iterdir()):
        negative = Image.fromarray(255 - np.asarray(Image.open(picture))).resize((2 * SIDE, 2 * SIDE), 0)
        negative.convert("RGB").save(tmp_path / picture.name)
    other = "dark" if ground == "light" else "light"
    _, notes = predicted(run, tmp_path)
    assert notes[0] == "40 pictures: made grey, resized from 20×20 to 10×10 (height×width); black is 0, white 255"
    assert notes[1] == (
        f"40 of 40 pictures have a {other} ground, the training pictures a {ground} one: '00.png', '01.png', '02.png', "
        "'03.png', '04.png', …; add --invert where ink and ground are exchanged"
    )
    answers, notes = predicted(run, tmp_path, "--invert")
    assert answers == expected
    assert notes == [notes[0]]
    assert ", inverted; black is 0" in notes[0]
    _, notes = predicted(run, place / "png" / "00.png", place / "png" / "01.png", "--invert")
    assert notes[1].startswith("2 of 2 pictures")
    assert notes[1].endswith("'00.png', '01.png'; leave --invert out")


def test_values_in_another_unit_are_told_of(own, tmp_path):
    run, _, _, ground = own
    x, _ = strokes(ground)
    np.savez(tmp_path / "x.npz", x=x / 255)
    _, (note,) = predicted(run, tmp_path / "x.npz")
    assert note.startswith("'x.npz': values unlike the training set's, about 2")
    assert " times as small: 0" in note
    assert note.endswith("(training 0 to 255); check the unit")
    np.savez(tmp_path / "x.npz", x=x * 256.0)
    _, (note,) = predicted(run, tmp_path / "x.npz")
    assert "'x.npz': 160 of 160 samples leave the range of the training set, about 2" in note
    np.savez(tmp_path / "x.npz", x=255 - x)
    _, (note,) = predicted(run, tmp_path / "x.npz")
    assert note.endswith("'row 4', …; give black + white − x where ink and ground are exchanged")
    assert "expected pictures: leave --invert out" in refused(here("predict", run, tmp_path / "x.npz", "--invert"))


@pytest.mark.parametrize("own", [("folders", "light")], indirect=True, ids=" ".join)
def test_folders_that_are_classes_are_scored(own, tmp_path):
    run, place, _, _ = own
    process = here("predict", run, place / "data", "--output", tmp_path / "a.csv")
    answers = pd.read_csv(tmp_path / "a.csv")
    assert list(answers.columns) == ["sample", "label", "prediction", *(f"probability of {name}" for name in CLASSES)]
    assert answers["sample"].tolist()[39:41] == ["across/156.png", "cross/001.png"]
    accuracy = np.mean(answers["label"] == answers["prediction"])
    assert process.stdout.startswith(f"accuracy {accuracy:.2%} on 160 samples\n")


def test_arrays_of_an_npz_run_come_back_as_they_are_evaluated(tmp_path):
    run, test, outputs = trained(tmp_path, write_npz(tmp_path, "light"), 4)
    np.savez(tmp_path / "test.npz", x=test.x)
    answers, notes = predicted(run, tmp_path / "test.npz")
    assert answers == [test.class_names[index] for index in outputs.argmax(axis=1)]
    assert notes == []
