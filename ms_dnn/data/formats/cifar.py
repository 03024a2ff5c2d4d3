"""The Python batches of CIFAR-10: pickles, read without letting them make any object of their own."""

from __future__ import annotations

import io
import pickle
import pickletools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.source import Loaded, existing_file, is_file
from ms_dnn.data.targets import refuse_labels_outside
from ms_dnn.errors import DataError
from ms_dnn.presentation.notation import first_line

CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FOLDER = "cifar-10-batches-py"
_FILES = f"the folder {_FOLDER} with data_batch_1 to data_batch_5 and test_batch"
_LARGEST_BATCH = 2**28
_VALUES = 3 * 32 * 32

# What a batch is written with. Others ask for memory before the bytes are seen to be there, or call extensions.
_OPCODES = (
    "PROTO FRAME STOP MARK POP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG1 STRING SHORT_BINSTRING BINSTRING "
    "SHORT_BINBYTES BINBYTES BINUNICODE SHORT_BINUNICODE EMPTY_LIST LIST APPEND APPENDS EMPTY_DICT DICT SETITEM "
    "SETITEMS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 GLOBAL STACK_GLOBAL REDUCE BUILD PUT BINPUT LONG_BINPUT MEMOIZE "
    "GET BINGET LONG_BINGET"
)
# A batch has six tuples. Tuples in tuples by the thousand crash Python when they are hashed as a key.
_MOST_TUPLES, _MOST_RECALLS = 12, 32


class _ArrayState:
    """Stands in for an array while a batch is read: keeps what the pickle says and makes no array of it."""

    state: Any = None

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _DtypeState(_ArrayState):
    """Stands in for a dtype."""

    def __init__(self, name: Any = None, *_: Any) -> None:
        self.name = name


class _Batch(pickle.Unpickler):
    """Knows the names that an array of a batch is pickled with, and refuses every other."""

    _KNOWN = {  # noqa: RUF012 - never changed
        ("numpy.core.multiarray", "_reconstruct"): _ArrayState,
        ("numpy._core.multiarray", "_reconstruct"): _ArrayState,
        ("numpy", "ndarray"): _ArrayState,
        ("numpy", "dtype"): _DtypeState,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return a stand-in, or raise :class:`DataError`."""
        if (module, name) not in self._KNOWN:
            asked = f"{module}.{name}"
            raise DataError(f"a pickle that asks for {asked[:60]!r}, which no batch needs and which is not run")
        return self._KNOWN[module, name]


def read_cifar10(folder: Path) -> Loaded:
    """Read ``data_batch_1`` to ``data_batch_5``, and ``test_batch`` as the test part.

    ``folder`` is ``cifar-10-batches-py``, or the one that it lies in. x is (M, 3072) float64, 0 to 255, as rows of
    pixels of (red, green, blue); y is (M,) 0 to 9.

    Raises :class:`DataError` for missing files and for whatever is not such a batch. Nothing that a file names is
    ever called.
    """
    if not is_file(folder / "data_batch_1") and is_file(folder / _FOLDER / "data_batch_1"):
        folder = folder / _FOLDER
    names = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
    paths = [existing_file(folder, (name,), _FILES) for name in names]
    *train, test = (read_batch(path) for path in paths)
    return Loaded(_dataset(train), _dataset([test]))


def read_batch(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the pictures (N, 3072), as they lie in the file, and the labels (N,) of one batch."""
    where = repr(path.name)
    try:
        batch = _unpickled(path)
    except Exception as error:  # a damaged pickle raises a dozen types
        raise DataError(
            f"{where}: got {first_line(error)}, expected a batch of {_FOLDER}: take an undamaged copy"
        ) from error
    entries = {_text(key): value for key, value in batch.items()}
    pictures, labels = _pictures(where, entries.get("data")), entries.get("labels")
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 2**31 for label in labels):
        raise DataError(f"{where}: got no list of whole numbers as 'labels', expected one: take an undamaged copy")
    if len(labels) != len(pictures):
        raise DataError(
            f"{where}: got {len(labels)} labels, expected {len(pictures)}, one for each picture: take an undamaged copy"
        )
    y = np.array(labels, np.int64)
    refuse_labels_outside(where, y, len(CIFAR_CLASSES))
    return pictures, y


def _unpickled(path: Path) -> dict[Any, Any]:
    if path.stat().st_size > _LARGEST_BATCH:
        raise ValueError(f"{path.stat().st_size} bytes, more than {_LARGEST_BATCH}")
    content = path.read_bytes()
    used: Counter[str] = Counter()
    known = frozenset(_OPCODES.split())
    for opcode, argument, _ in pickletools.genops(content):
        used[opcode.name] += 1
        memo = opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > len(content)
        if opcode.name not in known or memo:
            raise ValueError(f"a pickle with the instruction {opcode.name}, which no batch needs")
    tuples = sum(count for name, count in used.items() if name.startswith("TUPLE"))
    recalls = sum(count for name, count in used.items() if name.endswith("GET"))
    if tuples > _MOST_TUPLES or recalls > _MOST_RECALLS:
        raise ValueError(f"a pickle of {tuples} tuples and {recalls} repetitions, more than a batch has")
    batch = _Batch(io.BytesIO(content), encoding="bytes").load()
    if not isinstance(batch, dict):
        raise TypeError(f"a pickled {type(batch).__name__}")
    return batch


def _pictures(where: str, array: Any) -> NDArray[np.uint8]:
    """Make the array (N, 3072) from what the pickle said about it: (version, shape, dtype, Fortran order, bytes)."""
    state = array.state if isinstance(array, _ArrayState) else None
    if not (isinstance(state, tuple) and len(state) == 5 and isinstance(state[2], _DtypeState)):
        raise DataError(f"{where}: got no array as 'data', expected one of shape (N, {_VALUES}): take another copy")
    _, shape, dtype, fortran, content = state
    name = _text(dtype.name)
    if name not in ("u1", "|u1", "uint8"):
        raise DataError(f"{where}: got data of dtype {str(name)[:20]!r}, expected 'u1', bytes: take an undamaged copy")
    right = isinstance(shape, tuple) and len(shape) == 2 and all(type(size) is int and size > 0 for size in shape)
    if not (right and shape[1] == _VALUES and isinstance(content, bytes) and len(content) == shape[0] * _VALUES):
        raise DataError(
            f"{where}: got {len(content) if isinstance(content, bytes) else 'no'} bytes of data for the shape "
            f"{str(shape)[:40]}, expected (N, {_VALUES}) and as many bytes: take an undamaged copy"
        )
    return np.frombuffer(content, np.uint8).reshape(shape, order="F" if fortran is True or fortran == 1 else "C")


def _text(name: Any) -> Any:
    return name.decode("latin-1") if isinstance(name, bytes) else name


def _dataset(batches: list[tuple[NDArray[np.uint8], NDArray[np.int64]]]) -> Dataset:
    planes = np.concatenate([pictures for pictures, _ in batches]).reshape(-1, 3, 32, 32)
    x = planes.transpose(0, 2, 3, 1).reshape(-1, _VALUES).astype(np.float64)
    y = np.concatenate([labels for _, labels in batches])
    return Dataset("cifar10", x, y, "classification", CIFAR_CLASSES, (), (32, 32, 3), (0.0, 255.0))
