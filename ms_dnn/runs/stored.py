"""A run as its folder keeps it: its configuration, its data's description, its network."""

from functools import cached_property
from pathlib import Path

from ms_dnn.config import ExperimentConfig, parse_config
from ms_dnn.dnn import DNN
from ms_dnn.errors import DataError, NewerVersionError, RunError
from ms_dnn.experiment.experiment import Experiment, build_network, configured_device
from ms_dnn.experiment.predictions import Decoder
from ms_dnn.features.columns import Features
from ms_dnn.features.stored import DatasetMetadata, features_from_json, metadata_from_json
from ms_dnn.training.checkpoints import read_checkpoint
from ms_dnn.training.run_folder import CONFIG, DATA, FEATURES, RunFolder
from ms_dnn.training.trainer import load_parameters, network_parameters


class StoredRun:
    """A run that was started. Its device is chosen; what its folder keeps is read when it is first needed.

    Args:
        path: the run's folder.
        device: another device than the run's.

    Raises:
        RunError: when the folder is not there, or holds no run.
        ConfigError: when its configuration is wrong.
        DeviceError: when the device is not there, or has not the precision asked for.
    """

    def __init__(self, path: Path, device: str | None = None) -> None:
        self.folder = RunFolder(path)
        overrides = [] if device is None else [f"device={device}"]
        self.config: ExperimentConfig = parse_config(self.folder.read(CONFIG), str(path / CONFIG), overrides)
        self.device = configured_device(self.config.device, self.config.precision)

    def __str__(self) -> str:
        return f"{self.config.name} in {self.folder}"

    def _repr_html_(self) -> str:
        return self.folder._repr_html_()

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment as it goes on, on the data that the run began with."""
        config = self.config.model_copy(update={"training": self.config.training.resumed()})
        return Experiment(config, self.metadata.fingerprint)

    @cached_property
    def metadata(self) -> DatasetMetadata:
        """What the run knows of its data; a RunError when the file is damaged or not there."""
        path = self.folder.path
        if not (path / DATA).exists():
            raise RunError(
                f"{path}: got no {DATA}, expected one as each run has that this version of ms-dnn began: restore it "
                "from a copy, or train anew"
            )
        try:
            return metadata_from_json(self.folder.read(DATA))
        except DataError as error:
            raise self._damaged(DATA, error) from error

    @cached_property
    def decoder(self) -> Decoder:
        """What the outputs of the network mean."""
        return Decoder.of(self.config, self.metadata)

    def load_preprocessing(self) -> Features:
        """Return what was fitted on the training set, without reading the data.

        Raises:
            RunError: when a file is damaged, or does not fit the metadata or the network.
        """
        metadata = self.metadata
        try:
            metadata.check_outputs(self.config.loss, self.config.network.layers[-1].units)
        except DataError as error:
            raise self._damaged(DATA, error) from error
        try:
            features = features_from_json(self.folder.read(FEATURES))
        except DataError as error:
            raise self._damaged(FEATURES, error) from error
        if len(features.names) != metadata.inputs:
            raise RunError(
                f"{self.folder.path}: got {len(features.names)} features in {FEATURES}, expected {metadata.inputs}, as "
                f"many as the network has inputs by {DATA}: restore both from a copy, or train anew"
            )
        return features

    def network(self) -> DNN:
        """Return the network with the weights of the run's checkpoint.

        Raises:
            RunError: when the run has no checkpoint.
            CheckpointError: when it is damaged or belongs to another network.
        """
        path = self.folder.path
        checkpoint = read_checkpoint(path)
        if checkpoint is None:
            raise RunError(f"{path}: no checkpoint yet; train first: ms-dnn train --resume {path}")
        network = build_network(self.config, self.metadata.inputs)
        load_parameters(network_parameters(network), checkpoint.arrays)
        return network

    def _damaged(self, name: str, error: DataError) -> RunError:
        if isinstance(error, NewerVersionError):
            return RunError(f"{self.folder.path / name}: {error}")
        return RunError(f"{self.folder.path / name}: damaged ({error}): restore it from a copy, or train anew")
