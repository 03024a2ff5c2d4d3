"""Arrays from .npy and .npz files; pickles are never executed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ms_dnn.errors import SubjectError
from ms_dnn.judge.routes.slope import Array
from ms_dnn.presentation.notation import first_line


def read_array(path: Path) -> Array:
    """Return the array of a .npy file.

    Raises:
        SubjectError: it cannot be read, or is no such file.
    """
    with _opened(path) as loaded:
        if not isinstance(loaded, np.ndarray):
            raise SubjectError("cannot be read: it is an archive: name it .npz")
        return loaded


def read_archive(path: Path, name: str = "") -> dict[str, Array]:
    """Return the arrays of a .npz file in their order, or the one of that name.

    Raises:
        SubjectError: it cannot be read, is no such file, is empty, or holds no such array, or something else.
    """
    with _opened(path) as loaded:
        if isinstance(loaded, np.ndarray):
            raise SubjectError("cannot be read: it is one array and no archive: name it .npy")
        if name and name not in loaded.files:
            raise SubjectError(f"cannot be read: it holds {', '.join(loaded.files) or 'nothing'}, but no '{name}'")
        found = {key: loaded[key] for key in ([name] if name else loaded.files)}
    strange = [key for key, value in found.items() if not isinstance(value, np.ndarray)]
    if strange or not found:
        what = f"'{strange[0]}' is no array" if strange else "it is empty"
        raise SubjectError(f"cannot be read: {what}: write it with numpy.savez")
    return found


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with path.open("rb") as file:
            yield np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise SubjectError(f"cannot be read: {first_line(error)}") from None
