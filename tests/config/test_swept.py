"""The sweep section: each mistake gets its sentence with the line, and each trial its configuration."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.config import dump_config, parse_config
from ms_dnn.config.swept import Parameter, SweptExperiment, load_swept, parse_swept
from ms_dnn.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"
BASE = """\
name: tiny
data: {set: iris, validation: 0.1}
network:
  layers:
    - {units: 8, activation: tanh}
    - {units: 4, activation: relu, initializer: he}
    - {units: 3, activation: identity}
loss: softmax_cross_entropy
optimizer: {name: adam}
learning_rate: 0.01
training: {batch_size: 16, epochs: 3}
sweep:
  trials: 7
  sampler: tpe
  ranges:
    RANGE
"""
R = "c.yaml:16: sweep.ranges."


def swept(of: str, *overrides: str) -> SweptExperiment:
    return parse_swept(BASE.replace("RANGE", of), "c.yaml", overrides)


def message(of: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        swept(of, *overrides)
    return str(caught.value)


RATE = "learning_rate: {low: 0.001, high: 0.1, log: true}"

WRONG = [
    ("learning_rate: {low: 0.5, high: 0.1}", f"{R}learning_rate.low: low 0.5 is above high 0.1; exchange them"),
    (
        "penalty.l2: {low: 0, high: 0.1, log: true}",
        f"{R}'penalty.l2'.low: got 0, expected a number > 0, because log: true spreads the logarithm; raise low, or "
        "leave log out",
    ),
    (
        "learning_rate: {low: 0.1, high: 0.2, log: true, step: 0.1}",
        f"{R}learning_rate.step: log and step are both given; keep one, or list the values: [0.001, 0.01, 0.1]",
    ),
    ("learning_rate: {low: 0.1, hihg: 1}", f"{R}learning_rate.hihg: unknown key; did you mean 'high'?"),
    ("learning_rate: {low: a, high: 1}", f"{R}learning_rate.low: got 'a', expected a number"),
    (
        "learning_rate: {low: 0, high: 1}",
        f"{R}learning_rate.low: got 0, expected a number > 0 or a mapping with the key 'schedule'",
    ),
    (
        "learning_rate: 0.1",
        f"{R}learning_rate: got 0.1, expected a mapping with 'low', 'high' or a list with at least one entry",
    ),
    ("learning_rate: [0.1, 0.2, 0.1]", f"{R}learning_rate.2: the choice 0.1 stands twice in the list; keep one"),
    (
        "optimizer: [{name: adam}]",
        f"{R}optimizer.0: a choice is one text, number, true, false or null; sweep the keys in it instead",
    ),
    ("learning_rat: [0.1]", f"{R}learning_rat.0: unknown key; did you mean 'learning_rate'?"),
    (
        "learning_rate.initial: [0.1]",
        "c.yaml:16: learning_rate: is 0.01, which has no key 'initial'; set learning_rate as a whole",
    ),
    (
        "network.layers.5.units: [4]",
        "c.yaml:16: network.layers: there is no entry '5'; the list has 3 (numbers 0 to 2)",
    ),
    (
        "optimizer.momentum: [0.9]",
        f"{R}'optimizer.momentum'.0: unknown key; allowed are name, beta1, beta2, epsilon",
    ),
    ("network.widht: [4]", f"{R}'network.widht': unknown key; did you mean 'network.width'?"),
    (
        "network.depth: {low: 0, high: 3}",
        "c.yaml:16: network.depth: got 0, expected a whole number from 1 to 1000, the number of hidden layers",
    ),
    (
        "network.width: {low: 1.5, high: 3}",
        f"{R}'network.width'.low: network.layers.0.units: got 1.5, expected a whole number from 1 to 65536",
    ),
    (
        "training.early_stopping.monitor: [validation_loss]",
        f"{R}'training.early_stopping.monitor'.0: training.early_stopping.patience: missing; expected a whole number "
        "≥ 1",
    ),
    (
        "seed: [1, 2]",
        f"{R}seed: seed cannot be swept: it decides which samples are in the validation set, and trials are compared "
        "on that set",
    ),
    (
        "data.validation: [0.1, 0.2]",
        f"{R}'data.validation': data.validation cannot be swept: trials are compared on the same samples",
    ),
    (
        "loss: [hinge, softmax_cross_entropy]",
        f"{R}loss: loss cannot be swept: it changes what validation_loss means; set sweep.metric to "
        "validation_accuracy",
    ),
]


@pytest.mark.parametrize(("of", "expected"), WRONG)
def test_one_mistake(of: str, expected: str) -> None:
    assert message(of) == expected


OVERRIDES = [
    ("data.validation=0", "validation_loss needs validation samples, and data.validation is 0; set data.validation"),
    ("sweep.metric=validation_r2", "the targets of iris are classes, which have no R²; use validation_accuracy"),
    ("sweep.metric=validation_los", "did you mean 'validation_loss'?"),
    ("sweep.trials=0", "got 0, expected a whole number from 1 to 100000"),
    ("sweep.sampler=grid", "grid takes every value, and here is no end of them; give a step or a list of choices"),
    ("sweep.ranges={}", "expected a mapping from keys such as learning_rate to {low, high} or a list of choices"),
    ("sweep=null", "missing; expected 'ranges', such as ranges: {learning_rate:"),
]


@pytest.mark.parametrize(("override", "expected"), OVERRIDES)
def test_what_no_trial_could_mend(override: str, expected: str) -> None:
    assert expected in message(RATE, override)


def test_a_hidden_layer_is_needed_to_change_it() -> None:
    one = "network.layers=[{units: 3, activation: identity}]"
    assert "the experiment has no hidden layer to change" in message("network.width: [4]", one)


def test_what_another_range_may_mend_is_left_to_the_trials() -> None:
    both = "{optimizer.name: [adam, momentum], optimizer.beta1: [0.8, 0.9]}"
    found = parse_swept(BASE.replace("\n    RANGE", f" {both}"), "c.yaml")
    assert found.with_values({"optimizer.name": "adam", "optimizer.beta1": 0.8}).optimizer.beta1 == 0.8
    with pytest.raises(ConfigError, match=r"optimizer.beta1: unknown key"):
        found.with_values({"optimizer.name": "momentum", "optimizer.beta1": 0.8})


def test_whole_numbers_are_known_by_their_key_and_not_by_how_they_are_written() -> None:
    assert swept("penalty.l2: {low: 0, high: 1}").parameters == (Parameter("penalty.l2", None, 0, 1),)
    assert swept("training.batch_size: {low: 1, high: 9}").parameters[0].integer
    assert swept("network.depth: {low: 1, high: 3}").parameters[0].integer


def test_depth_width_and_activation_change_every_hidden_layer_and_no_other() -> None:
    found = swept("network.width: [6]")
    values = {"network.layers.0.units": 5, "network.activation": "sigmoid", "network.width": 6, "network.depth": 3}
    layers = found.with_values(values).network.layers
    assert [layer.units for layer in layers] == [5, 6, 6, 3]
    assert [layer.activation for layer in layers] == ["sigmoid"] * 3 + ["identity"]
    assert [layer.initializer for layer in layers] == ["xavier", "he", "he", "xavier"]
    assert len(found.with_values({"network.depth": 1}).network.layers) == 2


def test_a_trial_has_no_sweep_and_the_experiment_stays_as_it_was() -> None:
    found = swept(RATE)
    trial = found.with_values({"learning_rate": 0.5})
    assert trial == found.base.model_copy(update={"learning_rate": 0.5})
    assert "sweep" not in dump_config(trial)
    assert found.with_values({}) == found.base


def test_a_relative_path_holds_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stored = swept(RATE, "data={set: csv, file: t.csv, target: y}").text()
    assert parse_swept(stored).base.data.file == str(tmp_path / "t.csv")


@given(
    st.floats(-1e3, 1e3),
    st.floats(0, 1e3),
    st.floats(1e-3, 10) | st.none(),
)
def test_the_values_of_an_interval_are_within_it(low: float, width: float, step: float | None) -> None:
    values = Parameter("x", None, low, low + width, step).values
    if values is None:
        assert step is None
        return
    assert values[0] == low
    assert all(low <= value <= low + width + 1e-6 for value in values)
    if step is not None and len(values) < 1000:
        assert len(values) == math.floor(width / step + 1e-9) + 1 or math.isclose(width / step % 1, 1, abs_tol=1e-6)


def test_a_grid_has_every_combination_once() -> None:
    ranges = "{learning_rate: [0.1, 0.2], training.batch_size: {low: 2, high: 6, step: 2}, network.depth: [1]}"
    found = parse_swept(BASE.replace("\n    RANGE", f" {ranges}"), "c.yaml", ["sweep.sampler=grid"])
    assert found.trials == 6
    assert len({tuple(one.items()) for one in found.combinations()}) == 6
    assert {one["training.batch_size"] for one in found.combinations()} == {2, 4, 6}


def test_the_shipped_sweep_is_right_and_training_passes_it_over() -> None:
    found = load_swept(CONFIGS / "sweep_wine.yaml")
    assert len(found.parameters) == 6
    text = (CONFIGS / "sweep_wine.yaml").read_text(encoding="utf-8")
    assert parse_config(text).model_copy(update={"sweep": None}) == found.base
