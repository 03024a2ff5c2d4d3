"""What is explored: dense layers, samples, cost and rate, all as plain float64 arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config import ExperimentConfig, load_config
from ms_dnn.config.bundled import bundled_config
from ms_dnn.dnn import DNN
from ms_dnn.errors import ConfigError
from ms_dnn.experiment.experiment import Experiment
from ms_dnn.layers.dense import Dense
from ms_dnn.layers.dropout import Dropout
from ms_dnn.layers.penalty import Penalty
from ms_dnn.runs.stored import StoredRun
from ms_dnn.runtime.device import use_device
from ms_dnn.runtime.seeding import stream
from ms_dnn.series import pencil
from ms_dnn.training.run_folder import CONFIG

Array = NDArray[np.float64]

MOST_PARAMETERS = 5_000_000
MOST_SAMPLES = 200
FEWEST_SAMPLES = 8
_NUMBERS_IN_SAMPLES = 4_000_000
"""Samples times parameters, from which what one update computes takes longer than a reader notices."""
_RATE = 0.1
"""Where the configuration's is one for another optimizer than gradient descent, which the page does."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A network that is explored, and what it is explored on.

    Attributes:
        name: of the experiment.
        origin: where it comes from.
        device: that MindSpore computes on.
        weights: (O, I) of each layer.
        biases: (O,) of each layer.
        activations: one name a layer.
        loss, reduction, penalty: the cost J.
        rate: learning rate to begin with.
        batch: samples in an update.
        optimizer: that the configuration names.
        dropout: whether it was left out.
        dtype: in which the weights are kept without loss.
        x, y: samples (M, I) and targets (M, O).
        labels: class indices (M,), or None for regression.
        sample_weights: what each weighs in J, (M,), or None.
        features, classes: names; no classes for regression.
        image_shape: of samples that are pictures.
        samples: how many the training set has.
    """

    name: str
    origin: Literal["pencil", "configuration", "run"]
    device: str
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activations: tuple[str, ...]
    loss: str
    reduction: str
    penalty: Penalty | None
    rate: float
    batch: int
    optimizer: str
    dropout: bool
    dtype: str
    x: Array
    y: Array
    labels: NDArray[np.int64] | None
    sample_weights: Array | None
    features: tuple[str, ...]
    classes: tuple[str, ...]
    image_shape: tuple[int, ...] | None
    samples: int

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(w.size for w in (*self.weights, *self.biases))


def subject_of(source: str | None, overrides: Sequence[str], device: str | None, samples: int | None) -> Subject:
    """Return what a run's folder, a YAML file or a name such as ``digits`` says; the pencil network for None.

    Args:
        source: as the command line has it.
        overrides: of a configuration, such as ``loss=squared_error``.
        device: another device than the configuration's.
        samples: how many of the training set to take; None for as many as suit the size of the network.

    Raises:
        MsDnnError: when there is nothing of that name, or it, its data or its device are not fit.
    """
    if source is None:
        if overrides:
            raise ConfigError(f"--set: got '{overrides[0]}' without a CONFIG that it changes: name one, such as digits")
        _check_samples(samples, len(pencil.X))
        return _pencil(use_device(device or "auto").name)
    path = Path(source)
    if path.is_dir() and ((path / CONFIG).is_file() or bundled_config(source) is None):
        run = StoredRun(path, device)
        if overrides:
            raise ConfigError(f"--set: got '{overrides[0]}' with the run '{path}', which is trained: leave it out")
        _check_layers(run.config, source)
        _check_size(run.experiment)
        return _experimental(run.experiment, run.network(), "run", samples)
    config = load_config(path, [*overrides, *([] if device is None else [f"device={device}"])])
    _check_layers(config, source)
    experiment = Experiment(config)
    experiment.device  # noqa: B018 - chosen before the first operation
    _check_size(experiment)
    return _experimental(experiment, experiment.network(), "configuration", samples)


def _check_layers(config: ExperimentConfig, source: str) -> None:
    """Raise a ConfigError for a layer that the page has no formula for."""
    for number, layer in enumerate(config.network.layers):
        if layer.normalization != "none":
            raise ConfigError(
                f"{source}: network.layers.{number}.normalization: got {layer.normalization}, expected none, for the "
                "page computes dense layers: explore another network, or train this one without"
            )


def _check_samples(asked: int | None, total: int) -> None:
    if asked is not None and asked > total:
        raise ConfigError(
            f"--samples: got {asked}, expected at most {total}, for the training set has no more: lower it"
        )


def _check_size(experiment: Experiment) -> None:
    """Raise a ConfigError for more parameters than a browser should hold, before they are made."""
    sizes = [experiment.data.train.x.shape[1], *(layer.units for layer in experiment.config.network.layers)]
    parameters = sum(units * (inputs + 1) for inputs, units in pairwise(sizes))
    if parameters > MOST_PARAMETERS:
        raise ConfigError(
            f"{experiment.config.name}: got {parameters:,} parameters, expected at most {MOST_PARAMETERS:,}, for a "
            "browser holds them all: make the layers smaller"
        )


def _pencil(device: str) -> Subject:
    return Subject(
        name="pencil",
        origin="pencil",
        device=device,
        weights=tuple(np.array(w) for w in pencil.WEIGHTS),
        biases=tuple(np.array(b) for b in pencil.BIASES),
        activations=pencil.ACTIVATIONS,
        loss=pencil.LOSS,
        reduction="mean",
        penalty=None,
        rate=pencil.RATE,
        batch=1,
        optimizer="gradient_descent",
        dropout=False,
        dtype="float64",
        x=np.array(pencil.X),
        y=np.array(pencil.Y),
        labels=np.array(pencil.Y)[:, 0].astype(np.int64),
        sample_weights=None,
        features=("x1", "x2"),
        classes=("0", "1"),
        image_shape=None,
        samples=len(pencil.X),
    )


def _experimental(
    experiment: Experiment, network: DNN, origin: Literal["configuration", "run"], samples: int | None
) -> Subject:
    config, data = experiment.config, experiment.data
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    train, plan = data.train, experiment.plan
    found = Subject(
        name=config.name,
        origin=origin,
        device=experiment.device.name,
        weights=tuple(_numbers(layer.weight) for layer in dense),
        biases=tuple(_numbers(layer.bias) for layer in dense),
        activations=tuple(layer.activation.name for layer in dense),
        loss=config.loss,
        reduction=config.reduction,
        penalty=experiment.cost().penalty,
        rate=float(experiment.rates[0]) if config.optimizer.name == "gradient_descent" else _RATE,
        batch=plan.batch_size,
        optimizer=config.optimizer.name,
        dropout=any(isinstance(layer, Dropout) for layer in network.layers),
        dtype="float64" if config.precision == "float64" else "float32",
        x=np.zeros((0, train.x.shape[1])),
        y=np.zeros((0, train.y.shape[1])),
        labels=None,
        sample_weights=None,
        features=tuple(data.features.names),
        classes=tuple(data.dataset.class_names),
        image_shape=data.dataset.image_shape,
        samples=len(train.x),
    )
    return _with_samples(found, experiment, samples)


def _with_samples(subject: Subject, experiment: Experiment, asked: int | None) -> Subject:
    """Return the subject with random samples of the training set, in the set's order."""
    train, total = experiment.data.train, subject.samples
    _check_samples(asked, total)
    suited = max(FEWEST_SAMPLES, min(MOST_SAMPLES, _NUMBERS_IN_SAMPLES // subject.parameters))
    count = min(total, suited if asked is None else asked)
    picked = np.sort(stream(experiment.config.seed, "explored samples").permutation(total)[:count])
    return replace(
        subject,
        x=np.asarray(train.x[picked], np.float64),
        y=np.asarray(train.y[picked], np.float64),
        labels=train.targets[picked].astype(np.int64) if subject.classes else None,
        sample_weights=None if train.weights is None else train.weights[picked],
    )


def _numbers(parameter: Any) -> Array:
    return np.asarray(parameter.asnumpy(), np.float64)
