"""What people hand to a trained network: a table, arrays, or pictures, told apart by the file's name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ms_dnn.data.formats.arrays import ARRAY_SUFFIXES, read_arrays
from ms_dnn.data.formats.images import IMAGE_SUFFIXES, folders_in, has_pictures, pictures_in, read_images
from ms_dnn.data.source import Samples, check_is_there
from ms_dnn.data.tables.declared import quoted_names, read_table
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
    class_names: Sequence[str] = (),
    dialect: Dialect = AUTO,
    *,
    invert: bool = False,
) -> Samples:
    """Return the samples of a file, of a folder of pictures, or of a list of pictures.

    x is (N, feature_count) float64 in the units of the training data, before scaling. ``labels`` (N,) are
    there if a table has a label column, an archive an array ``y``, or a folder a sub-folder of pictures for each of
    some ``class_names``. ``image_shape`` (height, width) or (height, width, channels), and ``value_range`` (black,
    white), are those of the training pictures, as in :class:`ms_dnn.data.Dataset`; the range is (0, 1) if not given.
    ``target`` and ``drop`` are the columns of the training table that are no features, and ``dialect`` says how it was
    written. ``invert`` takes the negatives of pictures.

    Raises :class:`DataError` for everything that cannot be read as exactly that. Nothing is ever unpickled.
    """
    pictures: Callable[[Sequence[Path]], Samples] = partial(
        read_images, feature_count=feature_count, image_shape=image_shape, value_range=value_range, invert=invert
    )
    if not isinstance(path, str | Path):
        return pictures([Path(one) for one in path])
    path = Path(path)
    suffix = path.suffix.lower()
    if path.is_dir():
        return _of_folder(path, class_names, pictures)
    check_is_there(path)
    if suffix in IMAGE_SUFFIXES:
        return pictures([path])
    if suffix not in (*ARRAY_SUFFIXES, *TABLE_SUFFIXES):
        known = " ".join((*ARRAY_SUFFIXES, *TABLE_SUFFIXES, *IMAGE_SUFFIXES))
        raise DataError(
            f"{path.name!r} is of no kind that can be read; expected one of {known}, or a folder of pictures"
        )
    check_not_inverted(path, invert=invert)
    if suffix in ARRAY_SUFFIXES:
        return read_arrays(path, feature_count, feature_names, image_shape, target, drop)
    return read_table(path, feature_count, feature_names, target, drop, dialect)


def check_not_inverted(path: Path, *, invert: bool) -> None:
    """Raise :class:`DataError` where what is no picture is to be inverted."""
    if invert:
        raise DataError(f"--invert: got {path.name!r}, expected pictures: leave --invert out, or give pictures alone")


def _of_folder(folder: Path, class_names: Sequence[str], read: Callable[[Sequence[Path]], Samples]) -> Samples:
    """Return the pictures in a folder, or else those in its sub-folders, labelled if these are classes."""
    folders = folders_in(folder)
    if not folders or has_pictures(folder):
        samples = read(pictures_in(folder))
        note = f"the folders in {str(folder)!r} were left out, for there are pictures beside them"
        return samples._replace(notes=(*samples.notes, note)) if folders else samples
    paths = [path for sub_folder in folders for path in pictures_in(sub_folder)]
    samples = read(paths)._replace(row_names=[f"{path.parent.name}/{path.name}" for path in paths])
    strange = [sub_folder.name for sub_folder in folders if sub_folder.name not in class_names]
    if strange:
        note = f"nothing to compare the predictions with: {quoted_names(strange)} in {str(folder)!r} are no classes"
        return samples._replace(notes=(*samples.notes, note))
    return samples._replace(labels=np.array([path.parent.name for path in paths]))
