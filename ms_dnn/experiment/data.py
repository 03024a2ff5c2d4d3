"""The data of an experiment: loaded, checked, split, scaled and encoded."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config import ExperimentConfig
from ms_dnn.data import Dataset, check_dataset, load_data, split
from ms_dnn.data.fingerprint import Fingerprint, fingerprint_of
from ms_dnn.data.lazy_rows import LazyRows, Rows
from ms_dnn.data.separability import TIME_LIMIT, separable_outputs
from ms_dnn.errors import DataError
from ms_dnn.experiment.source import source_of
from ms_dnn.features.columns import Features, fit_features
from ms_dnn.features.encoding import encode_targets, smooth_targets
from ms_dnn.features.scaling import fit_scaling
from ms_dnn.features.stored import DatasetMetadata, TargetScaling
from ms_dnn.features.weighting import class_weights, product_of_weights


@dataclass(frozen=True)
class Part:
    """One part of the data, ready for the network.

    Attributes:
        x: encoded and scaled features, (M, I) float64; lazy where they are streamed, and y with them.
        y: targets as the loss wants them, (M, n[L]) float64.
        answers: what is to be answered: class indices (M,), or unscaled targets (M, n[L]).
        weights: what each sample weighs in the cost of training, (M,), or None where all weigh 1.
    """

    x: Rows
    y: Rows
    answers: NDArray[Any]
    weights: NDArray[np.float64] | None = None

    @property
    def weighted_y(self) -> Rows:
        """Targets as the cost of training wants them: with the weights, if there are any, as last column."""
        y, weights = self.y, self.weights
        if weights is None:
            return y
        if isinstance(y, LazyRows):
            width = y.shape[1] + 1
            return LazyRows((len(y), width), lambda rows: np.column_stack([y[rows], weights[rows]]))
        return np.column_stack([y, weights])


@dataclass(frozen=True)
class PreparedData:
    """The three parts of a data set, encoded and scaled by what was measured on the training part.

    Attributes:
        train: the training part.
        validation: the validation part, or None.
        test: the test part, or None.
        dataset: the whole set, for its names.
        features: what the features are made of.
        known: what is known of the set without its samples.
        notes: what the user should know about the data.
    """

    train: Part
    validation: Part | None
    test: Part | None
    dataset: Dataset
    features: Features
    known: DatasetMetadata
    notes: tuple[str, ...]


def prepare_data(config: ExperimentConfig, expected: Fingerprint | None = None) -> PreparedData:
    """Load, check, split, scale and encode the data of an experiment.

    Args:
        config: the experiment.
        expected: what the data were when a run began, if they must be the same.

    Raises:
        DataError: when the data cannot be used or are not those expected, or the last layer does not fit them.
    """
    source = source_of(config)
    dataset, test = loaded = load_data(source)
    fingerprint = fingerprint_of(loaded)
    if fingerprint != (expected or fingerprint):
        raise DataError(
            f"{config.data.file or config.data.folder or config.data.set}: got {fingerprint}, expected {expected}, as "
            "they were when the run began: restore the data, or train anew"
        )
    check_dataset(dataset)
    _refuse_unfit_targets(config, dataset)
    if test is not None and config.data.test:
        raise DataError(
            f"data.test: got {config.data.test:g}, but the set has a test part of its own, {len(test)} samples: set it "
            "to 0"
        )
    parts = split(dataset, config.data.validation, config.data.test, config.seed)
    notes = check_dataset(parts.train, "training part")
    features = fit_features(parts.train.x, config.data.scaling, source.columns, dataset.feature_names)
    outputs = config.network.layers[-1].units
    targets = None
    if dataset.task == "regression":
        if parts.train.y.shape[1] != outputs:
            raise DataError(
                f"network.layers: the last layer has {outputs} units, but '{dataset.name}' has "
                f"{parts.train.y.shape[1]} targets: make it {parts.train.y.shape[1]}"
            )
        targets = fit_scaling(config.data.target_scaling, parts.train.y)

    def ready(part: Dataset | None, name: str) -> Part | None:
        if part is None:
            return None
        smoothing = config.training.label_smoothing if name == "training" else None

        def encoded(answers: NDArray[Any]) -> NDArray[np.float64]:
            scaled = answers if targets is None else targets.apply(answers)
            y = encode_targets(scaled, dataset.n_classes, config.loss, outputs)
            return y if smoothing is None else smooth_targets(y, smoothing)

        x = features.of(part.x, f"the {name} part")
        if not isinstance(x, LazyRows):
            return Part(x, encoded(part.y), part.y)
        encoded(part.y[:1])  # says at once what is wrong
        return Part(x, LazyRows((len(x), outputs), lambda rows: encoded(part.y[rows])), part.y)

    train = ready(parts.train, "training")
    if train is None:
        raise DataError(f"data set '{dataset.name}': no training part is left")
    notes += _perceptron_notes(config, dataset, train)
    of_classes = class_weights(config.training.class_weight, train.answers, dataset.class_names)
    train = replace(train, weights=product_of_weights(of_classes, parts.train.weights))
    validation = ready(parts.validation, "validation")
    test_part = ready(parts.test if test is None else test, "test")
    known = DatasetMetadata(
        fingerprint=fingerprint,
        inputs=len(features.names),
        named=bool(dataset.feature_names),
        image_shape=dataset.image_shape,
        value_range=dataset.value_range,
        class_names=dataset.class_names,
        target_scaling=None if targets is None else TargetScaling.of(targets),
    )
    return PreparedData(train, validation, test_part, dataset, features, known, tuple(notes))


def _perceptron_notes(config: ExperimentConfig, dataset: Dataset, train: Part) -> list[str]:
    """Say which outputs of a perceptron will not come to rest, because no hyperplane separates their classes."""
    if config.loss != "perceptron" or len(config.network.layers) > 1 or isinstance(train.x, LazyRows):
        return []
    separable = separable_outputs(train.x, train.y[:])
    classes = dataset.class_names or [str(number) for number in range(len(separable))]

    def those(answer: bool | None) -> str:
        names = [f"'{classes[number]}'" for number, found in enumerate(separable) if found is answer]
        return ", ".join(names) if len(separable) > 1 or not names else "the two classes"

    notes = []
    if never := those(False):
        notes.append(
            f"no hyperplane separates {never} from the rest of the training part: the perceptron does not come to "
            "rest; its weights at the end are those of some step (a hidden layer, or logistic regression, can do "
            "better)"
        )
    if unknown := those(None):
        notes.append(
            f"whether a hyperplane separates {unknown} from the rest of the training part was not found out in "
            f"{TIME_LIMIT:g} s: the perceptron comes to rest only if one does"
        )
    return notes


def _refuse_unfit_targets(config: ExperimentConfig, dataset: Dataset) -> None:
    """Raise :class:`DataError` for choices that do not fit targets whose kind only the file could tell."""
    stopping = config.training.early_stopping
    if dataset.task == "classification" and config.data.target_scaling != "none":
        raise DataError(
            f"data.target_scaling: got {config.data.target_scaling}, expected none, because the targets of "
            f"'{dataset.name}' are classes: leave it out"
        )
    if dataset.task == "regression" and stopping is not None and stopping.monitor == "validation_accuracy":
        raise DataError(
            f"training.early_stopping.monitor: got validation_accuracy, expected validation_loss, because the targets "
            f"of '{dataset.name}' are numbers (regression): change it"
        )
    if dataset.task == "regression" and config.loss != "squared_error":
        raise DataError(
            f"loss: got {config.loss}, expected squared_error, because the targets of '{dataset.name}' are numbers "
            "(regression): change it, or set data.target_kind to classes"
        )
