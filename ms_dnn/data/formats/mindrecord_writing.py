"""One process that writes one MindRecord: ``python -m ms_dnn.data.formats.mindrecord_writing FOLDER FILE``.

MindSpore's writer ends the whole process by a signal where the disk is full, so that it needs one of its own.
"""

import sys
from pathlib import Path

import numpy as np

from ms_dnn.data import Source
from ms_dnn.data.formats.npy_folder import NOTES, read_notes, read_npy_folder
from ms_dnn.data.formats.stored_set import notes_from_json
from ms_dnn.data.lazy_rows import LazyRows

_RECORDS_AT_ONCE = 1024


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


if __name__ == "__main__":
    write_mindrecord(Path(sys.argv[1]), Path(sys.argv[2]))
