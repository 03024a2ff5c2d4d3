"""A network with its compiled epoch, made once for an architecture and reused by every fit of it in this process.

To compile the epoch costs half a second for each shape of the samples and of the batches, most of the time of a grid
search or a cross-validation of small networks; so programs are cached, and the weights are put into them before each
use and taken out again after it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor
from numpy.typing import NDArray

from ms_dnn.dnn import DNN, build_dnn
from ms_dnn.errors import DivergenceError, ParameterError
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.penalty import AdjustablePenalty
from ms_dnn.training.callbacks import StopTraining
from ms_dnn.training.checkpoints import Arrays
from ms_dnn.training.divergence import is_finite
from ms_dnn.training.engine import GRAPH, choose_engine, make_loop
from ms_dnn.training.interruption import Interruption
from ms_dnn.training.optimizers import OPTIMIZERS
from ms_dnn.training.plan import Plan
from ms_dnn.training.run_folder import Row
from ms_dnn.training.stopping import EarlyStopping, Progress
from ms_dnn.training.trainer import copies_of, load_parameters, stored_parameters

FLOPS_AT_ONCE = 1e9
"""Floating-point operations of epochs that are done in one call: some hundredths of a second."""


@dataclass(frozen=True)
class Architecture:
    """What decides the graph of an epoch; plain values.

    Attributes:
        sizes: n[0], …, n[L].
        activation: of the hidden layers, one for all or one for each; the last layer's is identity.
        loss: a loss that takes the output of the identity.
        optimizer: a name of :data:`ms_dnn.training.optimizers.OPTIMIZERS`, with its default settings.
        precision: "float32" or "float64".
        penalised: whether the cost has an L2 penalty on the weights; its λ₂ is an input of the graph.
        dropout: rate after each hidden layer.
        normalization: of each hidden layer: "none", "batch" or "layer".
    """

    sizes: tuple[int, ...]
    activation: str | tuple[str, ...]
    loss: str
    optimizer: str
    precision: str
    penalised: bool = False
    dropout: float = 0.0
    normalization: str = "none"

    def starting_arrays(self, initializers: list[str], seed: int) -> Arrays:
        """Return random weights, zero biases and zero slots, by the names of :meth:`Program.arrays`."""
        network = self.network(initializers, seed)
        optimizer = OPTIMIZERS[self.optimizer](network.trainable_params())
        return copies_of(stored_parameters(HandwrittenGradient(network, self.cost()), optimizer))

    def network(self, initializers: list[str] | str, seed: int) -> DNN:
        """Return a network of this architecture; the seed decides its weights and what dropout drops."""
        return build_dnn(
            self.sizes,
            self.activations,
            initializers,
            seed,
            self.precision,
            normalizations=self.normalization,
            dropouts=self.dropout,
        )

    def cost(self) -> Cost:
        """Return the cost J of samples that bring their weights with them."""
        penalty = AdjustablePenalty(getattr(ms, self.precision)) if self.penalised else None
        return Cost(self.loss, penalty=penalty, weighted=True)

    def is_compatible_with(self, other: "Architecture") -> bool:
        """Whether a training of the other one can go on in this one: they differ in the penalty, if at all."""
        alike = replace(self, penalised=other.penalised, activation=other.activation) == other
        return alike and self.activations == other.activations

    @property
    def activations(self) -> list[str]:
        """One activation a layer."""
        hidden = (self.activation,) * (len(self.sizes) - 2) if isinstance(self.activation, str) else self.activation
        return [*hidden, "identity"]


class Program:
    """The network, optimizer and compiled epoch of an architecture. One thread at a time loads, uses and reads it."""

    def __init__(self, architecture: Architecture) -> None:
        precision = architecture.precision
        self.dtype = getattr(ms, precision)
        self.network = architecture.network("zeros", 0)
        self.optimizer = OPTIMIZERS[architecture.optimizer](self.network.trainable_params())
        self.cost = architecture.cost()
        gradient = HandwrittenGradient(self.network, self.cost)
        device = str(ms.get_context("device_target"))
        self.engine = choose_engine("auto", device, precision).name
        self.loop = make_loop(self.engine, gradient, self.optimizer)
        self.stored = stored_parameters(gradient, self.optimizer)

    def load(self, arrays: Arrays) -> None:
        """Put the arrays into the parameters of the same names; the others stay as they are."""
        load_parameters({name: self.stored[name] for name in arrays}, arrays)

    def penalise(self, l2: float) -> None:
        """Set λ₂ ≥ 0 of the penalty; a ParameterError where the architecture has none and λ₂ is not 0."""
        if self.cost.penalty is not None:
            self.cost.penalty.adjust(l2)
        elif l2:
            raise ParameterError(f"l2: got {l2!r} for an architecture without a penalty, expected 0, or penalised=True")

    def arrays(self) -> Arrays:
        """Return copies of all weights and slots: ``layers.0.weight`` (O, I), ``first_moment.layers.0.weight``, …"""
        return copies_of(self.stored)

    def on_device(self, rows: NDArray[Any], padding: NDArray[Any]) -> Tensor:
        """Return rows (M, k) and padding (F, k) for :meth:`train_epochs`, with rows of zeros below that no batch picks.

        They round the number of rows up (to at least 256, by at most an eighth), so that data sets of nearly one size
        share a graph.
        """
        samples, picked = len(rows), len(rows) + len(padding)
        multiple = max(256, 2 ** (picked.bit_length() - 4))
        padded = np.zeros((-(-picked // multiple) * multiple, rows.shape[1]), rows.dtype)
        padded[:samples], padded[samples:picked] = rows, padding
        return Tensor(padded, self.dtype)

    def train_epochs(
        self, x: Tensor, y: Tensor, batches: NDArray[np.int32], rates: NDArray[np.float64], first_step: int
    ) -> NDArray[np.float64]:
        """Do one step for each row of ``batches`` (epochs, steps, N); return the mean cost J of each epoch, (epochs,).

        Args:
            x: inputs, (M, n[0]).
            y: targets and weights, (M, n[L] + 1).
            batches: the samples of each step.
            rates: the learning rate r of each epoch, (epochs,).
            first_step: steps done before with these weights and slots.
        """
        return self.loop.run_epochs((x, y), batches, rates, first_step)

    def epochs_at_once(self, samples: int) -> int:
        """Return how many epochs to do in one call where nobody looks at the weights in between.

        One by the graph, which is compiled anew for another number of steps.
        """
        if self.engine == GRAPH:
            return 1
        flops = 6.0 * samples * sum(below * above for below, above in pairwise(self.network.sizes))
        return max(1, int(FLOPS_AT_ONCE / flops))

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return a[L], (N, n[L]), for x (N, n[0]); nothing is compiled."""
        return self.network(Tensor(x, self.dtype)).asnumpy().copy()


@dataclass
class FitResult:
    """The result of a training, and all that another one needs to continue from it.

    Attributes:
        arrays: weights and slots, by the names of :meth:`Program.arrays`.
        steps: steps done with them.
        costs: mean cost J of each epoch, taken before each of its updates.
        scores: of the validation samples after each epoch; empty without them.
        stop_reason: "max_iter", "convergence", "early_stopping", "interruption", or what a :class:`StopTraining` says.
        best_score: the score of the weights, which are those of the best one; None without scores.
    """

    arrays: Arrays
    steps: int = 0
    costs: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    stop_reason: str = "max_iter"
    best_score: float | None = None


def train_epochs(
    program: Program,
    start: FitResult,
    x: NDArray[Any],
    y: NDArray[Any],
    weights: NDArray[Any] | None = None,
    *,
    plan: Plan,
    rates: NDArray[np.float64],
    stopping: EarlyStopping,
    l2: float = 0.0,
    score: Callable[[], float] | None = None,
    report: Callable[[Row], None] | None = None,
) -> FitResult:
    """Continue ``start`` for up to an epoch a rate, each one call of the compiled loop; return the result.

    Args:
        program: of the architecture that ``start`` belongs to.
        start: is not changed.
        x: inputs, (M, n[0]).
        y: targets as the loss wants them, (M, n[L]).
        weights: of the samples, (M,); None for 1.
        plan: which samples each step sees; the epochs are numbered on from those of ``start``.
        rates: the learning rate r of each epoch, (epochs,).
        stopping: watches the score if there is one, else the cost of the epoch.
        l2: λ₂ of the penalty; 0 where the architecture has none.
        score: how well the program now does on other samples, NaN where that is no number; the weights of the best
            score are returned.
        report: is called after each epoch with its row, and may raise :class:`StopTraining`.

    Raises:
        ParameterError: when there is an l2, and the architecture has no penalty.
        DivergenceError: when a cost, a score or a weight is not finite.
    """
    now = FitResult(start.arrays, start.steps, list(start.costs), list(start.scores))
    progress, best_arrays = Progress(now.steps), start.arrays
    with Interruption() as interruption:
        program.load(start.arrays)
        program.penalise(l2)
        x_there = program.on_device(x, x[: plan.padding])
        y_there = program.on_device(*_weighted(y, weights, plan.padding))
        at_once = 1 if score is not None or report is not None else program.epochs_at_once(len(x))
        for first in range(0, len(rates), at_once):
            due, before, step = rates[first : first + at_once], program.arrays() if at_once > 1 else {}, progress.step
            batches = np.stack([plan.batches((len(now.costs) + k) * plan.steps_per_epoch) for k in range(len(due))])
            costs = program.train_epochs(x_there, y_there, batches, due, step)
            interruption.listen()
            for done, cost in enumerate(costs, start=1):
                progress.step += plan.steps_per_epoch
                row = _record_epoch(now, cost, score)
                if stopping.observe(progress, row.get("validation_score", cost)) and score is not None:
                    best_arrays = program.arrays()
                _report(report, row, progress)
                if progress.stop_reason is not None and done < len(due):  # the weights are those of a later epoch
                    program.load(before)
                    program.train_epochs(x_there, y_there, batches[:done], due[:done], step)
                    break
            if interruption.requested:
                progress.stop_reason = "interruption"
            if progress.stop_reason is not None:
                now.stop_reason = progress.stop_reason
                break
        now.arrays, now.steps = program.arrays(), progress.step
        _require_finite(now, now.costs[-1], now.arrays)
    if score is not None:
        now.arrays, now.steps, now.best_score = best_arrays, progress.best_step, progress.best_value
    return now


def _weighted(y: NDArray[Any], weights: NDArray[Any] | None, padding: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the targets of the samples and of the padding, each with a column of weights.

    A row of padding is a copy of a sample, and weighs nothing. A step divides by all rows of its batch, so a sample
    weighs (M + padding) / M as much: the mean over the steps of an epoch is then J of the M samples.
    """
    w = (np.ones(len(y)) if weights is None else weights) * ((len(y) + padding) / len(y))
    return np.column_stack([y, w.astype(y.dtype)]), np.column_stack([y[:padding], np.zeros(padding, y.dtype)])


def _require_finite(now: FitResult, number: float, arrays: Arrays) -> None:
    if not is_finite(number, arrays):
        raise DivergenceError(
            f"epoch {len(now.costs)} does not end in finite numbers: lower the learning rate (by 10 to begin with), or "
            "scale the inputs and, for regression, the targets (StandardScaler)"
        )


def _report(report: Callable[[Row], None] | None, row: Row, progress: Progress) -> None:
    """Call ``report`` with the row of an epoch; it may ask for the end of the training."""
    try:
        if report is not None:
            report(row)
    except StopTraining as request:
        progress.stop_reason = progress.stop_reason or request.reason


def _record_epoch(now: FitResult, cost: float, score: Callable[[], float] | None) -> Row:
    """Note what an epoch came to, and return it as a row."""
    now.costs.append(cost)
    row: Row = {"epoch": len(now.costs), "cost": cost}
    _require_finite(now, cost, {})
    if score is not None:
        now.scores.append(score())
        row["validation_score"] = now.scores[-1]
        _require_finite(now, now.scores[-1], {})
    return row


@lru_cache(maxsize=64)
def program_of(architecture: Architecture) -> Program:
    """Return the program of an architecture: the same one whenever it is asked for again."""
    return Program(architecture)
