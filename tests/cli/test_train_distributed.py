"""Several workers, as real processes: the weights of one process, whatever is trained, lost or interrupted."""

import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import psutil
import pytest
from command import CONFIGS, ended, here, ms_dnn, refused, started, wait_for

from ms_dnn.training.checkpoints import Checkpoint, read_checkpoint
from ms_dnn.training.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("unpictured")

# 20 steps of 64 samples, with all that depends on the place of a sample in its mini-batch or on the whole of it.
ALL_KINDS = [
    f"{CONFIGS / 'digits_regularized.yaml'}",
    "--set=training.epochs=null",
    "--set=training.max_iterations=20",
    "--set=network.layers.0.units=48",
    "--set=network.layers.1.units=32",
    "--set=learning_rate=0.003",
    "--set=penalty={l1: 0.0001, l2: 0.001}",
    "--set=device=CPU",
]

SMALL = ["--set=network.layers.0.units=12", "--set=network.layers.1.units=8", "--set=training.max_iterations=6"]


def distributed(*arguments: object) -> "subprocess.Popen[str]":
    """Start a training on several workers."""
    return started("train-distributed", *arguments)


def checkpoint_of(run: Path) -> Checkpoint:
    checkpoint = read_checkpoint(run)
    assert checkpoint is not None
    return checkpoint


def same_run(one: Path, other: Path, tolerance: float = 1e-6, of_costs: float = 1e-5) -> None:
    """Assert that two runs have the same weights and metrics, but for rounding."""
    arrays, others = checkpoint_of(one).arrays, checkpoint_of(other).arrays
    assert arrays.keys() == others.keys()
    for name in arrays:
        np.testing.assert_allclose(arrays[name], others[name], rtol=tolerance, atol=tolerance, err_msg=name)
    rows, other_rows = RunFolder(one).metrics(), RunFolder(other).metrics()
    assert [row["step"] for row in rows] == [row["step"] for row in other_rows]
    np.testing.assert_allclose([row["cost"] for row in rows], [row["cost"] for row in other_rows], rtol=of_costs)


def workers_of(run: Path) -> list[psutil.Process]:
    """Return the processes, scheduler included, that train into a run folder."""
    found = []
    for process in psutil.process_iter():
        try:
            environment, command = process.environ(), process.cmdline()
        except psutil.Error:
            continue
        if "MS_ROLE" in environment and any(str(run) in argument for argument in command):
            found.append(process)
    return found


def test_two_workers_train_to_the_weights_of_one_process(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    arguments = [*ALL_KINDS, *([] if request.config.getoption("--campaign") else SMALL)]
    two = ended(distributed(*arguments, "--workers=2", f"--run={tmp_path / 'two'}"))
    assert two.returncode == 0, two.stderr
    alone = here("train", *arguments, f"--run={tmp_path / 'one'}")
    assert alone.returncode == 0, alone.stderr
    assert two.stderr == ""
    same_run(tmp_path / "two", tmp_path / "one")
    assert f"ended after {checkpoint_of(tmp_path / 'two').state['step']} steps" in two.stdout
    assert f"next: ms-dnn evaluate {tmp_path / 'two'}" in two.stdout
    assert two.stdout.count("preparing the training loop") == 1  # worker 0 speaks, the others do not
    assert (tmp_path / "two" / "curves.png").is_file()
    assert {log.name for log in (tmp_path / "two" / "workers").iterdir()} == {
        "msrun.log", "scheduler.log", "worker_0.log", "worker_1.log",
    }  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


@pytest.mark.parametrize(
    ("also", "workers", "words"),
    [
        (["--set=training.batch_size=33"], 2, ["training.batch_size: got 33", "multiple of 2", "32 or 34"]),
        (["--set=training.batch_size=3"], 4, ["training.batch_size: got 3", "set it to 4"]),
        (["--set=precision=float64"], 2, ["precision: got float64", "2 workers"]),
        (["--set=backprop=framework"], 2, ["backprop: got framework", "handwritten"]),
    ],
)
def test_what_cannot_be_shared_is_refused_at_once(
    tmp_path: Path, also: list[str], workers: int, words: list[str]
) -> None:
    config = CONFIGS / "digits.yaml"
    process = ended(distributed(config, f"--workers={workers}", f"--run={tmp_path / 'run'}", *also))
    sentence = refused(process)
    assert all(word in sentence for word in words), sentence
    assert not list(tmp_path.iterdir())


@pytest.mark.campaign
@pytest.mark.parametrize(
    "also",
    [
        [],
        ["--set=reduction=sum", "--set=learning_rate=0.0001", "--set=optimizer={name: momentum}"],
        ["--set=optimizer={name: nesterov}", "--set=training.clip_norm=0.1", "--set=training.class_weight=null"],
        ["--set=training.batch_size=all", "--set=training.tolerance=1e-9", "--set=data.validation=0.1992"],
    ],
    ids=["as it is", "sum", "clipped", "tolerance"],
)
def test_four_workers_train_to_the_weights_of_one_process(tmp_path: Path, also: list[str]) -> None:
    alone = ms_dnn("train", *ALL_KINDS, *also, f"--run={tmp_path / 'one'}")
    assert alone.returncode == 0, alone.stderr
    four = ended(distributed(*ALL_KINDS, *also, "--workers=4", f"--run={tmp_path / 'four'}"))
    assert four.returncode == 0, four.stderr
    same_run(tmp_path / "four", tmp_path / "one")


@pytest.mark.campaign
def test_an_overflow_on_one_worker_is_skipped_by_all(tmp_path: Path) -> None:
    mixed = [*ALL_KINDS, "--set=precision=mixed_float16"]
    alone = ms_dnn("train", *mixed, f"--run={tmp_path / 'one'}")
    assert alone.returncode == 0, alone.stderr
    two = ended(distributed(*mixed, "--workers=2", f"--run={tmp_path / 'two'}"))
    assert two.returncode == 0, two.stderr
    same_run(tmp_path / "two", tmp_path / "one", tolerance=5e-2, of_costs=1e-2)  # the sums in float16 have other parts


LONG = [*ALL_KINDS, "--set=training.max_iterations=400", "--set=training.checkpoint_seconds=0"]


@pytest.mark.campaign
def test_a_killed_worker_ends_all_and_any_number_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "killed"
    process = distributed(*LONG, "--workers=2", f"--run={run}")
    _wait_for_rows(process, run, 3)
    lost = next(worker for worker in workers_of(run) if worker.environ().get("RANK_ID") == "1")
    lost.send_signal(signal.SIGKILL)
    sentence = refused(ended(process))
    assert "worker 1 of 2 was killed (SIGKILL)" in sentence
    assert f"--resume {run}" in sentence
    assert workers_of(run) == []
    steps = checkpoint_of(run).state["step"]
    assert 0 < steps < 400

    undisturbed = ms_dnn("train", *LONG, f"--run={tmp_path / 'one'}")
    assert undisturbed.returncode == 0, undisturbed.stderr
    shutil.copytree(run, tmp_path / "with four")
    one = ms_dnn("train", "--resume", run)
    assert one.returncode == 0, one.stderr
    same_end(run, tmp_path / "one")
    four = ended(distributed(f"--resume={tmp_path / 'with four'}", "--workers=4"))
    assert four.returncode == 0, four.stderr
    same_end(tmp_path / "with four", tmp_path / "one")


@pytest.mark.campaign
def test_several_workers_do_not_go_on_with_changed_data(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    np.savez(tmp_path / "set.npz", x=x, y=np.arange(40) % 2)
    data = f"--set=data={{set: npz, file: {tmp_path / 'set.npz'}}}"
    units = ["--set=network.layers.0.units=4", "--set=network.layers.1.units=4", "--set=network.layers.2.units=2"]
    short = ["--set=training.batch_size=8", "--set=training.epochs=1", "--set=training.early_stopping=null"]
    run = tmp_path / "run"
    process = here("train", CONFIGS / "digits.yaml", data, *units, *short, f"--run={run}")
    assert process.returncode == 0, process.stderr
    np.savez(tmp_path / "set.npz", x=np.vstack([x, x[:2]]), y=np.arange(42) % 2)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    sentence = refused(ended(distributed(f"--resume={run}", "--workers=2")))
    assert "set.npz: got 42 samples with the checksum" in sentence
    assert "expected 40 samples" in sentence
    assert before.items() <= {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}.items()


@pytest.mark.campaign
def test_a_stream_is_shared_as_samples_in_memory_are(tmp_path: Path) -> None:
    assert here("data", "convert", CONFIGS / "digits.yaml", tmp_path / "digits", "--to", "npy").returncode == 0
    arguments = [*ALL_KINDS, f"--set=data={{set: npy, folder: {tmp_path / 'digits'}, test: 0.2, validation: 0.1}}"]
    process = distributed(*arguments, "--set=data.stream=true", "--workers", 2, "--run", tmp_path / "two")
    assert here("train", *arguments, "--run", tmp_path / "one").returncode == 0
    shared = ended(process)
    assert shared.returncode == 0, shared.stderr
    same_run(tmp_path / "one", tmp_path / "two")


@pytest.mark.campaign
def test_workers_that_diverge_end_as_one_process_does(tmp_path: Path) -> None:
    arguments = [*ALL_KINDS, "--set=learning_rate=1e30", "--set=training.clip_norm=null"]
    told = ended(distributed(*arguments, "--workers", 2, "--run", tmp_path / "two"))
    assert told.returncode == 1, told.stderr
    assert "not finite" in refused(told, 1)
    assert workers_of(tmp_path / "two") == []
    alone = ms_dnn("train", *arguments, "--run", tmp_path / "alone")
    assert alone.returncode == 1
    assert told.stderr.split(":")[:2] == alone.stderr.split(":")[:2]


@pytest.mark.campaign
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all_and_saves(tmp_path: Path, number: signal.Signals) -> None:
    run = tmp_path / "run"
    process = distributed(*LONG, "--set=training.max_iterations=100000", "--workers=2", f"--run={run}")
    _wait_for_rows(process, run, 2)
    process.send_signal(number)
    interrupted = ended(process)
    assert interrupted.returncode == 130
    assert interrupted.stderr == ""
    assert "interrupted; everything up to here is saved" in interrupted.stdout
    assert f"continue with: ms-dnn train --resume {run}" in interrupted.stdout
    assert checkpoint_of(run).state["stop_reason"] is None
    assert checkpoint_of(run).state["step"] >= RunFolder(run).metrics()[-1]["step"]
    assert workers_of(run) == []


def same_end(one: Path, other: Path) -> None:
    """Assert that two runs come to the same cost at every report, and to the same weights, but for grown rounding."""
    same_run(one, other, tolerance=1e-5, of_costs=1e-5)


def _wait_for_rows(process: "subprocess.Popen[str]", run: Path, rows: int) -> None:
    metrics = run / "metrics.jsonl"
    wait_for(f"{rows} reports", lambda: metrics.exists() and metrics.read_bytes().count(b"\n") >= rows, process)
