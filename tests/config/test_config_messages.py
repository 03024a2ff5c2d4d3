"""Each mistake gets its exact sentence, with the line on which it was made."""

import pytest

from ms_dnn.config import ExperimentConfig, parse_config
from ms_dnn.errors import ConfigError

BASE = """\
version: 1
name: tiny
seed: 7
data:
  set: iris
  validation: 0.1
network:
  layers:
    - units: 8
      activation: relu
    - {units: 3, activation: identity}
loss: softmax_cross_entropy
optimizer:
  name: momentum
  momentum: 0.9
learning_rate: 0.01
training:
  batch_size: 16
  epochs: 3
"""


def message(text: str = BASE, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "c.yaml", overrides)
    return str(caught.value)


def test_the_base_is_right() -> None:
    config = parse_config(BASE, "c.yaml")
    assert isinstance(config, ExperimentConfig)
    assert (config.seed, config.data.test, config.network.layers[1].units) == (7, 0.2, 3)


ACTIVATIONS = "identity, sign, sigmoid, tanh, relu, leaky_relu, elu, softplus, silu, gelu, softmax"

UNITS = "c.yaml:9: network.layers.0.units: "
WHOLE = "expected a whole number from 1 to 65536"

ONE_CHANGE = [
    (
        "batch_size: 16",
        "batch_sise: 16",
        "c.yaml:18: training.batch_sise: unknown key; did you mean 'batch_size'?",
    ),
    (
        "units: 8",
        "units: many",
        f"{UNITS}got 'many', {WHOLE}",
    ),
    (
        "units: 8",
        "units: '8'",
        f"{UNITS}got '8', {WHOLE}",
    ),
    (
        "units: 8",
        "units: true",
        f"{UNITS}got true, {WHOLE}",
    ),
    (
        "units: 8",
        "units: 8.0",
        f"{UNITS}got 8.0, {WHOLE}",
    ),
    (
        "units: 8",
        "units:",
        f"{UNITS}got nothing, {WHOLE}",
    ),
    (
        "- units: 8\n      ",
        "- ",
        f"{UNITS}missing; {WHOLE}",
    ),
    (
        "activation: relu",
        "activation: rleu",
        f"c.yaml:10: network.layers.0.activation: got 'rleu', expected one of {ACTIVATIONS}; did you mean 'relu'?",
    ),
    (
        "learning_rate: 0.01\n",
        "",
        "c.yaml: learning_rate: missing; expected a number > 0 or a mapping with the key 'schedule'",
    ),
    (
        "rate: 0.01",
        "rate: -1",
        "c.yaml:16: learning_rate: got -1, expected a number > 0 or a mapping with the key 'schedule'",
    ),
    (
        "rate: 0.01",
        "rate: .inf",
        "c.yaml:16: learning_rate: got inf, expected a finite number > 0 or a mapping with the key 'schedule'",
    ),
    (
        "  momentum: 0.9",
        "  momentum: 1",
        "c.yaml:15: optimizer.momentum: got 1, expected a number ≥ 0 and < 1",
    ),
    (
        "  momentum: 0.9",
        "  momentun: 0.9",
        "c.yaml:15: optimizer.momentun: unknown key; did you mean 'momentum'?",
    ),
    (
        "name: momentum",
        "name: momentun",
        "c.yaml:14: optimizer.name: got 'momentun', expected one of adam, gradient_descent, momentum, "
        "nesterov; did you mean 'momentum'?",
    ),
    (
        "  name: momentum\n",
        "",
        "c.yaml:13: optimizer.name: missing; expected one of adam, gradient_descent, momentum, nesterov",
    ),
    (
        "batch_size: 16",
        "batch_size: 0",
        "c.yaml:18: training.batch_size: got 0, expected a whole number ≥ 1 or 'all'",
    ),
    (
        "batch_size: 16",
        "batch_size: {a: 1}",
        "c.yaml:18: training.batch_size: got a mapping, expected a whole number ≥ 1 or 'all'",
    ),
    (
        "name: tiny",
        "name: 12",
        "c.yaml:2: name: got 12, expected a name of at most 100 letters, digits, '-' and '_'; "
        "put it in quotes if it is one",
    ),
    ("seed: 7", "epochs: 7", "c.yaml:3: epochs: unknown key; it belongs at training.epochs"),
    (
        "validation: 0.1",
        "zebra: 0.1",
        "c.yaml:6: data.zebra: unknown key; allowed are set, file, folder, test_folder, validation_folder, target, "
        "target_kind, target_unit, classes, drop, columns, encoding, delimiter, decimal, image_size, stream, "
        "validation, test, scaling, target_scaling",
    ),
    (
        "version: 1",
        "version: 2\nnew_key: 3",
        "c.yaml:1: version: written by a newer ms-dnn: version 2, this one reads 1; upgrade ms-dnn",
    ),
    (
        "validation: 0.1",
        "validation: 0.8",
        "c.yaml:4: data: data.validation 0.8 and data.test 0.2 leave nothing to train on; their sum must be below 1",
    ),
    (
        "  epochs: 3\n",
        "",
        "c.yaml:17: training.epochs: missing; say how long to train, with either epochs or max_iterations",
    ),
    (
        "epochs: 3",
        "epochs: 3\n  max_iterations: 4",
        "c.yaml:20: training.max_iterations: epochs and max_iterations are both given; keep one "
        "(an iteration is one update)",
    ),
    ("seed: 7", "name: twice", "c.yaml:3: name: the key is given twice, first on line 2; keep one"),
    (
        "seed: 7",
        "seed: !!int 7",
        "c.yaml:3: seed: the tag '!!int' is not allowed; write a plain value, without a tag",
    ),
    ("seed: 7", "seed: &s [*s]", "c.yaml:3: seed.0: an alias inside the value that it names makes a circle"),
    ("seed: 7", "<<: {seed: 7}", "c.yaml:3: '<<': merge keys are not read; write the keys out"),
    ("seed: 7", "seed: a: b", "c.yaml:3: is not valid YAML: mapping values are not allowed here"),
    ("seed: 7", "\tseed: 7", "c.yaml:3: is not valid YAML: a tab stands here; indent with spaces"),
    ("seed: 7", "---\nseed: 7", "c.yaml:3: a second document begins here (---), and a configuration is one"),
]


@pytest.mark.parametrize(("old", "new", "expected"), ONE_CHANGE)
def test_one_mistake(old: str, new: str, expected: str) -> None:
    assert old in BASE
    assert message(BASE.replace(old, new, 1)) == expected


OVERRIDES = [
    ("training.epochs=many", "training.epochs: got 'many', expected a whole number from 1 to 1000000"),
    ("network.layers.0.units=0", "network.layers.0.units: got 0, expected a whole number from 1 to 65536"),
    ("network.layers.2.units=5", "network.layers: there is no entry '2'; the list has 2 (numbers 0 to 1)"),
    ("network.layers=[]", "network.layers: got an empty list, expected a list with at least one entry"),
    ("data.set.name=1", "data.set: is 'iris', which has no key 'name'; set data.set as a whole"),
    ("seed.deep=1", "seed: is 7, which has no key 'deep'; set seed as a whole"),
    ("training.epochs", "expected key=value, such as training.epochs=5"),
    ("=5", "expected key=value, such as training.epochs=5"),
    ("a..b=5", "expected key=value, such as training.epochs=5"),
    ("optimizer.momentun=0.5", "optimizer.momentun: unknown key; did you mean 'momentum'?"),
    (
        "training.early_stopping.min_delta=1",
        "training.early_stopping.patience: missing; expected a whole number ≥ 1",
    ),
]


@pytest.mark.parametrize(("override", "expected"), OVERRIDES)
def test_a_wrong_override_is_named_instead_of_a_line(override: str, expected: str) -> None:
    assert message(BASE, override) == f"--set {override}: {expected}"


SCHEDULES = [
    (
        "{schedule: cosine_decay, initial: 0.1, final: 0.2, epochs: 3}",
        "final: the cosine goes down, so 0.2 must be below the initial 0.1",
    ),
    (
        "{schedule: piecewise_constant, milestones: [2, 2], rates: [1, 0.5]}",
        "milestones.1: milestones must increase, and 2 comes after 2",
    ),
    (
        "{schedule: piecewise_constant, milestones: [2, 3], rates: [1]}",
        "rates: got 1 for 2 milestones; each milestone needs one rate",
    ),
    (
        "{schedule: piecewise_constant, milestones: [2, 3], rates: [1, a]}",
        "rates.1: got 'a', expected a number > 0",
    ),
    (
        "{schedule: inverse_decay, initial: 1, rate: 1, epochs: 1, stair: yes}",
        "stair: unknown key; did you mean 'staircase'?",
    ),
    (
        "{schedule: exponential_decay, initial: 1, rate: 1}",
        "epochs: missing; expected a whole number ≥ 1",
    ),
    (
        "{schedule: cosine, initial: 1}",
        "schedule: got 'cosine', expected one of cosine_decay, exponential_decay, "
        "inverse_decay, natural_exponential_decay, piecewise_constant, polynomial_decay; "
        "did you mean 'cosine_decay'?",
    ),
]


@pytest.mark.parametrize(("schedule", "expected"), SCHEDULES)
def test_schedules(schedule: str, expected: str) -> None:
    assert message(BASE.replace("rate: 0.01", f"rate: {schedule}")) == f"c.yaml:16: learning_rate.{expected}"


def test_problems_come_in_the_order_of_the_lines_and_no_more_than_five() -> None:
    text = "".join(f"key{number}: 1\n" for number in range(4)) + BASE.replace("seed: 7", "seed: -1").replace(
        "set: iris", "set: irys"
    ).replace("epochs: 3", "epochs: 0")
    lines = message(text).splitlines()
    assert [line.split(":")[1] for line in lines[:5]] == ["1", "2", "3", "4", "7"]
    assert lines[5:] == ["and 2 more"]


def test_no_pydantic_text_reaches_the_user() -> None:
    text = "name: [1]\nseed: x\ndata: 3\nnetwork: {layers: {}}\nloss: 3\noptimizer: 4\nlearning_rate: [1]\n"
    found = message(text)
    assert not [phrase for phrase in ("Input should", "pydantic", "http", "type=", "union", "tag") if phrase in found]
    assert "c.yaml:4: network.layers: got a mapping, expected a list with at least one entry" in found
