"""The DNN as scikit-learn estimators: the compiled epoch and the hand-written backward pass behind fit and predict.

A fitted estimator holds NumPy arrays and plain values only, so that it pickles, copies and clones; the network is
cached by :mod:`ms_dnn.estimators.program`.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state, column_or_1d
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, validate_data
from typing_extensions import Self

from ms_dnn.errors import ParameterError
from ms_dnn.estimators.inputs import dense_rows
from ms_dnn.estimators.parameters import (
    COSINE_DECAY,
    batch_size_of,
    check_parameters,
    hidden_sizes,
    initializers_of,
    precision_of,
    rates_of,
    require_device,
)
from ms_dnn.estimators.program import Architecture, FitResult, Program, program_of, train_epochs
from ms_dnn.runtime.threads import one_thread_at_a_time
from ms_dnn.training.checkpoints import Arrays
from ms_dnn.training.plan import Plan
from ms_dnn.training.stopping import EarlyStopping

Labelled = tuple[NDArray[Any], NDArray[Any]]
Weights = NDArray[Any] | None


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
    loss_curve_: list[float]
    validation_scores_: list[float]

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
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
        validation: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> Self:
        """Train up to ``max_iter`` epochs on X (M, I) and y (M,), and return self.

        Args:
            X: inputs; finite. A sparse matrix is written out as a dense one.
            y: class labels or numbers; O numbers a sample are (M, O), and several labels a sample are (M, C) of 0 and
                1, a column for each label.
            sample_weight: what each sample weighs in the cost, (M,), at least 0; None for 1. Their mean is taken for 1,
                so that they leave the scale of the cost as it is.
            validation: (X_val, y_val), whose score ends the training and picks the weights, as with
                ``early_stopping=True``, which takes a share of X and y for that.

        Raises:
            ParameterError: when a parameter is wrong, or ``warm_start`` meets another network.
            ValueError: when X or y cannot be used.
            DeviceError: when device or precision is not to be had.
            DivergenceError: when the training does not stay finite; the estimator is then not fitted, or, if it
                went on from an earlier fit, as it was after that one.

        A ConvergenceWarning says that ``max_iter`` ended the training. Ctrl-C ends it after the running epoch:
        the estimator is then fitted with what is there, and KeyboardInterrupt is raised.
        """
        continues = self.warm_start and self.__sklearn_is_fitted__()
        x, targets = self._prepare(X, y, continues)
        weights = self._sample_weights(sample_weight, x, targets)
        if weights is not None:
            weights = weights / weights.mean()
        start = self._start(continues)
        held_out: Labelled | None = None
        if validation is not None:
            held_out = self._given_validation(*validation, targets)
        elif self.early_stopping:
            strata = None if self._numbers or targets.ndim == 2 else targets
            kept, held = train_test_split(
                np.arange(len(x)), test_size=self.validation_fraction, random_state=self._seed, stratify=strata
            )
            held_out = x[held], targets[held]
            x, targets = x[kept], targets[kept]
            weights = None if weights is None else weights[kept]
        trained = self._train(start, x, targets, weights, self.max_iter, held_out)
        if trained.stop_reason == "max_iter" and self.schedule != COSINE_DECAY:
            warnings.warn(
                f"max_iter={self.max_iter} ended the training before it converged: raise it, or scale X",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

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
        weights = self._sample_weights(sample_weight, x, targets)
        self._train(self._start(continues), x, targets, weights, 1, None)
        return self

    def _prepare(self, X: ArrayLike, y: ArrayLike, continues: bool, classes: ArrayLike | None = None) -> Labelled:
        """Check parameters, device and data; return x (M, I) and y, still in the user's own labels or unit."""
        check_parameters(self.get_params(deep=False))
        precision = precision_of(self.precision, self.device, X)
        if continues and self.precision == "auto":
            precision = self._architecture.precision
        require_device(self.device, precision)
        X = dense_rows(X)
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
        sizes = (x.shape[1], *hidden_sizes(self.hidden_layer_sizes), outputs)
        architecture = Architecture(
            sizes,
            self.activation,
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

    def _given_validation(self, X: ArrayLike, y: ArrayLike, of_training: NDArray[Any]) -> Labelled:
        """Return the user's validation samples; refuse targets that no score could be worked out with."""
        x = self._rows(X)
        targets = check_array(y, ensure_2d=False, dtype="numeric" if self._numbers else None, input_name="validation y")
        if targets.ndim == 2 and targets.shape[1] == 1:
            targets = targets[:, 0]
        check_consistent_length(x, targets)
        if targets.shape[1:] != of_training.shape[1:]:
            raise ParameterError(
                f"validation: got y of shape {targets.shape}, expected as many columns as in the training's "
                f"{of_training.shape}"
            )
        return x, targets

    def _rows(self, X: ArrayLike) -> NDArray[Any]:
        """Return X (N, I), checked against what the estimator was fitted with, dense and in its precision."""
        rows: NDArray[Any] = validate_data(self, dense_rows(X), reset=False, dtype=self._architecture.precision)
        return rows

    def _sample_weights(self, sample_weight: ArrayLike | None, x: NDArray[Any], y: NDArray[Any]) -> Weights:
        """Return the weights of the samples, (M,), as they were given; None where all weigh the same."""
        if sample_weight is None:
            return None
        return _check_sample_weight(sample_weight, x, dtype=np.float64, ensure_non_negative=True)

    def _start(self, continues: bool) -> FitResult:
        """Return where the training begins: with new weights, or with those of the estimator."""
        if continues:
            return FitResult(self._arrays, self._steps, self.loss_curve_, self.validation_scores_)
        self._seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        initializers = initializers_of(self.initializer, self._architecture.activations)
        return FitResult(self._architecture.starting_arrays(initializers, self._seed))

    def _train(
        self,
        start: FitResult,
        x: NDArray[Any],
        y: NDArray[Any],
        weights: Weights,
        epochs: int,
        held_out: Labelled | None,
    ) -> FitResult:
        program = program_of(self._architecture)
        to_the_end = held_out is None and self.schedule == COSINE_DECAY
        trained = train_epochs(
            program,
            start,
            x,
            self._targets(y),
            weights,
            plan=Plan.evenly_batched(len(x), batch_size_of(self.batch_size, len(x)), epochs, self._seed),
            rates=rates_of(self.schedule, float(self.learning_rate), epochs),
            stopping=EarlyStopping(
                "score" if held_out else "cost",
                held_out is not None,
                epochs + 1 if to_the_end else self.n_iter_no_change,
                self.tol,
                "early_stopping" if held_out else "convergence",
            ),
            l2=float(self.l2),
            score=None if held_out is None else partial(self._score_now, program, *held_out),
            verbose=bool(self.verbose),
        )
        self._arrays = trained.arrays
        of_layers = self._weights()
        self.coefs_ = [array.T for name, array in of_layers.items() if name.endswith(".weight")]
        self.intercepts_ = [array for name, array in of_layers.items() if name.endswith((".bias", ".shift"))]
        self._steps = trained.steps
        self.loss_curve_, self.validation_scores_ = trained.costs, trained.scores
        self.loss_ = self.loss_curve_[-1]
        self.best_loss_ = None if held_out else min(self.loss_curve_)
        self.n_iter_ = len(self.loss_curve_)
        if trained.stop_reason == "interruption":
            raise KeyboardInterrupt
        return trained

    def _score_now(self, program: Program, x_val: NDArray[Any], y_val: NDArray[Any]) -> float:
        return self._score_of(y_val, self._predictions(program.predict(x_val)))

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
        return program.predict(x)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
