"""The catalogue: the name of each data set, and its reader; five come with scikit-learn, which needs no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.formats.arrays import read_npz
from ms_dnn.data.formats.cifar import read_cifar10
from ms_dnn.data.formats.hdf5 import read_hdf5_set
from ms_dnn.data.formats.idx import read_idx_set
from ms_dnn.data.formats.image_folders import read_image_folders
from ms_dnn.data.formats.mindrecord import read_mindrecord
from ms_dnn.data.formats.npy_folder import read_npy_folder
from ms_dnn.data.source import Loaded, Source
from ms_dnn.data.tables.training_table import read_training_table
from ms_dnn.errors import DataError

BUNDLED = ("digits", "breast_cancer", "wine", "iris", "diabetes")
READERS: Mapping[str, Callable[[Source], Loaded]] = {
    **dict.fromkeys(BUNDLED, lambda source: Loaded(load_bundled(source.set))),
    "mnist": lambda source: read_idx_set("mnist", source.folder),
    "fashion_mnist": lambda source: read_idx_set("fashion_mnist", source.folder),
    "cifar10": lambda source: read_cifar10(source.folder),
    "csv": read_training_table,
    "parquet": read_training_table,
    "npz": lambda source: read_npz(source.file, source.target_kind, source.target, source.drop),
    "npy": read_npy_folder,
    "mindrecord": read_mindrecord,
    "hdf5": lambda source: read_hdf5_set(source.folder, source.scratch),
    "images": read_image_folders,
}


def load_data(source: Source) -> Loaded:
    """Read the set that ``source`` names, with its test set if the files set one apart.

    Raises :class:`DataError` for an unknown name, and for files that are missing or not what the set consists of.
    """
    if source.set not in READERS:
        raise DataError(f"data.set: got {source.set!r}, expected one of {', '.join(READERS)}: correct the name")
    return READERS[source.set](source)


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
