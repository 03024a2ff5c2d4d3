"""One process that reads or writes one MindRecord: ``python -m ms_dnn.data.formats.mindrecord_process ARGUMENTS``.

The arguments are ``read FILE FOLDER TARGET STREAM DROPPED…`` or ``write FOLDER FILE``. MindSpore ends the whole process
by a signal where the bytes are damaged, or the disk is full, so that it needs one of its own.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ms_dnn.data.formats.mindrecord import NAMES, REFUSED, converted
from ms_dnn.data.formats.npy_folder import NOTES, X, Y, read_notes, read_npy_folder
from ms_dnn.data.formats.stored_set import notes_from_json
from ms_dnn.data.lazy_rows import LazyRows, rows_at_once
from ms_dnn.data.source import Source, check_not_empty, check_size
from ms_dnn.data.tables.declared import quoted_names
from ms_dnn.errors import DataError

_RECORDS_AT_ONCE = 1024
Schema = Mapping[str, Mapping[str, Any]]


def write_arrays(path: Path, folder: Path, target: str, stream: bool, dropped: Sequence[str]) -> None:
    """Write the fields of all records, those of other files of the same set with them, into ``folder``.

    x.npy (M, I) has all numbers of a record but those of ``dropped`` fields, field by field in the order of the
    schema; y.npy (M,) or (M, O) the field ``target``, numbers or texts. If all features are single numbers, their
    names are written, too, and so are the notes of a converted set.

    Raises:
        DataError: unknown fields, fields of bytes or texts as features, records of several lengths, and more numbers
            than fit in memory where they are not to ``stream``.
        Exception: whatever MindSpore raises for a damaged file; it may also end the process by a signal.
    """
    from mindspore.mindrecord import FileReader

    reader = FileReader(str(path), num_consumer=1)
    schema, samples, where = reader.schema(), reader.len(), repr(path.name)
    notes = reader._header.header.get_meta()[0].get_desc()
    if converted(notes):
        (folder / NOTES).write_text(notes, encoding="utf-8")
    features = _features(where, schema, target, dropped, "bytes" if converted(notes) else None)
    if not any("shape" in schema[name] or schema[name]["type"] == "bytes" for name in features):
        (folder / NAMES).write_text(json.dumps(features), encoding="utf-8")
    dtype, targets = np.result_type(*(_dtype(schema[name]) for name in features)), []

    def rows() -> Iterator[NDArray[Any]]:
        for record in reader.get_next():
            targets.append(record[target])
            yield np.concatenate([_numbers(record[name], schema[name]) for name in features])

    found = rows()
    first = next(found, np.empty(0))
    check = check_not_empty if stream else check_size
    check(f"{where} (data.stream: true leaves it on the disk)", samples, len(first))
    written = 0
    with (folder / X).open("wb") as file:
        header = {"descr": dtype.str, "fortran_order": False, "shape": (samples, len(first))}
        npy.write_array_header_1_0(file, header)  # type: ignore[no-untyped-call]
        found = chain([first], found)
        while block := list(islice(found, rows_at_once(len(first)))):
            other = next((row for row, numbers in enumerate(block) if len(numbers) != len(first)), None)
            if other is not None:
                raise DataError(
                    f"{where}: got {len(block[other])} numbers in row {written + other} (rows count from 0), expected "
                    f"{len(first)} as in row 0: make all of one shape, or put the field in data.drop"
                )
            file.write(np.asarray(block, dtype).data)
            written += len(block)
    if written != samples:
        raise ValueError(f"{written} of {samples} records")
    y = np.array(targets, _dtype(schema[target]) if schema[target]["type"] != "string" else None)
    np.save(folder / Y, y if y.ndim < 2 else y.reshape(samples, -1), allow_pickle=False)


def _features(where: str, schema: Schema, target: str, dropped: Sequence[str], allowed: str | None) -> list[str]:
    """Return the names of the features, after all fields were found to be what they should be."""
    for key, names in (("target", [target]), ("drop", dropped)):
        unknown = [name for name in names if name not in schema]
        if unknown:
            raise DataError(
                f"data.{key}: got {quoted_names(unknown)}, expected fields of {where}, which are "
                f"{quoted_names(list(schema))}: correct the name"
            )
    features = [name for name in schema if name not in (target, *dropped)]
    if not features or target in dropped:
        raise DataError(
            f"data.drop: got {quoted_names(dropped)}, expected to be left with the target and a feature: drop fewer"
        )
    for name in (*features, target):
        kind = schema[name]["type"]
        if kind in ("bytes", "string") and kind != ("string" if name == target else allowed):
            raise DataError(
                f"field {name!r} of {where}: got {kind}, expected numbers: write decoded pictures and numbers, or put "
                "the field in data.drop"
            )
    return features


def _dtype(field: Mapping[str, Any]) -> np.dtype[Any]:
    return np.dtype({"bytes": "uint8"}.get(field["type"], field["type"]))


def _numbers(value: Any, field: Mapping[str, Any]) -> NDArray[Any]:
    if isinstance(value, bytes):
        return np.frombuffer(value, np.uint8)
    return np.asarray(value, _dtype(field)).reshape(-1)


def write_mindrecord(folder: Path, path: Path) -> None:
    """Write the set of a folder of NumPy arrays as one record a sample: x and y, and the notes beside the schema."""
    from mindspore.mindrecord import FileWriter

    notes = notes_from_json(read_notes(folder / NOTES), str(folder))
    # A MindRecord knows no uint8: such features are bytes, whose numbers are MindDataset's x.view(np.uint8).
    of_x = {"type": "bytes"} if notes.dtype == "uint8" else {"type": notes.dtype, "shape": [notes.features]}
    of_y = {"type": "float64", "shape": [notes.outputs]} if notes.outputs else {"type": "int64"}
    writer = FileWriter(str(path), shard_num=1)
    writer.add_schema({"x": of_x, "y": of_y}, notes.model_dump_json())
    if not notes.outputs:
        writer.add_index(["y"])
    for part in read_npy_folder(Source("npy", folder=folder, stream=True)):
        if part is None:
            continue
        assert isinstance(part.x, LazyRows)  # noqa: S101 - it is streamed
        for first in range(0, len(part), _RECORDS_AT_ONCE):
            x = part.x[first : first + _RECORDS_AT_ONCE].astype(notes.x_dtype)
            y = part.y[first : first + len(x)]
            rows = [row.tobytes() for row in x] if notes.dtype == "uint8" else list(x)
            targets = list(np.ascontiguousarray(y)) if notes.outputs else y.tolist()
            writer.write_raw_data([{"x": row, "y": target} for row, target in zip(rows, targets, strict=True)])
    writer.commit()


def main(arguments: Sequence[str]) -> None:
    """Run the command; what is wrong with a file to read becomes the last line of stderr."""
    if arguments[0] == "write":
        write_mindrecord(Path(arguments[1]), Path(arguments[2]))
        return
    _, path, folder, target, stream, *dropped = arguments
    try:
        write_arrays(Path(path), Path(folder), target, stream == "stream", dropped)
    except DataError as error:
        sys.stderr.write(f"\n{error}\n")
        raise SystemExit(REFUSED) from error
    except OSError as error:
        sys.stderr.write(
            f"\n{Path(path).name!r}: got no room in {folder} for a copy of its numbers ({error.strerror}), expected "
            "some: free it, or set TMPDIR to a larger folder\n"
        )
        raise SystemExit(REFUSED) from error
    except Exception as error:  # MindSpore raises several types on damaged bytes
        lines = str(error).splitlines() or [type(error).__name__]
        said = next((line for line in lines if line.startswith("[ERROR]")), lines[0])
        raise SystemExit(f"\n{said.removeprefix('[ERROR] ')}") from error


if __name__ == "__main__":
    main(sys.argv[1:])
