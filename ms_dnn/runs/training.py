"""Start a run, or resume it."""

import contextlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ms_dnn import __version__
from ms_dnn.config import ExperimentConfig, dump_config
from ms_dnn.config.sharing import require_shareable
from ms_dnn.experiment.data import PreparedData
from ms_dnn.experiment.experiment import Experiment
from ms_dnn.features.stored import features_to_json, metadata_to_json
from ms_dnn.runs.pictures import draw_pictures
from ms_dnn.runs.reports.curves import draw_curves
from ms_dnn.runs.reports.event_files import EventFiles, require_event_writer
from ms_dnn.runs.stored import StoredRun
from ms_dnn.runtime.device import Device
from ms_dnn.runtime.distributed import Workers, await_worker_0, init_process_group
from ms_dnn.runtime.environment import package_versions
from ms_dnn.runtime.working import working
from ms_dnn.training.callbacks import Callback, Callbacks
from ms_dnn.training.checkpoints import read_checkpoint
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
from ms_dnn.training.trainer import Trainer


def start_run(
    config: ExperimentConfig, path: Path, callback: Callback, prepared: PreparedData | None = None
) -> tuple[RunFolder, State, PreparedData]:
    """Train an experiment from its start into a new folder.

    In a process that ``msrun`` started, as one of its workers; of those only worker 0 returns, the others end there.

    Args:
        config: the experiment.
        path: the folder.
        callback: is notified of what happens.
        prepared: the data of the experiment, where they were prepared before.

    Raises:
        MsDnnError: when device, data, network or folder are not fit, or training fails.
    """
    config = config.model_copy(update={"data": config.data.with_absolute_paths(), "sweep": None})
    experiment = Experiment(config, prepared=prepared)
    workers, folder = _workers_of(experiment), None
    if workers.rank == 0:
        training = config.training.model_copy(update={"engine": experiment.engine.name})
        files = {
            CONFIG: dump_config(config.model_copy(update={"training": training})),
            ENVIRONMENT: json.dumps(_environment(experiment.device), indent=1) + "\n",
            FEATURES: features_to_json(experiment.data.features),
            DATA: metadata_to_json(experiment.data.metadata),
        }
        folder = create_run_folder(path, files)
    return _train(experiment, _trainer(experiment, folder, callback, workers))


def resume_run(path: Path, callback: Callback, device: str | None = None) -> tuple[RunFolder, State, PreparedData]:
    """Continue a run where its last checkpoint left off, bit-identical to an uninterrupted run.

    Of several workers, as :func:`start_run`; their number may be another than before.

    Args:
        path: the run's folder.
        callback: is notified of what happens.
        device: another device than the run's.

    Raises:
        MsDnnError: when the folder, its checkpoint or the device is not fit, or training fails.
    """
    run = StoredRun(path, device)
    workers = _workers_of(run.experiment)
    checkpoint = read_checkpoint(path)
    workers.all_reduce_min(0)  # all have read it, so that worker 0 may replace it
    trainer = _trainer(run.experiment, run.folder if workers.rank == 0 else None, callback, workers)
    trainer.restore(checkpoint)
    return _train(run.experiment, trainer)


def _workers_of(experiment: Experiment) -> Workers:
    """Choose the device, join the other workers, and check that the experiment can be trained so."""
    if _writes_events(experiment.config):
        require_event_writer()
    experiment.device  # noqa: B018 - chosen before the workers meet
    workers = init_process_group()
    require_shareable(experiment.config, workers.number, experiment.plan.batch_size)
    return workers


def _trainer(experiment: Experiment, folder: RunFolder | None, callback: Callback, workers: Workers) -> Trainer:
    """Return the trainer; without a folder, of a worker that leaves all writing and all messages to worker 0."""
    network, config, train = experiment.network(), experiment.config, experiment.data.train
    if folder is None:
        callback = Callbacks()
    elif config.reports is not None and _writes_events(config):
        probe = Probe(network, experiment.cost().unweighted(), train.x, train.y, config.seed)
        callback = Callbacks(callback, EventFiles(folder.path / EVENT_FILES, config.reports.histograms_every, probe))
    return experiment.trainer(network, folder, callback, workers)


def _train(experiment: Experiment, trainer: Trainer) -> tuple[RunFolder, State, PreparedData]:
    folder = trainer.folder
    if folder is None:
        try:
            trainer.run()
        finally:
            await_worker_0()
        raise SystemExit(0)
    try:
        state = trainer.run()
    finally:
        with contextlib.suppress(OSError):  # on a full disk, say: what ended the run matters more than its picture
            draw_curves(folder.metrics(), folder.path / CURVES, experiment.config.name)
    if state.stop_reason is not None:
        with contextlib.suppress(OSError), working("drawing the layers"):
            draw_pictures(experiment, trainer.network, folder.path)
    return folder, state, experiment.data


def _writes_events(config: ExperimentConfig) -> bool:
    return config.reports is not None and config.reports.tensorboard


def _environment(device: Device) -> Mapping[str, Any]:
    """Return what the results may depend on, as JSON-able values."""
    return {
        "ms_dnn": __version__,
        "python": platform.python_version(),
        "packages": package_versions("mindspore", "numpy", "pandas", "scikit-learn", "safetensors"),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "device": asdict(device),
    }
