"""Validation samples: held out of the samples of a fit, or given by the user; and what is needed to score them."""

from collections.abc import Callable
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from ms_dnn.errors import ParameterError
from ms_dnn.estimators.weights import Weights

_OWN = "give validation samples as X_val and y_val, or train with early_stopping=False"


class Samples(NamedTuple):
    """Inputs x (M, I), targets y in the user's own labels or unit, and the weights, (M,), or None."""

    x: NDArray[Any]
    y: NDArray[Any]
    weights: Weights

    def rows(self, picked: NDArray[np.int64]) -> "Samples":
        """Return some of the samples."""
        return Samples(self.x[picked], self.y[picked], None if self.weights is None else self.weights[picked])

    def score(self, metric: Callable[..., float], predictions: NDArray[Any]) -> float:
        """Return the metric of predictions of these samples, by their weights; it may overflow."""
        with np.errstate(over="ignore", invalid="ignore"):
            return float(metric(self.y, predictions, sample_weight=self.weights))


def validation_of(pair: Any, X_val: Any, y_val: Any) -> tuple[Any, Any] | None:
    """Return the validation samples that the user gave as a pair or one by one; None where there are none.

    Raises:
        ParameterError: when one of the two is missing, both ways are taken, or the pair is none.
    """
    if (X_val is None) != (y_val is None):
        there, missing = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
        raise ParameterError(f"{missing}: got None beside {there}, expected both or neither")
    if pair is None:
        return None if X_val is None else (X_val, y_val)
    if X_val is not None:
        raise ParameterError("validation: got a pair beside X_val and y_val, which are the same: leave one of them out")
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ParameterError(f"validation: got a {type(pair).__name__}, expected a pair (X_val, y_val)")
    return pair[0], pair[1]


def hold_out(samples: Samples, fraction: float, seed: int, *, by_class: bool) -> tuple[Samples, Samples]:
    """Return what is left to train with and what is held out, random, and of each class alike if ``by_class``.

    Raises:
        ParameterError: when one of them would be empty, lack a class, or weigh nothing.
    """
    number = len(samples.x)
    held = ceil(fraction * number)
    classes, counts = np.unique(samples.y, return_counts=True) if by_class else (np.zeros(1), np.array([number]))
    got = f"validation_fraction: got {fraction!r}, which holds {held} of {number} samples out"
    if counts.min() < 2:
        rare = f"the class {classes[counts.argmin()]!r} has" if by_class else "there is"
        raise ParameterError(
            f"early_stopping: got True, but {rare} only 1 sample, which cannot be trained with and held out: {_OWN}"
        )
    if min(held, number - held) < len(classes):
        raise ParameterError(
            f"{got}, expected at least {len(classes)} held out and as many left"
            + (", one a class" if by_class else "")
            + f": change the fraction, {_OWN}"
        )
    kept, out = train_test_split(
        np.arange(number), test_size=fraction, random_state=seed, stratify=samples.y if by_class else None
    )
    for rows, which in ((kept, "left to train with"), (out, "held out")):
        if samples.weights is not None and not samples.weights[rows].any():
            raise ParameterError(
                f"{got}, but all of those {which} have weights of zero: leave samples of weight 0 out, take another "
                f"random_state, or {_OWN}"
            )
    return samples.rows(kept), samples.rows(out)


def require_r2(samples: Samples, cure: str) -> None:
    """Raise a :class:`ParameterError` unless R² says something of the targets: they are not all the same."""
    y = samples.y if samples.weights is None else samples.y[samples.weights > 0]
    if (y == y[:1]).all():
        what = f"{len(y)} sample" if len(y) == 1 else f"{len(y)} samples with the same target"
        raise ParameterError(f"validation: got {what}, of which R² is not defined, expected different targets: {cure}")
