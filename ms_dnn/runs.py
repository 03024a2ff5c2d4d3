"""What one does with a run: start it, resume it, evaluate it."""

import contextlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ms_dnn import __version__
from ms_dnn.config import ExperimentConfig, dump_config, parse_config
from ms_dnn.config.sharing import require_shareable
from ms_dnn.dnn import DNN
from ms_dnn.errors import DataError, RunError
from ms_dnn.experiment import (
    Part,
    PreparedData,
    answer,
    build_cost,
    build_network,
    build_plan,
    build_trainer,
    prepare_data,
    score_of,
)
from ms_dnn.features.columns import Features
from ms_dnn.features.known_data import KnownData, known_from_json, known_to_json
from ms_dnn.features.stored import features_from_json, features_to_json
from ms_dnn.inspection import draw_pictures
from ms_dnn.reports.event_files import EventFiles, require_event_writer
from ms_dnn.reports.plots import draw_curves
from ms_dnn.runtime.device import Device, use_device
from ms_dnn.runtime.distributed import Workers, await_worker_0, meet_workers
from ms_dnn.runtime.precision import check_precision
from ms_dnn.training.checkpoints import Checkpoint, read_checkpoint
from ms_dnn.training.evaluation import PartEvaluation
from ms_dnn.training.listeners import Listeners
from ms_dnn.training.plan import Plan
from ms_dnn.training.probe import Probe
from ms_dnn.training.run_folder import (
    CONFIG,
    CURVES,
    DATA,
    ENVIRONMENT,
    EVENT_FILES,
    FEATURES,
    RunFolder,
    create_run_folder,
)
from ms_dnn.training.state import State
from ms_dnn.training.trainer import Listener, Trainer, load_parameters, network_parameters


@dataclass(frozen=True)
class Scores:
    """How a run does on one part of the data.

    Attributes:
        part: "test", "validation" or "train".
        samples: number of samples.
        cost: the cost J.
        score_name: "accuracy" or "r2".
        score: its value.
        class_names: names of the classes; empty for regression.
        confusion: (C, C) counts, row = right class, column = answer; None for regression.
    """

    part: str
    samples: int
    cost: float
    score_name: str
    score: float
    class_names: tuple[str, ...]
    confusion: NDArray[np.int64] | None


def start_run(config: ExperimentConfig, path: Path, listener: Listener) -> tuple[RunFolder, State, PreparedData]:
    """Train an experiment from its start into a new folder.

    In a process that ``msrun`` started, as one of its workers; of those only worker 0 returns, the others end there.

    Raises:
        MsDnnError: when device, data, network or folder are not fit, or training fails.
    """
    config = config.model_copy(update={"data": config.data.with_absolute_paths(), "sweep": None})
    _require_event_writer(config)
    device, workers = use_configured_device(config), meet_workers()
    data = prepare_data(config)
    plan = _shared_plan(config, data, workers)
    if workers.rank > 0:
        _assist(config, data, plan, workers, None)
    folder = create_run_folder(
        path,
        {
            CONFIG: dump_config(config),
            ENVIRONMENT: json.dumps(environment(device), indent=1) + "\n",
            FEATURES: features_to_json(data.features),
            DATA: known_to_json(data.known),
        },
    )
    network = build_network(config, data.train.x.shape[1])
    watched = _with_event_files(config, data, network, folder, listener)
    trainer = build_trainer(config, data, plan, network, folder, watched, workers)
    return folder, _train(config, data, trainer, folder), data


def resume_run(path: Path, listener: Listener, device: str | None = None) -> tuple[RunFolder, State, PreparedData]:
    """Continue a run where its last checkpoint left off, to the same weights that it would have reached undisturbed.

    Of several workers, as :func:`start_run`; their number may be another than before.

    Args:
        path: the run's folder.
        listener: is told what happens.
        device: another device than the run's.

    Raises:
        MsDnnError: when the folder, its checkpoint or the device is not fit, or training fails.
    """
    folder = RunFolder(path)
    config = stored_config(folder, device)
    _require_event_writer(config)
    use_configured_device(config)
    workers = meet_workers()
    data = prepare_data(config, known_data(folder).fingerprint)
    plan = _shared_plan(config, data, workers)
    checkpoint = read_checkpoint(path)
    workers.least(0)  # all have read it, so that worker 0 may replace it
    if workers.rank > 0:
        _assist(config, data, plan, workers, checkpoint)
    network = build_network(config, data.train.x.shape[1])
    watched = _with_event_files(config, data, network, folder, listener)
    trainer = build_trainer(config, data, plan, network, folder, watched, workers)
    trainer.restore(checkpoint)
    return folder, _train(config, data, trainer, folder), data


def _shared_plan(config: ExperimentConfig, data: PreparedData, workers: Workers) -> Plan:
    plan = build_plan(config, len(data.train.x))
    require_shareable(config, workers.number, plan.batch_size)
    return plan


def _with_event_files(
    config: ExperimentConfig, data: PreparedData, network: DNN, folder: RunFolder, listener: Listener
) -> Listener:
    if config.reports is None or not config.reports.tensorboard:
        return listener
    probe = Probe(network, build_cost(config).unweighted(), data.train.x, data.train.y, config.seed)
    return Listeners([listener, EventFiles(folder.path / EVENT_FILES, config.reports.histograms_every, probe)])


def _assist(
    config: ExperimentConfig, data: PreparedData, plan: Plan, workers: Workers, checkpoint: Checkpoint | None
) -> NoReturn:
    """Train as a worker that leaves all writing and speaking to worker 0, and end the process."""
    network = build_network(config, data.train.x.shape[1])
    trainer = build_trainer(config, data, plan, network, None, Listeners([]), workers)
    trainer.restore(checkpoint)
    try:
        trainer.run()
    finally:
        await_worker_0()
    raise SystemExit(0)


def _train(config: ExperimentConfig, data: PreparedData, trainer: Trainer, folder: RunFolder) -> State:
    try:
        state = trainer.run()
    finally:
        with contextlib.suppress(OSError):  # on a full disk, say: what ended the run matters more than its picture
            draw_curves(folder.metrics(), folder.path / CURVES, config.name)
    if state.stopped_by is not None:
        with contextlib.suppress(OSError):
            draw_pictures(config, data, trainer.network, folder.path)
    return state


def _require_event_writer(config: ExperimentConfig) -> None:
    if config.reports is not None and config.reports.tensorboard:
        require_event_writer()


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


def stored_config(folder: RunFolder, device: str | None = None) -> ExperimentConfig:
    """Return the configuration of a run, perhaps for another device."""
    overrides = [] if device is None else [f"device={device}"]
    return parse_config(folder.read(CONFIG), str(folder.path / CONFIG), overrides)


def trained_network(config: ExperimentConfig, folder: RunFolder, inputs: int) -> DNN:
    """Return the network with the weights of the run's checkpoint.

    Raises:
        RunError: when the run has no checkpoint.
        CheckpointError: when it is damaged or belongs to another network.
    """
    checkpoint = read_checkpoint(folder.path)
    if checkpoint is None:
        raise RunError(f"{folder.path}: no checkpoint yet; train first: ms-dnn train --resume {folder.path}")
    network = build_network(config, inputs)
    load_parameters(network_parameters(network), checkpoint.arrays)
    return network


def environment(device: Device) -> Mapping[str, Any]:
    """Return what a run's results may depend on, as JSON-able values."""
    packages = ("mindspore", "numpy", "pandas", "scikit-learn", "safetensors")
    return {
        "ms_dnn": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "device": asdict(device),
    }


def use_configured_device(config: ExperimentConfig) -> Device:
    """Take the device of an experiment, and return it.

    Raises:
        DeviceError: when it is not there, or has not the precision asked for.
    """
    device = use_device(config.device)
    check_precision(config.precision, device.name)
    return device


def known_data(folder: RunFolder) -> KnownData:
    """Return what a run knows of its data; :class:`RunError` when the file is damaged or not there."""
    if not (folder.path / DATA).exists():
        raise RunError(
            f"{folder.path}: got no {DATA}, expected one as each run has that this version of ms-dnn began: restore it "
            "from a copy, or train anew"
        )
    try:
        return known_from_json(folder.read(DATA))
    except DataError as error:
        raise _damaged(folder.path / DATA, error) from error


def what_answers_need(folder: RunFolder, config: ExperimentConfig) -> tuple[Features, KnownData]:
    """Return what was fitted on the training part of a run, and what the answers mean, without looking at the data.

    Raises:
        RunError: when one of the files is damaged, or does not fit the other or the network.
    """
    known = known_data(folder)
    try:
        known.check_outputs(config.loss, config.network.layers[-1].units)
    except DataError as error:
        raise _damaged(folder.path / DATA, error) from error
    try:
        features = features_from_json(folder.read(FEATURES))
    except DataError as error:
        raise _damaged(folder.path / FEATURES, error) from error
    if len(features.names) != known.inputs:
        raise RunError(
            f"{folder.path}: got {len(features.names)} features in {FEATURES}, expected {known.inputs}, as many as the "
            f"network has inputs by {DATA}: restore both from a copy, or train anew"
        )
    return features, known


def _damaged(path: Path, error: DataError) -> RunError:
    return RunError(f"{path}: damaged ({error}): restore it from a copy, or train anew")


def _confusion(answers: NDArray[Any], right: NDArray[Any], n_classes: int) -> NDArray[np.int64] | None:
    if n_classes == 0:
        return None
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (right, answers), 1)
    return counts
