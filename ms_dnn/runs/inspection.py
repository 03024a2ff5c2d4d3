"""What the pictures of a run show: its decision boundary and its misclassified samples."""

from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.data.lazy_rows import Rows
from ms_dnn.dnn import DNN
from ms_dnn.experiment.experiment import Experiment
from ms_dnn.runs.records import Boundary, Misclassified

GRID = 240
"""Points along each side of the plane of two features."""
MARGIN = 0.08
"""Of the samples' extent, that the plane goes on beyond them."""
MOST_SHOWN = 25
ROWS_AT_ONCE = 4096


def boundary_of(experiment: Experiment, network: DNN) -> Boundary | None:
    """Return the predictions on the plane around the training samples; None unless classes depend on two features."""
    data, decoder = experiment.data, experiment.decoder
    dataset, train = data.dataset, data.train
    if dataset.task != "classification" or train.x.shape[1] != 2 or not data.features.invertible:
        return None
    x = data.features.invert(train.x[:])
    low, high = x.min(axis=0), x.max(axis=0)
    room = np.where(high > low, high - low, 1.0) * MARGIN
    across, up = (np.linspace(low[j] - room[j], high[j] + room[j], GRID) for j in range(2))
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    outputs = network_outputs(network, data.features.apply(points))
    likely = decoder.probabilities(outputs) if dataset.n_classes == 2 else None
    return Boundary(
        across,
        up,
        decoder.predictions(outputs).reshape(GRID, GRID),
        None if likely is None else likely[:, 1].reshape(GRID, GRID),
        x,
        train.targets,
        dataset.class_names,
        dataset.feature_names or ("feature 1", "feature 2"),
    )


def misclassified_of(experiment: Experiment, network: DNN) -> Misclassified | None:
    """Return the misclassified pictures of the test set, or of the validation set where there is no other.

    None where the data are no pictures of classes, where nothing was held out, and where every prediction is right.
    """
    data, decoder = experiment.data, experiment.decoder
    dataset, name = data.dataset, data.held_out
    if dataset.image_shape is None or dataset.task != "classification" or name is None:
        return None
    split = data.splits[name]
    outputs = network_outputs(network, split.x)
    predicted, likely = decoder.predictions(outputs), decoder.probabilities(outputs)
    wrong = np.flatnonzero(predicted != split.targets)
    if not len(wrong):
        return None
    confidence = np.abs(outputs).max(axis=1) if likely is None else likely.max(axis=1)
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_SHOWN]
    names = dataset.class_names
    return Misclassified(
        name,
        len(split.x),
        len(wrong),
        data.features.invert(split.x[shown]).reshape(-1, *dataset.image_shape),
        dataset.value_range,
        tuple(names[index] for index in split.targets[shown]),
        tuple(names[index] for index in predicted[shown]),
        None if likely is None else likely[shown, predicted[shown]],
    )


def network_outputs(network: DNN, x: Rows) -> NDArray[Any]:
    """Return a[L], (N, n[L]), for scaled samples x (N, n[0]); nothing is compiled."""
    dtype = network.trainable_params()[0].dtype
    parts = [network(Tensor(x[first : first + ROWS_AT_ONCE], dtype)) for first in range(0, len(x), ROWS_AT_ONCE)]
    return np.concatenate([part.asnumpy() for part in parts])
