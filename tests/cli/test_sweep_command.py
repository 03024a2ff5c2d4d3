"""A sweep as a user runs it: real workers, Ctrl-C, kills, and the files at the end."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import CONFIGS, ended, here, ms_dnn, refused, started, wait_for
from PIL import Image

from ms_dnn.config import load_config

pytestmark = pytest.mark.usefixtures("unpictured")

SWEEP = CONFIGS / "sweep_wine.yaml"
FEW = ["--set", "sweep.trials=3", "--set", "training.epochs=2"]


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def children_of(process: subprocess.Popen[str]) -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(number) for number in path.read_text().split()]


def test_two_workers_ctrl_c_and_on_to_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    endless = ["--set", "sweep.trials=3", "--set", "training.epochs=100000"]
    process = started("sweep", SWEEP, "--run", folder, "--jobs", 2, *endless)
    wait_for("reports of two trials", lambda: len(list(folder.glob("trial-*/metrics.jsonl"))) == 2, process)
    workers = children_of(process)
    process.send_signal(signal.SIGINT)
    interrupted = ended(process)
    assert (interrupted.returncode, interrupted.stderr) == (130, ""), interrupted.stdout
    assert "3 waiting" in interrupted.stdout
    assert f"continue with: ms-dnn sweep --resume {folder}" in interrupted.stdout
    assert len(workers) == 2
    assert not [number for number in workers if Path(f"/proc/{number}").exists()]


@pytest.mark.campaign
def test_a_killed_sweep_goes_on_and_its_trial_is_not_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    process = started("sweep", SWEEP, "--run", folder, "--set", "sweep.trials=1", "--set", "training.epochs=400")
    wait_for("a report of the trial", lambda: list(folder.glob("trial-*/metrics.jsonl")), process)
    for number in (*children_of(process), process.pid):
        os.kill(number, signal.SIGKILL)
    ended(process)
    assert not (folder / "best.yaml").exists()
    resumed = ms_dnn("sweep", "--resume", folder)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert resumed.stdout.startswith("1 trial of a killed process was marked failed")
    lost, complete = rows_of(folder)
    assert (lost["state"], complete["state"]) == ("lost", "complete")
    assert lost["learning_rate"] == complete["learning_rate"]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped sweep, shortened."""
    folder = tmp_path_factory.mktemp("swept") / "sweep"
    process = here("sweep", SWEEP, *FEW, "--run", folder)  # its worker is a process all the same
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.count("\ntrial ") == 3
    assert f"next: ms-dnn train {folder / 'best.yaml'}" in process.stdout
    return folder


def test_the_best_trial_can_be_trained_again_to_the_same_metric(done: Path, tmp_path: Path) -> None:
    rows = rows_of(done)
    assert [row["state"] for row in rows] == ["complete"] * 3
    best = min(rows, key=lambda row: float(row["validation_loss"]))
    config = load_config(done / "best.yaml")
    assert config.learning_rate == float(best["learning_rate"])
    assert config.network.layers[0].units == int(best["network.width"])
    assert "sweep" not in (done / "best.yaml").read_text().replace("sweep_wine", "")
    trained = here("train", done / "best.yaml", "--run", tmp_path / "run")
    assert trained.returncode == 0
    assert f"validation loss {float(best['validation_loss']):.4g}" in trained.stdout


def test_the_picture_has_a_panel_for_each_of_the_six(done: Path) -> None:
    with Image.open(done / "sweep.png") as picture:
        assert picture.width >= 1200
        assert picture.height >= 600


def test_the_same_folder_has_nothing_left_to_do_and_takes_no_other_sweep(done: Path) -> None:
    again = here("sweep", SWEEP, *FEW, "--run", done)
    assert again.returncode == 0, again.stderr
    assert "3 of them have ended" in again.stdout
    assert "was made for another experiment" in refused(here("sweep", SWEEP, "--run", done, "--set", "seed=5"))
    assert len(rows_of(done)) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "got neither a configuration nor --resume"),
        (["none.yaml"], "there is no such file"),
        ([CONFIGS / "wine.yaml"], "wine.yaml: sweep: missing; expected 'ranges'"),
        ([SWEEP, "--set", "data.validation=0"], "sweep.metric: validation_loss needs validation samples"),
        ([SWEEP, "--resume", "x"], "--resume continues a sweep with its own configuration"),
        (["--resume", "x"], "x: no sweep (it has no sweep.json)"),
        ([SWEEP, "--storage", "nonsense"], "expected a database URL"),
    ],
)
def test_wrong_input_is_one_sentence_before_anything_is_trained(
    arguments: list[object], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(here("sweep", *arguments))
    assert not list(tmp_path.iterdir())


def test_without_optuna_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert refused(here("sweep", SWEEP)).endswith("pip install 'ms-dnn[sweep]'")


def test_a_config_error_needs_neither_optuna_nor_mindspore() -> None:
    program = (
        "import sys\nfrom ms_dnn.cli.main import main\n"
        f"try: main(['sweep', {str(SWEEP)!r}, '--set', 'sweep.trials=0'])\n"
        "except SystemExit as ended: assert ended.code == 2\n"
        "assert not {'mindspore', 'optuna', 'sqlalchemy'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0
