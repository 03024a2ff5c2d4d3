"""Data sets, their checks and their division; and the readers of prediction input. No MindSpore."""

from ms_dnn.data.catalogue import BUNDLED, READERS, load_bundled, load_data
from ms_dnn.data.dataset import Dataset, Task
from ms_dnn.data.prediction_input import read_features
from ms_dnn.data.source import Loaded, Samples, Source
from ms_dnn.data.splitting import Split, split
from ms_dnn.data.tables.declared import read_declared_table
from ms_dnn.data.validation import check_dataset

__all__ = [
    "BUNDLED",
    "READERS",
    "Dataset",
    "Loaded",
    "Samples",
    "Source",
    "Split",
    "Task",
    "check_dataset",
    "load_bundled",
    "load_data",
    "read_declared_table",
    "read_features",
    "split",
]
