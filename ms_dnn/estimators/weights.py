"""What each sample weighs: what is given for samples and for classes, checked, and brought to a mean of 1."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.class_weight import compute_sample_weight

from ms_dnn.errors import ParameterError
from ms_dnn.runtime.arrays import as_array

Weights = NDArray[Any] | None


def sample_weights_of(sample_weight: ArrayLike | None, samples: int) -> Weights:
    """Return the weights as float64, (M,); None for None. A single number is for all.

    Raises:
        ParameterError: when one is below 0, or none is above it, or there are more or fewer than samples.
        ValueError: when one is no finite number.
    """
    if sample_weight is None:
        return None
    given = np.full(samples, sample_weight) if isinstance(sample_weight, Real) else as_array(sample_weight)
    weights: NDArray[Any] = check_array(given, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weights.shape != (samples,):
        raise ParameterError(
            f"sample_weight: got shape {weights.shape}, expected ({samples},): a weight for each row of X, in one "
            "dimension"
        )
    if weights.min() < 0:
        raise ParameterError(f"sample_weight: got {weights.min():g}, expected numbers of at least 0")
    if not weights.any():
        raise ParameterError(
            "sample_weight: all weights are zero, so there is nothing to learn from: expected at least one above 0, or "
            "None for equal weights"
        )
    return weights


def with_class_weights(weights: Weights, class_weight: Any, classes: NDArray[Any], y: NDArray[Any]) -> Weights:
    """Return the weights of the samples times those of their classes, (M,), for labels y (M,).

    Raises:
        ParameterError: when ``class_weight`` is neither "balanced" nor a mapping from labels that there are to finite
            numbers of at least 0, or when no sample is left that weighs anything.
    """
    _require_class_weight(class_weight, classes)
    of_classes: NDArray[Any] = compute_sample_weight(class_weight, y)
    with np.errstate(over="ignore"):
        product = of_classes if weights is None else weights * of_classes
    if not product.any():
        raise ParameterError(
            f"class_weight: got {class_weight!r}, by which all samples weigh zero, so that there is nothing to learn "
            "from: expected a weight above 0 for a class that has samples of a weight above 0"
        )
    require_weights_of("float64", product)
    return product


def with_mean_of_one(weights: NDArray[Any]) -> NDArray[Any]:
    """Return the weights divided by their mean, without an overflow on the way to it."""
    scaled = np.ldexp(weights, -int(np.frexp(weights.max())[1]))  # by a power of two, which rounds nothing
    return scaled / scaled.mean()


def require_weights_of(precision: str, weights: NDArray[Any]) -> None:
    """Raise a :class:`ParameterError` unless the weights are finite, and not all 0, in the precision."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = weights.astype(precision)
    if not np.isfinite(rounded).all() or not rounded.any():
        raise ParameterError(
            f"sample_weight: got weights of up to {weights.max():g}, which {precision} takes for "
            f"{rounded.max():g}: divide them by their mean"
        )


def _require_class_weight(class_weight: Any, classes: NDArray[Any]) -> None:
    known = set(classes.tolist())
    is_mapping = isinstance(class_weight, dict) and set(class_weight) <= known
    if not is_mapping and not (isinstance(class_weight, str) and class_weight == "balanced"):
        raise ParameterError(
            f"class_weight: got {class_weight!r}, expected None, 'balanced', or a mapping from labels to weights; the "
            f"labels are {classes.tolist()}"
        )
    for label, weight in class_weight.items() if is_mapping else ():
        if not isinstance(weight, Real) or isinstance(weight, bool) or not 0 <= float(weight) < np.inf:
            raise ParameterError(
                f"class_weight: got {weight!r} for the class {label!r}, expected a finite number of at least 0"
            )
