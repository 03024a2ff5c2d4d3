"""Choices that do not go together are refused with the reason and the way out."""

import pytest

from ms_dnn.config import parse_config
from ms_dnn.errors import ConfigError

BASE = """\
name: tiny
data: {set: iris}
network:
  layers:
    - {units: 8, activation: relu}
    - {units: 3, activation: identity}
loss: softmax_cross_entropy
optimizer: {name: gradient_descent}
learning_rate: 0.01
training: {batch_size: all, epochs: 3}
"""


def message(text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "c.yaml", overrides)
    return str(caught.value)


CONFLICTS = [
    (
        ["loss=hinge", "training.label_smoothing=0.1"],
        "hinge has no classes with a probability to smooth; use 0, or a cross-entropy loss",
    ),
    (
        ["network.layers.0.activation=sign"],
        "sign has no useful derivative (0 wherever it exists), so nothing is learned through it; "
        "use identity in the output layer with the loss perceptron, which works on the weighted sum",
    ),
    (
        ["network.layers.1.activation=softmax"],
        "softmax_cross_entropy applies softmax itself and takes logits, so the output layer wants activation "
        "identity, not softmax",
    ),
    (
        ["loss=binary_cross_entropy_with_logits", "network.layers.1.activation=sigmoid"],
        "binary_cross_entropy_with_logits works on the weighted sum and takes logits, so the output layer "
        "wants activation identity, not sigmoid; or keep sigmoid and use loss binary_cross_entropy",
    ),
    (
        ["network.layers.1.activation=identity", "loss=binary_cross_entropy"],
        "binary_cross_entropy takes probabilities, so the output layer wants activation sigmoid, "
        "not identity; or keep identity and use loss binary_cross_entropy_with_logits",
    ),
    (
        ["loss=hinge", "network.layers.1.activation=tanh"],
        "hinge works on the weighted sum and takes logits, so the output layer wants activation identity, not tanh",
    ),
    (
        ["data.validation=0", "training.early_stopping={patience: 2}"],
        "validation_loss needs validation samples, and data.validation is 0; set data.validation to 0.1, "
        "or leave early_stopping out",
    ),
    (
        [
            "data.set=diabetes",
            "loss=squared_error",
            "training.early_stopping={patience: 2}",
            "training.early_stopping.monitor=validation_accuracy",
        ],
        "diabetes is a regression set, which has no accuracy; use validation_loss",
    ),
    (
        ["data.set=diabetes"],
        "softmax_cross_entropy needs classes, and the targets of diabetes are numbers (regression); use squared_error",
    ),
    (
        ["data.target_scaling=standard"],
        "the targets of iris are classes, which have no scale; use none (target_scaling is for regression)",
    ),
    (
        ["precision=float64", "device=Ascend"],
        "float64 cannot run on Ascend, whose MatMul has no float64; use float32, or device CPU",
    ),
]


@pytest.mark.parametrize(("overrides", "expected"), CONFLICTS)
def test_choices_that_do_not_go_together(overrides: list[str], expected: str) -> None:
    found = message(BASE, *overrides)
    assert "\n" not in found
    assert found.endswith(f": {expected}")


def test_a_conflict_points_at_the_line_to_change() -> None:
    found = message(BASE.replace("softmax_cross", "binary_cross"))
    assert found.startswith("c.yaml:6: network.layers.1.activation: ")


GOOD = [
    ("squared_error", "softmax"),
    ("squared_error", "relu"),
    ("binary_cross_entropy", "sigmoid"),
    ("binary_cross_entropy_with_logits", "identity"),
    ("softmax_cross_entropy", "identity"),
    ("hinge", "identity"),
    ("perceptron", "identity"),
]


@pytest.mark.parametrize(("loss", "activation"), GOOD)
def test_choices_that_go_together(loss: str, activation: str) -> None:
    config = parse_config(BASE, overrides=[f"loss={loss}", f"network.layers.1.activation={activation}"])
    assert (config.loss, config.network.layers[1].activation) == (loss, activation)


def test_every_conflict_is_told_at_once() -> None:
    found = message(BASE, "network.layers.0.activation=sign", "loss=hinge", "network.layers.1.activation=elu")
    assert len(found.splitlines()) == 2


@pytest.mark.parametrize("device", ["auto", "CPU", "GPU"])
def test_float64_runs_elsewhere(device: str) -> None:
    assert parse_config(BASE, overrides=["precision=float64", f"device={device}"]).precision == "float64"
