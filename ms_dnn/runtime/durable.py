"""Files that are whole or not there, also after a power cut."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ms_dnn.errors import OutputError


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
    """Force the names in ``folder`` to the disk; not on Windows, which opens no folders."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file of the user's in one step; what is no ordinary file, such as /dev/stdout, is written to.

    Raises:
        OutputError: when it cannot be written; a file that was there is then what it was.
    """
    written = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(written)
        else:
            write_durably(Path(os.path.realpath(path)), written)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}): choose another place, or free some"
        ) from error


def check_writable(path: Path, option: str) -> None:
    """Raise :class:`OutputError` unless a file can be written there, before the work whose result it will hold."""
    with _refused(path, option):
        if path.is_dir():
            raise OutputError(f"{option}: got '{path}', which is a folder, expected a file: choose another name")
        if path.exists() and not path.is_file():
            return
        if not path.parent.is_dir():
            raise OutputError(f"{option}: got '{path}', but there is no folder '{path.parent}': make it first")
        _write_nothing(Path(os.path.realpath(path)).parent)


def check_new_folder(path: Path, option: str) -> None:
    """Raise :class:`OutputError` unless a folder, and those that it lies in, are there or can be made."""
    with _refused(path, option):
        there = next((folder for folder in (path, *path.absolute().parents) if folder.exists()), path)
        if not there.is_dir():
            raise OutputError(f"{option}: got '{path}', but '{there}' is no folder: choose another place")
        _write_nothing(there)


@contextlib.contextmanager
def _refused(path: Path, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = f"where nothing can be written ({error.strerror})"
        raise OutputError(f"{option}: got '{path}', {reason}: choose another place") from error


def _write_nothing(folder: Path) -> None:
    """Make a file without a name: what the permissions say is not all that decides."""
    with tempfile.TemporaryFile(dir=folder):
        pass
