"""The one place where the strings of a configuration become objects: data, network, cost, optimizer, plan."""

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn
from numpy.typing import NDArray

from ms_dnn.config import ExperimentConfig
from ms_dnn.dnn import DNN, build_dnn
from ms_dnn.experiment.data import Part, PreparedData
from ms_dnn.experiment.predictions import answer, r2
from ms_dnn.gradients.framework import FrameworkGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.gradients.mixed_precision import MixedPrecisionGradient
from ms_dnn.gradients.workers import SumOverWorkers
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import Penalty
from ms_dnn.runtime.distributed import ALONE, Workers
from ms_dnn.runtime.precision import compute_dtype, weights_dtype
from ms_dnn.training.feeding import feeder
from ms_dnn.training.optimizers import OPTIMIZERS
from ms_dnn.training.plan import Plan
from ms_dnn.training.run_folder import RunFolder
from ms_dnn.training.schedules import learning_rates
from ms_dnn.training.stopping import EarlyStopping
from ms_dnn.training.trainer import Listener, Trainer


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


def build_cost(config: ExperimentConfig, shards: int = 1) -> Cost:
    """Return the cost J of training, or a worker's part; of other samples, which weigh 1, its ``unweighted()``."""
    penalty = None if config.penalty is None else Penalty(**config.penalty.model_dump())
    columns = config.data.columns.values()
    weighted = config.training.class_weight is not None or any(column.kind == "weight" for column in columns)
    return Cost(config.loss, config.reduction, penalty, weighted=weighted, shards=shards)


def build_gradient(config: ExperimentConfig, network: DNN, cost: Cost, workers: Workers = ALONE) -> nn.Cell:
    """Return the route to the gradients that an experiment trains by."""
    over_workers = SumOverWorkers() if workers.number > 1 else None
    network.shard_batch(workers)
    dtype = compute_dtype(config.precision)
    if dtype is not None:
        return MixedPrecisionGradient(network, cost, getattr(ms, dtype), over_workers=over_workers)
    if config.backprop == "framework":
        return FrameworkGradient(network, cost)
    return HandwrittenGradient(network, cost, over_workers)


def build_trainer(
    config: ExperimentConfig,
    data: PreparedData,
    plan: Plan,
    network: DNN,
    folder: RunFolder | None,
    listener: Listener,
    workers: Workers = ALONE,
) -> Trainer:
    """Return the trainer of an experiment, or of one worker's part in it."""
    training, cost = config.training, build_cost(config, workers.number)
    settings = config.optimizer.model_dump(exclude={"name"})
    optimizer = OPTIMIZERS[config.optimizer.name](network.trainable_params(), **settings)
    dtype = network.trainable_params()[0].dtype
    return Trainer(
        network=network,
        cost=cost,
        gradient=build_gradient(config, network, cost, workers),
        optimizer=optimizer,
        plan=plan,
        rates=rates_of(config, plan),
        feeder=feeder(plan, data.train.x, data.train.weighted_y, dtype, workers),
        validation=None if data.validation is None else (data.validation.x, data.validation.y),
        score=score_of(config, data, data.validation),
        tolerance=training.tolerance,
        early_stopping=early_stopping_of(config),
        folder=folder,
        checkpoint_seconds=training.checkpoint_seconds,
        listener=listener,
        clip_norm=training.clip_norm,
        workers=workers,
    )


def build_plan(config: ExperimentConfig, samples: int) -> Plan:
    """Return the steps of an experiment on ``samples`` training samples.

    Raises:
        DataError: when a batch is larger than the training part.
    """
    training = config.training
    batch_size = samples if training.batch_size == "all" else training.batch_size
    total_steps = training.max_iterations or (training.epochs or 1) * (samples // batch_size)
    return Plan(samples, batch_size, total_steps, training.report_every, config.seed)


def rates_of(config: ExperimentConfig, plan: Plan) -> NDArray[np.float64]:
    """Return the learning rate of every step of the plan, (total_steps,)."""
    if isinstance(config.learning_rate, float):
        return learning_rates("constant", {"rate": config.learning_rate}, plan.total_steps, plan.steps_per_epoch)
    settings = config.learning_rate.model_dump()
    return learning_rates(settings.pop("schedule"), settings, plan.total_steps, plan.steps_per_epoch)


def early_stopping_of(config: ExperimentConfig) -> EarlyStopping | None:
    """Return the rule for an early end, or None."""
    asked = config.training.early_stopping
    if asked is None:
        return None
    return EarlyStopping(asked.monitor, asked.monitor == "validation_accuracy", asked.patience, asked.min_delta)


def score_of(
    config: ExperimentConfig, data: PreparedData, part: Part | None
) -> tuple[str, Callable[[NDArray[Any]], float]]:
    """Return the name and the function of the score of predictions for ``part``: accuracy, or R² for regression."""
    answers = np.zeros(0) if part is None else part.answers
    if data.dataset.task == "classification":
        return "accuracy", lambda prediction: float(np.mean(answer(config, data.known, prediction) == answers))
    return "r2", lambda prediction: r2(answer(config, data.known, prediction), answers)
