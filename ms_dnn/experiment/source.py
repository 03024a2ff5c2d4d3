"""From the data section of a configuration to where the samples are; no MindSpore."""

from pathlib import Path

from ms_dnn.config import ExperimentConfig
from ms_dnn.config.data_section import DataConfig
from ms_dnn.data import Source
from ms_dnn.data.tables.dialect import Dialect


def source_of(config: ExperimentConfig) -> Source:
    """Return where the samples of an experiment come from."""
    return source_of_data(config.data)


def source_of_data(data: DataConfig) -> Source:
    """Return where the samples of a data section come from."""
    height, width = data.image_size or (0, 0)
    return Source(
        data.set,
        Path(data.file or ""),
        Path(data.folder or ""),
        data.target or "",
        data.target_kind,
        data.drop,
        (height, width) if data.image_size else None,
        data.columns,
        data.stream,
        dialect=Dialect(data.encoding, data.delimiter, data.decimal, data.target_unit),
        classes=data.classes,
        test_folder=None if data.test_folder is None else Path(data.test_folder),
        validation_folder=None if data.validation_folder is None else Path(data.validation_folder),
    )
