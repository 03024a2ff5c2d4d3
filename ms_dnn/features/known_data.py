"""What is known of the data where they are not at hand, as JSON that a person can read."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from typing_extensions import Self

from ms_dnn.config.columns_section import ScalingKind
from ms_dnn.data.dataset import Task
from ms_dnn.data.fingerprint import Fingerprint
from ms_dnn.data.formats.stored_set import ImageShape, Size
from ms_dnn.errors import DataError
from ms_dnn.features.encoding import encode_targets
from ms_dnn.features.scaling import Scaling


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class TargetScaling(_Stored):
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


class KnownData(_Stored):
    """What the predictions of a network mean, and by what its data are known again.

    ``inputs`` counts the features as they are encoded. ``named`` says whether the columns that they are made of have
    names, or are counted. ``image_shape``, ``value_range`` and ``class_names`` are those of
    :class:`ms_dnn.data.Dataset`. ``target_scaling`` is None for classes.
    """

    version: Literal[1] = 1
    fingerprint: Fingerprint
    inputs: Size
    named: bool
    image_shape: ImageShape | None
    value_range: tuple[float, float] | None
    class_names: tuple[str, ...]
    target_scaling: TargetScaling | None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.target_scaling is None) != (len(self.class_names) > 1):
            raise ValueError("classes and scaled targets, or neither")
        return self

    @property
    def task(self) -> Task:
        """What the network was trained for."""
        return "classification" if self.target_scaling is None else "regression"

    def check_outputs(self, loss: str, outputs: int) -> None:
        """Raise :class:`DataError` where a network of such a loss and so many outputs does not fit such data."""
        y = np.zeros(1, np.int64) if self.target_scaling is None else np.zeros((1, len(self.target_scaling.offset)))
        encode_targets(y, len(self.class_names), loss, outputs)


def known_to_json(known: KnownData) -> str:
    """Return JSON, one line a fact, from which :func:`known_from_json` restores every bit."""
    facts = known.model_dump(mode="json").items()
    return "{\n" + ",\n".join(f'"{key}": {json.dumps(fact, ensure_ascii=False)}' for key, fact in facts) + "\n}\n"


def known_from_json(text: str) -> KnownData:
    """Restore what :func:`known_to_json` wrote. Raises :class:`DataError` for anything else."""
    try:
        return KnownData.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"]) or "the beginning"
        raise DataError(f"got notes that are wrong at {place}, expected version 1 of what is known of data") from error
