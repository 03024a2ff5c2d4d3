"""``train``, ``load_run`` and what a run is asked from Python: what the commands answer, from any kind of samples."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from sklearn.datasets import load_wine

import ms_dnn
from ms_dnn.config import load_config
from ms_dnn.runs.evaluation import evaluate_run
from ms_dnn.runs.prediction import predict_file

pytestmark = [pytest.mark.usefixtures("cpu", "unpictured")]

WINE, CONFIG = load_wine(), "configs/wine.yaml"


@pytest.fixture(scope="module")
def run(cpu, unpictured, tmp_path_factory):
    folder = tmp_path_factory.mktemp("python") / "run"
    return ms_dnn.train(CONFIG, folder, ["training.epochs=2"])


@pytest.fixture(scope="module")
def mixed(cpu, unpictured, tmp_path_factory):
    """A run on a table with a category, a missing cell and a name with a comma."""
    folder = tmp_path_factory.mktemp("mixed")
    draws = np.random.default_rng(0)
    frame = pd.DataFrame({"length, cm": draws.normal(size=40), "colour": draws.choice(["red", "green"], 40)})
    frame["kind"] = np.where(frame["length, cm"] > 0, "long", "short")
    frame.loc[3, "length, cm"] = np.nan
    frame.to_csv(folder / "table.csv", index=False)
    config = {
        "name": "mixed",
        "data": {
            "set": "csv",
            "file": str(folder / "table.csv"),
            "target": "kind",
            "columns": {"colour": {"kind": "category"}, "length, cm": {"kind": "number", "missing": "mean"}},
        },
        "network": {"layers": [{"units": 4, "activation": "tanh"}, {"units": 2, "activation": "identity"}]},
        "loss": "softmax_cross_entropy",
        "optimizer": {"name": "adam"},
        "learning_rate": 0.01,
        "training": {"epochs": 1, "batch_size": 8},
    }
    return ms_dnn.train(config, folder / "run"), frame, folder / "table.csv"


def test_trains_what_the_command_trains(run, tmp_path):
    loaded = load_config(CONFIG, ["training.epochs=2"])
    again = ms_dnn.train(loaded, tmp_path / "again")
    assert [row["cost"] for row in again.metrics] == [row["cost"] for row in run.metrics]
    assert again.config.training.epochs == len(run.metrics) == 2
    assert repr(run) == f"Run('{run.folder}': {run.config.name}, layers 32-3, softmax_cross_entropy)"
    assert str(run.folder) in str(run)


def test_evaluates_as_the_command_does(run):
    assert run.evaluate().score == evaluate_run(run.folder, "test").score
    assert run.evaluate("train").samples > run.evaluate("validation").samples
    with pytest.raises(ms_dnn.errors.ConfigError, match=r"split: got 'tset', expected one of test, .*mean 'test'"):
        run.evaluate("tset")


@pytest.mark.parametrize(
    "kind",
    [
        lambda x: x,
        lambda x: x.tolist(),
        lambda x: torch.tensor(x, requires_grad=True),
        lambda x: pd.DataFrame(x, columns=WINE.feature_names)[WINE.feature_names[::-1]],
    ],
)
def test_predicts_numbers_in_any_form(run, kind):
    expected = ms_dnn.load_run(run.folder).predict(WINE.data)
    found = run.predict(kind(WINE.data))
    np.testing.assert_array_equal(found.outputs, expected.outputs)
    assert found.values == expected.values


def test_a_frame_of_float32_is_not_rounded_again(run):
    x = WINE.data.astype("float32")
    np.testing.assert_array_equal(
        run.predict(pd.DataFrame(x, columns=WINE.feature_names)).outputs, run.predict(x).outputs
    )


def test_predicts_frames_and_files_with_missing_cells_and_categories_alike(mixed):
    run, frame, file = mixed
    of_frame, of_file = run.predict(frame), run.predict(file)
    np.testing.assert_array_equal(of_frame.outputs, of_file.outputs)
    assert of_frame.scores == of_file.scores == predict_file(run.folder, [file]).scores
    with pytest.raises(
        ms_dnn.errors.DataError, match="samples: got a ndarray, expected a DataFrame or files: the table"
    ):
        run.predict(np.ones((2, 2)))
    np.testing.assert_array_equal(run.predict([file, str(file)]).outputs[:40], of_file.outputs)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        ([[1.0, 2.0], [3.0]], "samples: got a list, expected a DataFrame, numbers in rows of one length, or paths"),
        (None, "samples: got a NoneType, expected a DataFrame"),
        ({"a": 1}, "samples: got a dict, expected a DataFrame"),
        (np.ones((2, 3)), "13"),
        (pd.DataFrame({"alcohol": [1.0]}), "DataFrame.csv"),
        ("nowhere.csv", "nowhere.csv"),
    ],
)
def test_what_cannot_be_predicted_is_one_sentence(run, samples, sentence):
    with pytest.raises(ms_dnn.errors.MsDnnError, match=sentence):
        run.predict(samples)


def test_exports_as_the_command_does(run, tmp_path):
    exported = run.export("onnx", tmp_path / "wine.onnx", probabilities=True)
    assert json.loads((tmp_path / "wine.onnx.json").read_text("utf-8")) == json.loads(json.dumps(exported.facts))
    with pytest.raises(ms_dnn.errors.ExportError, match="exists already"):
        run.export("onnx", tmp_path / "wine.onnx")
    with pytest.raises(ms_dnn.errors.ConfigError, match="file_format: got 'onx', expected one of mindir, onnx, air"):
        run.export("onx")


def test_a_wrong_configuration_is_one_sentence(tmp_path):
    config = yaml.safe_load(Path(CONFIG).read_text("utf-8"))
    config["los"] = config.pop("loss")
    for given, sentence in (
        (config, "los"),
        (3, "config: got a int, expected a YAML file, a mapping, or"),
        ({"seed": np.int64(3)}, "config: got values that no YAML file holds .*, expected texts, Python's numbers"),
        ("configs/wien.yaml", "did you mean configs/wine.yaml"),
    ):
        with pytest.raises(ms_dnn.errors.ConfigError, match=sentence):
            ms_dnn.train(given, tmp_path / "run")
    for options, sentence in (
        ({"overrides": "a=1"}, "expected a list"),
        ({"callback": 3}, "callback: got 3, expected"),
    ):
        with pytest.raises(ms_dnn.errors.MsDnnError, match=sentence):
            ms_dnn.train(CONFIG, tmp_path / "run", **options)
    with pytest.raises(ms_dnn.errors.RunError, match="folder: got a NoneType, expected a path"):
        ms_dnn.load_run(None)
    with pytest.raises(ms_dnn.errors.RunError, match="no such run folder"):
        ms_dnn.load_run(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_interrupted_training_says_how_to_go_on(tmp_path, monkeypatch):
    from ms_dnn.training.interruption import Interruption

    monkeypatch.setattr(Interruption, "__enter__", lambda self: setattr(self, "requested", True) or self)
    with pytest.raises(KeyboardInterrupt, match=r"load_run\(.*\)\.resume\(\)"):
        ms_dnn.train(CONFIG, tmp_path / "run", ["training.epochs=2"])
    monkeypatch.undo()
    assert len(ms_dnn.load_run(tmp_path / "run").resume().metrics) == 2
