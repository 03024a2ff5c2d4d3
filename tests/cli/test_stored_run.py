"""A run folder that commit e9d56b6 wrote: every command still reads it, and comes to what was recorded then."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from command import here

STORED = Path(__file__).parents[1] / "stored" / "e9d56b6"
RECORDED = json.loads((STORED / "recorded.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A copy of the run, which was interrupted at step 40."""
    return shutil.copytree(STORED / "run", tmp_path_factory.mktemp("stored") / "run")


@pytest.fixture(scope="module")
def resumed(run):
    """Another copy, trained to its end."""
    copy = shutil.copytree(run, run.with_name("resumed"))
    process = here("train", "--resume", copy)
    assert process.returncode == 0, process.stderr
    assert "ended after 84 steps" in process.stdout
    assert "engine: graph" in process.stdout  # there was no other then
    return copy


def outputs_of(run):
    process = here("predict", run, STORED / "samples.csv", "--json")
    assert process.returncode == 0, process.stderr
    return np.array([list(sample["outputs"].values()) for sample in json.loads(process.stdout)["samples"]])


def check_evaluation(run, recorded):
    process = here("evaluate", run, "--json")
    assert process.returncode == 0, process.stderr
    report = json.loads(process.stdout)
    assert report["cost"] == pytest.approx(recorded["cost"], rel=1e-4)
    exact = ("samples", "accuracy", "confusion")
    assert {key: report[key] for key in exact} == {key: recorded[key] for key in exact}


def test_predict_and_evaluate(run):
    np.testing.assert_allclose(outputs_of(run), RECORDED["interrupted"]["outputs"], rtol=1e-5, atol=1e-6)
    check_evaluation(run, RECORDED["interrupted"]["evaluation"])


def test_resume(resumed):
    np.testing.assert_allclose(outputs_of(resumed), RECORDED["resumed"]["outputs"], rtol=1e-4, atol=1e-5)
    check_evaluation(resumed, RECORDED["resumed"]["evaluation"])
    steps = [json.loads(line)["step"] for line in (resumed / "metrics.jsonl").read_text().splitlines()]
    assert steps == list(range(7, 85, 7))


def test_compare(run, resumed):
    process = here("compare", run, resumed, "--json")
    assert process.returncode == 0, process.stderr
    assert [one["steps"] for one in json.loads(process.stdout)["runs"]] == [40, 84]


def test_report(run, resumed):
    for folder in (run, resumed):
        process = here("report", folder)
        assert process.returncode == 0, process.stderr
        assert "stored" in (folder / "report.html").read_text(encoding="utf-8")


def test_export(run, tmp_path):
    import onnxruntime

    model = tmp_path / "model.onnx"
    process = here("export", run, "--format", "onnx", "--output", model)
    assert process.returncode == 0, process.stderr
    facts = json.loads(Path(f"{model}.json").read_text(encoding="utf-8"))
    scaling = facts["features"]["columns"]
    x = np.loadtxt(STORED / "samples.csv", delimiter=",", skiprows=1)
    x = (x - [column["offset"] for column in scaling]) / [column["scale"] for column in scaling]
    session = onnxruntime.InferenceSession(model)
    (outputs,) = session.run(None, {session.get_inputs()[0].name: x.astype(np.float32)})
    np.testing.assert_allclose(outputs, RECORDED["interrupted"]["outputs"], rtol=1e-4, atol=1e-5)
