"""Predictions as files that others read: all columns kept, and a score where the targets are there."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import here, refused, trained_run

from ms_dnn.errors import DataError
from ms_dnn.runs.records import Predictions
from ms_dnn.runs.reports.predictions import predictions_frame

sys.path.append(str(Path(__file__).parents[1] / "data"))
import own_files

pytestmark = pytest.mark.usefixtures("cpu", "unpictured")


def train(place, data, outputs):
    config = {
        "name": "own",
        "data": {"validation": 0.2, **data},
        "network": {"layers": [{"units": 4, "activation": "tanh"}, {"units": outputs, "activation": "identity"}]},
        "loss": "softmax_cross_entropy" if outputs > 1 else "squared_error",
        "optimizer": {"name": "adam"},
        "learning_rate": 0.05,
        "training": {"batch_size": 5, "epochs": 2},
    }
    return trained_run(place, config)


def of_table(place, target, other, outputs):
    """Return a run whose target is one column of a table, which does not see the other, and the table."""
    own_files.write_csv(place / "t.csv")
    data = {"set": "csv", "file": str(place / "t.csv"), "target": target, "drop": ["id", other]}
    return train(place, data, outputs), place / "t.csv"


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """A run of two classes, and its table."""
    return of_table(tmp_path_factory.mktemp("classes"), "kind", "price", 2)


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    """A run of one number, and its table."""
    return of_table(tmp_path_factory.mktemp("prices"), "price", "kind", 1)


def predict(*arguments):
    process = here("predict", *arguments)
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_all_columns_are_kept_and_predictions_stand_beside_them(classes, tmp_path, suffix):
    run, table = classes
    output = tmp_path / f"answers.{suffix}"
    printed = predict(run, table, "--output", output)
    answers, given = pd.read_csv(output, sep="," if suffix == "csv" else "\t"), pd.read_csv(table)
    pd.testing.assert_frame_equal(answers[list(given.columns)].astype(str), given.astype(str))
    added = ["prediction", "probability of high", "probability of wide"]
    assert list(answers.columns) == [*given.columns, *added]
    likeliest = answers[added[1:]].to_numpy().argmax(axis=1)
    assert answers["prediction"].tolist() == [("high", "wide")[index] for index in likeliest]
    accuracy = np.mean(answers["prediction"] == answers["kind"])
    assert printed == f"accuracy {accuracy:.2%} on 40 samples\npredictions: {output}\n"


def test_cells_are_kept_as_they_were_written(classes, tmp_path):
    run, _ = classes
    (tmp_path / "t.csv").write_text('id;height;width\n"a;b";0.10;1e0\n\n007;.5;0.50\n', encoding="utf-8")
    predict(run, tmp_path / "t.csv", "--output", tmp_path / "a.csv")
    answers = pd.read_csv(tmp_path / "a.csv", dtype=str)
    assert answers.iloc[:, :3].to_numpy().tolist() == [["a;b", "0.10", "1e0"], ["007", ".5", "0.50"]]
    (tmp_path / "n.csv").write_text("0.1,0.2\n0.3,0.4\n")
    predict(run, tmp_path / "n.csv", "--output", tmp_path / "a.csv")
    assert list(pd.read_csv(tmp_path / "a.csv").columns[:3]) == ["column 1", "column 2", "prediction"]


def test_json_is_what_is_printed_as_json(classes, tmp_path):
    run, table = classes
    printed = json.loads(predict(run, table, "--json", "--output", tmp_path / "a.json"))
    assert printed == json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert printed["accuracy"] == np.mean([one["answer"] == one["label"] for one in printed["samples"]])
    assert printed["notes"] == []


def test_several_files_stand_one_below_the_other(classes, tmp_path):
    run, table = classes
    rows = pd.read_csv(table)
    rows[:3].drop(columns="id").to_csv(tmp_path / "one.csv", index=False)
    np.savez(tmp_path / "two.npz", x=rows[["width", "height"]][:2], y=[1, 0])
    predict(run, tmp_path / "one.csv", tmp_path / "two.npz", "--output", tmp_path / "a.csv")
    answers = pd.read_csv(tmp_path / "a.csv")
    assert answers["sample"].tolist() == [f"one.csv line {n}" for n in (2, 3, 4)] + ["two.npz row 0", "two.npz row 1"]
    assert answers["label"].tolist()[3:] == ["wide", "high"]
    assert answers["kind"].isna().tolist() == [False] * 3 + [True] * 2
    assert answers["prediction"].tolist()[:2] == answers["prediction"].tolist()[3:]


def test_a_regression_is_scored_with_its_errors(prices, tmp_path):
    run, table = prices
    printed = predict(run, table, "--output", tmp_path / "a.csv")
    answers = pd.read_csv(tmp_path / "a.csv")
    assert list(answers.columns) == ["id", "width", "height", "price", "kind", "prediction"]
    error = answers["prediction"] - answers["price"]
    r2 = 1 - (error**2).sum() / ((answers["price"] - answers["price"].mean()) ** 2).sum()
    assert printed.startswith(
        f"mean absolute error {error.abs().mean():.4g}, root mean squared error {np.sqrt((error**2).mean()):.4g}, "
        f"R² {r2:.4f} on 40 samples\n"
    )
    report = json.loads(predict(run, table, "--json"))
    assert report["mae"] == pytest.approx(error.abs().mean())
    answers.drop(columns="price").iloc[:, :2].assign(height=0.5).to_csv(tmp_path / "b.csv", index=False)
    assert "error" not in predict(run, tmp_path / "b.csv")


def test_labels_that_are_no_class_are_told_of(classes, tmp_path):
    run, _ = classes
    (tmp_path / "t.csv").write_text("width,height,kind\n0.1,0.9,tall\n0.9,0.1,wide\n")
    process = here("predict", run, tmp_path / "t.csv")
    assert "note: labels that are no class of the run count as wrong: 'tall'\n" in process.stderr
    assert "on 2 samples" in process.stdout
    (tmp_path / "u.csv").write_text("width,height,kind\n0.1,0.9,\n0.9,0.1,wide\n")
    process = here("predict", run, tmp_path / "u.csv")
    assert "note: 1 of 2 labels are missing: nothing to compare the predictions with\n" in process.stderr
    (tmp_path / "v.csv").write_text("Width,Height\n0.1,0.9\n")
    process = here("predict", run, tmp_path / "t.csv", tmp_path / "v.csv")
    assert "note: not all files have labels: nothing to" in process.stderr
    assert "note: the header of 'v.csv' names no feature of the training data: columns taken as" in process.stderr
    assert "accuracy" not in process.stdout


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "answers.xlsx",
            "--output: got 'answers.xlsx', expected a name that ends in .csv .tsv .json: rename it",
        ),
        ("no/answers.csv", "--output: got 'no/answers.csv', but there is no folder 'no': make it first"),
    ],
)
def test_a_wrong_output_is_refused_before_the_work(classes, tmp_path, monkeypatch, output, sentence):
    monkeypatch.chdir(tmp_path)
    assert refused(here("predict", classes[0], "lost.csv", "--output", output)) == sentence


def test_a_column_that_bears_the_name_of_an_answer_is_refused():
    given = pd.DataFrame({"width": ["0.1"], "prediction": ["1"]})
    found = Predictions(("line 2",), ("a",), ("a", "b"), None, np.zeros((1, 2)), ("a", "b"), None, (), {}, given)
    with pytest.raises(DataError, match="--output: got a table that has a column 'prediction' already, expected none"):
        predictions_frame(found)
