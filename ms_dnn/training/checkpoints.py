"""Checkpoints that survive a crash at any moment, and notice when a file was damaged.

A checkpoint is a safetensors file with the arrays and ``checkpoint.json``, which names that file, holds its
SHA-256 and the run's counters. Both are written under a new name, forced to the disk, and only then does one
rename make them the checkpoint: at every moment there is one that is whole.
"""

import contextlib
import errno
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ms_dnn.errors import CheckpointError
from ms_dnn.runtime.durable import write_durably

MANIFEST = "checkpoint.json"
FORMAT = 1

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Named arrays and a JSON-able state."""

    arrays: Arrays
    state: dict[str, Any]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Make ``checkpoint`` the one of ``folder``; the one before stays whole until this one is.

    Raises:
        CheckpointError: when it cannot be written (disk full, no permission); the one before is untouched.
    """
    generation = _generation_on_disk(folder) + 1
    content = save({name: np.asarray(array, order="C") for name, array in checkpoint.arrays.items()})
    file = folder / f"checkpoint-{generation:06d}.safetensors"
    body = {
        "format": FORMAT,
        "generation": generation,
        "file": file.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "state": checkpoint.state,
    }
    manifest = json.dumps({**body, "manifest_sha256": _digest(body)}, indent=1).encode()
    try:
        write_durably(file, content)
        write_durably(folder / MANIFEST, manifest)
    except OSError as error:
        # The file stays when the manifest names it already and only the folder could not be forced to the disk.
        with contextlib.suppress(OSError):
            if not _is(folder / MANIFEST, manifest):
                file.unlink(missing_ok=True)
        raise CheckpointError(_cannot_save(folder, error, generation > 1)) from error
    for old in folder.glob("checkpoint-*.safetensors*"):
        if old != file:
            with contextlib.suppress(OSError):  # it does no harm, and the next save tries again
                old.unlink(missing_ok=True)


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the checkpoint of ``folder``, or None when there is none yet.

    Raises:
        CheckpointError: when a file is missing, truncated or altered.
    """
    try:
        manifest = _read_manifest(folder)
        content = (folder / manifest["file"]).read_bytes()
    except FileNotFoundError as error:
        if error.filename and Path(error.filename).name == MANIFEST:
            return None
        raise CheckpointError(
            f"{folder}: {MANIFEST} names a file that is not there ({error.filename}): restore it, or train anew"
        ) from error
    except OSError as error:
        raise CheckpointError(f"{error.filename}: the checkpoint cannot be read ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
        raise CheckpointError(
            f"{folder / manifest['file']}: its checksum is not the one in {MANIFEST}, so it was damaged after "
            "it was written (truncated, or a bit flipped): restore it from a copy, or train anew"
        )
    try:
        return Checkpoint(load(content), manifest["state"])
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(f"{folder / manifest['file']}: not a safetensors file ({error})") from error


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    damaged = f"{path}: damaged (its own checksum does not fit): restore it from a copy, or train anew"
    try:
        manifest = json.loads(path.read_bytes())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(damaged) from error
    if not isinstance(manifest, dict):
        raise CheckpointError(damaged)
    body = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    if manifest.get("manifest_sha256") != _digest(body):
        raise CheckpointError(damaged)
    kinds = {"format": int, "generation": int, "file": str, "sha256": str, "state": dict}
    wrong = [key for key, kind in kinds.items() if not isinstance(body.get(key), kind)]
    if wrong or Path(body["file"]).name != body["file"]:
        raise CheckpointError(
            f"{path}: '{(wrong or ['file'])[0]}' is not what ms-dnn writes there: restore it from a copy, or train anew"
        )
    if body["format"] > FORMAT:
        raise CheckpointError(f"{path}: format {body['format']}, this ms-dnn reads up to {FORMAT}: upgrade ms-dnn")
    return body


def _is(path: Path, content: bytes) -> bool:
    return path.exists() and path.read_bytes() == content


def _generation_on_disk(folder: Path) -> int:
    numbers = [path.name.split("-")[1].split(".")[0] for path in folder.glob("checkpoint-*.safetensors*")]
    return max((int(number) for number in numbers if number.isdigit()), default=0)


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _cannot_save(folder: Path, error: OSError, has_one_before: bool) -> str:
    before = "the one before is whole" if has_one_before else "there is none before it"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{folder}: the disk is full; the checkpoint was not saved, {before}: free some space"
    return f"{folder}: the checkpoint could not be saved ({error.strerror}); {before}"
