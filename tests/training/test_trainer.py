"""Whole runs in one process: what ends them, what they leave, and that an interruption leaves no trace."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ms_dnn.config import ExperimentConfig, load_config
from ms_dnn.errors import CheckpointError, DataError, DeviceError, DivergenceError, RunError
from ms_dnn.runs import evaluate_run, resume_run, start_run, trained_network
from ms_dnn.training import trainer as trainer_module
from ms_dnn.training.checkpoints import Checkpoint, read_checkpoint
from ms_dnn.training.plan import Plan
from ms_dnn.training.run_folder import RunFolder
from ms_dnn.training.state import State

CONFIGS = Path(__file__).parents[2] / "configs"


class Silent:
    """A listener that interrupts the run after so many chunks, if asked to."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.chunks = 0
        self.interrupt_after = interrupt_after

    def on_start(self, plan: Plan, state: State) -> None: ...

    def on_chunk(self, state: State, samples_per_second: float) -> None:
        self.chunks += 1
        if self.chunks == self.interrupt_after:
            os.kill(os.getpid(), signal.SIGINT)

    def on_report(self, row: dict[str, Any]) -> None: ...

    def on_end(self, state: State) -> None: ...


def iris(*overrides: str) -> ExperimentConfig:
    """A small run: 105 samples, 13 steps an epoch, a validation part."""
    return load_config(
        CONFIGS / "blog_batch_gradient_descent.yaml",
        [
            "training.batch_size=8",
            "training.max_iterations=100",
            "training.tolerance=null",
            "training.report_every=2",
            *overrides,
        ],
    )


def checkpoint_of(path: Path) -> Checkpoint:
    checkpoint = read_checkpoint(path)
    assert checkpoint is not None
    return checkpoint


def same_run(one: Path, other: Path) -> None:
    """Assert that two runs ended with the same bits, and reported the same."""
    arrays, others = checkpoint_of(one).arrays, checkpoint_of(other).arrays
    assert arrays.keys() == others.keys()
    for name in arrays:
        assert arrays[name].tobytes() == others[name].tobytes(), name
    rows = [[{**row, "seconds": 0} for row in RunFolder(path).metrics()] for path in (one, other)]
    assert rows[0] == rows[1]
    states = [{**checkpoint_of(path).state, "seconds": 0} for path in (one, other)]
    assert states[0] == states[1]


REGULARIZED = (
    "network.input_dropout=0.1",
    "network.layers.0.normalization=batch",
    "network.layers.0.dropout=0.3",
    "training.class_weight=balanced",
)


@pytest.mark.parametrize(
    ("optimizer", "also"), [("nesterov", ()), ("adam", REGULARIZED), ("adam", ("precision=mixed_float16",))]
)
def test_an_interrupted_run_resumes_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimizer: str, also: tuple[str, ...]
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
    assert (state.stopped_by, state.step) == (None, 17)
    _, state, _ = resume_run(interrupted, Silent(interrupt_after=40))
    assert (state.stopped_by, state.step) == (None, 57)
    _, state, _ = resume_run(interrupted, Silent())
    assert (state.stopped_by, state.step) == ("max_iterations", 100)
    same_run(interrupted, tmp_path / "whole")


def test_float16_trains_the_digits_no_more_than_half_a_point_worse(tmp_path: Path) -> None:
    accuracies = []
    for precision in ("float32", "mixed_float16"):
        overrides = [f"precision={precision}", "training.epochs=8", "training.early_stopping=null"]
        config = load_config(CONFIGS / "digits.yaml", [*overrides, "learning_rate=0.001"])
        start_run(config, tmp_path / precision, Silent())
        accuracies.append(evaluate_run(tmp_path / precision).score)
    assert min(accuracies) > 0.95
    assert accuracies[1] >= accuracies[0] - 0.005


def test_bfloat16_is_refused_on_cpu_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="takes no bfloat16 there; use precision mixed_float16 or float32"):
        start_run(iris("precision=mixed_bfloat16"), tmp_path / "run", Silent())
    assert not (tmp_path / "run").exists()


def test_resuming_a_run_that_has_ended_changes_nothing(tmp_path: Path) -> None:
    start_run(iris(), tmp_path / "run", Silent())
    before = checkpoint_of(tmp_path / "run")
    _, state, _ = resume_run(tmp_path / "run", Silent())
    assert state.stopped_by == "max_iterations"
    after = checkpoint_of(tmp_path / "run")
    assert after.state == before.state
    assert all(after.arrays[name].tobytes() == array.tobytes() for name, array in before.arrays.items())


def test_a_run_that_was_killed_before_its_first_checkpoint_starts_again(tmp_path: Path) -> None:
    start_run(iris(), tmp_path / "whole", Silent())
    folder, _, _ = start_run(iris(), tmp_path / "killed", Silent(interrupt_after=1))
    for path in folder.path.glob("checkpoint*"):
        path.unlink()
    folder.append_metrics({"step": 3, "epoch": 0.2, "cost": 1.0, "learning_rate": 0.5, "seconds": 0.1})
    resume_run(tmp_path / "killed", Silent())
    same_run(tmp_path / "killed", tmp_path / "whole")


def test_the_run_says_which_of_max_and_epsilon_ended_it(tmp_path: Path) -> None:
    _, state, _ = start_run(iris("training.batch_size=all", "training.tolerance=1e-9"), tmp_path / "max", Silent())
    assert (state.stopped_by, state.step) == ("max_iterations", 100)
    _, state, _ = start_run(
        iris("training.batch_size=all", "training.tolerance=2e-3", "training.max_iterations=5000"),
        tmp_path / "epsilon",
        Silent(),
    )
    assert state.stopped_by == "tolerance"
    assert 1 < state.step < 5000
    rows = RunFolder(tmp_path / "epsilon").metrics()
    assert rows[-1]["step"] == state.step


def test_early_stopping_puts_the_best_weights_back(tmp_path: Path) -> None:
    config = load_config(
        CONFIGS / "regression.yaml",
        ["learning_rate=0.2", "training.early_stopping.patience=4", "training.report_every=1"],
    )
    _, state, data = start_run(config, tmp_path / "run", Silent())
    assert state.stopped_by == "early_stopping"
    rows = RunFolder(tmp_path / "run").metrics()
    best = min(rows, key=lambda row: row["validation_loss"])
    assert (state.best_step, state.best_value) == (best["step"], best["validation_loss"])
    assert state.step > state.best_step
    scores = evaluate_run(tmp_path / "run", "validation")
    assert scores.cost == pytest.approx(best["validation_loss"], rel=1e-6)
    assert data.validation is not None


@pytest.mark.parametrize("also", [(), REGULARIZED])
def test_the_two_routes_train_alike(tmp_path: Path, also: tuple[str, ...]) -> None:
    for backprop in ("handwritten", "framework"):
        start_run(iris(f"backprop={backprop}", "precision=float64", *also), tmp_path / backprop, Silent())
    one, other = (checkpoint_of(tmp_path / route).arrays for route in ("handwritten", "framework"))
    for name, array in one.items():
        np.testing.assert_allclose(array, other[name], rtol=0, atol=1e-12)


def test_a_cost_that_is_not_finite_stops_the_run_and_keeps_the_last_good_weights(tmp_path: Path) -> None:
    config = load_config(CONFIGS / "regression.yaml", ["learning_rate=1e6", "training.epochs=50"])
    with pytest.raises(
        DivergenceError,
        match=r"step \d+ does not end in finite numbers: '.+' is the first .+ lower the learning",
    ) as caught:
        start_run(config, tmp_path / "run", Silent())
    assert caught.value.exit_code == 1
    checkpoint = checkpoint_of(tmp_path / "run")
    assert str(caught.value).startswith(f"step {checkpoint.state['step'] + 1} ")
    assert checkpoint.state["step"] > 0
    assert all(np.isfinite(array).all() for array in checkpoint.arrays.values())


@pytest.mark.parametrize("shares", [("0", "0.2"), ("0.1", "0.2")])
def test_an_update_that_overflows_is_divergence_although_every_cost_was_finite(
    tmp_path: Path, shares: tuple[str, str]
) -> None:
    config = iris(
        "learning_rate=1e39", "training.max_iterations=1", f"data.validation={shares[0]}", f"data.test={shares[1]}"
    )
    with pytest.raises(DivergenceError, match="the update makes the weights overflow"):
        start_run(config, tmp_path / "run", Silent())
    checkpoint = checkpoint_of(tmp_path / "run")
    assert checkpoint.state["step"] == 0
    assert all(np.isfinite(array).all() for array in checkpoint.arrays.values())


def test_a_validation_loss_that_is_not_finite_is_divergence(tmp_path: Path) -> None:
    config = load_config(
        CONFIGS / "regression.yaml",
        ["learning_rate=1e25", "training.batch_size=all", "training.epochs=1", "training.early_stopping=null"],
    )
    with pytest.raises(DivergenceError, match="the validation loss is not finite after step 1"):
        start_run(config, tmp_path / "run", Silent())


def test_a_checkpoint_with_a_layer_more_is_refused(tmp_path: Path) -> None:
    start_run(iris(), tmp_path / "run", Silent(interrupt_after=1))
    config = tmp_path / "run" / "config.yaml"
    shorter = load_config(config, ["network.layers=[{units: 3, activation: sigmoid}]"])
    with pytest.raises(CheckpointError, match="another architecture"):
        trained_network(shorter, RunFolder(tmp_path / "run"), 4)
    narrow = load_config(config, ["network.layers=[{units: 8, activation: sigmoid}]"])
    with pytest.raises(CheckpointError, match=r"it has 'layers\.1\.\w+', which the network .* does not have"):
        trained_network(narrow, RunFolder(tmp_path / "run"), 4)


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    start_run(iris(), tmp_path / "run", Silent(interrupt_after=1))
    config = tmp_path / "run" / "config.yaml"
    config.write_text(config.read_text().replace("units: 8", "units: 9"))
    with pytest.raises(
        CheckpointError, match=r"another architecture: 'layers\.0\.weight' is \(8, 4\) float32.*\(9, 4\)"
    ):
        resume_run(tmp_path / "run", Silent())


def test_a_batch_larger_than_the_data_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="got 106, but there are only 105 training samples"):
        start_run(iris("training.batch_size=106"), tmp_path / "run", Silent())
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(RunError, match=r"no run folder can be made there .* choose another with --run"):
        start_run(iris(), tmp_path / "file" / "run", Silent())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").write_text("kept")
    with pytest.raises(RunError, match="exists already; a run needs a new folder"):
        start_run(iris(), tmp_path / "full", Silent())
    assert (tmp_path / "full" / "something").read_text() == "kept"
