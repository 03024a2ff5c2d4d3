"""The DNN as scikit-learn estimators: the compiled epoch and the hand-written backward pass behind fit and predict.

A fitted estimator holds NumPy arrays and plain values only, so that it pickles, copies and clones; the network is
borrowed for each call from :mod:`ms_dnn.training.program`.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data
from typing_extensions import Self

from ms_dnn.errors import ParameterError
from ms_dnn.estimator_parameters import batch_size_of, check_parameters, hidden_sizes, initializers_of, require_device
from ms_dnn.features.encoding import encode_targets
from ms_dnn.maths.activations import sigmoid, softmax
from ms_dnn.training.checkpoints import Arrays
from ms_dnn.training.plan import Plan
from ms_dnn.training.program import Architecture, Program, Trained, program_of, train_epochs
from ms_dnn.training.stopping import EarlyStopping

Labelled = tuple[NDArray[Any], NDArray[Any]]


class _DNNEstimator(BaseEstimator):
    """What classifier and regressor share; the subclass says which loss, which targets and which answers."""

    _numbers: bool
    _score_of: Callable[..., float]
    _architecture: Architecture
    _seed: int
    _slots: Arrays
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
        batch_size: int | str = "auto",
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        random_state: Any = None,
        warm_start: bool = False,
        precision: str = "float32",
        device: str = "auto",
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.initializer = initializer
        self.solver = solver
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.warm_start = warm_start
        self.precision = precision
        self.device = device
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: ArrayLike, *, validation: tuple[ArrayLike, ArrayLike] | None = None) -> Self:
        """Train up to ``max_iter`` epochs on X (M, I) and y (M,), for regression also (M, O), and return self.

        Args:
            X: inputs; dense, finite.
            y: class labels or numbers.
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
        start = self._start(continues)
        held_out: Labelled | None = None
        if validation is not None:
            held_out = validate_data(self, validation[0], reset=False, dtype=self.precision), np.asarray(validation[1])
            check_consistent_length(*held_out)
        elif self.early_stopping:
            strata = None if self._numbers else targets
            x, x_val, targets, y_val = train_test_split(
                x, targets, test_size=self.validation_fraction, random_state=self._seed, stratify=strata
            )
            held_out = x_val, y_val
        trained = self._train(start, x, targets, self.max_iter, held_out)
        if trained.ended_by == "max_iter":
            warnings.warn(
                f"max_iter={self.max_iter} ended the training before it converged: raise it, or scale X",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _one_epoch(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        continues = self.__sklearn_is_fitted__()
        x, targets = self._prepare(X, y, continues, classes)
        self._train(self._start(continues), x, targets, 1, None)
        return self

    def _prepare(self, X: ArrayLike, y: ArrayLike, continues: bool, classes: ArrayLike | None = None) -> Labelled:
        """Check parameters, device and data; return x (M, I) and y, still in the user's own labels or unit."""
        check_parameters(self.get_params(deep=False))
        require_device(self.device, self.precision)
        x, given = validate_data(
            self, X, y, reset=not continues, dtype=self.precision, multi_output=self._numbers, y_numeric=self._numbers
        )
        if not continues:
            self.__dict__.pop("coefs_", None)  # what follows overwrites what belongs to them
        targets = self._learn_targets(given, continues, classes)
        loss, outputs = self._loss_and_outputs(targets)
        sizes = (x.shape[1], *hidden_sizes(self.hidden_layer_sizes), outputs)
        architecture = Architecture(sizes, self.activation, loss, self.solver, self.precision)
        if continues and architecture != self._architecture:
            raise ParameterError(
                f"fitted as {self._architecture}, it cannot continue as {architecture}: restore hidden_layer_sizes, "
                "activation, solver, precision and the number of targets, or train a clone"
            )
        self._architecture = architecture
        return x, targets

    def _start(self, continues: bool) -> Trained:
        """Return where the training begins: with new weights, or with those of the estimator."""
        if continues:
            return Trained({**self._weights(), **self._slots}, self._steps, self.loss_curve_, self.validation_scores_)
        self._seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        initializers = initializers_of(self.initializer, self._architecture.activations)
        return Trained(self._architecture.starting_arrays(initializers, self._seed))

    def _train(
        self, start: Trained, x: NDArray[Any], y: NDArray[Any], epochs: int, held_out: Labelled | None
    ) -> Trained:
        program = program_of(self._architecture)
        batch_size = batch_size_of(self.batch_size, len(x))
        trained = train_epochs(
            program,
            start,
            x,
            self._targets(y),
            plan=Plan(len(x), batch_size, len(x) // batch_size, 1, self._seed),
            rate=float(self.learning_rate),
            epochs=epochs,
            stopping=EarlyStopping(
                "score" if held_out else "cost", held_out is not None, self.n_iter_no_change, self.tol
            ),
            score=None if held_out is None else partial(self._score_now, program, *held_out),
            verbose=bool(self.verbose),
        )
        layers = range(len(self._architecture.sizes) - 1)
        self.coefs_ = [trained.arrays[f"layers.{i}.weight"].T for i in layers]
        self.intercepts_ = [trained.arrays[f"layers.{i}.bias"] for i in layers]
        self._slots = {name: array for name, array in trained.arrays.items() if not name.startswith("layers.")}
        self._steps = trained.steps
        self.loss_curve_, self.validation_scores_ = trained.costs, trained.scores
        self.n_iter_ = len(self.loss_curve_)
        if trained.ended_by == "interruption":
            raise KeyboardInterrupt
        return trained

    def _score_now(self, program: Program, x_val: NDArray[Any], y_val: NDArray[Any]) -> float:
        return self._score_of(y_val, self._answers(program.predict(x_val)))

    def _weights(self) -> Arrays:
        weights = {f"layers.{i}.weight": np.ascontiguousarray(coef.T) for i, coef in enumerate(self.coefs_)}
        return weights | {f"layers.{i}.bias": intercept for i, intercept in enumerate(self.intercepts_)}

    def _outputs(self, X: ArrayLike) -> NDArray[Any]:
        """Return the outputs of the last layer, (N, n[L]), for X (N, I)."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=self._architecture.precision)
        require_device(self.device, self._architecture.precision)
        program = program_of(self._architecture)
        with program.lock:
            program.load(self._weights())
            return program.predict(x)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefs_")


class DNNClassifier(ClassifierMixin, _DNNEstimator):
    """A deep neural network that tells classes apart, trained by hand-written backprop on MindSpore.

    Two classes: one output, binary cross-entropy on its logit. More: softmax cross-entropy on one logit a class.
    An epoch is ⌊M / N⌋ steps over a permutation of the M samples, N = batch_size; the few that are left over are
    others in every epoch.

    Args:
        hidden_layer_sizes: units of each hidden layer; () for none.
        activation: of the hidden layers: identity, sigmoid, tanh, relu, leaky_relu, elu, softplus, silu, gelu or
            softmax.
        initializer: zeros, normal, xavier or he, for all layers; None takes he for hidden layers of relu, leaky_relu,
            elu, softplus, silu and gelu, and xavier elsewhere.
        solver: gradient_descent, momentum, nesterov or adam.
        learning_rate: r, constant.
        batch_size: N, at most M; "auto" is min(200, M).
        max_iter: most epochs of a fit.
        tol: a gain is this much over the best so far, of the cost or, where there is one, of the validation score.
        n_iter_no_change: epochs without gain that end the training.
        early_stopping: hold a share of the samples out and watch their score (accuracy, or R²) in place of the cost;
            the weights with the best one are kept.
        validation_fraction: that share.
        random_state: seed, generator or None, for weights, batches and the held-out share.
        warm_start: whether fit goes on from the last one, with the optimizer's state: two fits of 5 epochs are, to the
            bit, one of 10.
        precision: float32, or float64 (not on Ascend).
        device: auto, Ascend, GPU or CPU; one for a process.
        verbose: print a line an epoch.

    Attributes:
        classes_: the labels, (C,).
        coefs_: weights, (n[l-1], n[l]) for each layer, in ``precision``.
        intercepts_: biases, (n[l],) for each layer.
        loss_curve_: mean cost J of each epoch, of all fits that this one continues.
        validation_scores_: after each epoch; empty where none was asked for.
        n_iter_: epochs done.
        n_features_in_: I.
    """

    _numbers = False
    _score_of = staticmethod(accuracy_score)

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Train one epoch on X (M, I) and labels y (M,), going on from what was learnt before, and return self.

        Args:
            X: inputs.
            y: labels.
            classes: all labels there are, (C,); asked for by the first call.

        Raises:
            ParameterError: when the first call lacks ``classes``; and as :meth:`fit`.
        """
        if classes is None and not self.__sklearn_is_fitted__():
            raise ParameterError("classes: got None, expected all labels in the first call of partial_fit")
        return self._one_epoch(X, y, classes)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the label of the most probable class, (N,), for X (N, I)."""
        return self._answers(self._outputs(X))

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return the probability of each class, (N, C) in ``precision``, for X (N, I)."""
        return self._probabilities(self._outputs(X))

    def _learn_targets(self, y: NDArray[Any], continues: bool, classes: ArrayLike | None) -> NDArray[Any]:
        check_classification_targets(y)
        if not continues:
            self.classes_ = np.unique(y if classes is None else np.asarray(classes))
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ParameterError(f"y: got the class {unknown[0]!r}, expected only classes of {self.classes_.tolist()}")
        return y

    def _loss_and_outputs(self, y: NDArray[Any]) -> tuple[str, int]:
        if len(self.classes_) == 2:
            return "binary_cross_entropy_with_logits", 1
        return "softmax_cross_entropy", len(self.classes_)

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        loss, outputs = self._loss_and_outputs(y)
        encoded = encode_targets(np.searchsorted(self.classes_, y), len(self.classes_), loss, outputs)
        return encoded.astype(self.precision)

    def _probabilities(self, z: NDArray[Any]) -> NDArray[Any]:
        if len(self.classes_) == 2:
            return sigmoid(Tensor(np.hstack([-z, z]))).asnumpy().copy()
        return softmax(Tensor(z)).asnumpy().copy()

    def _answers(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return self.classes_[self._probabilities(outputs).argmax(axis=1)]


class DNNRegressor(RegressorMixin, _DNNEstimator):
    """A deep neural network that answers with one or more numbers, trained by hand-written backprop on MindSpore.

    The loss is ½ ‖a − y‖², summed over the O targets; the targets are not scaled
    (``sklearn.compose.TransformedTargetRegressor`` does that). Parameters and attributes are those of
    :class:`DNNClassifier`, without ``classes_``.
    """

    _numbers = True
    _score_of = staticmethod(r2_score)

    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train one epoch on X (M, I) and y (M,) or (M, O), going on from what was learnt before, and return self.

        Raises as :meth:`fit`.
        """
        return self._one_epoch(X, y)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return float64 numbers (N, O), computed in ``precision``, for X (N, I); (N,) where there is one target."""
        return self._answers(self._outputs(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _learn_targets(self, y: NDArray[Any], continues: bool, classes: ArrayLike | None) -> NDArray[Any]:
        return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _loss_and_outputs(self, y: NDArray[Any]) -> tuple[str, int]:
        return "squared_error", 1 if y.ndim == 1 else y.shape[1]

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        return y.reshape(len(y), -1).astype(self.precision)

    def _answers(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return (outputs[:, 0] if outputs.shape[1] == 1 else outputs).astype(np.float64)
