"""How a run does on one of its sets."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.config import ExperimentConfig
from ms_dnn.dnn import DNN
from ms_dnn.errors import DataError
from ms_dnn.experiment.building import build_cost, score_of
from ms_dnn.experiment.data import Part, PreparedData, prepare_data
from ms_dnn.experiment.predictions import answer
from ms_dnn.runs.records import Scores
from ms_dnn.runs.stored import known_data, stored_config, trained_network, use_configured_device
from ms_dnn.training.evaluation import PartEvaluation
from ms_dnn.training.run_folder import (
    RunFolder,
)


def evaluate_run(path: Path, part: str = "test", device: str | None = None) -> Scores:
    """Return how a run does on the samples that were kept from it.

    Args:
        path: the run's folder.
        part: "test", "validation" or "train".
        device: another device than the run's.

    Raises:
        MsDnnError: when the folder or its checkpoint is not fit, or the run has no such part.
    """
    folder = RunFolder(path)
    config = stored_config(folder, device)
    use_configured_device(config)
    data = prepare_data(config, known_data(folder).fingerprint)
    if getattr(data, part) is None:
        raise DataError(f"{path}: this run has no {part} part (data.{part} is 0): choose another with --part")
    return scores_on(config, data, trained_network(config, folder, data.train.x.shape[1]), part)


def scores_on(config: ExperimentConfig, data: PreparedData, network: DNN, part: str) -> Scores:
    """Return how a network does on a part of the data that is there."""
    chosen: Part = getattr(data, part)
    J, prediction = PartEvaluation(network, build_cost(config).unweighted(), chosen.x, chosen.y)()
    score_name, score = score_of(config, data, chosen)
    return Scores(
        part,
        len(chosen.x),
        J,
        score_name,
        score(prediction),
        data.dataset.class_names,
        _confusion(answer(config, data.known, prediction), chosen.answers, data.dataset.n_classes),
    )


def _confusion(answers: NDArray[Any], right: NDArray[Any], n_classes: int) -> NDArray[np.int64] | None:
    if n_classes == 0:
        return None
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (right, answers), 1)
    return counts
