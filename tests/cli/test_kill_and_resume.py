"""A run that is killed at any moment resumes to the bits of the undisturbed run."""

import json
import signal
from pathlib import Path
from random import Random

import pytest
from command import CONFIGS, ended, here, killed, started, wait_for

from ms_dnn.training.checkpoints import read_checkpoint

pytestmark = pytest.mark.usefixtures("unpictured")

TRAIN = [
    "train",
    CONFIGS / "digits.yaml",
    "--set=data.set=iris",
    "--set=network.layers.0.units=16",
    "--set=network.layers.1.units=8",
    "--set=network.layers.2.units=3",
    "--set=training.batch_size=8",
    "--set=training.epochs=40",
    "--set=training.early_stopping=null",
    "--set=training.checkpoint_seconds=0",
]


def result_of(run: Path) -> tuple[dict[str, bytes], list[dict]]:
    """Return the final weights as bytes and the metrics without the clock."""
    checkpoint = read_checkpoint(run)
    assert checkpoint is not None
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for row in rows:
        row.pop("seconds")
    return {name: array.tobytes() for name, array in checkpoint.arrays.items()}, rows


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nobody disturbs."""
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    process = here(*TRAIN, f"--run={run}")
    assert process.returncode == 0, process.stderr
    return run


def test_killed_at_random_moments(undisturbed: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    expected = result_of(undisturbed)
    operations = 6 * len(expected[1])  # at least so many on files of the run
    random = Random(0)
    kills = 20 if request.config.getoption("--campaign") else 1
    for number in range(kills):
        run = tmp_path / f"run-{number}"
        killed(f"{run}/", random.randrange(1, operations * 4 // 5), *TRAIN, f"--run={run}")
        read_checkpoint(run)  # raises when a file is corrupt
        if number % 2:
            killed(f"{run}/", random.randrange(10, 40), "train", f"--resume={run}")
            read_checkpoint(run)
        resumed = here("train", "--resume", run)
        assert resumed.returncode == 0, resumed.stderr
        assert result_of(run) == expected


# That SIGTERM does the same is seen within one process in training/test_resuming.py.
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.campaign)])
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    run = tmp_path / "run"
    process = started(*TRAIN[:-1], f"--run={run}", "--set=training.epochs=100000")
    wait_for("the first report", (run / "metrics.jsonl").exists, process)
    process.send_signal(number)
    interrupted = ended(process)
    assert (interrupted.returncode, interrupted.stderr) == (130, "")
    assert "interrupted; everything up to here is saved" in interrupted.stdout
    assert f"continue with: ms-dnn train --resume {run}" in interrupted.stdout
    checkpoint = read_checkpoint(run)
    assert checkpoint is not None
    assert checkpoint.state["stop_reason"] is None
    assert checkpoint.state["step"] > 0
    assert (run / "curves.png").is_file()


def test_ctrl_c_while_the_command_starts_is_quiet(tmp_path: Path) -> None:
    process = started(*TRAIN, f"--run={tmp_path / 'run'}")
    maps = Path(f"/proc/{process.pid}/maps")
    wait_for("the import of MindSpore", lambda: "/mindspore/" in maps.read_text(), process)
    process.send_signal(signal.SIGINT)
    interrupted = ended(process)
    assert interrupted.returncode in (-signal.SIGINT, 130)
    assert interrupted.stderr == ""
