"""What a call was given, from a dump of msprobe, the precision tool of MindSpore.

A dump of the task "tensor" is a folder with ``dump.json`` and, beside it, ``dump_tensor_data``. ``dump.json`` names the
calls, and for each forward call its arguments: a Tensor by the name of its .npy file, a Python value by itself. The
format is that of mindstudio-probe 26.2.0: https://github.com/Ascend/msprobe, "mindspore_data_dump_instruct".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mindspore as ms

from ms_dnn.errors import SubjectError
from ms_dnn.judge.inputs.arguments import Given
from ms_dnn.judge.inputs.arrays import read_array
from ms_dnn.judge.routes.slope import Array
from ms_dnn.presentation.notation import first_line, nearest_names, shape_text

DUMP = "dump.json"
TENSORS = "dump_tensor_data"
BELOW = ("", "*/", "*/*/", "*/*/*/")
"""Where a dump.json may stand below the folder of the tool: graph or pynative, step, rank or process."""
FORWARD = "forward"
TENSOR_TYPES = ("mindspore.Tensor", "numpy.ndarray")
LISTED = 8
"""Calls that a message lists."""


def dumped_inputs(folder: Path, name: str) -> list[Given]:
    """Return the arguments of a forward call: Tensors as arrays, lists as tuples.

    What was bfloat16 comes as float32, as it is saved: the judge knows no bfloat16.

    Args:
        folder: with ``dump.json``, or one below which there is a single one.
        name: of the call as in ``dump.json``, "Cell.network.fc1.Dense.forward.0"; a part of it will do where no other
            call has the same: some of its words, or its beginning or end.

    Raises:
        SubjectError: there is no such dump or call, or an argument is not in it, in one sentence.
    """
    folder = _folder(folder)
    calls = _forward_calls(folder)
    call = _called(name, calls)
    entry = calls[call]
    positional, keywords = entry.get("input_args"), entry.get("input_kwargs", {})
    if not isinstance(positional, list) or not isinstance(keywords, Mapping):
        raise SubjectError(f'{call} was dumped without its inputs: dump with "data_mode": ["all"]')
    read = _Reader(folder / TENSORS, call)
    arguments = [(str(place), argument, False) for place, argument in enumerate(_in_place(positional, call))]
    arguments += [(key, argument, True) for key, argument in keywords.items()]
    return [Given(read.value(value, key), f"input {key} of {call}", key, keyword) for key, value, keyword in arguments]


def dumps_in(folder: Path) -> list[Path]:
    """Return the folders with a ``dump.json``: this one, or those below it."""
    found = sorted({path.parent for below in BELOW for path in folder.glob(f"{below}{DUMP}")})
    return [folder] if folder in found else found


def example(folder: Path) -> str:
    """Return the name of a forward call of the dump, the last Cell's where there is one."""
    names = list(_forward_calls(folder))
    return next((name for name in reversed(names) if name.startswith("Cell.")), names[-1])


class _Reader:
    """Reads the arguments of one call; only the files that it names are opened."""

    def __init__(self, tensors: Path, call: str) -> None:
        self.tensors, self.call = tensors, call

    def value(self, entry: Any, place: str) -> Any:
        """Return the value that an entry of dump.json stands for; ``place`` names it in a message."""
        if entry is None:
            return None
        if isinstance(entry, list):
            return tuple(self.value(item, f"{place}.{i}") for i, item in enumerate(entry))
        if isinstance(entry, Mapping):
            kind = entry.get("type")
            if kind in TENSOR_TYPES:
                return self._tensor(entry, place)
            if isinstance(kind, str):
                return self._python(kind, entry.get("value"), place)
            if entry:
                return {key: self.value(item, f"{place}.{key}") for key, item in entry.items()}
        raise SubjectError(f"input {place} of {self.call} is an object that the dump does not keep")

    def _python(self, kind: str, value: Any, place: str) -> Any:
        if kind == "slice" and isinstance(value, list):
            return slice(*value)
        if kind == "ellipsis":
            return ...
        if kind == "mindspore.dtype":
            value = getattr(ms, str(value).lower(), None)
        if value is None:
            raise SubjectError(f"input {place} of {self.call} is a {kind}, which the dump does not keep")
        return value

    def _tensor(self, entry: Mapping[str, Any], place: str) -> Array:
        file, dtype, shape = entry.get("data_name"), str(entry.get("dtype")).lower(), entry.get("shape")
        if file is None:
            raise SubjectError(
                f'input {place} of {self.call} was dumped without its numbers: dump with "task": "tensor"'
            )
        if Path(str(file)).name != file:
            raise SubjectError(f"input {place} of {self.call}: got the file '{file}', expected one in {TENSORS}")
        try:
            array = read_array(self.tensors / file)
        except SubjectError as error:
            raise SubjectError(f"{TENSORS}/{file} {error}") from None
        if list(array.shape) != shape:
            got = shape_text(array.shape)
            raise SubjectError(f"{TENSORS}/{file} is {got}, but {DUMP} says {shape}: take both from one dump")
        if str(array.dtype) != ("float32" if dtype == "bfloat16" else dtype):
            raise SubjectError(f"{TENSORS}/{file} is {array.dtype}, but was {dtype}: such a type cannot be judged")
        return array


def _folder(folder: Path) -> Path:
    found = dumps_in(folder)
    if not found:
        raise SubjectError(f"holds no {DUMP}: name the folder in which msprobe has written one")
    if len(found) > 1:
        raise SubjectError(f"holds {len(found)} dumps: name one of {_listed(str(path) for path in found)}")
    return found[0]


def _forward_calls(folder: Path) -> dict[str, Mapping[str, Any]]:
    try:
        document = json.loads((folder / DUMP).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SubjectError(f"{DUMP} cannot be read: {first_line(error)}") from None
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise SubjectError(f"{DUMP} has no calls under 'data', as msprobe writes them")
    calls = {name: entry for name, entry in data.items() if FORWARD in name.split(".") and isinstance(entry, Mapping)}
    if not calls:
        raise SubjectError(f'{DUMP} has no forward call: dump with "data_mode": ["all"], and end it with stop()')
    return calls


def _called(name: str, calls: Mapping[str, Any]) -> str:
    """Return the call that is meant: by its whole name, else by words of it, else by its beginning or end."""
    if name in calls:
        return name
    words = [call for call in calls if f".{name}." in f".{call}."]
    found = words or [call for call in calls if name and (call.startswith(name) or call.endswith(name))]
    if len(found) == 1:
        return found[0]
    if found:
        raise SubjectError(f"'{name}' may be {_listed(found)}: write more of it")
    near = nearest_names(name, calls, most=LISTED, cutoff=0.4) or list(calls)
    raise SubjectError(f"there is no forward call '{name}'; there is {_listed(near)}")


def _in_place(arguments: Sequence[Any], call: str) -> list[Any]:
    """Return the arguments in their order. A graph dumps Tensors alone, in the order of the files' names: 10 before 2.

    Raises:
        SubjectError: one of them is missing.
    """
    names = [str(argument.get("data_name")) if isinstance(argument, Mapping) else "" for argument in arguments]
    places = [re.search(r"\.input\.(\d+)\.npy$", name) for name in names]
    found = [int(place[1]) if place else number for number, place in enumerate(places)]
    lacking = sorted(set(range(max(found, default=-1) + 1)) - set(found))
    if lacking:
        raise SubjectError(
            f"input {lacking[0]} of {call} is not in the dump: a graph dumps Tensors alone; dump in PyNative"
        )
    return [argument for _, argument in sorted(zip(found, arguments, strict=True), key=lambda pair: pair[0])]


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    left = len(every) - LISTED
    return ", ".join(every[:LISTED]) + (f" and {left} more" if left > 0 else "")
