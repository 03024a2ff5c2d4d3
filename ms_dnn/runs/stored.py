"""What a run folder keeps: its configuration, its data's description, its network."""

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ms_dnn import __version__
from ms_dnn.config import ExperimentConfig, parse_config
from ms_dnn.dnn import DNN
from ms_dnn.errors import DataError, RunError
from ms_dnn.experiment.building import build_network
from ms_dnn.features.columns import Features
from ms_dnn.features.stored import DatasetMetadata, features_from_json, metadata_from_json
from ms_dnn.runtime.device import Device, use_device
from ms_dnn.runtime.environment import package_versions
from ms_dnn.runtime.precision import check_precision
from ms_dnn.training.checkpoints import read_checkpoint
from ms_dnn.training.run_folder import (
    CONFIG,
    DATA,
    FEATURES,
    RunFolder,
)
from ms_dnn.training.trainer import load_parameters, network_parameters


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
    return {
        "ms_dnn": __version__,
        "python": platform.python_version(),
        "packages": package_versions("mindspore", "numpy", "pandas", "scikit-learn", "safetensors"),
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


def known_data(folder: RunFolder) -> DatasetMetadata:
    """Return what a run knows of its data; :class:`RunError` when the file is damaged or not there."""
    if not (folder.path / DATA).exists():
        raise RunError(
            f"{folder.path}: got no {DATA}, expected one as each run has that this version of ms-dnn began: restore it "
            "from a copy, or train anew"
        )
    try:
        return metadata_from_json(folder.read(DATA))
    except DataError as error:
        raise _damaged(folder.path / DATA, error) from error


def what_answers_need(folder: RunFolder, config: ExperimentConfig) -> tuple[Features, DatasetMetadata]:
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
