"""What people hand to a trained network: a table, arrays, or pictures, told apart by the file's name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ms_dnn.data.formats.arrays import ARRAY_SUFFIXES, read_arrays
from ms_dnn.data.formats.images import IMAGE_SUFFIXES, pictures_in, read_images
from ms_dnn.data.source import Samples
from ms_dnn.data.tables.declared import read_table
from ms_dnn.data.tables.dialect import AUTO, Dialect
from ms_dnn.data.tables.files import TABLE_SUFFIXES
from ms_dnn.errors import DataError

Paths = str | Path | Sequence[str | Path]


def read_features(
    path: Paths,
    feature_count: int,
    image_shape: tuple[int, ...] | None = None,
    value_range: tuple[float, float] | None = None,
    feature_names: Sequence[str] = (),
    target: str = "",
    drop: Sequence[str] = (),
    dialect: Dialect = AUTO,
) -> Samples:
    """Return ``(x, labels, row_names)`` of a file, of a folder of pictures, or of a list of pictures.

    x is (N, feature_count) float64 in the units of the training data, before scaling. ``labels`` (N,) are
    there if a table has a label column or an archive an array ``y``. ``image_shape`` (height, width) or (height,
    width, channels), and ``value_range`` (black, white), are those of the training pictures, as in
    :class:`ms_dnn.data.Dataset`; the range is (0, 1) if not given. ``target``
    and ``drop`` are the columns of the training table that are no features, and ``dialect`` says how it was written.

    Raises :class:`DataError` for everything that cannot be read as exactly that. Nothing is ever unpickled.
    """
    if not isinstance(path, str | Path):
        return read_images([Path(one) for one in path], feature_count, image_shape, value_range)
    path = Path(path)
    suffix = path.suffix.lower()
    if path.is_dir():
        return read_images(pictures_in(path), feature_count, image_shape, value_range)
    if not path.is_file():
        raise DataError(f"there is no file {str(path)!r}; check the path")
    if suffix in IMAGE_SUFFIXES:
        return read_images([path], feature_count, image_shape, value_range)
    if suffix in ARRAY_SUFFIXES:
        return read_arrays(path, feature_count, feature_names)
    if suffix in TABLE_SUFFIXES:
        return read_table(path, feature_count, feature_names, target, drop, dialect)
    known = " ".join((*ARRAY_SUFFIXES, *TABLE_SUFFIXES, *IMAGE_SUFFIXES))
    raise DataError(f"{path.name!r} is of no kind that can be read; expected one of {known}, or a folder of pictures")
