"""The training run: compiled chunks, and between them progress, reports, checkpoints and stop requests."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from numpy.typing import NDArray

from ms_dnn.data.lazy_rows import Rows
from ms_dnn.dnn import DNN
from ms_dnn.errors import CheckpointError
from ms_dnn.layers.cost import Cost
from ms_dnn.runtime.distributed import ALONE, Workers
from ms_dnn.runtime.precision import numpy_dtype
from ms_dnn.runtime.threads import one_thread_at_a_time
from ms_dnn.training.callbacks import Callback, StopTraining
from ms_dnn.training.checkpoints import Arrays, Checkpoint, write_checkpoint
from ms_dnn.training.data_loader import Batches, DataLoader
from ms_dnn.training.divergence import explain_divergence, explain_validation_divergence, is_finite
from ms_dnn.training.engine import GRAPH, make_loop
from ms_dnn.training.evaluation import SplitEvaluation
from ms_dnn.training.interruption import Interruption
from ms_dnn.training.optimizers import Optimizer
from ms_dnn.training.plan import Plan
from ms_dnn.training.run_folder import Row, RunFolder
from ms_dnn.training.state import State
from ms_dnn.training.stopping import EarlyStopping

CHUNK_SECONDS = 0.2


@dataclass(kw_only=True, eq=False)
class Trainer:
    """Trains a network into a run folder.

    Args:
        network: the network; its parameters are changed.
        cost: the cost J.
        gradient: of :mod:`ms_dnn.gradients`: hand-written, in mixed precision, or the framework's.
        optimizer: the update of the weights.
        plan: the steps.
        rates: learning rate of each step, (total_steps,).
        loader: of the training samples; where the cost is weighted, the last column of y is the weights.
        validation: x and y of the samples for the reports, which weigh 1, or None.
        score: name of a metric and its function of the prediction (NumPy) for the validation samples.
        tolerance: ε, the largest change of a weight below which the run ends; None to leave that out.
        early_stopping: when to end early, or None; with it, the best weights are put back at the end.
        folder: where metrics and checkpoints go; None in a worker that leaves that to worker 0.
        checkpoint_seconds: time between two checkpoints; 0 writes one after every chunk of steps.
        callback: is notified of what happens.
        clip_norm: global norm that the gradients are clipped by; None for no limit.
        workers: the processes that share each mini-batch; their ``gradient`` is then the sum over all.
        engine: what does the steps; a name of :mod:`ms_dnn.training.engine`.
    """

    network: DNN
    cost: Cost
    gradient: nn.Cell
    optimizer: Optimizer
    plan: Plan
    rates: NDArray[np.float64]
    loader: DataLoader
    validation: tuple[Rows, Rows] | None
    score: tuple[str, Callable[[NDArray[Any]], float]]
    tolerance: float | None
    early_stopping: EarlyStopping | None
    folder: RunFolder | None
    checkpoint_seconds: float
    callback: Callback
    clip_norm: float | None = None
    workers: Workers = ALONE
    engine: str = GRAPH

    def __post_init__(self) -> None:
        if self.tolerance is not None:  # rounded once, because the graph and the host both compare with it
            self.tolerance = float(numpy_dtype(self.loader.dtype).type(self.tolerance))
        self.loop = make_loop(self.engine, self.gradient, self.optimizer, self.tolerance is not None, self.clip_norm)
        self._validation: SplitEvaluation | None = None
        if self.validation is not None:
            self._validation = SplitEvaluation(self.network, self.cost.unweighted(), *self.validation)
        self._stored = stored_parameters(self.gradient, self.optimizer)
        self.state = State()
        self._best: Arrays = {}
        self._good: Arrays | None = None
        self._batches: Batches | None = None
        self._coefficients: Any = ()
        self._seconds_per_step: float | None = None

    def restore(self, checkpoint: Checkpoint | None) -> None:
        """Continue where a checkpoint left off, or from the start when there is none yet.

        Raises:
            CheckpointError: when it belongs to another network.
        """
        if checkpoint is not None:
            self._load(checkpoint.arrays)
            self._best = {name: array for name, array in checkpoint.arrays.items() if name.startswith("best/")}
            self.state = State.of(checkpoint.state)
        if self.folder is not None:
            self.folder.cut_metrics(-1 if checkpoint is None else self.state.step)

    @one_thread_at_a_time
    def run(self) -> State:
        """Train to the end, or until Ctrl-C or SIGTERM, and return the final counters.

        Raises:
            DivergenceError: when a cost is not finite; the weights before that step were saved.
            CheckpointError: when a checkpoint cannot be written.
        """
        self.callback.on_start(self.plan, self.state)
        try:
            with Interruption() as interruption:
                self._save()
                saved_at = time.monotonic()
                while steps := self._steps_of_next_chunk(interruption):
                    self._train_chunk(steps)
                    interruption.listen()
                    if time.monotonic() - saved_at >= self.checkpoint_seconds:
                        self._save()
                        saved_at = time.monotonic()
                if self.state.stop_reason is not None and self._best:
                    self._load({name.removeprefix("best/"): array for name, array in self._best.items()})
                self._save()
        finally:
            self.loader.close()
            self.callback.on_end(self.state)
        return self.state

    def _steps_of_next_chunk(self, interruption: Interruption) -> int:
        """Return how many steps take a fraction of a second, or 0 when the run is to end: the same in all workers."""
        steps = 0
        if self.state.stop_reason is None and not interruption.requested:
            steps = 1 if self._seconds_per_step is None else max(1, int(CHUNK_SECONDS / self._seconds_per_step))
        return self.workers.all_reduce_min(min(steps, self.plan.report_interval))

    def _train_chunk(self, steps: int) -> None:
        """Train so many steps, or up to the next report, and report where that is reached."""
        first, end = self.plan.interval_of(self.state.step)
        start = time.perf_counter()
        batches = self._batches_at(self.state.step)
        waited = time.perf_counter() - start
        if self._seconds_per_step is None:
            self._run_steps(batches, 0, 0)  # compiles
        good = self._arrays() if self._good is None else self._good
        begin = self.state.step - batches.first
        stop = min(begin + steps, batches.end - batches.first)
        start = time.perf_counter()
        reached, total, change = self._run_steps(batches, begin, stop)
        seconds = time.perf_counter() - start
        done = reached - begin
        self._good = self._arrays()
        if not is_finite(total, self._good):
            self._diverged(good, batches, begin, reached)
        self._seconds_per_step = seconds / done
        self.state.step, self.state.total = self.state.step + done, total
        self.state.seconds += seconds + waited
        self.callback.on_chunk(self.state, done * self.plan.batch_size / (seconds + waited))
        if self.tolerance is not None and change < self.tolerance:
            self.state.stop_reason = "tolerance"
        if self.state.step == end or self.state.stop_reason is not None:
            self._report(total / (self.state.step - first), float(self.rates[self.state.step - 1]))

    def _batches_at(self, step: int) -> Batches:
        """Return the mini-batches that are on the device together with those of ``step``."""
        if self._batches is None or not self._batches.first <= step < self._batches.end:
            self._batches = None  # before the next ones are made: there should not be three
            self._batches = self.loader.load(step)
            rates = np.zeros(self.loader.steps)
            due = self.rates[self._batches.first :][: self.loader.steps]
            rates[: len(due)] = due
            self._coefficients = self.loop.coefficients(rates, self._batches.first)
        return self._batches

    def _run_steps(self, batches: Batches, first: int, last: int) -> tuple[int, float, float]:
        """Train from step ``first`` to ``last`` of the batches; return next step, sum of costs and last change."""
        samples = batches.x, batches.y
        return self.loop.run_steps(
            samples, batches.rows, self._coefficients, first, last, self.state.total, self.tolerance or 0.0
        )

    def _report(self, cost: float, rate: float) -> None:
        """Write a row of the metrics, watch for the end, and begin a new report interval."""
        state = self.state
        row: Row = {
            "step": state.step,
            "epoch": state.step / self.plan.steps_per_epoch,
            "cost": cost,
            "learning_rate": rate,
            "seconds": round(state.seconds, 4),
        }
        if self._validation is not None:
            row["validation_loss"], outputs = self._validation()
            if not np.isfinite(row["validation_loss"]):
                self._save()
                raise explain_validation_divergence(state.step)
            name, score = self.score
            row[f"validation_{name}"] = score(outputs)
        state.total = 0.0
        if state.stop_reason is None and state.step >= self.plan.total_steps:
            state.stop_reason = "max_iterations"
        watched = self.early_stopping
        if watched is not None and watched.observe(state, row[watched.metric]):
            self._best = {f"best/{name}": array for name, array in self._arrays().items()}
        if self.folder is not None:
            self.folder.append_metrics(row)
        try:
            self.callback.on_report(row)
        except StopTraining as request:
            state.stop_reason = state.stop_reason or request.reason

    def _diverged(self, good: Arrays, batches: Batches, begin: int, reached: int) -> NoReturn:
        """Go back to the last weights that were finite, save them, and say which number was not."""
        self._load(good)
        step = begin
        for step in range(begin, reached):
            good = self._arrays()
            _, total, _ = self._run_steps(batches, step, step + 1)
            if not is_finite(total, self._arrays()):
                break
            self.state.total = total
        self._load(good)
        self.state.step += step - begin
        self._save()
        if self.workers.number > 1:  # the explanation takes the whole mini-batch
            self.network.shard_batch(ALONE)
        raise explain_divergence(self.network, self.cost, *self.loader.mini_batch(self.state.step), self.state.step + 1)

    def _arrays(self) -> Arrays:
        return copies_of(self._stored)

    def _load(self, arrays: Arrays) -> None:
        """Put the arrays into the parameters.

        Raises:
            CheckpointError: when one is missing or has another shape or dtype.
        """
        load_parameters(self._stored, arrays)
        self._good = None

    def _save(self) -> None:
        if self.folder is None:
            return
        write_checkpoint(self.folder.path, Checkpoint({**self._arrays(), **self._best}, asdict(self.state)))


def stored_parameters(gradient: nn.Cell, optimizer: Optimizer) -> dict[str, Parameter]:
    """Return everything on the device that a checkpoint holds: weights, state and optimizer slots, by name."""
    names = gradient.network.parameter_names
    stored = network_parameters(gradient.network) | gradient.state
    for slot, parameters in zip(optimizer.slot_names, optimizer.slots, strict=True):
        stored |= {f"{slot}.{name}": parameter for name, parameter in zip(names, parameters, strict=True)}
    return stored


def copies_of(parameters: dict[str, Parameter]) -> Arrays:
    """Return what the parameters hold now, by the same names."""
    # A copy, because asnumpy may share the memory that the next step changes.
    return {name: parameter.asnumpy().copy() for name, parameter in parameters.items()}


def network_parameters(network: DNN) -> dict[str, Parameter]:
    """Return the weights and the state of a network by name: what prediction needs."""
    of_weights = zip(network.parameter_names, network.trainable_params(), strict=True)
    return dict(of_weights) | dict(zip(network.state_names, network.state, strict=True))


def load_parameters(parameters: dict[str, Parameter], arrays: Arrays) -> None:
    """Put arrays into the parameters of the same names, visibly to graphs that are compiled already.

    Raises:
        CheckpointError: when an array is missing, has another shape or dtype, or belongs to a layer that is not
            there; nothing is then changed.
    """
    unknown = [name for name in arrays if name.startswith("layers.") and name not in parameters]
    if unknown:
        raise CheckpointError(
            f"checkpoint of another architecture: it has '{unknown[0]}', which the network of the configuration does "
            "not have: use the run's own config.yaml, or train anew"
        )
    for name, parameter in parameters.items():
        wanted = f"{parameter.shape} {numpy_dtype(parameter.dtype)}"
        got = f"{arrays[name].shape} {arrays[name].dtype}" if name in arrays else "nothing"
        if got != wanted:
            raise CheckpointError(
                f"checkpoint of another architecture: '{name}' is {got}, the network of the configuration wants "
                f"{wanted}: use the run's own config.yaml, or train anew"
            )
    for name, parameter in parameters.items():
        # Not set_data: a compiled graph would go on with the old values.
        ops.assign(parameter, Tensor(arrays[name]))
