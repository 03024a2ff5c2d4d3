"""A mixed table through the commands: trained, resumed, judged, examined, and asked about raw rows."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import here, ms_dnn, refused

from ms_dnn.config import parse_config
from ms_dnn.experiment.data import prepare_data
from ms_dnn.features.stored import features_to_json

sys.path.append(str(Path(__file__).parents[1] / "data"))
import mixed_tables

pytestmark = pytest.mark.usefixtures("cpu", "unpictured")


def raw_rows(suffix, folder):
    """Rows in another order, with an unseen colour, without sizes, with the target and a column that is no feature."""
    table = mixed_tables.mixed(6, seed=1).drop(columns="size")[["tags", "bought", "colour", "id", "age"]]
    table.loc[3, "colour"] = "pink"
    return mixed_tables.write(table, folder / f"raw.{suffix}")


@pytest.fixture(scope="module", params=["csv", "parquet"])
def trained(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    mixed_tables.write(mixed_tables.mixed(), folder / f"t.{request.param}")
    text = mixed_tables.CONFIG.replace("set: csv", f"set: {request.param}")
    (folder / "c.yaml").write_text(text.replace("file: t.csv", f"file: {folder}/t.{request.param}"))
    process = here("train", folder / "c.yaml", "--run", folder / "run")
    assert process.returncode == 0, process.stderr
    return folder, request.param


@pytest.mark.parametrize("predict", [here, pytest.param(ms_dnn, marks=pytest.mark.campaign)])
def test_raw_rows_are_answered_by_the_run(trained, predict):
    folder, suffix = trained
    process = predict("predict", folder / "run", raw_rows(suffix, folder), "--json")
    assert process.returncode == 0, process.stderr
    assert f"note: 'raw.{suffix}' has no column 'size': filled as declared (indicator: " in process.stderr
    samples = json.loads(process.stdout)["samples"]
    assert [sample["label"] for sample in samples] == mixed_tables.mixed(6, seed=1)["bought"].tolist()
    assert np.isfinite([list(sample["outputs"].values()) for sample in samples]).all()


def test_the_training_file_is_raw_input(trained):
    folder, suffix = trained
    samples = json.loads(here("predict", folder / "run", folder / f"t.{suffix}", "--json").stdout)["samples"]
    assert len(samples) == 160
    assert np.mean([sample["label"] == sample["answer"] for sample in samples]) > 0.9


def test_predictions_stand_beside_the_columns_that_were_given(trained, tmp_path):
    folder, suffix = trained
    process = here("predict", folder / "run", rows := raw_rows(suffix, tmp_path), "--output", tmp_path / "a.csv")
    assert process.returncode == 0, process.stderr
    answers = pd.read_csv(tmp_path / "a.csv")
    given = pd.read_csv(rows) if suffix == "csv" else pd.read_parquet(rows)
    assert list(answers.columns[:6]) == [*given.columns, "prediction"]
    pd.testing.assert_frame_equal(answers[given.columns], given, check_dtype=False)


def test_runs_are_evaluated_and_resumed(trained):
    folder, _ = trained
    assert json.loads(here("evaluate", folder / "run", "--json").stdout)["samples"] == 32
    assert "all 12 epochs are done" in here("train", "--resume", folder / "run").stdout


def test_check_takes_the_encoded_features(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mixed_tables.write(mixed_tables.mixed(), tmp_path / "t.csv")
    (tmp_path / "c.yaml").write_text(mixed_tables.CONFIG)
    checked = here("check", "c.yaml", "--mode", "pynative", "--samples", 4)
    assert checked.returncode == 0, checked.stderr
    assert f"DNN {len(mixed_tables.FEATURES)}-8-2" in checked.stdout


def test_both_formats_make_the_same_features(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stored = []
    for suffix in ("csv", "parquet"):
        mixed_tables.write(mixed_tables.mixed(), tmp_path / f"t.{suffix}")
        data = prepare_data(parse_config(mixed_tables.CONFIG, "c", [f"data.set={suffix}", f"data.file=t.{suffix}"]))
        assert data.features.names == mixed_tables.FEATURES
        stored.append((features_to_json(data.features), data.train.x.tobytes(), data.test.x.tobytes()))
    assert stored[0] == stored[1]


def test_nothing_is_learnt_from_validation_and_test_rows(tmp_path, monkeypatch):
    """Every cell outside the training part is changed in a way that whatever was fitted on it would show."""
    monkeypatch.chdir(tmp_path)
    config = parse_config(mixed_tables.CONFIG, "c", ["data.columns.tags.unseen=other"])
    table = mixed_tables.mixed()
    mixed_tables.write(table, tmp_path / "t.csv")
    before = prepare_data(config)
    outside = ~np.isin(before.dataset.x.index, training_lines(config))
    table.loc[outside, "size"] = 1e6
    table.loc[outside, "age"] -= 1000
    table.loc[outside, "colour"] = "amber"
    table.loc[outside, "tags"] = "a;new"
    mixed_tables.write(table, tmp_path / "t.csv")
    after = prepare_data(config)
    assert outside.sum() == 48
    assert features_to_json(after.features) == features_to_json(before.features)
    assert after.train.x.tobytes() == before.train.x.tobytes()
    assert after.test.x.tobytes() != before.test.x.tobytes()
    assert before.train.x.shape[1] == len(before.features.names) == len(mixed_tables.FEATURES) + 1


def training_lines(config):
    from ms_dnn.data import load_data, split
    from ms_dnn.experiment.source import source_of

    dataset = load_data(source_of(config)).dataset
    return split(dataset, config.data.validation, config.data.test, config.seed).train.x.index


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("data.columns={color: {kind: category}}", "data.columns: got 'color', expected columns of 't.csv'"),
        ("data.columns.colour={kind: category, categories: [red]}", "column 'colour' of the training set: got '"),
        ("data.columns.size={}", "column 'size' of 't.csv': got an empty cell, expected a value: fill it in, drop the"),
        ("data.columns.colour={}", "column 'colour' of 't.csv': got the text '"),
    ],
)
def test_what_only_the_file_can_refute_is_one_sentence(tmp_path, monkeypatch, override, sentence):
    monkeypatch.chdir(tmp_path)
    mixed_tables.write(mixed_tables.mixed(), tmp_path / "t.csv")
    (tmp_path / "c.yaml").write_text(mixed_tables.CONFIG)
    process = here("train", "c.yaml", "--set", override, "--run", "run", "--set", "training.epochs=1")
    message = refused(process)
    assert sentence in message
    assert "\n" not in message
    assert not (tmp_path / "run").exists()


def test_an_edited_features_file_is_one_sentence(trained, tmp_path):
    folder, suffix = trained
    features = folder / "run" / "features.json"
    stored = features.read_text()
    features.write_text(stored.replace('"scale": ', '"scale": "', 1).replace(', "fill"', '", "fill"', 1))
    message = refused(here("predict", folder / "run", raw_rows(suffix, tmp_path)))
    features.write_text(stored)
    assert "features.json: damaged (got features that are wrong at columns.0." in message
    assert "\n" not in message
