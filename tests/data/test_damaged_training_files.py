"""Whatever the bytes of a training file, a reader returns data that pass the check or raises DataError."""

import os
import shutil
import subprocess
import sys

import numpy as np
import own_files
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.data import Source, check_dataset, load_data
from ms_dnn.errors import DataError


def write_archive(folder):
    own_files.write_npz(folder / "t.npz", np.savez_compressed)


def write_plain_archive(folder):
    own_files.write_npz(folder / "t.npz")


def write_table(folder):
    own_files.write_csv(folder / "t.csv", samples=6)


def write_pair(folder):
    random = np.random.default_rng(4)
    np.save(folder / "x.npy", random.random((9, 2, 3)))
    np.save(folder / "y.npy", np.arange(9) % 3)


FORMATS = {
    "idx pictures": (own_files.write_idx, "mnist", "train-images-idx3-ubyte"),
    "idx labels": (own_files.write_idx, "mnist", "train-labels-idx1-ubyte"),
    "idx gz": (lambda folder: own_files.write_idx(folder, compressed=True), "mnist", "train-images-idx3-ubyte.gz"),
    "cifar10": (own_files.write_cifar, "cifar10", "cifar-10-batches-bin/data_batch_1.bin"),
    "csv": (write_table, "csv", "t.csv"),
    "npz": (write_plain_archive, "npz", "t.npz"),
    "compressed npz": (write_archive, "npz", "t.npz"),
    "npy x": (write_pair, "npy", "x.npy"),
    "npy y": (write_pair, "npy", "y.npy"),
    "images": (lambda folder: own_files.write_images(folder, samples=2), "images", "light/00.png"),
}


@pytest.fixture(scope="module", params=FORMATS)
def whole(request, tmp_path_factory):
    """A source of whole files, and the file of it that is to be damaged with its bytes."""
    write, name, damaged = FORMATS[request.param]
    folder = tmp_path_factory.mktemp("whole")
    write(folder)
    options = {"target": "kind", "drop": ("id", "price")} if name == "csv" else {}
    path = folder / damaged
    return Source(name, file=path, folder=folder, **options), path, path.read_bytes()


def reads_or_says_why(source, path, content):
    path.write_bytes(content)
    try:
        dataset, *_ = load_data(source)
        check_dataset(dataset)
    except DataError as error:
        message = str(error)
        assert message
        assert "\n" not in message or "problems, expected none" in message  # of a table, all at once
        return False
    assert np.isfinite(dataset.x).all()
    return True


def test_whole_files_are_read(whole):
    assert reads_or_says_why(*whole)


@given(content=st.binary(max_size=200))
def test_random_bytes(whole, content):
    source, path, _ = whole
    reads_or_says_why(source, path, content)


@given(data=st.data())
def test_truncated_files(whole, data):
    source, path, content = whole
    cut = data.draw(st.integers(0, len(content) - 1))
    assert not reads_or_says_why(source, path, content[:cut]) or source.set in ("csv", "images")


@given(data=st.data())
def test_overwritten_bytes(whole, data):
    source, path, content = whole
    changed = bytearray(content)
    # Headers and trailers matter most, and are short.
    places = st.integers(0, len(content) - 1) | st.integers(0, 60) | st.integers(-60, -1)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(places)] = data.draw(st.integers(0, 255))
    reads_or_says_why(source, path, bytes(changed))


READ_DAMAGED = """
import sys
from pathlib import Path
import numpy as np
from ms_dnn.data import Source, load_data
from ms_dnn.errors import DataError
folder, seed = Path(sys.argv[1]), int(sys.argv[2])
path = folder / "train_catvnoncat.h5"
content, random = path.read_bytes(), np.random.default_rng(seed)
outcomes = {True: 0, False: 0}
for _ in range(int(sys.argv[3])):
    changed = bytearray(content[: None if random.random() < 0.7 else random.integers(len(content))])
    for place in random.integers(len(changed) + 1, size=random.integers(1, 5)):
        changed[place : place + 1] = bytes([random.integers(256)])
    path.write_bytes(changed)
    try:
        load_data(Source("hdf5", folder=folder))
        outcomes[True] += 1
    except DataError as error:
        assert str(error) and "\\n" not in str(error), error
        outcomes[False] += 1
assert all(outcomes.values()), outcomes
"""


def test_damaged_hdf5(tmp_path):
    """In a process of its own: the HDF5 library is C, and damaged bytes reach it."""
    pytest.importorskip("h5py")
    own_files.write_hdf5(tmp_path, compression="gzip")
    command = [sys.executable, "-c", READ_DAMAGED, str(tmp_path), "0", "200"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr[-2000:]


@pytest.mark.skipif(shutil.which("prlimit") is None and os.name != "posix", reason="limits memory as POSIX does")
def test_headers_that_promise_the_world_fit_in_little_memory(tmp_path):
    """With 1 GiB of addresses, a reader that believed the header would fail with MemoryError."""
    own_files.write_idx(tmp_path)
    promise = (2**29 - 1).to_bytes(4, "big")
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + promise + bytes(60))
    program = (
        "import resource, sys, numpy; from pathlib import Path; from ms_dnn.data import Source, load_data\n"
        "from ms_dnn.errors import DataError\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
        "try: load_data(Source('mnist', folder=Path(sys.argv[1])))\n"
        "except DataError as error: print(error)\n"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program, str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert "expected the 536870911 that it promises" in process.stdout, process.stderr
