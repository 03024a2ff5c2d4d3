"""Whole runs in one process: what ends them, and what they leave."""

from pathlib import Path

import numpy as np
import pytest
from trained_runs import CONFIGS, REGULARIZED, Silent, checkpoint_of, iris

from ms_dnn.config import load_config
from ms_dnn.errors import DataError, RunError
from ms_dnn.runs.evaluation import evaluate_run
from ms_dnn.runs.stored import StoredRun
from ms_dnn.runs.training import start_run
from ms_dnn.training.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("unpictured")


def test_the_run_says_which_of_max_and_epsilon_ended_it(tmp_path: Path) -> None:
    _, state, _ = start_run(iris("training.batch_size=all", "training.tolerance=1e-9"), tmp_path / "max", Silent())
    assert (state.stop_reason, state.step) == ("max_iterations", 100)
    _, state, _ = start_run(
        iris("training.batch_size=all", "training.tolerance=5e-3", "training.max_iterations=5000"),
        tmp_path / "epsilon",
        Silent(),
    )
    assert state.stop_reason == "tolerance"
    assert 1 < state.step < 5000
    rows = RunFolder(tmp_path / "epsilon").metrics()
    assert rows[-1]["step"] == state.step


def test_a_run_tells_how_far_it_has_come(tmp_path: Path) -> None:
    folder, _, _ = start_run(iris("training.max_iterations=13"), tmp_path / "a & b", Silent())
    (row,) = folder.metrics()
    assert str(folder).startswith(f"{tmp_path / 'a & b'}: epoch 1, cost {row['cost']:.4g}, learning rate ")
    assert f"validation accuracy {row['validation_accuracy']:.4g}" in str(folder)
    assert "a &amp; b: epoch 1" in folder._repr_html_()
    assert "<img" not in folder._repr_html_()  # there are no curves without pictures
    (folder.path / "curves.png").write_bytes(b"a picture")
    assert 'src="data:image/png;base64,YSBwaWN0dXJl"' in folder._repr_html_()
    assert str(StoredRun(folder.path)) == f"blog_batch_gradient_descent in {folder}"
    (folder.path / "metrics.jsonl").unlink()
    assert str(folder) == f"{folder.path}: no report yet"


def test_early_stopping_puts_the_best_weights_back(tmp_path: Path) -> None:
    config = load_config(
        CONFIGS / "regression.yaml",
        ["learning_rate=0.2", "training.early_stopping.patience=4", "training.report_every=1"],
    )
    _, state, data = start_run(config, tmp_path / "run", Silent())
    assert state.stop_reason == "early_stopping"
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
