"""The catalogue: the name of each data set, and its reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ms_dnn.data.bundled import BUNDLED, load_bundled
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

READERS: Mapping[str, Callable[[Source], Loaded]] = {
    **dict.fromkeys(BUNDLED, lambda source: Loaded(load_bundled(source.set))),
    "mnist": lambda source: read_idx_set("mnist", source.folder),
    "fashion_mnist": lambda source: read_idx_set("fashion_mnist", source.folder),
    "cifar10": lambda source: read_cifar10(source.folder),
    "csv": read_training_table,
    "parquet": read_training_table,
    "npz": lambda source: read_npz(source.file, source.target_kind),
    "npy": read_npy_folder,
    "mindrecord": read_mindrecord,
    "hdf5": lambda source: read_hdf5_set(source.folder, source.scratch),
    "images": lambda source: read_image_folders(source.folder, source.image_size, source.scratch),
}


def load_data(source: Source) -> Loaded:
    """Read the set that ``source`` names, with its test set if the files set one apart.

    Raises :class:`DataError` for an unknown name, and for files that are missing or not what the set consists of.
    """
    if source.set not in READERS:
        raise DataError(f"data.set: got {source.set!r}, expected one of {', '.join(READERS)}: correct the name")
    return READERS[source.set](source)
