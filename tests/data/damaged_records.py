"""Read damaged copies of a converted MindRecord, and print what was said of each as JSON: ``FOLDER``.

MindSpore is loaded once: each copy is read by a fork of this process in place of a new one.
"""

import json
import os
import shutil
import struct
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import stored_files

from ms_dnn.data import load_data
from ms_dnn.data.formats import mindrecord, mindrecord_process
from ms_dnn.errors import DataError

FIRST_SAMPLE = 2**24  # where the first page of samples begins
RECORD = "set.mindrecord"


def forked(command, **_):
    with tempfile.TemporaryFile() as errors:
        pid = os.fork()
        if not pid:
            os.dup2(errors.fileno(), 2)
            try:
                mindrecord_process.main(command[3:])
                os._exit(0)
            except SystemExit as ended:
                os.write(2, f"{'' if isinstance(ended.code, int) else ended.code}".encode())
                os._exit(ended.code if isinstance(ended.code, int) else 1)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        errors.seek(0)
        return SimpleNamespace(returncode=code, stderr=errors.read().decode(errors="replace"))


def outcome(folder):
    x, y = stored_files.classes()
    try:
        read = load_data(stored_files.source(folder, "mindrecord", stream=True)).dataset
    except DataError as error:
        return str(error)
    return "same" if np.array_equal(read.x[:], x) and np.array_equal(read.y, y) else "changed"


def flipped(path, places, random):
    content = path.read_bytes()
    with path.open("r+b") as file:
        for place in places:
            os.pwrite(file.fileno(), bytes([content[place] ^ int(random.integers(1, 256))]), int(place))


def resized(path, key, size):
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.dumps({**json.loads(content[8 : 8 + length]), key: "size"}).replace('"size"', size).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + content[8 + length :])


def damages(folder):
    """Yield a name and a function that damages the file and its index in ``folder``."""
    record, index = folder / RECORD, folder / f"{RECORD}.db"
    random = np.random.default_rng(0)
    for name, path, low, high in (
        ("header", record, 0, 1500),
        ("samples", record, FIRST_SAMPLE, FIRST_SAMPLE + 120 * 14),
        ("index", index, 0, index.stat().st_size),
    ):
        for number in range(15):
            places = random.integers(low, high, random.integers(1, 5))
            yield f"{name} flipped {number}", lambda path=path, places=places: flipped(path, places, random)
        for share in (0, 0.3, 0.9):
            yield f"{name} cut {share}", lambda path=path, size=int(high * share): os.truncate(path, size)
    for key in ("page_size", "header_size"):
        for size in ("1e999", "1e300", "-1", "null", "4611686018427387904"):
            yield f"{key} {size}", lambda key=key, size=size: resized(record, key, size)
    yield "long header", lambda: record.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    yield "text", lambda: record.write_text("no record at all, but long enough")


def main(folder):
    import mindspore.mindrecord  # noqa: F401 - for the forks

    mindrecord.subprocess = SimpleNamespace(run=forked)
    whole, found = folder / "whole", {"whole": outcome(folder)}
    whole.mkdir()
    for name in (RECORD, f"{RECORD}.db"):
        shutil.copy(folder / name, whole)
    for name, damage in damages(folder):
        damage()
        found[name] = outcome(folder)
        for kept in whole.iterdir():
            shutil.copy(kept, folder)
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
