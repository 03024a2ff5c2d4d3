"""What the pictures of a run show: its layers at the start and now, its decision boundary, its mistakes."""

from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.config import ExperimentConfig
from ms_dnn.data.lazy_rows import Rows
from ms_dnn.dnn import DNN
from ms_dnn.experiment.data import PreparedData
from ms_dnn.experiment.predictions import answer, probabilities
from ms_dnn.runs.records import Boundary, Mistakes

GRID = 240
"""Points along each side of the plane of two features."""
MARGIN = 0.08
"""Of the samples' extent, that the plane goes on beyond them."""
MOST_MISTAKES = 25
ROWS_AT_ONCE = 4096


def boundary_of(config: ExperimentConfig, data: PreparedData, network: DNN) -> Boundary | None:
    """Return the answers on the plane around the training samples; None unless classes depend on two features."""
    dataset = data.dataset
    if dataset.task != "classification" or data.train.x.shape[1] != 2 or not data.features.invertible:
        return None
    x = data.features.invert(data.train.x[:])
    low, high = x.min(axis=0), x.max(axis=0)
    room = np.where(high > low, high - low, 1.0) * MARGIN
    across, up = (np.linspace(low[j] - room[j], high[j] + room[j], GRID) for j in range(2))
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    prediction = predict(network, data.features.apply(points))
    likely = probabilities(config, dataset.n_classes, prediction) if dataset.n_classes == 2 else None
    return Boundary(
        across,
        up,
        answer(config, data.known, prediction).reshape(GRID, GRID),
        None if likely is None else likely[:, 1].reshape(GRID, GRID),
        x,
        data.train.answers,
        dataset.class_names,
        dataset.feature_names or ("feature 1", "feature 2"),
    )


def mistakes_of(config: ExperimentConfig, data: PreparedData, network: DNN) -> Mistakes | None:
    """Return the wrongly answered pictures of the test part, or of the validation part where there is no other.

    None where the data are no pictures of classes, where nothing was kept from training, and where no answer is wrong.
    """
    dataset = data.dataset
    part = data.test or data.validation
    if dataset.image_shape is None or dataset.task != "classification" or part is None:
        return None
    prediction = predict(network, part.x)
    given, likely = answer(config, data.known, prediction), probabilities(config, dataset.n_classes, prediction)
    wrong = np.flatnonzero(given != part.answers)
    if not len(wrong):
        return None
    sureness = np.abs(prediction).max(axis=1) if likely is None else likely.max(axis=1)
    shown = wrong[np.argsort(-sureness[wrong], kind="stable")][:MOST_MISTAKES]
    names = dataset.class_names
    return Mistakes(
        "validation" if data.test is None else "test",
        len(part.x),
        len(wrong),
        data.features.invert(part.x[shown]).reshape(-1, *dataset.image_shape),
        dataset.value_range,
        tuple(names[index] for index in part.answers[shown]),
        tuple(names[index] for index in given[shown]),
        None if likely is None else likely[shown, given[shown]],
    )


def predict(network: DNN, x: Rows) -> NDArray[Any]:
    """Return a[L], (N, n[L]), for scaled samples x (N, n[0]); nothing is compiled."""
    dtype = network.trainable_params()[0].dtype
    parts = [network(Tensor(x[first : first + ROWS_AT_ONCE], dtype)) for first in range(0, len(x), ROWS_AT_ONCE)]
    return np.concatenate([part.asnumpy() for part in parts])
