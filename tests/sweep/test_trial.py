"""What becomes of a trial: complete, pruned, diverged, refused, interrupted and continued."""

import json
import os
import signal
from pathlib import Path

import pytest
from sweeps import iris

from ms_dnn.config import load_config
from ms_dnn.sweep.session import outcome_of
from ms_dnn.sweep.study import Study
from ms_dnn.sweep.trial import run_trial
from ms_dnn.training.checkpoints import read_checkpoint

pytestmark = pytest.mark.usefixtures("cpu", "unpictured")


def study_of(folder: Path, *overrides: str) -> Study:
    return Study(f"sqlite:///{folder / 'study.db'}", "tiny", iris("training.checkpoint_seconds=0", *overrides))


def run_next(study: Study, folder: Path) -> bool:
    trial = study.claim()
    return run_trial(study, trial, folder, set(study.trials()[trial.number].intermediate_values))


def metrics_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_trial_is_an_ordinary_run_with_the_metric_of_its_last_report(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    assert run_next(study, tmp_path)
    row = outcome_of(study).rows[0]
    run = tmp_path / "trial-0000"
    assert (row.state, row.reports, row.folder) == ("complete", 4, str(run))
    assert row.value == metrics_of(run)[-1]["validation_loss"]
    engine = load_config(run / "config.yaml").training.engine
    assert load_config(run / "config.yaml") == study.swept.with_values(row.parameters | {"training.engine": engine})
    assert "sweep" not in (run / "config.yaml").read_text()


def test_the_metric_is_that_of_the_weights_that_early_stopping_restored(tmp_path: Path) -> None:
    stopping = "training.early_stopping={patience: 1, min_delta: 100.0}"  # nothing after the first report is a gain
    study = study_of(tmp_path, stopping, "sweep.metric=validation_accuracy")
    assert run_next(study, tmp_path)
    rows = metrics_of(tmp_path / "trial-0000")
    assert len(rows) == 2
    assert outcome_of(study).rows[0].value == rows[0]["validation_accuracy"]


def test_a_trial_that_is_worse_than_the_others_were_is_ended_and_saved(tmp_path: Path) -> None:
    study = study_of(tmp_path, "sweep.pruning=median", "sweep.warm_up_reports=2", "sweep.trials=7")
    for _ in range(5):
        trial = study.claim()
        study.suggest(trial)
        for report in range(4):
            trial.report(1e-9, report)
        study.complete(trial, 1e-9)
    assert run_next(study, tmp_path)
    row = outcome_of(study).rows[5]
    assert (row.state, row.reports) == ("pruned", 3)
    checkpoint = read_checkpoint(tmp_path / "trial-0005")
    assert checkpoint is not None
    assert checkpoint.state["stop_reason"] == "pruned"
    assert checkpoint.state["step"] == metrics_of(tmp_path / "trial-0005")[-1]["step"]


def test_divergence_and_conflicts_are_recorded_and_the_sweep_goes_on(tmp_path: Path) -> None:
    ranges = (
        "sweep.ranges={training.batch_size: [16, 9999], learning_rate: [0.01, 3.0e+38], "
        "network.layers.1.activation: [identity, sigmoid]}"
    )
    study = study_of(tmp_path, ranges, "sweep.sampler=grid", "sweep.trials=8")
    for _ in range(8):
        assert run_next(study, tmp_path)
    for row in outcome_of(study).rows:
        if row.parameters["network.layers.1.activation"] == "sigmoid":
            assert (row.state, "takes logits" in row.reason) == ("failed", True)
        elif row.parameters["training.batch_size"] == 9999:
            assert (row.state, "9999" in row.reason) == ("failed", True)
        elif row.parameters["learning_rate"] > 1:
            assert (row.state, "finite" in row.reason) == ("diverged", True)
        else:
            assert row.state == "complete"


def test_an_interrupted_trial_goes_on_to_the_bits_of_the_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, right = tmp_path / "left", tmp_path / "right"
    left.mkdir()
    right.mkdir()
    assert run_next(study_of(left), left)
    study = study_of(right)
    report = type(study.claim()).report
    study.requeue(0)

    def report_and_interrupt(trial, value, step):
        report(trial, value, step)
        if step == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr("optuna.trial.Trial.report", report_and_interrupt)
        assert not run_next(study, right)
    assert outcome_of(study).rows[0].state == "waiting"
    assert run_next(study, right)
    ours, theirs = (outcome_of(study_of(folder)).rows[0] for folder in (right, left))
    assert (ours.state, ours.value, ours.reports) == ("complete", theirs.value, 4)
