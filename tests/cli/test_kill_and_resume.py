"""A run that is killed at any moment resumes to the bits of the undisturbed run."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from command import CONFIGS, here, ms_dnn

from ms_dnn.training.checkpoints import read_checkpoint

SMALL_AND_BUSY = [
    "--set=data.set=iris",
    "--set=network.layers.0.units=16",
    "--set=network.layers.1.units=8",
    "--set=network.layers.2.units=3",
    "--set=training.batch_size=8",
    "--set=training.epochs=100",
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


def start(run: Path, stderr: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ms_dnn", "train", CONFIGS / "digits.yaml", f"--run={run}", *SMALL_AND_BUSY]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)


def resume(run: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ms_dnn", "train", f"--resume={run}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_after(process: subprocess.Popen[bytes], run: Path, rows: int, seconds: float) -> bool:
    """Kill the process some time after its run has reported ``rows`` times; return whether it had ended before."""
    metrics = run / "metrics.jsonl"
    while not run.exists() or (metrics.read_bytes().count(b"\n") if metrics.exists() else 0) < rows:
        if process.poll() is not None:
            break
        time.sleep(0.001)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait() == 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nobody disturbs."""
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    process = here("train", CONFIGS / "digits.yaml", f"--run={run}", *SMALL_AND_BUSY)
    assert process.returncode == 0, process.stderr
    return run


def test_killed_at_random_moments(undisturbed: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    expected = result_of(undisturbed)
    reports = len(expected[1])
    random = Random(0)
    kills = 20 if request.config.getoption("--campaign") else 1
    survived = 0
    for number in range(kills):
        killed = tmp_path / f"run-{number}"
        rows = random.randrange(reports * 4 // 5)
        survived += kill_after(start(killed), killed, rows, random.uniform(0, 0.05))
        read_checkpoint(killed)  # raises when a file is corrupt
        if number % 2:
            kill_after(resume(killed), killed, min(rows + 10, reports), random.uniform(0, 0.05))
            read_checkpoint(killed)
        resumed = ms_dnn("train", "--resume", killed)
        assert resumed.returncode == 0, resumed.stderr
        assert result_of(killed) == expected
    assert survived <= kills // 4  # else the kills came too late to say anything


# That SIGTERM does the same is seen within one process in training/test_resuming.py.
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.campaign)])
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    run = tmp_path / "run"
    environment = {**os.environ, "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ms_dnn", "train", CONFIGS / "digits.yaml", f"--run={run}", *SMALL_AND_BUSY[:-1],
         "--set=training.epochs=100000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    while not (run / "metrics.jsonl").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == ""
    assert "interrupted; everything up to here is saved" in output
    assert f"continue with: ms-dnn train --resume {run}" in output
    checkpoint = read_checkpoint(run)
    assert checkpoint is not None
    assert checkpoint.state["stop_reason"] is None
    assert checkpoint.state["step"] > 0
    assert (run / "curves.png").is_file()


def test_ctrl_c_while_the_command_starts_is_quiet(tmp_path: Path) -> None:
    process = start(tmp_path / "run", stderr=subprocess.PIPE)
    time.sleep(1.0)  # MindSpore is being imported
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGINT, 130)
    assert errors == b""
