"""The study that processes share: each trial once, the right number of them, the same values again."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
import sweeps
from optuna.trial import TrialState
from sweeps import iris, value_of

from ms_dnn.errors import SweepError
from ms_dnn.runtime.processes import is_gone, process_name
from ms_dnn.sweep.session import outcome_of
from ms_dnn.sweep.study import Study


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'study.db'}"


def drawn(study: Study, most: int = 100) -> list[dict[str, Any]]:
    """Work on the study in this process; return the values of each trial."""
    found = []
    while len(found) < most and (trial := study.claim()) is not None:
        found.append(study.suggest(trial))
        study.complete(trial, value_of(found[-1]))
    return found


def test_processes_that_start_together_share_the_trials_and_make_no_more(tmp_path: Path) -> None:
    # 3 processes make one study at the same moment, and claim from it as fast as they can.
    command = [sys.executable, sweeps.__file__, "work", url_in(tmp_path), "16"]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    results = [process.communicate() for process in processes]
    assert [errors for _, errors in results] == ["", "", ""]
    taken = [int(number) for output, _ in results for number in output.split()]
    assert sorted(taken) == list(range(16))
    study = Study(url_in(tmp_path), "tiny", iris("sweep.trials=16"))
    assert outcome_of(study).counts == {"complete": 16}


@pytest.mark.parametrize(("sampler", "trials"), [("tpe", 12), ("random", 4)])
def test_the_same_seed_gives_the_same_trials_also_after_an_interruption(
    sampler: str, trials: int, tmp_path: Path
) -> None:
    asked = iris(f"sweep.trials={trials}", f"sweep.sampler={sampler}")
    undisturbed = drawn(Study(url_in(tmp_path), "other", asked))
    first = drawn(Study(url_in(tmp_path), "tiny", asked), trials - 2)
    rest = drawn(Study(url_in(tmp_path), "tiny", asked))
    assert first + rest == undisturbed
    assert drawn(Study(url_in(tmp_path), "third", iris("sweep.trials=1", "sweep.seed=1"))) != undisturbed[:1]
    assert len({repr(one) for one in undisturbed}) == trials


def test_a_grid_is_walked_once_and_no_trial_is_left_over(tmp_path: Path) -> None:
    grid = "sweep.ranges={learning_rate: [0.01, 0.1], network.width: {low: 2, high: 4}}"
    found = drawn(Study(url_in(tmp_path), "other", iris(grid, "sweep.sampler=grid", "sweep.trials=50")))
    assert len(found) == len({tuple(one.items()) for one in found}) == 6


def killed_process() -> str:
    """The name of a process that was there and is not any more."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = process_name(process.pid)
    assert not is_gone(name)
    process.kill()
    process.communicate()
    assert is_gone(name)
    return name


def test_a_trial_of_a_killed_process_fails_and_another_takes_its_place(tmp_path: Path) -> None:
    study = Study(url_in(tmp_path), "tiny", iris())
    lost, mine, elsewhere = study.claim(), study.claim(), study.claim()
    parameters = study.suggest(lost)
    lost.set_user_attr("worker", killed_process())
    elsewhere.set_user_attr("worker", "another-machine:1:2")
    assert study.fail_lost_trials() == 1
    assert study.fail_lost_trials() == 0
    outcome = outcome_of(study)
    assert [row.state for row in outcome.rows] == ["lost", "running", "running", *["waiting"] * 4]
    assert outcome.planned == 6
    assert outcome.rows[0].reason == "its process was killed"
    study.complete(mine, 1.0)
    assert drawn(study)[-1] == parameters
    assert outcome_of(study).counts == {"running": 1, "complete": 5, "lost": 1}


def test_a_reused_process_id_is_another_process() -> None:
    host, pid, start = process_name(os.getpid()).rsplit(":", 2)
    assert not is_gone(f"{host}:{pid}:{start}")
    assert is_gone(f"{host}:{pid}:{int(start) - 1}")
    assert not is_gone(f"not-{host}:{pid}:{int(start) - 1}")


def test_an_interrupted_trial_waits_again_with_its_values(tmp_path: Path) -> None:
    study = Study(url_in(tmp_path), "tiny", iris())
    trial = study.claim()
    parameters = study.suggest(trial)
    study.requeue(trial.number)
    again = study.claim()
    assert again.number == trial.number
    assert study.suggest(again) == parameters


def test_more_trials_can_be_asked_for_later(tmp_path: Path) -> None:
    assert len(drawn(Study(url_in(tmp_path), "tiny", iris("sweep.trials=3")))) == 3
    assert len(drawn(Study(url_in(tmp_path), "tiny", iris("sweep.trials=5")))) == 2
    assert len(drawn(Study(url_in(tmp_path), "tiny", iris("sweep.trials=2")))) == 0


def test_a_study_whose_maker_died_while_he_filled_it_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    optuna.create_study(storage=url_in(tmp_path), study_name="tiny").enqueue_trial({})
    monkeypatch.setattr("ms_dnn.sweep.study.JOIN_SECONDS", 0.1)
    assert Study(url_in(tmp_path), "tiny", iris()).waiting() == 6


def test_a_study_of_another_experiment_is_refused(tmp_path: Path) -> None:
    Study(url_in(tmp_path), "tiny", iris())
    with pytest.raises(SweepError, match="was made for another experiment or other ranges"):
        Study(url_in(tmp_path), "tiny", iris("training.epochs=5"))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite://", "is in memory, where no other process sees it"),
        ("nonsense", "expected a database URL such as sqlite:///study.db"),
        ("sqlite:////no/such/folder/study.db", "unable to open database file"),
        ("strange://host/db", "needs a driver that is not installed"),
    ],
)
def test_a_storage_that_is_none(url: str, sentence: str) -> None:
    with pytest.raises(SweepError, match="--storage: ") as caught:
        Study(url, "tiny", iris())
    assert sentence in str(caught.value)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(SweepError) as caught:
        Study("strange://me:secret@host/db", "tiny", iris())
    assert "secret" not in str(caught.value)


def test_importances_need_ten_trials_and_find_what_matters(tmp_path: Path) -> None:
    study = Study(url_in(tmp_path), "other", iris("sweep.trials=16", "sweep.sampler=random"))
    drawn(study, 9)
    assert study.importances() == {}
    drawn(study)
    found = study.importances()
    assert sum(found.values()) == pytest.approx(1)
    assert min(found, key=found.__getitem__) == "network.activation"


def test_a_trial_whose_values_are_still_being_drawn_has_none_yet(tmp_path: Path) -> None:
    study = Study(url_in(tmp_path), "tiny", iris())
    trial = study.claim()
    trial.suggest_float("learning_rate", 0.001, 0.1, log=True)
    assert outcome_of(study).rows[0].parameters == {}
    assert outcome_of(study).rows[0].state == "running"


def test_a_failed_trial_says_why(tmp_path: Path) -> None:
    study = Study(url_in(tmp_path), "other", iris())
    trial = study.claim()
    study.end(trial.number, TrialState.FAIL, "failed", "no such batch")
    row = outcome_of(study).rows[0]
    assert (row.state, row.reason, row.value) == ("failed", "no such batch", None)
