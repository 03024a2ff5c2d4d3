"""What was fitted, and what else is known of the data where they are not at hand, as JSON that a person can read.

Each record has a line a column or fact, and every bit of its numbers: floats are written by ``repr``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator
from typing_extensions import Self

from ms_dnn.config.columns_section import ScalingKind
from ms_dnn.config.settings import Settings, record_from_json
from ms_dnn.data.dataset import Task
from ms_dnn.data.fingerprint import Fingerprint
from ms_dnn.data.formats.stored_set import ImageShape, Size
from ms_dnn.data.source import Samples
from ms_dnn.errors import DataError
from ms_dnn.features.columns import Features
from ms_dnn.features.encoding import encode_targets
from ms_dnn.features.fitted import Fitted
from ms_dnn.features.scaling import Scaling
from ms_dnn.features.training_values import TrainingValues


class _StoredFeatures(Settings):
    version: Literal[1]
    columns: Annotated[tuple[Annotated[Fitted, Field(discriminator="kind")], ...], Field(min_length=1)]


class TargetScaling(Settings):
    """:class:`Scaling` of regression targets, one offset and one scale a target."""

    kind: ScalingKind
    offset: Annotated[tuple[float, ...], Field(min_length=1)]
    scale: tuple[float, ...]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len(self.offset) != len(self.scale) or 0 in self.scale:
            raise ValueError("a scale of 0, or not one for each offset")
        return self

    @classmethod
    def of(cls, scaling: Scaling) -> Self:
        """Return what is to be stored of a scaling."""
        return cls(kind=scaling.kind, offset=tuple(scaling.offset.tolist()), scale=tuple(scaling.scale.tolist()))

    def invert(self, y: ArrayLike) -> NDArray[np.float64]:
        """Return scaled targets y (N, n[L]) in their original units."""
        return Scaling(self.kind, np.array(self.offset), np.array(self.scale)).invert(y)


class DatasetMetadata(Settings):
    """What the predictions of a network mean, and by what its data are known again.

    ``inputs`` counts the features as they are encoded. ``named`` says whether the columns that they are made of have
    names, or are counted. ``image_shape``, ``value_range`` and ``class_names`` are those of
    :class:`ms_dnn.data.Dataset`. ``target_scaling`` is None for classes, ``training_values`` in runs of
    earlier versions.
    """

    version: Literal[1] = 1
    fingerprint: Fingerprint
    inputs: Size
    named: bool
    image_shape: ImageShape | None
    value_range: tuple[float, float] | None
    class_names: tuple[str, ...]
    target_scaling: TargetScaling | None
    training_values: TrainingValues | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.target_scaling is None) != (len(self.class_names) > 1):
            raise ValueError("classes and scaled targets, or neither")
        return self

    @property
    def task(self) -> Task:
        """What the network was trained for."""
        return "classification" if self.target_scaling is None else "regression"

    def unlike_training(self, samples: Samples, names: Sequence[str], where: str, cure: str) -> tuple[str, ...]:
        """Return what is to be said where samples are unlike all of the training set.

        ``names`` are those of the columns, ``where`` is what the samples are called, and ``cure`` says what to do about
        pictures on another ground than the training pictures'.
        """
        known, ground = self.training_values, None
        if known is None:
            return ()
        if other := known.unlike(samples.x, names, where):
            return (other,)
        if self.image_shape is not None and self.value_range is not None:
            ground = known.on_other_ground(samples.x, samples.row_names, self.image_shape, self.value_range)
        return (f"{ground}; {cure}",) if ground else ()

    def check_outputs(self, loss: str, outputs: int) -> None:
        """Raise :class:`DataError` where a network of such a loss and so many outputs does not fit such data."""
        y = np.zeros(1, np.int64) if self.target_scaling is None else np.zeros((1, len(self.target_scaling.offset)))
        encode_targets(y, len(self.class_names), loss, outputs)


def metadata_to_json(metadata: DatasetMetadata) -> str:
    """Return JSON from which :func:`metadata_from_json` restores every bit."""
    facts = metadata.model_dump(mode="json").items()
    return "{\n" + ",\n".join(f'"{key}": {json.dumps(fact, ensure_ascii=False)}' for key, fact in facts) + "\n}\n"


def metadata_from_json(text: str) -> DatasetMetadata:
    """Restore what :func:`metadata_to_json` wrote. Raises :class:`DataError` for anything else."""
    return record_from_json(DatasetMetadata, text, "notes", "version 1 of what is known of data")


def features_to_json(features: Features) -> str:
    """Return JSON from which :func:`features_from_json` restores every bit."""
    lines = (
        json.dumps({"column": column.column, "kind": column.kind, **column.model_dump(mode="json")}, ensure_ascii=False)
        for column in features.columns
    )
    return '{"version": 1, "columns": [\n' + ",\n".join(lines) + "\n]}\n"


def features_from_json(text: str) -> Features:
    """Restore what :func:`features_to_json` wrote. Raises :class:`DataError` for anything else."""
    stored = record_from_json(_StoredFeatures, text, "features", "version 1 of what was fitted")
    names = [column.column for column in stored.columns]
    if len(set(names)) < len(names):
        raise DataError("got features with a column twice, expected each once")
    return Features(stored.columns)
