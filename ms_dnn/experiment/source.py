"""From the data section of a configuration to where the samples are; no MindSpore."""

from pathlib import Path

from ms_dnn.config import ColumnConfig, DropConfig, ExperimentConfig, WeightConfig
from ms_dnn.data import Source
from ms_dnn.data.columns import CategoryColumn, Column, DropColumn, MultiHotColumn, NumberColumn, WeightColumn


def source_of(config: ExperimentConfig) -> Source:
    """Return where the samples of an experiment come from."""
    data = config.data
    height, width = data.image_size or (0, 0)
    return Source(
        data.set,
        Path(data.file or ""),
        Path(data.folder or ""),
        data.target or "",
        data.target_kind,
        data.drop,
        (height, width) if data.image_size else None,
        {name: _declared(column) for name, column in data.columns.items()},
        data.stream,
    )


def _declared(column: ColumnConfig) -> Column:
    """Return what the configuration says about a column of a table."""
    if isinstance(column, DropConfig):
        return DropColumn()
    if isinstance(column, WeightConfig):
        return WeightColumn()
    values = column.model_dump(exclude={"kind", "missing"})
    if isinstance(column.missing, str):
        values["missing"] = column.missing
    else:
        values |= {"missing": "constant", "constant": column.missing.constant}
    kinds = {"number": NumberColumn, "category": CategoryColumn, "multi_hot": MultiHotColumn}
    return kinds[column.kind](**values)
