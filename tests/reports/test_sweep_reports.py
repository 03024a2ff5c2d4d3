"""The table and the picture of a sweep, from trials that were made up."""

import io

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from ms_dnn.config.swept import Parameter
from ms_dnn.presentation.document import print_blocks
from ms_dnn.presentation.notation import short_keys
from ms_dnn.sweep.figure import sweep_png
from ms_dnn.sweep.outcome import SweepOutcome, TrialRow, shown_metric, shown_value
from ms_dnn.sweep.progress import SweepProgress, sweep_report, sweep_table

AXES = (
    Parameter("learning_rate", None, 1e-4, 0.5, log=True),
    Parameter("network.activation", ("tanh", "relu", None)),
    Parameter("network.depth", None, 1, 4),
    Parameter("optimizer.beta1", None, 0.5, 0.9),
    Parameter("network.width", None, 4, 64, log=True),
    Parameter("training.batch_size", (8, "all")),
    Parameter("data.scaling", ("none", "standard")),
)
VALUES = {
    "learning_rate": (0.01, 0.1, 0.001),
    "network.activation": ("tanh", None, "relu"),
    "network.depth": (1, 4, 2),
    "optimizer.beta1": (0.5, 0.6, 0.9),
    "network.width": (4, 64, 17),
    "training.batch_size": (8, "all", 8),
    "data.scaling": ("none", "standard", "none"),
}
STATES = ("complete", "pruned", "complete", "diverged", "failed", "running", "waiting")


def outcome(axes: int = 2, metric: str = "validation_loss", states: tuple[str, ...] = STATES) -> SweepOutcome:
    rows = []
    for number, state in enumerate(states):
        parameters = {axis.address: VALUES[axis.address][number % 3] for axis in AXES[:axes]}
        measured = state in ("complete", "pruned", "running")
        reason = "too large" if state in ("diverged", "failed") else ""
        begun = {} if state == "waiting" else parameters
        rows.append(TrialRow(number, state, 0.5 / (number + 1) if measured else None, begun, 3, 1.5, "", reason))
    return SweepOutcome("made_up", metric, AXES[:axes], tuple(rows))


def text_of(console_width: int, show: object) -> str:
    console = Console(file=io.StringIO(), width=console_width, markup=False, highlight=False)
    console.print(show)
    return console.file.getvalue()


def test_the_best_is_the_smallest_loss_or_the_largest_score_of_a_complete_trial() -> None:
    assert outcome().best.number == 2
    assert outcome(metric="validation_accuracy").best.number == 0
    assert outcome(states=("pruned", "failed")).best is None
    assert outcome(states=("lost", "complete", "waiting")).planned == 2


@pytest.mark.parametrize(("axes", "metric"), [(1, "validation_loss"), (3, "validation_accuracy"), (7, "validation_r2")])
def test_a_panel_for_each_key(axes: int, metric: str) -> None:
    with Image.open(io.BytesIO(sweep_png(outcome(axes, metric)))) as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    colours = {tuple(colour) for colour in np.unique(pixels, axis=0)}
    assert (0xD5, 0x5E, 0x00) in colours  # the best one is marked in orange


@pytest.mark.parametrize("states", [("failed",), ("pruned", "waiting")])
def test_a_picture_of_a_single_trial(states: tuple[str, ...]) -> None:
    assert sweep_png(outcome(1, states=states))


def test_nothing_is_drawn_before_a_trial_has_ended() -> None:
    assert sweep_png(outcome(states=("running", "waiting"))) is None


def test_the_table_keeps_the_best_trial_in_sight() -> None:
    made = outcome(states=("complete",) * 9 + ("running",), metric="validation_accuracy")
    lines = text_of(100, sweep_table(made, 4).rich()).splitlines()
    assert len(lines) == 6
    assert "best" in lines[2]
    assert "50.00%" in lines[2]
    assert "report 3" in lines[-1]


def test_where_nobody_watches_each_trial_gets_one_line() -> None:
    console = Console(file=io.StringIO(), width=100, markup=False, highlight=False)
    with SweepProgress(console) as progress:
        progress.begin(outcome(states=("complete", "running")))
        for _ in range(3):
            progress.show(outcome())
    lines = console.file.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["1", "2", "3", "4"]
    assert "pruned 0.25" in lines[0]


def test_a_reason_is_said_once() -> None:
    console = Console(file=io.StringIO(), width=100, markup=False, highlight=False)
    print_blocks(console, sweep_report(outcome(states=("complete", "failed", "failed", "diverged")), {}))
    assert console.file.getvalue().count("too large") == 2
    assert "trial 1 failed (and 1 more): too large" in console.file.getvalue()


def test_names_are_as_short_as_they_can_be_told_apart() -> None:
    addresses = ("learning_rate", "network.layers.0.units", "network.layers.1.units", "penalty.l2", "a.rate", "b.rate")
    assert short_keys(addresses) == [
        "learning_rate", "layers.0.units", "layers.1.units", "l2", "a.rate", "b.rate",
    ]  # fmt: skip


def test_values_are_short() -> None:
    assert [shown_value(one) for one in (0.000123456, 12, True, None, "relu")] == [
        "0.000123", "12", "true", "none", "relu",
    ]  # fmt: skip
    assert shown_metric(0.98765, "validation_accuracy") == "98.77%"
    assert shown_metric(None, "validation_loss") == "–"
