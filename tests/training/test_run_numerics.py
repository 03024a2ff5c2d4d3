"""Whole runs in half precision, and runs whose numbers overflow."""

from pathlib import Path

import numpy as np
import pytest
from trained_runs import CONFIGS, Silent, checkpoint_of, iris

from ms_dnn.config import load_config
from ms_dnn.errors import DeviceError, DivergenceError
from ms_dnn.runs.evaluation import evaluate_run
from ms_dnn.runs.training import start_run

pytestmark = pytest.mark.usefixtures("unpictured")


@pytest.mark.campaign
def test_float16_trains_the_digits_no_more_than_half_a_point_worse(tmp_path: Path) -> None:
    accuracies = []
    for precision in ("float32", "mixed_float16"):
        overrides = [f"precision={precision}", "training.epochs=8", "training.early_stopping=null"]
        narrow = ["network.layers.0.units=96", "network.layers.1.units=32"]
        config = load_config(CONFIGS / "digits.yaml", [*overrides, *narrow, "learning_rate=0.003"])
        start_run(config, tmp_path / precision, Silent())
        accuracies.append(evaluate_run(tmp_path / precision).score)
    assert min(accuracies) > 0.95
    assert accuracies[1] >= accuracies[0] - 0.005


def test_bfloat16_is_refused_on_cpu_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="take no bfloat16 there; use precision mixed_float16 or float32"):
        start_run(iris("precision=mixed_bfloat16"), tmp_path / "run", Silent())
    assert not (tmp_path / "run").exists()


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
