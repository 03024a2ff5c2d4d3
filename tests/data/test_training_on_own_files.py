"""From files of each format to a run, its evaluation and an answer, through the command."""

import json

import numpy as np
import own_files
import pytest
import yaml

from ms_dnn.cli.main import main

pytestmark = pytest.mark.usefixtures("cpu", "unpictured")

MNIST = {"set": "mnist", "folder": "."}
SETS = {
    "mnist": (own_files.write_idx, MNIST, 10),
    "mnist gz": (lambda folder: own_files.write_idx(folder, compressed=True), MNIST, 10),
    "fashion_mnist": (own_files.write_idx, {"set": "fashion_mnist", "folder": "."}, 10),
    "cifar10": (own_files.write_cifar, {"set": "cifar10", "folder": ".", "validation": 0.2}, 10),
    "csv": (
        lambda folder: own_files.write_csv(folder / "t.csv"),
        {"set": "csv", "file": "t.csv", "target": "kind", "drop": ["id", "price"]},
        2,
    ),
    "csv regression": (
        lambda folder: own_files.write_csv(folder / "t.csv"),
        {"set": "csv", "file": "t.csv", "target": "price", "drop": ["id", "kind"], "target_scaling": "standard"},
        1,
    ),
    "npy": (own_files.write_pair, {"set": "npy", "folder": "."}, 2),
    "npy streamed": (own_files.write_pair, {"set": "npy", "folder": ".", "stream": True}, 2),
    "npz": (lambda folder: own_files.write_npz(folder / "t.npz"), {"set": "npz", "file": "t.npz"}, 2),
    "hdf5": (own_files.write_hdf5, {"set": "hdf5", "folder": "."}, 2),
    "images": (lambda folder: own_files.write_images(folder / "."), {"set": "images", "folder": "."}, 2),
}


def write_config(path, data, outputs):
    data = {"validation": 0.25, **data}
    values = {
        "name": "own",
        "data": data,
        "network": {"layers": [{"units": 4, "activation": "tanh"}, {"units": outputs, "activation": "identity"}]},
        "loss": "softmax_cross_entropy" if outputs > 1 else "squared_error",
        "optimizer": {"name": "adam"},
        "learning_rate": 0.05,
        "training": {"batch_size": 5, "epochs": 2},
    }
    path.write_text(yaml.safe_dump(values))


def run_command(capsys, *arguments):
    code = 0
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as ended:
        code = ended.code
    output = capsys.readouterr()
    return code, output.out, output.err


# What the others read in another way, in test_training_files.py and training/test_streaming.py, too.
MORE = {"mnist gz", "fashion_mnist", "npy streamed"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.campaign if name in MORE else ()) for name in SETS]
)
def test_train_and_evaluate_from_another_folder(tmp_path, monkeypatch, capsys, name):
    write, data, outputs = SETS[name]
    files, elsewhere = tmp_path / "files", tmp_path / "elsewhere"
    files.mkdir()
    elsewhere.mkdir()
    write(files)
    write_config(files / "own.yaml", data, outputs)
    monkeypatch.chdir(files)
    # Where a folder of folders is the data, a run in it would be one class more.
    code, _, errors = run_command(capsys, "train", "own.yaml", "--run", elsewhere / "run")
    assert code in (0, None), errors
    monkeypatch.chdir(elsewhere)
    code, output, errors = run_command(capsys, "evaluate", "run", "--json")
    assert code in (0, None), errors
    report = json.loads(output)
    assert np.isfinite(report["cost"])
    assert report["samples"] == {"mnist": 20, "fashion_mnist": 20, "cifar10": 10, "hdf5": 6}.get(data["set"], 8) or (
        data["set"] == "images" and report["samples"] == 5
    )


def test_predict_pictures_and_resume(tmp_path, monkeypatch, capsys):
    own_files.write_images(tmp_path)
    write_config(tmp_path / "own.yaml", {"set": "images", "folder": str(tmp_path)}, 2)
    (runs := tmp_path.parent / f"{tmp_path.name} runs").mkdir()
    config = tmp_path / "own.yaml"
    code, _, errors = run_command(
        capsys, "train", config, "--set=training.epochs=20", "--set=learning_rate=0.02", "--run", runs / "run"
    )
    assert code in (0, None), errors
    code, output, errors = run_command(capsys, "predict", runs / "run", tmp_path / "light", "--json")
    assert code in (0, None), errors
    assert {sample["answer"] for sample in json.loads(output)["samples"]} == {"light"}
    code, output, errors = run_command(capsys, "train", "--resume", runs / "run")
    assert code in (0, None), errors
    assert "all 20 epochs are done" in output


@pytest.mark.parametrize(
    ("name", "file", "answers"),
    [("csv", "t.csv", {"high", "wide"}), ("csv regression", "t.csv", None), ("npz", "t.npz", {"4", "7"})],
)
def test_the_training_file_is_prediction_input_and_its_targets_are_labels(
    tmp_path, monkeypatch, capsys, name, file, answers
):
    write, data, outputs = SETS[name]
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    write_config(tmp_path / "own.yaml", data, outputs)
    code, _, errors = run_command(capsys, "train", "own.yaml", "--set=training.epochs=40", "--run", "run")
    assert code in (0, None), errors
    code, output, errors = run_command(capsys, "predict", "run", file, "--json")
    assert code in (0, None), errors
    samples = json.loads(output)["samples"]
    assert len(samples) == 40
    if answers is None:
        assert np.std([s["answer"][0] - float(s["label"]) for s in samples]) < 0.3
    else:
        assert {sample["label"] for sample in samples} == answers
        assert np.mean([sample["label"] == sample["answer"] for sample in samples]) > 0.8


@pytest.mark.parametrize("name", SETS)
def test_missing_files_are_one_sentence_and_exit_code_2(tmp_path, monkeypatch, capsys, name):
    _, data, outputs = SETS[name]
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path / "own.yaml", data, outputs)
    code, _, errors = run_command(capsys, "train", "own.yaml", "--run", "run")
    assert code == 2
    assert errors.startswith("ms-dnn: data.f")
    assert errors.count("\n") == 1
    assert "Traceback" not in errors
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("data.target_scaling=standard", "data.target_scaling: got standard, expected none"),
        ("data.target=price", "loss: got softmax_cross_entropy, expected squared_error"),
    ],
)
def test_choices_that_only_the_file_can_refute(tmp_path, monkeypatch, capsys, override, sentence):
    monkeypatch.chdir(tmp_path)
    own_files.write_csv(tmp_path / "t.csv")
    write_config(tmp_path / "own.yaml", {**SETS["csv"][1], "drop": ["id", "price", "kind"]}, 2)
    drop = "data.drop=[id, price]" if "scaling" in override else "data.drop=[id, kind]"
    code, _, errors = run_command(capsys, "train", "own.yaml", "--set", override, "--set", drop, "--run", "run")
    assert code == 2
    assert errors.startswith(f"ms-dnn: {sentence}")
