"""The deep neural network as a scikit-learn regressor."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from typing_extensions import Self

from ms_dnn.estimators.base import DNNEstimator


class DNNRegressor(RegressorMixin, DNNEstimator):
    """A deep neural network that predicts one or more numbers, trained by hand-written backprop on MindSpore.

    The loss is ½ ‖a − y‖², summed over the O targets; the targets are not scaled
    (``sklearn.compose.TransformedTargetRegressor`` does that). Parameters and attributes are those of
    :class:`ms_dnn.estimators.classifier.DNNClassifier`, without ``classes_``.

    Examples:
        >>> model = ms_dnn.DNNRegressor((), solver="gradient_descent", learning_rate=0.5, tol=1e-9, random_state=0)
        >>> model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(2)  # y = 2 x + 1
        array([7.])
    """

    _numbers = True
    _score_of = staticmethod(r2_score)

    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train one epoch on X (M, I) and y (M,) or (M, O), going on from what was learnt before, and return self.

        Raises as :meth:`fit`, and a ParameterError when ``early_stopping`` is True. The weights are not divided by
        their mean, so that a sample weighs the same whichever part it comes in.
        """
        return self._one_epoch(X, y, sample_weight)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return float64 numbers (N, O), computed in ``precision``, for X (N, I); (N,) where there is one target."""
        return self._predictions(self._outputs(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _learn_targets(self, y: NDArray[Any], continues: bool, classes: ArrayLike | None) -> NDArray[Any]:
        return y

    def _require_known(self, y: NDArray[Any], name: str) -> None:
        """Any number may be a target."""

    def _loss_and_outputs(self, y: NDArray[Any]) -> tuple[str, int]:
        return "squared_error", 1 if y.ndim == 1 else y.shape[1]

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        return y.reshape(len(y), -1).astype(self._architecture.precision)

    def _predictions(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return (outputs[:, 0] if outputs.shape[1] == 1 else outputs).astype(np.float64)
