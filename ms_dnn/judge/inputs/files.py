"""Inputs from the command line: drawn by shape, from .npy and .npz files, from a folder of them, from a dump."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ms_dnn.errors import SubjectError
from ms_dnn.judge.inputs.arguments import Given
from ms_dnn.judge.inputs.arrays import read_archive, read_array
from ms_dnn.judge.inputs.dump import dumped_inputs, dumps_in, example
from ms_dnn.judge.routes.slope import Array
from ms_dnn.runtime.seeding import stream

SPEC = re.compile(r"(?P<shape>\d+(x\d+)*)(:(?P<dtype>float16|float32|float64|int32|int64)(<(?P<below>\d+))?)?$")


def read_inputs(text: str, seed: int, place: int) -> list[Given]:
    """Return the inputs that one text stands for.

    ===================================  ===============================================================
    "32x784:float64", "32:int32<10"      one: floating-point numbers from the normal distribution, integers
                                         evenly from 0 up to below the bound
    "file.npy", "file.npz:name"          one
    "file.npz"                           all arrays of the archive, in their order
    "folder"                             all its .npy files, in the natural order of their names: 2 before 10
    "folder:call"                        see :func:`ms_dnn.judge.inputs.dump.dumped_inputs`
    ===================================  ===============================================================

    Raises:
        SubjectError: the text is none of these, or what it names is not there or cannot be read.
    """
    match = SPEC.match(text)
    if match:
        return [Given(_drawn(match, seed, place), text)]
    path, colon, name = text.partition(":")
    try:
        if path and Path(path).is_dir():
            return dumped_inputs(Path(path), name) if colon else _of_folder(Path(path))
        if path.endswith(".npy"):
            return [Given(read_array(Path(path)), path)]
        if path.endswith(".npz"):
            return _of_archive(Path(path), name)
    except SubjectError as error:
        raise SubjectError(f"input '{text}': {error}") from None
    raise SubjectError(
        f"input '{text}': expected a shape such as 32x784 or 32x784:float64 or 32:int32<10, or a file.npy, file.npz or "
        "file.npz:name, or a folder of .npy files, or folder:call of a dump"
    )


def _drawn(match: re.Match[str], seed: int, place: int) -> Array:
    shape = tuple(int(length) for length in match["shape"].split("x"))
    dtype = match["dtype"] or "float32"
    generator = stream(seed, "input", place)
    if dtype.startswith("int"):
        return generator.integers(0, int(match["below"] or 2), shape).astype(dtype)
    return generator.normal(size=shape).astype(dtype)


def _of_folder(folder: Path) -> list[Given]:
    files = sorted((path for path in folder.glob("*.npy") if path.is_file()), key=lambda path: _natural(path.stem))
    if not files:
        dumps = dumps_in(folder)
        cure = f"name a call of its dump, as in {dumps[0]}:{example(dumps[0])}" if dumps else "name a folder that does"
        raise SubjectError(f"holds no .npy files: {cure}")
    return [Given(read_array(path), str(path), path.stem) for path in files]


def _natural(name: str) -> list[Any]:
    """Return a key by which "x2" comes before "x10"."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", name))]


def _of_archive(path: Path, name: str) -> list[Given]:
    found = read_archive(path, name)
    if name:
        return [Given(found[name], f"{path}:{name}")]
    return [Given(value, f"{key} in {path}", key) for key, value in found.items()]
