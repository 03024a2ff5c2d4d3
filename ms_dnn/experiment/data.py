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
from ms_dnn.data.validation import surprises
from ms_dnn.errors import DataError
from ms_dnn.experiment.source import source_of
from ms_dnn.features.columns import Features, fit_features
from ms_dnn.features.encoding import encode_targets, fitting_outputs, smooth_targets
from ms_dnn.features.scaling import Scaling, fit_scaling
from ms_dnn.features.stored import DatasetMetadata, TargetScaling
from ms_dnn.features.training_values import TrainingValues
from ms_dnn.features.weighting import class_weights, product_of_weights
from ms_dnn.training.plan import Plan


@dataclass(frozen=True)
class DataSplit:
    """Training, validation or test set, ready for the network.

    Attributes:
        x: encoded and scaled features, (M, I) float64; lazy where they are streamed, and y with them.
        y: targets as the loss wants them, (M, n[L]) float64.
        targets: class indices (M,), or unscaled targets (M, n[L]).
        weights: what each sample weighs in the cost of training, (M,), or None where all weigh 1.
    """

    x: Rows
    y: Rows
    targets: NDArray[Any]
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
    """The three splits of a data set, encoded and scaled by what was measured on the training set.

    Attributes:
        train: the training set.
        validation: the validation set, or None.
        test: the test set, or None.
        dataset: the whole set, for its names.
        features: what the features are made of.
        metadata: what is known of the set without its samples.
        notes: what the user should know about the data.
    """

    train: DataSplit
    validation: DataSplit | None
    test: DataSplit | None
    dataset: Dataset
    features: Features
    metadata: DatasetMetadata
    notes: tuple[str, ...]

    @property
    def splits(self) -> dict[str, DataSplit]:
        """The sets that there are, by name: train, validation, test."""
        found = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in found.items() if split is not None}

    @property
    def held_out(self) -> str | None:
        """Name of the set to judge a network by: test, else validation; None without both."""
        return next((name for name in ("test", "validation") if name in self.splits), None)


def prepare_data(config: ExperimentConfig, expected: Fingerprint | None = None) -> PreparedData:
    """Load, check, split, scale and encode the data of an experiment.

    Args:
        config: the experiment.
        expected: what the data were when a run began, if they must be the same.

    Raises:
        DataError: when the data cannot be used or are not those expected, or the last layer does not fit them.
    """
    source = source_of(config)
    dataset, own_test, own_validation = loaded = load_data(source)
    fingerprint = fingerprint_of(loaded)
    if fingerprint != (expected or fingerprint):
        raise DataError(
            f"{config.data.file or config.data.folder or config.data.set}: got {fingerprint}, expected {expected}, as "
            "they were when the run began: restore the data, or train anew"
        )
    check_dataset(dataset)
    _check_targets(config, dataset)
    if own_test is not None and config.data.test:
        raise DataError(
            f"data.test: got {config.data.test:g}, but the set has a test set of its own, {len(own_test)} samples: set "
            "it to 0"
        )
    parts = split(dataset, config.data.validation, config.data.test, config.seed)
    notes = surprises(dataset) + check_dataset(parts.train, "training set")
    features = fit_features(parts.train.x, config.data.scaling, source.columns, dataset.feature_names)
    scaling = fit_scaling(config.data.target_scaling, parts.train.y) if dataset.task == "regression" else None
    encoder = _Encoder(config, features, scaling, dataset.n_classes)
    train = encoder.encode(parts.train, "training", config.training.label_smoothing)
    notes += _perceptron_notes(config, dataset, train)
    of_classes = class_weights(config.training.class_weight, train.targets, dataset.class_names)
    metadata = DatasetMetadata(
        fingerprint=fingerprint,
        inputs=len(features.names),
        named=bool(dataset.feature_names),
        image_shape=dataset.image_shape,
        value_range=dataset.value_range,
        class_names=dataset.class_names,
        target_scaling=None if scaling is None else TargetScaling.of(scaling),
        training_values=TrainingValues.of(parts.train),
    )
    test = parts.test if own_test is None else own_test
    validation = parts.validation if own_validation is None else own_validation
    return PreparedData(
        train=replace(train, weights=product_of_weights(of_classes, parts.train.weights)),
        validation=None if validation is None else encoder.encode(validation, "validation"),
        test=None if test is None else encoder.encode(test, "test"),
        dataset=dataset,
        features=features,
        metadata=metadata,
        notes=tuple(notes),
    )


def plan_of(config: ExperimentConfig, data: PreparedData) -> Plan:
    """Return the steps of the training of an experiment on its data.

    Raises:
        DataError: when a batch is larger than the training set.
    """
    training, samples = config.training, len(data.train.x)
    batch_size = samples if training.batch_size == "all" else training.batch_size
    total_steps = training.max_iterations or (training.epochs or 1) * (samples // batch_size)
    return Plan(samples, batch_size, total_steps, training.report_every, config.seed)


@dataclass(frozen=True)
class _Encoder:
    """Makes splits, by what was fitted on the training set."""

    config: ExperimentConfig
    features: Features
    scaling: Scaling | None
    n_classes: int

    def encode(self, part: Dataset, name: str, smoothing: float | None = None) -> DataSplit:
        """Return the split for a part of the data set; lazy rows stay lazy."""
        outputs = self.config.network.layers[-1].units

        def encoded(given: NDArray[Any]) -> NDArray[np.float64]:
            scaled = given if self.scaling is None else self.scaling.apply(given)
            y = encode_targets(scaled, self.n_classes, self.config.loss, outputs)
            return y if smoothing is None else smooth_targets(y, smoothing)

        x = self.features.of(part.x, f"the {name} set")
        if not isinstance(x, LazyRows):
            return DataSplit(x, encoded(part.y), part.y)
        encoded(part.y[:1])  # raises at once what is wrong
        return DataSplit(x, LazyRows((len(x), outputs), lambda rows: encoded(part.y[rows])), part.y)


def _perceptron_notes(config: ExperimentConfig, dataset: Dataset, train: DataSplit) -> list[str]:
    """Say which outputs of a perceptron will not converge, because no hyperplane separates their classes."""
    if config.loss != "perceptron" or len(config.network.layers) > 1 or isinstance(train.x, LazyRows):
        return []
    separable = separable_outputs(train.x, train.y[:])
    classes = dataset.class_names or [str(number) for number in range(len(separable))]

    def those(wanted: bool | None) -> str:
        names = [f"'{classes[number]}'" for number, found in enumerate(separable) if found is wanted]
        return ", ".join(names) if len(separable) > 1 or not names else "the two classes"

    notes = []
    if never := those(False):
        notes.append(
            f"no hyperplane separates {never} from the rest of the training set: the perceptron does not converge; its "
            "weights at the end are those of some step (a hidden layer, or logistic regression, can do better)"
        )
    if unknown := those(None):
        notes.append(
            f"whether a hyperplane separates {unknown} from the rest of the training set was not found out in "
            f"{TIME_LIMIT:g} s: the perceptron converges only if one does"
        )
    return notes


def _check_targets(config: ExperimentConfig, dataset: Dataset) -> None:
    """Raise :class:`DataError` for choices that do not fit targets whose kind only the file could tell."""
    stopping, outputs = config.training.early_stopping, config.network.layers[-1].units
    if dataset.task == "classification" and config.data.target_scaling != "none":
        raise DataError(
            f"data.target_scaling: got {config.data.target_scaling}, expected none, because the targets of "
            f"'{dataset.name}' are classes: leave it out"
        )
    of_last = f"network.layers.{len(config.network.layers) - 1}.units"
    fitting = fitting_outputs(config.loss, dataset.n_classes)
    if dataset.task == "classification" and outputs not in fitting:
        needed = " or ".join(map(str, fitting))
        raise DataError(
            f"{of_last}: got {outputs}, expected {needed}, because the last layer meets the "
            f"{dataset.n_classes} classes of '{dataset.name}' and {config.loss}: set it to {needed}"
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
    if dataset.task == "regression" and dataset.y.shape[1] != outputs:
        raise DataError(
            f"{of_last}: got {outputs}, expected {dataset.y.shape[1]}, because the last layer meets the "
            f"{dataset.y.shape[1]} targets of '{dataset.name}': set it to {dataset.y.shape[1]}"
        )
