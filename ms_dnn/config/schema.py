"""What one experiment is: its data, network, loss, optimizer and training, as immutable pydantic models.

Choices that are each allowed, but not together (a loss and its output layer, a device and a precision), are refused
here.

Building a model from wrong values raises :class:`pydantic.ValidationError`; :mod:`ms_dnn.config.loading` puts
that into sentences with the line of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Literal

from pydantic import Field, model_validator

from ms_dnn.config.data_section import DataConfig
from ms_dnn.config.network_section import NetworkConfig
from ms_dnn.config.optimization import LearningRate, Optimizer
from ms_dnn.config.settings import Conflict, Settings, refusal
from ms_dnn.config.sweep_section import SweepConfig
from ms_dnn.config.training_section import PenaltyConfig, ReportsConfig, TrainingConfig

VERSION = 1

Loss = Literal[
    "squared_error",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "softmax_cross_entropy",
    "hinge",
    "perceptron",
]


# What the loss takes from the last layer. squared_error takes whatever the layer gives.
_OUTPUT_OF_LOSS = {
    "binary_cross_entropy": "sigmoid",
    "binary_cross_entropy_with_logits": "identity",
    "softmax_cross_entropy": "identity",
    "hinge": "identity",
    "perceptron": "identity",
}

# The other way out, for somebody who chose the output activation on purpose.
_INSTEAD = {
    "sigmoid": "or keep sigmoid and use loss binary_cross_entropy",
    "identity": "or keep identity and use loss binary_cross_entropy_with_logits",
    "softmax": "to choose one of several classes, use identity with loss softmax_cross_entropy",
}


class ExperimentConfig(Settings):
    """One experiment, complete: the same config and seed give the same run on the same device."""

    version: int = Field(VERSION, ge=1, description="Version of this format.")
    name: str = Field(
        max_length=100,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$",
        description="Name of the experiment, which also names its runs.",
        json_schema_extra={"expected": "a name of at most 100 letters, digits, '-' and '_'"},
    )
    seed: int = Field(0, ge=0, le=2**63 - 1, description="Source of everything random.")
    data: DataConfig
    network: NetworkConfig
    loss: Loss = Field(description="L of one sample; its mean or sum over the samples is the cost J.")
    reduction: Literal["mean", "sum"] = Field("mean", description="How the losses of the samples make the cost.")
    penalty: PenaltyConfig | None = Field(None, description="Left out: none.")
    optimizer: Optimizer = Field(description="How gradients become changes of the weights.")
    learning_rate: LearningRate = Field(description="r: one number > 0, or a schedule over the epochs.")
    training: TrainingConfig
    reports: ReportsConfig | None = Field(None, description="Left out: no event files for TensorBoard.")
    backprop: Literal["handwritten", "framework"] = Field(
        "handwritten",
        description="Whose backward pass trains: this project's, or MindSpore's own.",
    )
    device: Literal["auto", "Ascend", "GPU", "CPU"] = Field(
        "auto", description="auto takes the first of Ascend, GPU, CPU that is there; a name takes no other."
    )
    precision: Literal["float32", "float64", "mixed_float16", "mixed_bfloat16"] = Field(
        "float32",
        description="dtype of the weights; float64 not on Ascend. The mixed ones compute in 16 bits, keep weights, "
        "cost and updates in float32, and scale the cost's gradient so that small gradients are not lost.",
    )
    sweep: SweepConfig | None = Field(None, description="Only for ms-dnn sweep: what to try.")

    @model_validator(mode="before")
    @classmethod
    def _is_not_from_the_future(cls, values: Any) -> Any:
        version = values.get("version") if isinstance(values, dict) else None
        # type(): True is an int, and is no version.
        if type(version) is int and version > VERSION:
            sentence = f"written by a newer ms-dnn: version {version}, this one reads {VERSION}; upgrade ms-dnn"
            raise refusal("experiment", [Conflict(("version",), sentence)])
        return values

    def _conflicts(self) -> Iterator[Conflict]:
        checks = (_regression, _activations, _output_layer, _batches_of_one, _early_stopping, _numerics)
        return chain.from_iterable(check(self) for check in checks)


def _regression(config: ExperimentConfig) -> Iterator[Conflict]:
    data, kind = config.data, config.data.known_target_kind
    if kind == "numbers" and config.loss != "squared_error":
        yield Conflict(
            ("loss",),
            f"{config.loss} needs classes, and the targets of {data.set} are numbers (regression); use squared_error",
        )
    if kind == "classes" and data.target_scaling != "none":
        yield Conflict(
            ("data", "target_scaling"),
            f"the targets of {data.set} are classes, which have no scale; use none (target_scaling is for regression)",
        )


def _activations(config: ExperimentConfig) -> Iterator[Conflict]:
    layers = config.network.layers
    last = len(layers) - 1
    for index, layer in enumerate(layers):
        path = ("network", "layers", index, "activation")
        if layer.activation == "sign":
            yield Conflict(
                path,
                "sign has no useful derivative (0 wherever it exists), so nothing is learned through it; "
                "use identity in the output layer with the loss perceptron, which works on the weighted sum",
            )
        elif index == last:
            sentence = _output_conflict(config.loss, layer.activation)
            if sentence:
                yield Conflict(path, sentence)


def _output_layer(config: ExperimentConfig) -> Iterator[Conflict]:
    layers = config.network.layers
    path = ("network", "layers", len(layers) - 1)
    if layers[-1].dropout:
        yield Conflict(
            (*path, "dropout"), "the output layer drops nothing: its numbers are the prediction; leave it out"
        )
    if layers[-1].normalization != "none":
        yield Conflict(
            (*path, "normalization"), "the output layer is not normalised: its scale is the prediction's; leave it out"
        )


def _batches_of_one(config: ExperimentConfig) -> Iterator[Conflict]:
    if config.training.batch_size != 1:
        return
    for index, layer in enumerate(config.network.layers):
        if layer.normalization == "batch":
            yield Conflict(
                ("network", "layers", index, "normalization"),
                "batch normalisation of batches of one sample leaves nothing but its shift; use layer, or a larger "
                "training.batch_size",
            )


def _output_conflict(loss: str, activation: str) -> str | None:
    wanted = _OUTPUT_OF_LOSS.get(loss, activation)
    if activation == wanted:
        return None
    if wanted == "identity":
        kind = "applies softmax itself and" if loss == "softmax_cross_entropy" else "works on the weighted sum and"
        sentence = f"{loss} {kind} takes logits, so the output layer wants activation identity, not {activation}"
    else:
        sentence = f"{loss} takes probabilities, so the output layer wants activation {wanted}, not {activation}"
    instead = _INSTEAD.get(activation, loss)
    return sentence if instead.endswith(f" {loss}") or instead == loss else f"{sentence}; {instead}"


def _early_stopping(config: ExperimentConfig) -> Iterator[Conflict]:
    stopping = config.training.early_stopping
    if stopping is None:
        return
    path = ("training", "early_stopping")
    if not config.data.validates:
        yield Conflict(
            path,
            f"{stopping.monitor} needs validation samples, and data.validation is 0; "
            "set data.validation to 0.1, or leave early_stopping out",
        )
    if stopping.monitor == "validation_accuracy" and config.data.known_target_kind == "numbers":
        yield Conflict(
            (*path, "monitor"),
            f"{config.data.set} is a regression set, which has no accuracy; use validation_loss",
        )


def _numerics(config: ExperimentConfig) -> Iterator[Conflict]:
    if config.training.label_smoothing and "cross_entropy" not in config.loss:
        yield Conflict(
            ("training", "label_smoothing"),
            f"{config.loss} has no classes with a probability to smooth; use 0, or a cross-entropy loss",
        )
    if config.precision.startswith("mixed") and config.backprop == "framework":
        yield Conflict(
            ("backprop",), f"{config.precision} is trained by the hand-written backward pass alone; use handwritten"
        )
    if config.precision == "float64" and config.device == "Ascend":
        yield Conflict(
            ("precision",),
            "float64 cannot run on Ascend, whose MatMul has no float64; use float32, or device CPU",
        )
    if config.data.stream and config.training.batch_size == "all":
        yield Conflict(
            ("data", "stream"),
            "one step on all samples needs all of them in memory; set training.batch_size to a number, or leave "
            "stream out",
        )
