"""What one does with a run: start it, resume it, evaluate it."""

import contextlib
import json
from pathlib import Path
from typing import NoReturn

from ms_dnn.config import ExperimentConfig, dump_config
from ms_dnn.config.sharing import require_shareable
from ms_dnn.dnn import DNN
from ms_dnn.experiment.building import build_cost, build_network, build_plan, build_trainer
from ms_dnn.experiment.data import PreparedData, prepare_data
from ms_dnn.features.stored import features_to_json, metadata_to_json
from ms_dnn.runs.pictures import draw_pictures
from ms_dnn.runs.reports.curves import draw_curves
from ms_dnn.runs.reports.event_files import EventFiles, require_event_writer
from ms_dnn.runs.stored import environment, known_data, stored_config, use_configured_device
from ms_dnn.runtime.distributed import Workers, await_worker_0, init_process_group
from ms_dnn.training.checkpoints import Checkpoint, read_checkpoint
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
from ms_dnn.training.trainer import Listener, Trainer


def start_run(config: ExperimentConfig, path: Path, listener: Listener) -> tuple[RunFolder, State, PreparedData]:
    """Train an experiment from its start into a new folder.

    In a process that ``msrun`` started, as one of its workers; of those only worker 0 returns, the others end there.

    Raises:
        MsDnnError: when device, data, network or folder are not fit, or training fails.
    """
    config = config.model_copy(update={"data": config.data.with_absolute_paths(), "sweep": None})
    _require_event_writer(config)
    device, workers = use_configured_device(config), init_process_group()
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
            DATA: metadata_to_json(data.known),
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
    workers = init_process_group()
    data = prepare_data(config, known_data(folder).fingerprint)
    plan = _shared_plan(config, data, workers)
    checkpoint = read_checkpoint(path)
    workers.all_reduce_min(0)  # all have read it, so that worker 0 may replace it
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
