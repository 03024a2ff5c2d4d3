"""Training pictures: one sub-folder a class."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.formats.array_names import split_called
from ms_dnn.data.formats.images import PictureFacts, examine_picture, folders_in, pictures_in, read_picture
from ms_dnn.data.formats.row_file import gathered
from ms_dnn.data.source import Loaded, Source, is_folder
from ms_dnn.data.tables.declared import quoted_names
from ms_dnn.errors import DataError

Labelled = list[tuple[int, Path]]


def read_image_folders(source: Source) -> Loaded:
    """Read the pictures in the sub-folders of ``source.folder``, whose names, sorted, are the classes.

    The folders of the test and of the validation set, if they are named, have sub-folders for the same classes. All
    pictures have one size, or are resized to ``image_size`` (height, width) without keeping proportions. x is
    (M, height · width · channels) float64, 0 to 255, row by row, with one channel if all training pictures are grey and
    else three (red, green, blue). With ``scratch`` x need not fit in memory. Hidden files and folders are left out.

    Raises :class:`DataError` for no folder, fewer than two sub-folders, those of sets in place of classes, one without
    pictures, pictures that cannot be read, and several sizes without ``image_size``.
    """
    found = _folders("folder", source.folder)
    names = tuple(entry.name for entry in found)
    if names and all(map(split_called, names)):
        raise DataError(_sets_for_classes(source.folder, names))
    if len(found) < 2:
        raise DataError(
            f"data.folder: got {len(found)} sub-folders in {str(source.folder)!r}, expected one of pictures for each "
            "of two or more classes: sort the pictures into them"
        )
    sets = {"folder": _labelled(found, names, source.folder)}
    for key, folder in (("test_folder", source.test_folder), ("validation_folder", source.validation_folder)):
        if folder is not None:
            sets[key] = _labelled(_folders(key, folder), names, folder)
    facts = {key: [examine_picture(path) for _, path in labelled] for key, labelled in sets.items()}
    channels = 1 if all(fact.grey for fact in facts["folder"]) else 3
    everything = [path for labelled in sets.values() for _, path in labelled]
    height, width = source.image_size or _common_size(everything, [fact for part in facts.values() for fact in part])
    shape = (height, width, channels)

    def dataset(key: str) -> Dataset | None:
        if key not in sets:
            return None
        rows = (255 * read_picture(path, shape)[np.newaxis] for _, path in sets[key])
        x = gathered(f"data.{key}", rows, len(sets[key]), prod(shape), source.scratch)
        y = np.array([label for label, _ in sets[key]], np.int64)
        return Dataset("images", x, y, "classification", names, (), shape, (0.0, 255.0))

    train = dataset("folder")
    assert train is not None  # noqa: S101 - there is always one
    return Loaded(train, dataset("test_folder"), dataset("validation_folder"))


def sets_in(folder: Path) -> dict[str, Path]:
    """Return the sub-folders that are called as the "train", "test" and "validation" set if all are, and one trains."""
    found = folders_in(folder)
    sets = {split: entry for entry in found if (split := split_called(entry.name))}
    return sets if "train" in sets and len(sets) == len(found) else {}


def _folders(key: str, folder: Path) -> list[Path]:
    if not is_folder(folder):
        raise DataError(
            f"data.{key}: got no folder {str(folder)!r}, expected one with a sub-folder of pictures for each class: "
            "put it there, or correct the path"
        )
    return folders_in(folder)


def _sets_for_classes(folder: Path, names: tuple[str, ...]) -> str:
    keys = {"train": "folder", "test": "test_folder", "validation": "validation_folder"}
    lines = [
        f"data.{keys[split]}: {folder / entry.name}" for split, entry in sets_in(folder).items() if folders_in(entry)
    ]
    cure = f"say {', '.join(lines)}" if lines else "sort the pictures of each into a folder a class"
    return (
        f"data.folder: got {quoted_names(names)} in {str(folder)!r}, which are the names of sets, expected a folder of "
        f"pictures for each class: {cure}"
    )


def _labelled(folders: list[Path], names: tuple[str, ...], where: Path) -> Labelled:
    """Return each picture with the place of its folder among the classes."""
    strange = [entry.name for entry in folders if entry.name not in names]
    if strange or not folders:
        got = f"the folders {quoted_names(strange)}" if strange else "no folders"
        raise DataError(
            f"{str(where)!r}: got {got}, expected those of the training set, {quoted_names(names)}: rename or remove "
            "them"
        )
    return [(names.index(entry.name), path) for entry in folders for path in pictures_in(entry)]


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
