"""The five data sets that scikit-learn brings along: no network is needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ms_dnn.data.dataset import Dataset
from ms_dnn.errors import DataError

BUNDLED = ("digits", "breast_cancer", "wine", "iris", "diabetes")


def load_bundled(name: str) -> Dataset:
    """Return one of :data:`BUNDLED`.

    ``diabetes`` comes in its raw units (years, mm Hg, …), not in scikit-learn's scaled version: that one was
    scaled with all rows, test rows included.

    Raises :class:`DataError` for any other name.
    """
    if name not in BUNDLED:
        raise DataError(f"no bundled data set is called {name!r}; choose one of {', '.join(BUNDLED)}")
    from sklearn import datasets

    options = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(datasets, f"load_{name}")(**options)
    x = np.ascontiguousarray(bunch.data, dtype=np.float64)
    feature_names = tuple(str(feature) for feature in bunch.feature_names)
    if name == "diabetes":
        target = np.asarray(bunch.target, dtype=np.float64)[:, np.newaxis]
        return Dataset(name, x, target, "regression", feature_names=feature_names)
    picture: dict[str, Any] = {}
    if name == "digits":
        picture = {"image_shape": (8, 8), "value_range": (0.0, 16.0)}
    class_names = tuple(str(label) for label in bunch.target_names)
    return Dataset(name, x, np.asarray(bunch.target, np.int64), "classification", class_names, feature_names, **picture)
