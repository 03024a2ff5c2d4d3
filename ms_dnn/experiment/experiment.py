"""The one place where the strings of a configuration become objects: data, network, cost, optimizer, plan, trainer."""

from dataclasses import dataclass
from functools import cache, cached_property, partial

import mindspore as ms
import numpy as np
from mindspore import nn
from numpy.typing import NDArray

from ms_dnn.config import ExperimentConfig
from ms_dnn.data.fingerprint import Fingerprint
from ms_dnn.dnn import DNN, build_dnn
from ms_dnn.experiment.data import PreparedData, plan_of, prepare_data
from ms_dnn.experiment.predictions import Decoder
from ms_dnn.gradients.framework import FrameworkGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.gradients.mixed_precision import MixedPrecisionGradient
from ms_dnn.gradients.workers import SumOverWorkers
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import Penalty
from ms_dnn.runtime.device import Device, use_device
from ms_dnn.runtime.distributed import ALONE, Workers, is_worker
from ms_dnn.runtime.precision import check_precision, compute_dtype, weights_dtype
from ms_dnn.training.callbacks import Callback
from ms_dnn.training.data_loader import data_loader
from ms_dnn.training.engine import Engine, choose_engine
from ms_dnn.training.optimizers import OPTIMIZERS, Optimizer
from ms_dnn.training.plan import Plan
from ms_dnn.training.run_folder import RunFolder
from ms_dnn.training.schedules import learning_rates
from ms_dnn.training.stopping import EarlyStopping
from ms_dnn.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Experiment:
    """A configuration and all that it asks for; device and data are taken when they are first needed.

    Attributes:
        config: the experiment.
        expected: what the data were when a run began, if they must be the same.
        prepared: the data, where they were prepared before.
    """

    config: ExperimentConfig
    expected: Fingerprint | None = None
    prepared: PreparedData | None = None

    @property
    def device(self) -> Device:
        """The device that computes from now on; raises as :func:`configured_device`."""
        return configured_device(self.config.device, self.config.precision)

    @cached_property
    def engine(self) -> Engine:
        """What does the training steps; raises as :func:`ms_dnn.training.engine.choose_engine`."""
        config = self.config
        return choose_engine(config.training.engine, self.device.name, config.precision, config.backprop, is_worker())

    @cached_property
    def data(self) -> PreparedData:
        """Training, validation and test set; raises as :func:`ms_dnn.experiment.data.prepare_data`."""
        return self.prepared or prepare_data(self.config, self.expected)

    @cached_property
    def plan(self) -> Plan:
        """The steps of the training; raises as :func:`ms_dnn.experiment.data.plan_of`."""
        return plan_of(self.config, self.data)

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """The learning rate of every step of the plan, (total_steps,)."""
        rate, steps = self.config.learning_rate, (self.plan.total_steps, self.plan.steps_per_epoch)
        if isinstance(rate, float):
            return learning_rates("constant", {"rate": rate}, *steps)
        settings = rate.model_dump()
        return learning_rates(settings.pop("schedule"), settings, *steps)

    @cached_property
    def decoder(self) -> Decoder:
        """What the outputs of the network mean."""
        return Decoder.of(self.config, self.data.metadata)

    def network(self, precision: str | None = None, *, dropout: bool = True) -> DNN:
        """Return the network with its starting weights; see :func:`build_network`."""
        return build_network(self.config, self.data.train.x.shape[1], precision, dropout=dropout)

    def cost(self, shares: int = 1) -> Cost:
        """Return the cost J of training, or a worker's part; of other samples, which weigh 1, its ``unweighted()``."""
        config = self.config
        penalty = None if config.penalty is None else Penalty(**config.penalty.model_dump())
        columns = config.data.columns.values()
        weighted = config.training.class_weight is not None or any(column.kind == "weight" for column in columns)
        return Cost(config.loss, config.reduction, penalty, weighted=weighted, shards=shares)

    def optimizer(self, network: DNN) -> Optimizer:
        """Return the optimizer of the network's parameters."""
        settings = self.config.optimizer.model_dump(exclude={"name"})
        return OPTIMIZERS[self.config.optimizer.name](network.trainable_params(), **settings)

    def gradient(self, network: DNN, cost: Cost, workers: Workers = ALONE) -> nn.Cell:
        """Return the route to the gradients that the experiment trains by."""
        over_workers = SumOverWorkers() if workers.number > 1 else None
        network.shard_batch(workers)
        dtype = compute_dtype(self.config.precision)
        if dtype is not None:
            return MixedPrecisionGradient(network, cost, getattr(ms, dtype), over_workers=over_workers)
        if self.config.backprop == "framework":
            return FrameworkGradient(network, cost)
        return HandwrittenGradient(network, cost, over_workers)

    def trainer(self, network: DNN, folder: RunFolder | None, callback: Callback, workers: Workers = ALONE) -> Trainer:
        """Return the trainer of a network, or of one worker's part in it."""
        training, cost = self.config.training, self.cost(workers.number)
        train, validation = self.data.train, self.data.validation
        targets = np.zeros(0) if validation is None else validation.targets
        return Trainer(
            network=network,
            cost=cost,
            gradient=self.gradient(network, cost, workers),
            optimizer=self.optimizer(network),
            plan=self.plan,
            rates=self.rates,
            loader=data_loader(self.plan, train.x, train.weighted_y, network.trainable_params()[0].dtype, workers),
            validation=None if validation is None else (validation.x, validation.y),
            score=(self.decoder.score_name, partial(self.decoder.score, targets=targets)),
            tolerance=training.tolerance,
            early_stopping=self._early_stopping(),
            folder=folder,
            checkpoint_seconds=training.checkpoint_seconds,
            callback=callback,
            clip_norm=training.clip_norm,
            workers=workers,
            engine=self.engine.name,
        )

    def _early_stopping(self) -> EarlyStopping | None:
        asked = self.config.training.early_stopping
        if asked is None:
            return None
        return EarlyStopping(asked.monitor, asked.monitor == "validation_accuracy", asked.patience, asked.min_delta)


@cache
def configured_device(device: str, precision: str) -> Device:
    """Choose the device of a configuration, once a process and before the first operation, and return it.

    Raises:
        DeviceError: when it is not there, or has not the precision asked for.
    """
    used = use_device(device)
    check_precision(precision, used.name)
    return used


def build_network(config: ExperimentConfig, inputs: int, precision: str | None = None, *, dropout: bool = True) -> DNN:
    """Return the network of an experiment with its starting weights, for ``inputs`` features.

    Args:
        config: the experiment.
        inputs: number of features I.
        precision: another dtype than the configuration's.
        dropout: False to leave dropout out.
    """
    layers = config.network.layers
    return build_dnn(
        [inputs, *(layer.units for layer in layers)],
        [layer.activation for layer in layers],
        [layer.initializer for layer in layers],
        config.seed,
        precision or weights_dtype(config.precision),
        normalizations=[layer.normalization for layer in layers],
        dropouts=[layer.dropout if dropout else 0.0 for layer in layers],
        input_dropout=config.network.input_dropout if dropout else 0.0,
    )
