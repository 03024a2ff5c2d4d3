"""What each sample weighs in the cost of training: by its class, and by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight

from ms_dnn.errors import DataError


def class_weights(
    asked: Mapping[str, float] | str | None, labels: NDArray[np.int64], class_names: Sequence[str]
) -> NDArray[np.float64] | None:
    """Return the weight of each sample, (M,), for class indices ``labels`` (M,); None where none is asked for.

    Args:
        asked: "balanced" for M / (C · samples of the class), or a weight for each class that is not to weigh 1.
        labels: of the training samples.
        class_names: C names.

    Raises:
        DataError: a name is that of no class, or the targets are no classes.
    """
    if asked is None:
        return None
    if not class_names:
        raise DataError("training.class_weight: got a regression set, whose targets have no classes: leave it out")
    present = np.unique(labels)
    of_class = np.ones(len(class_names))
    if isinstance(asked, str):
        of_class[present] = compute_class_weight(asked, classes=present, y=labels)
    else:
        unknown = [name for name in asked if name not in class_names]
        if unknown:
            known = ", ".join(repr(name) for name in class_names[:10])
            raise DataError(f"training.class_weight: got the class {unknown[0]!r}, expected one of {known}: correct it")
        for name, weight in asked.items():
            of_class[class_names.index(name)] = weight
    weights: NDArray[np.float64] = of_class[labels]
    return weights


def product_of_weights(
    of_classes: NDArray[np.float64] | None, of_samples: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    """Return what each sample weighs, (M,), by its class and by itself; None where all weigh 1.

    Raises:
        DataError: when all weigh nothing.
    """
    weights = of_classes if of_samples is None else of_samples if of_classes is None else of_classes * of_samples
    if weights is not None and not weights.any():
        raise DataError("the training set: got samples that all weigh 0, expected some that weigh more: correct them")
    return weights
