"""Training pictures: one sub-folder a class."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.formats.images import PictureFacts, examine_picture, folders_in, pictures_in, read_picture
from ms_dnn.data.formats.row_file import gathered
from ms_dnn.data.source import Loaded, is_folder
from ms_dnn.errors import DataError


def read_image_folders(folder: Path, image_size: tuple[int, int] | None, scratch: Path | None = None) -> Loaded:
    """Read the pictures in the sub-folders of ``folder``, whose names, sorted, are the classes.

    All pictures have one size, or are resized to ``image_size`` (height, width) without keeping proportions. x is
    (M, height · width · channels) float64, 0 to 255, row by row, with one channel if all pictures are grey and else
    three (red, green, blue). With ``scratch`` x need not fit in memory. Hidden files and folders are left out.

    Raises :class:`DataError` for no folder, fewer than two sub-folders, one without pictures, pictures that cannot be
    read, and several sizes without ``image_size``.
    """
    if not is_folder(folder):
        raise DataError(
            f"data.folder: got no folder {str(folder)!r}, expected one with a sub-folder of pictures for each class: "
            "put it there, or correct the path"
        )
    found = folders_in(folder)
    if len(found) < 2:
        raise DataError(
            f"data.folder: got {len(found)} sub-folders in {str(folder)!r}, expected one of pictures for each of two "
            "or more classes: sort the pictures into them"
        )
    paths = [(label, path) for label, sub_folder in enumerate(found) for path in pictures_in(sub_folder)]
    facts = [examine_picture(path) for _, path in paths]
    channels = 1 if all(fact.grey for fact in facts) else 3
    height, width = image_size or _common_size([path for _, path in paths], facts)
    shape = (height, width, channels)
    rows = (255 * read_picture(path, shape)[np.newaxis] for _, path in paths)
    x = gathered(f"data.folder {str(folder)!r}", rows, len(paths), prod(shape), scratch)
    y = np.array([label for label, _ in paths], np.int64)
    names = tuple(entry.name for entry in found)
    return Loaded(Dataset("images", x, y, "classification", names, (), shape, (0.0, 255.0)))


def _common_size(paths: list[Path], facts: list[PictureFacts]) -> tuple[int, int]:
    first = facts[0]
    for path, fact in zip(paths, facts, strict=True):
        if (fact.height, fact.width) != (first.height, first.width):
            raise DataError(
                f"{path.parent.name}/{path.name}: got a picture of height {fact.height} and width {fact.width}, "
                f"expected {first.height} and {first.width} as {paths[0].parent.name}/{paths[0].name} has: resize all "
                f"with data.image_size: [{first.height}, {first.width}]"
            )
    return first.height, first.width
