"""An interruption leaves no trace: a run that goes on comes to the bits of the undisturbed one."""

import shutil
import signal
from pathlib import Path

import pytest
from trained_runs import REGULARIZED, Silent, checkpoint_of, iris, same_run

from ms_dnn.config import load_config
from ms_dnn.errors import CheckpointError
from ms_dnn.runs.stored import StoredRun
from ms_dnn.runs.training import resume_run, start_run
from ms_dnn.training import trainer as trainer_module
from ms_dnn.training.run_folder import RunFolder
from ms_dnn.training.state import State

pytestmark = pytest.mark.usefixtures("unpictured")


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody disturbed."""
    run = tmp_path_factory.mktemp("ended") / "run"
    start_run(iris(), run, Silent())
    return run


@pytest.fixture
def copied(ended: Path, tmp_path: Path) -> Path:
    """A copy of it, which may be changed."""
    return shutil.copytree(ended, tmp_path / "run")


@pytest.mark.parametrize(
    ("optimizer", "also", "again"),
    [
        ("nesterov", (), True),
        ("adam", (*REGULARIZED, "precision=mixed_float16"), False),
        pytest.param("adam", REGULARIZED, False, marks=pytest.mark.campaign),
    ],
)
def test_an_interrupted_run_resumes_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimizer: str, also: tuple[str, ...], again: bool
) -> None:
    config = iris(
        f"optimizer={{name: {optimizer}}}",
        "learning_rate={schedule: cosine_decay, initial: 0.1, final: 0, epochs: 7}",
        *also,
    )
    start_run(config, tmp_path / "whole", Silent())

    monkeypatch.setattr(trainer_module, "CHUNK_SECONDS", 1e-9)  # a chunk is one step
    interrupted = tmp_path / "interrupted"
    _, state, _ = start_run(config, interrupted, Silent(interrupt_after=17))
    assert (state.stop_reason, state.step) == (None, 17)
    if again:  # what is resumed can be interrupted, too
        _, state, _ = resume_run(interrupted, Silent(interrupt_after=40, number=signal.SIGTERM))
        assert (state.stop_reason, state.step) == (None, 57)
    _, state, _ = resume_run(interrupted, Silent())
    assert (state.stop_reason, state.step) == ("max_iterations", 100)
    same_run(interrupted, tmp_path / "whole")


def test_a_kill_within_an_epoch_loses_no_more_than_was_done_since_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = iris("training.checkpoint_seconds=0", "training.report_every=7")
    start_run(config, tmp_path / "whole", Silent())

    class KillError(Exception):
        pass

    def kill(state: State, samples_per_second: float) -> None:
        if state.step == 17:
            raise KillError

    monkeypatch.setattr(trainer_module, "CHUNK_SECONDS", 1e-9)  # a chunk is one step
    callback = Silent()
    monkeypatch.setattr(callback, "on_chunk", kill)
    with pytest.raises(KillError):
        start_run(config, tmp_path / "killed", callback)
    assert checkpoint_of(tmp_path / "killed").state["step"] == 16
    assert not RunFolder(tmp_path / "killed").metrics()  # no report was reached
    resume_run(tmp_path / "killed", Silent())
    same_run(tmp_path / "killed", tmp_path / "whole")


def test_resuming_a_run_that_has_ended_changes_nothing(copied: Path) -> None:
    before = checkpoint_of(copied)
    _, state, _ = resume_run(copied, Silent())
    assert state.stop_reason == "max_iterations"
    after = checkpoint_of(copied)
    assert after.state == before.state
    assert all(after.arrays[name].tobytes() == array.tobytes() for name, array in before.arrays.items())


def test_a_run_that_was_killed_before_its_first_checkpoint_starts_again(ended: Path, tmp_path: Path) -> None:
    folder, _, _ = start_run(iris(), tmp_path / "killed", Silent(interrupt_after=1))
    for path in folder.path.glob("checkpoint*"):
        path.unlink()
    folder.append_metrics({"step": 3, "epoch": 0.2, "cost": 1.0, "learning_rate": 0.5, "seconds": 0.1})
    resume_run(tmp_path / "killed", Silent())
    same_run(tmp_path / "killed", ended)


def test_a_checkpoint_with_a_layer_more_is_refused(ended: Path) -> None:
    config = ended / "config.yaml"
    run = StoredRun(ended)
    run.config = load_config(config, ["network.layers=[{units: 3, activation: sigmoid}]"])
    with pytest.raises(CheckpointError, match="another architecture"):
        run.network()
    run.config = load_config(config, ["network.layers=[{units: 8, activation: sigmoid}]"])
    with pytest.raises(CheckpointError, match=r"it has 'layers\.1\.\w+', which the network .* does not have"):
        run.network()


def test_a_checkpoint_of_another_architecture_is_refused(copied: Path) -> None:
    config = copied / "config.yaml"
    config.write_text(config.read_text().replace("units: 8", "units: 9"))
    with pytest.raises(
        CheckpointError, match=r"another architecture: 'layers\.0\.weight' is \(8, 4\) float32.*\(9, 4\)"
    ):
        resume_run(copied, Silent())
