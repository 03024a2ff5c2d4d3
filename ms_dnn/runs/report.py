"""All that a report shows of one run, gathered from its folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindspore import Tensor

from ms_dnn.dnn import DNN
from ms_dnn.errors import RunError
from ms_dnn.experiment.data import PreparedData
from ms_dnn.experiment.experiment import Experiment
from ms_dnn.runs.evaluation import scores_on
from ms_dnn.runs.inspection import network_outputs
from ms_dnn.runs.pictures import draw_pictures
from ms_dnn.runs.records import Agreement, LayerRow, RunReport
from ms_dnn.runs.stored import StoredRun
from ms_dnn.training.checkpoints import read_checkpoint
from ms_dnn.training.run_folder import CONFIG, ENVIRONMENT, RunFolder
from ms_dnn.training.state import State


def gather_run(path: Path, device: str | None = None) -> RunReport:
    """Return all that a report shows of the run in a folder; its pictures are drawn anew.

    Args:
        path: the run's folder.
        device: another device than the run's.

    Raises:
        MsDnnError: when the folder, its checkpoint or the data are not fit.
    """
    run = StoredRun(path, device)
    checkpoint, rows, environment = read_checkpoint(path), run.folder.metrics(), _environment(run.folder)
    experiment, network = run.experiment, run.network()
    data = experiment.data
    try:
        pictures = {name: (path / name).read_bytes() for name in draw_pictures(experiment, network, path)}
    except OSError as error:
        raise RunError(f"{path}: its pictures cannot be drawn there ({error.strerror}): free some space") from error
    return RunReport(
        config=run.config,
        folder=str(path),
        config_text=run.folder.read(CONFIG),
        state=State.of(checkpoint.state if checkpoint is not None else {}),
        rows=tuple(rows),
        inputs=data.train.x.shape[1],
        samples={name: len(split.x) for name, split in data.splits.items()},
        layers=layer_rows(network, data),
        scores=None if data.held_out is None else scores_on(experiment, network, data.held_out),
        agreement=_agreement(experiment, network),
        pictures=pictures,
        environment=environment,
        notes=data.notes,
    )


def layer_rows(network: DNN, data: PreparedData) -> tuple[LayerRow, ...]:
    """Return what the layers are, with the shapes of their outputs for one sample."""
    parameters = dict(zip(network.parameter_names, network.trainable_params(), strict=True))
    dtype = network.trainable_params()[0].dtype
    outputs = network.activations(Tensor(data.train.x[:1], dtype))
    rows = []
    for i, (layer, a) in enumerate(zip(network.layers, outputs, strict=True)):
        prefix = f"layers.{i}."
        shapes = {n.removeprefix(prefix): tuple(p.shape) for n, p in parameters.items() if n.startswith(prefix)}
        activation = "" if layer.activation is None else layer.activation.name
        rows.append(LayerRow(i + 1, type(layer).__name__, activation, tuple(a.shape[1:]), shapes))
    return tuple(rows)


def _agreement(experiment: Experiment, network: DNN) -> Agreement | None:
    name = experiment.data.held_out
    if name is None or experiment.data.dataset.task != "regression":
        return None
    split = experiment.data.splits[name]
    return Agreement(name, split.targets, experiment.decoder.predictions(network_outputs(network, split.x)))


def _environment(folder: RunFolder) -> Mapping[str, Any]:
    damaged = f"{folder.path / ENVIRONMENT}: damaged: restore it from a copy, or train anew"
    try:
        environment = json.loads(folder.read(ENVIRONMENT))
    except json.JSONDecodeError as error:
        raise RunError(damaged) from error
    if not isinstance(environment, dict):
        raise RunError(damaged)
    return environment
