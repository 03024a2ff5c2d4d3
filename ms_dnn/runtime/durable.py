"""Files that are whole or not there, also after a power cut."""

import contextlib
import os
from pathlib import Path

from ms_dnn.errors import RunError


def write_durably(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` in one step that survives a power cut: new name, fsync, rename, fsync.

    Raises:
        OSError: as the system raises it; ``path`` is then what it was.
    """
    new = path.with_name(path.name + ".new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Force the names in ``folder`` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, text: str) -> None:
    """Write a text file in one step.

    Raises:
        RunError: when it cannot be written.
    """
    try:
        write_durably(path, text.encode())
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror}): choose another place, or free some") from error
