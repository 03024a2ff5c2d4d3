"""The deep neural network as a scikit-learn classifier."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from mindspore import Tensor
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit, log_softmax
from sklearn.base import ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from typing_extensions import Self

from ms_dnn.errors import ParameterError
from ms_dnn.estimators.base import DNNEstimator
from ms_dnn.estimators.held_out import Samples
from ms_dnn.estimators.twins import with_twins_named
from ms_dnn.estimators.weights import Weights, with_class_weights
from ms_dnn.features.encoding import encode_targets
from ms_dnn.maths.activations import sigmoid, softmax
from ms_dnn.runtime.threads import one_thread_at_a_time


class DNNClassifier(ClassifierMixin, DNNEstimator):
    """A deep neural network that classifies, trained by hand-written backprop on MindSpore.

    Two classes: one output, binary cross-entropy on its logit. More: softmax cross-entropy on one logit a class.
    Several labels a sample, y (M, C) of 0 and 1 with C > 1: one output a label, and the sum of their binary
    cross-entropies; the score is the share of samples whose labels are all right.
    An epoch is ⌈M / N⌉ steps over a permutation of the M samples, N = batch_size, spread evenly over them: no batch
    is larger than N, and none is more than one sample smaller than another.

    Args:
        hidden_layer_sizes: units of each hidden layer; () for none.
        activation: of the hidden layers, one for all or a sequence with one for each: identity, sigmoid, tanh, relu,
            leaky_relu, elu, softplus, silu, gelu or softmax.
        initializer: zeros, normal, xavier or he, for all layers; None takes he for hidden layers of relu, leaky_relu,
            elu, softplus, silu and gelu, and xavier elsewhere.
        solver: gradient_descent, momentum, nesterov or adam.
        learning_rate: r, of the first epoch.
        schedule: constant, or cosine_decay, by which r falls to 0 over the ``max_iter`` epochs of a fit. They then take
            place whatever the cost does; only a validation score ends them early. Not for partial_fit.
        l2: λ₂ of the penalty λ₂/2 Σ w² on the weights, which is added to the cost.
        dropout: share of the units of each hidden layer that a step drops.
        normalization: of each hidden layer, before its activation: none, batch or layer.
        batch_size: the most samples of a step, N ≤ M; "auto" is min(200, M).
        max_iter: most epochs of a fit.
        tol: a gain is this much over the best so far, of the cost or, where there is one, of the validation score.
        n_iter_no_change: epochs without gain that end the training.
        early_stopping: hold a share of the samples out and watch their score (accuracy, or R²) in place of the cost;
            the weights with the best one are kept.
        validation_fraction: that share.
        random_state: seed, generator or None, for weights, batches and the held-out share.
        warm_start: whether fit goes on from the last one, with the optimizer's state: at a constant rate two fits of 5
            epochs are, to the bit, one of 10.
        precision: float32, float64 (not on Ascend), or auto, which takes that of X, and float64 for other dtypes.
        device: auto, Ascend, GPU or CPU; one for a process.
        verbose: print a line an epoch.
        class_weight: "balanced", or a weight for each label that is not to weigh 1; it multiplies the sample weights.
            None where a sample has several labels.

    Attributes:
        classes_: the labels, (C,); where a sample has several, the numbers 0 to C − 1 of the columns of y.
        coefs_: weights, (n[l-1], n[l]) for each layer, in the precision computed in; copies, as the next.
        intercepts_: biases, or the shifts of normalised layers, (n[l],) for each layer.
        loss_curve_: mean cost J of each epoch, of all fits that this one continues.
        loss_: the last of them.
        best_loss_: the least of them; None where a validation score picked the weights.
        validation_scores_: after each epoch; empty where none was asked for.
        best_validation_score_: of the weights that were kept; None where none was asked for.
        n_iter_: epochs done.
        t_: samples seen, those of each epoch counted.
        n_features_in_: I.
        n_layers_: L + 1, the inputs counted as a layer.
        n_outputs_: units of the last layer.
        out_activation_: what makes probabilities of its outputs: sigmoid or softmax; identity for a regressor.

    Examples:
        >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], ["same", "different", "different", "same"]
        >>> ms_dnn.DNNClassifier((8,), "tanh", learning_rate=0.1, random_state=0).fit(X, y).predict(X).tolist()
        ['same', 'different', 'different', 'same']
    """

    _numbers = False
    _score_of = staticmethod(accuracy_score)
    _several_labels = False

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
        class_weight: Any = None,
    ) -> None:
        self._set(locals())

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch on X (M, I) and labels y (M,), going on from what was learnt before, and return self.

        Args:
            X: inputs.
            y: labels; several a sample as for :meth:`fit`.
            classes: all labels there are, (C,), for several a sample 0 to C − 1; asked for by the first call.
            sample_weight: what each sample weighs in the cost, (M,), at least 0; None for 1. Not divided by their
                mean, so that a sample weighs the same whichever part it comes in; ``class_weight`` likewise.

        Raises:
            ParameterError: when the first call lacks ``classes``, a later one has others, ``early_stopping`` is True,
                or ``class_weight`` is "balanced", which would be measured on each part anew; and as :meth:`fit`.
        """
        if classes is None and not self.__sklearn_is_fitted__():
            raise ParameterError("classes: got None, expected all labels in the first call of partial_fit")
        if isinstance(self.class_weight, str):
            raise ParameterError(
                f"class_weight: got {self.class_weight!r}, expected a weight for each label: partial_fit sees only a "
                "part of the samples"
            )
        return self._one_epoch(X, y, sample_weight, classes)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the label of the most probable class, (N,), for X (N, I).

        Of several labels a sample, (N, C): 1 for those more probable than not, and 0.
        """
        return self._predictions(self._outputs(X))

    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """Return the logits, (N, C), for X (N, I); for two classes that of the second, (N,)."""
        z = self._outputs(X)
        return z[:, 0] if self._one_logit else z

    @one_thread_at_a_time
    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return the probability of each class, (N, C), for X (N, I); of several labels a sample, each for itself."""
        z = Tensor(self._logits(self._outputs(X)))
        return (sigmoid if self._binary else softmax)(z).asnumpy().copy()

    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return ln p, (N, C), for the p of :meth:`predict_proba`: finite also where p rounds to 0 or 1."""
        z = self._logits(self._outputs(X))
        return log_expit(z) if self._binary else log_softmax(z, axis=1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _learn_targets(self, y: NDArray[Any], continues: bool, classes: ArrayLike | None) -> NDArray[Any]:
        _check_one_kind(y)
        check_classification_targets(y)
        several = y.ndim == 2
        labels = _columns(y) if several else np.unique(y)
        known = labels if classes is None else np.unique(np.asarray(classes))
        if not continues:
            self.classes_, self._several_labels = known, several
        elif classes is not None and not np.array_equal(known, self.classes_):
            raise ParameterError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )
        if several != self._several_labels or (several and not np.array_equal(labels, self.classes_)):
            expected = "0 and 1 in column k for class k" if self._several_labels else "(M,)"
            raise ParameterError(
                f"y: got shape {y.shape}, expected {expected}; the classes are {self.classes_.tolist()}"
            )
        self._require_known(y, "y")
        if len(self.classes_) == 1 and not several:
            warnings.warn(
                f"y: got the class {self.classes_[0]!r} alone, so there is nothing to learn, and every prediction will "
                "be that class: expected samples of at least 2 classes",
                ConvergenceWarning,
                stacklevel=5,
            )
        return y

    def _require_known(self, y: NDArray[Any], name: str) -> None:
        """Raise a :class:`ParameterError` unless labels, (M,) or (M, C), are among those of the estimator."""
        known = self.classes_.tolist()
        unknown = [label for label in (_columns(y) if y.ndim == 2 else np.unique(y)).tolist() if label not in known]
        if unknown:
            raise ParameterError(f"{name}: got the class {unknown[0]!r}, expected only classes of {known}")

    def _weights_in_cost(self, samples: Samples) -> Weights:
        if self.class_weight is None:
            return samples.weights
        if self._several_labels:
            raise ParameterError(
                f"class_weight: got {self.class_weight!r}, expected None where a sample has several labels: "
                "weigh the samples by sample_weight"
            )
        return with_class_weights(samples.weights, self.class_weight, self.classes_, samples.y)

    @property
    def _one_logit(self) -> bool:
        return len(self.classes_) == 2 and not self._several_labels

    @property
    def _binary(self) -> bool:
        """Whether each output is the logit of a yes or no."""
        return len(self.classes_) == 2 or self._several_labels

    def _loss_and_outputs(self, y: NDArray[Any]) -> tuple[str, int]:
        loss = "binary_cross_entropy_with_logits" if self._binary else "softmax_cross_entropy"
        return loss, 1 if self._one_logit else len(self.classes_)

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        if not self._several_labels:
            y = encode_targets(np.searchsorted(self.classes_, y), len(self.classes_), *self._loss_and_outputs(y))
        return y.astype(self._architecture.precision)

    def _logits(self, z: NDArray[Any]) -> NDArray[Any]:
        """Return the logit of each class, (N, C), for the outputs z."""
        return np.hstack([-z, z]) if self._one_logit else z

    def _predictions(self, outputs: NDArray[Any]) -> NDArray[Any]:
        if self._several_labels:
            return (outputs > 0).astype(np.int64)
        return self.classes_[self._logits(outputs).argmax(axis=1)]


def _check_one_kind(y: NDArray[Any]) -> None:
    """Raise :class:`ParameterError` for texts beside numbers, or None beside either, which have no order."""
    kinds = {type(label).__name__ for label in y.ravel().tolist()} if y.dtype.kind == "O" else set()
    if len(kinds) > 1 and kinds & {"str", "NoneType"}:
        raise ParameterError(f"y: got labels of the kinds {', '.join(sorted(kinds))}, expected one kind: convert them")


def _columns(y: NDArray[Any]) -> NDArray[Any]:
    """Return the numbers of the columns of y (M, C), of which each says for one label who has it: 1, else 0."""
    if type_of_target(y) != "multilabel-indicator" or not np.isin(y, (0, 1)).all():
        raise ParameterError(f"y: got shape {y.shape}, expected 0 and 1 in a column for each label, or labels (M,)")
    return np.arange(y.shape[1])
