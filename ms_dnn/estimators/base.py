"""The DNN as scikit-learn estimators: the compiled epoch and the hand-written backward pass behind fit and predict.

A fitted estimator holds NumPy arrays and plain values only, so that it pickles, copies and clones; the network is
cached by :mod:`ms_dnn.estimators.program`.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data
from typing_extensions import Self

from ms_dnn.errors import ParameterError
from ms_dnn.estimators.held_out import Samples, hold_out, require_r2, validation_of
from ms_dnn.estimators.inputs import dense_rows
from ms_dnn.estimators.parameters import (
    COSINE_DECAY,
    activations_of,
    batch_size_of,
    check_parameters,
    hidden_sizes,
    initializers_of,
    precision_of,
    rates_of,
    require_device,
    seed_of,
)
from ms_dnn.estimators.program import Architecture, FitResult, Program, program_of, train_epochs
from ms_dnn.estimators.twins import with_twins_named
from ms_dnn.estimators.weights import Weights, require_weights_of, sample_weights_of, with_mean_of_one
from ms_dnn.runtime.arrays import as_array
from ms_dnn.runtime.threads import one_thread_at_a_time
from ms_dnn.training.checkpoints import Arrays
from ms_dnn.training.plan import Plan
from ms_dnn.training.run_folder import Row
from ms_dnn.training.stopping import EarlyStopping

_OUT_ACTIVATIONS = {
    "squared_error": "identity",
    "softmax_cross_entropy": "softmax",
    "binary_cross_entropy_with_logits": "sigmoid",
}


class DNNEstimator(BaseEstimator):
    """What classifier and regressor share; the subclass says which loss, which targets and which predictions."""

    _numbers: bool
    _score_of: Callable[..., float]
    _architecture: Architecture
    _seed: int
    _arrays: Arrays
    _steps: int
    coefs_: list[NDArray[Any]]
    intercepts_: list[NDArray[Any]]
    t_: int
    loss_curve_: list[float]
    validation_scores_: list[float]

    @with_twins_named
    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        initializer: str | None = None,
        solver: str = "adam",
        learning_rate: float = 0.001,
        schedule: str = "constant",
        l2: float = 0.0,
        dropout: float = 0.0,
        normalization: str = "none",
        batch_size: int | str = "auto",
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        random_state: Any = None,
        warm_start: bool = False,
        precision: str = "auto",
        device: str = "auto",
        verbose: bool = False,
    ) -> None:
        self._set(locals())

    def _set(self, parameters: dict[str, Any]) -> None:
        """Keep the parameters of the constructor under their own names, as scikit-learn wants it."""
        for name in self._get_param_names():
            setattr(self, name, parameters[name])

    @one_thread_at_a_time
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        validation: tuple[ArrayLike, ArrayLike] | None = None,
        callback: Callable[[Row], None] | None = None,
    ) -> Self:
        """Train up to ``max_iter`` epochs on X (M, I) and y (M,), and return self.

        Args:
            X: inputs; finite. A sparse matrix is written out as a dense one.
            y: class labels or numbers; O numbers a sample are (M, O), and several labels a sample are (M, C) of 0 and
                1, a column for each label.
            sample_weight: what each sample weighs in the cost, (M,), at least 0; None for 1. Their mean is taken for 1,
                so that they leave the scale of the cost as it is.
            X_val: inputs whose score ends the training and picks the weights, as with ``early_stopping=True``, which
                takes a share of X and y for that.
            y_val: their targets.
            validation: the same two as a pair (X_val, y_val).
            callback: is called after each epoch with a row, ``{"epoch": 3, "cost": 0.41}``, with "validation_score"
                where there is one. It may raise :class:`ms_dnn.training.callbacks.StopTraining` to end the training.

        Raises:
            ParameterError: when a parameter is wrong, or ``warm_start`` meets another network.
            ValueError: when X or y cannot be used.
            DeviceError: when device or precision is not to be had.
            DivergenceError: when the training does not stay finite; the estimator is then not fitted, or, if it
                went on from an earlier fit, as it was after that one.

        A ConvergenceWarning says that ``max_iter`` ended the training, or that it learnt nothing, and what to change.
        Ctrl-C ends it after the running epoch: the estimator is then fitted with what is there, and KeyboardInterrupt
        is raised.
        """
        if callback is not None and not callable(callback):
            raise ParameterError(f"callback: got {callback!r}, expected a function of the row of an epoch")
        continues = self.warm_start and self.__sklearn_is_fitted__()
        x, targets = self._prepare(X, y, continues)
        samples = Samples(x, targets, sample_weights_of(sample_weight, len(x)))
        start = self._start(continues)
        samples, held_out = self._with_validation(samples, validation_of(validation, X_val, y_val))
        weights = self._weights_in_cost(samples)
        mean_one = None if weights is None else with_mean_of_one(weights)
        trained = self._train(start, samples, mean_one, self.max_iter, held_out, callback)
        for sentence in self._sentences_on(trained, len(start.costs)):
            warnings.warn(sentence, ConvergenceWarning, stacklevel=3)
        return self

    def _sentences_on(self, trained: FitResult, before: int) -> Iterator[str]:
        """Yield what is to be said of a training that may not have learnt what there is to learn."""
        costs = trained.costs[before:]
        if costs[0] > 0 and before == 0 and len(costs) > 1 and min(costs[1:]) >= costs[0]:
            yield (
                f"the training learnt nothing: after the first epoch, of cost {costs[0]:g}, none had a lower one: "
                "change the learning rate (by 10 to begin with), or scale X (StandardScaler)"
            )
        elif trained.stop_reason == "convergence" and 0 < costs[0] <= self.tol:
            yield (
                f"tol={self.tol!r} ended the training, for no epoch can lower a cost of {costs[0]:g} by as much: "
                "lower tol, or scale y (StandardScaler)"
            )
        elif trained.stop_reason == "max_iter" and self.schedule != COSINE_DECAY:
            yield f"max_iter={self.max_iter} ended the training before it converged: raise it, or scale X"

    @one_thread_at_a_time
    def _one_epoch(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, classes: ArrayLike | None = None
    ) -> Self:
        if self.early_stopping:
            raise ParameterError(
                f"early_stopping: got {self.early_stopping!r}, expected False: partial_fit is one epoch and holds no "
                "samples out"
            )
        if self.schedule == COSINE_DECAY:
            raise ParameterError(
                f"schedule: got {self.schedule!r}, expected 'constant': partial_fit is one epoch of a training whose "
                "length it does not know"
            )
        continues = self.__sklearn_is_fitted__()
        x, targets = self._prepare(X, y, continues, classes)
        samples = Samples(x, targets, sample_weights_of(sample_weight, len(x)))
        self._train(self._start(continues), samples, self._weights_in_cost(samples), 1)
        return self

    def _prepare(
        self, X: ArrayLike, y: ArrayLike, continues: bool, classes: ArrayLike | None = None
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Check parameters, device and data; return x (M, I) and y, still in the user's own labels or unit."""
        check_parameters(self.get_params(deep=False))
        X, y = dense_rows(X), as_array(y)
        precision = precision_of(self.precision, self.device, X)
        if continues and self.precision == "auto":
            precision = self._architecture.precision
        require_device(self.device, precision)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows in the precision is refused
            x, given = validate_data(
                self, X, y, reset=not continues, dtype=precision, multi_output=True, y_numeric=self._numbers
            )
        check_array(given, ensure_2d=False, dtype=None, input_name="y")  # refuses what is sparse
        if given.ndim == 2 and given.shape[1] == 1:
            given = column_or_1d(given, warn=True)
        if not continues:
            self.__dict__.pop("coefs_", None)  # what follows overwrites what belongs to them
        targets = self._learn_targets(given, continues, classes)
        loss, outputs = self._loss_and_outputs(targets)
        hidden = hidden_sizes(self.hidden_layer_sizes)
        architecture = Architecture(
            (x.shape[1], *hidden, outputs),
            activations_of(self.activation, len(hidden)),
            loss,
            self.solver,
            precision,
            bool(self.l2 > 0),
            float(self.dropout),
            self.normalization,
        )
        if continues and not architecture.is_compatible_with(self._architecture):
            raise ParameterError(
                f"fitted as {self._architecture}, it cannot continue as {architecture}: restore hidden_layer_sizes, "
                "activation, solver, precision, dropout, normalization and the number of targets, or train a clone"
            )
        if self.normalization == "batch" and batch_size_of(self.batch_size, len(x)) == 1:
            raise ParameterError(
                "normalization: got 'batch' for batches of one sample, of which it leaves nothing: expected 'layer', "
                "or a larger batch_size"
            )
        self._architecture = architecture
        return x, targets

    def _with_validation(self, samples: Samples, given: tuple[Any, Any] | None) -> tuple[Samples, Samples | None]:
        """Return the samples to train with and those to score; None where nothing is scored."""
        cure = "give more samples"
        if given is not None:
            held_out = self._given_validation(*given, samples.y)
        elif self.early_stopping:
            by_class = not self._numbers and samples.y.ndim == 1
            samples, held_out = hold_out(samples, self.validation_fraction, self._seed, by_class=by_class)
            cure = "raise validation_fraction, or give X_val and y_val"
        else:
            return samples, None
        if self._numbers:
            require_r2(held_out, cure)
        return samples, held_out

    def _given_validation(self, X: ArrayLike, y: ArrayLike, of_training: NDArray[Any]) -> Samples:
        """Return the user's validation samples; refuse targets that no score could be worked out with."""
        x = self._rows(X)
        dtype = "numeric" if self._numbers else None
        targets = check_array(as_array(y), ensure_2d=False, dtype=dtype, input_name="validation y")
        if targets.ndim == 2 and targets.shape[1] == 1:
            targets = targets[:, 0]
        check_consistent_length(x, targets)
        if targets.shape[1:] != of_training.shape[1:]:
            raise ParameterError(
                f"validation: got y of shape {targets.shape}, expected as many columns as in the training's "
                f"{of_training.shape}"
            )
        self._require_known(targets, "validation y")
        return Samples(x, targets, None)

    def _rows(self, X: ArrayLike) -> NDArray[Any]:
        """Return X (N, I), checked against what the estimator was fitted with, dense and in its precision."""
        with np.errstate(over="ignore", invalid="ignore"):
            rows: NDArray[Any] = validate_data(self, dense_rows(X), reset=False, dtype=self._architecture.precision)
        return rows

    def _weights_in_cost(self, samples: Samples) -> Weights:
        """Return the weights of the samples in the cost, (M,); None where all weigh the same."""
        return samples.weights

    def _start(self, continues: bool) -> FitResult:
        """Return where the training begins: with new weights, or with those of the estimator."""
        if continues:
            return FitResult(self._arrays, self._steps, self.loss_curve_, self.validation_scores_)
        self._seed = seed_of(self.random_state)
        initializers = initializers_of(self.initializer, self._architecture.activations)
        return FitResult(self._architecture.starting_arrays(initializers, self._seed))

    def _train(
        self,
        start: FitResult,
        samples: Samples,
        weights: Weights,
        epochs: int,
        held_out: Samples | None = None,
        callback: Callable[[Row], None] | None = None,
    ) -> FitResult:
        if weights is not None:
            require_weights_of(self._architecture.precision, weights)
        program = program_of(self._architecture)
        number = len(samples.x)
        to_the_end = held_out is None and self.schedule == COSINE_DECAY
        trained = train_epochs(
            program,
            start,
            samples.x,
            self._targets(samples.y),
            weights,
            plan=Plan.evenly_batched(number, batch_size_of(self.batch_size, number), epochs, self._seed),
            rates=rates_of(self.schedule, float(self.learning_rate), epochs),
            stopping=EarlyStopping(
                "score" if held_out else "cost",
                held_out is not None,
                epochs + 1 if to_the_end else self.n_iter_no_change,
                self.tol,
                "early_stopping" if held_out else "convergence",
            ),
            l2=float(self.l2),
            score=None if held_out is None else partial(self._score_now, program, held_out),
            report=partial(_report, bool(self.verbose), callback) if self.verbose or callback else None,
        )
        self._arrays = trained.arrays
        of_layers = self._weights()
        self.coefs_ = [array.T for name, array in of_layers.items() if name.endswith(".weight")]
        self.intercepts_ = [array for name, array in of_layers.items() if name.endswith((".bias", ".shift"))]
        self._steps = trained.steps
        self.loss_curve_, self.validation_scores_ = trained.costs, trained.scores
        self.loss_ = self.loss_curve_[-1]
        self.best_loss_ = None if held_out else min(self.loss_curve_)
        self.best_validation_score_ = trained.best_score
        self.n_iter_ = len(self.loss_curve_)
        self.t_ = (self.t_ if start.costs else 0) + (self.n_iter_ - len(start.costs)) * number
        self.n_layers_ = len(self._architecture.sizes)
        self.n_outputs_ = self._architecture.sizes[-1]
        self.out_activation_ = _OUT_ACTIVATIONS[self._architecture.loss]
        if trained.stop_reason == "interruption":
            raise KeyboardInterrupt
        return trained

    def _score_now(self, program: Program, held_out: Samples) -> float:
        outputs = program.predict(held_out.x)
        if not np.isfinite(outputs).all():
            return np.nan
        return held_out.score(self._score_of, self._predictions(outputs))

    def _weights(self) -> Arrays:
        """Return what prediction needs: weights, biases, and what normalisation has measured."""
        return {name: array for name, array in self._arrays.items() if name.startswith("layers.")}

    @one_thread_at_a_time
    def _outputs(self, X: ArrayLike) -> NDArray[Any]:
        """Return the outputs of the last layer, (N, n[L]), for X (N, I)."""
        check_is_fitted(self)
        x = self._rows(X)
        require_device(self.device, self._architecture.precision)
        program = program_of(self._architecture)
        program.load(self._weights())
        outputs = program.predict(x)
        overflowing = np.flatnonzero(~np.isfinite(outputs).all(axis=1))
        if len(overflowing):
            raise ParameterError(
                f"X: got row {overflowing[0]}, for which the network does not compute finite numbers in "
                f"{self._architecture.precision}, expected inputs of about the size of those of fit: scale it as those"
            )
        return outputs

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _report(verbose: bool, callback: Callable[[Row], None] | None, row: Row) -> None:
    """Print the row of an epoch if that was asked for, and hand it to the callback if there is one."""
    if verbose:
        of_validation = f", validation score {row['validation_score']:.4f}" if "validation_score" in row else ""
        print(f"epoch {row['epoch']}: cost {row['cost']:.6g}{of_validation}")
    if callback is not None:
        callback(row)
