"""Choices that are each allowed, but not together: a loss and its output layer, a device and a precision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

if TYPE_CHECKING:
    from ms_dnn.config.schema import ExperimentConfig

REGRESSION_SETS = frozenset({"diabetes"})
_OPEN_SETS = frozenset({"csv", "parquet", "npz", "npy", "mindrecord"})  # their targets may be either

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


class Conflict(NamedTuple):
    """One sentence about the value at ``path``, and how to mend it."""

    path: tuple[str | int, ...]
    sentence: str


def refusal(title: str, conflicts: Iterable[Conflict]) -> ValidationError:
    """Turn conflicts into the exception that a pydantic validator raises; each keeps its own place."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("conflict", "{sentence}", {"sentence": conflict.sentence}),
            loc=conflict.path,
            input=None,
        )
        for conflict in conflicts
    ]
    return ValidationError.from_exception_data(title, details)


def conflicts_in(config: ExperimentConfig) -> list[Conflict]:
    """All conflicts of one experiment, in the order of the schema; empty when it can be run."""
    return [
        *_regression(config),
        *_activations(config),
        *_output_layer(config),
        *_batches_of_one(config),
        *_early_stopping(config),
        *_smoothing(config),
        *_precision(config),
        *_streaming(config),
    ]


def _regression(config: ExperimentConfig) -> Iterator[Conflict]:
    data, kind = config.data, target_kind(config)
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


def target_kind(config: ExperimentConfig) -> str:
    """Return "classes", "numbers", or "auto" where only the file can tell."""
    if config.data.set in _OPEN_SETS:
        return config.data.target_kind
    return "numbers" if config.data.set in REGRESSION_SETS else "classes"


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
        yield Conflict((*path, "dropout"), "the output layer drops nothing: its numbers are the answer; leave it out")
    if layers[-1].normalization != "none":
        yield Conflict(
            (*path, "normalization"), "the output layer is not normalised: its scale is the answer; leave it out"
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
    if config.data.validation == 0:
        yield Conflict(
            path,
            f"{stopping.monitor} needs validation samples, and data.validation is 0; "
            "set data.validation to 0.1, or leave early_stopping out",
        )
    if stopping.monitor == "validation_accuracy" and target_kind(config) == "numbers":
        yield Conflict(
            (*path, "monitor"),
            f"{config.data.set} is a regression set, which has no accuracy; use validation_loss",
        )


def _smoothing(config: ExperimentConfig) -> Iterator[Conflict]:
    if config.training.label_smoothing and "cross_entropy" not in config.loss:
        yield Conflict(
            ("training", "label_smoothing"),
            f"{config.loss} has no classes with a probability to smooth; use 0, or a cross-entropy loss",
        )


def _precision(config: ExperimentConfig) -> Iterator[Conflict]:
    if config.precision.startswith("mixed") and config.backprop == "framework":
        yield Conflict(
            ("backprop",), f"{config.precision} is trained by the hand-written backward pass alone; use handwritten"
        )
    if config.precision == "float64" and config.device == "Ascend":
        yield Conflict(
            ("precision",),
            "float64 cannot run on Ascend, whose MatMul has no float64; use float32, or device CPU",
        )


def _streaming(config: ExperimentConfig) -> Iterator[Conflict]:
    if config.data.stream and config.training.batch_size == "all":
        yield Conflict(
            ("data", "stream"),
            "one step on all samples needs all of them in memory; set training.batch_size to a number, or leave "
            "stream out",
        )
