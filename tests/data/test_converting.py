"""What is converted block by block is what is converted whole, to the bit, and takes little memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import own_files
import pandas as pd
import pytest
import stored_files

from ms_dnn.data import converting as conversion
from ms_dnn.data import lazy_rows, load_data
from ms_dnn.data.converting import convert_data
from ms_dnn.errors import DataError
from ms_dnn.experiment.source import source_of

HERE = str(Path(__file__).parent)
WIDTH = 6
BLOCK = 7  # rows


def numbers(samples):
    random = np.random.default_rng(samples)
    y = np.arange(samples) % 3
    return random.normal(0, 1e3, (samples, WIDTH)) + y[:, None], y


def npy(folder, samples, regression=False):
    x, y = numbers(samples)
    np.save(folder / "x.npy", x.astype("f4").reshape(samples, 2, -1))
    np.save(folder / "y.npy", x[:, :1] if regression else y)
    return {"set": "npy", "folder": str(folder), "target_kind": "numbers" if regression else "auto"}


def table(folder, samples, kind, target, row_group_size=5):
    x, y = numbers(samples)
    columns = {f"f{i}": x[:, i] for i in range(WIDTH)}
    frame = pd.DataFrame({**columns, "class": [f"c{label}" for label in y], "whole": y * 5, "number": x[:, 0] / 3})
    path = folder / f"t.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(
        path, index=False, row_group_size=row_group_size
    )
    others = [name for name in ("class", "whole", "number") if name != target]
    kind_of = "classes" if target == "whole" else "auto"
    return {"set": kind, "file": str(path), "target": target, "drop": others, "target_kind": kind_of}


def hdf5(folder, samples, shape=(1, 2, 3), **options):
    pytest.importorskip("h5py")
    own_files.write_hdf5(folder, (samples, max(2, samples // 2)), shape, **options)
    return {"set": "hdf5", "folder": str(folder)}


def images(folder, samples):
    own_files.write_images(folder, samples, size=(2, 1))
    return {"set": "images", "folder": str(folder)}


SOURCES = {
    "npy": npy,
    "npy regression": lambda folder, samples: npy(folder, samples, regression=True),
    **{
        f"{kind} {target}": lambda folder, samples, kind=kind, target=target: table(folder, samples, kind, target)
        for kind in ("csv", "parquet")
        for target in ("class", "whole", "number")
    },
    "hdf5": hdf5,
    "hdf5 chunks": lambda folder, samples: hdf5(folder, samples, chunks=(3, 1, 1, 3), compression="gzip"),
    "images": images,
}


def config_of(data):
    of_numbers = data.get("target") == "number" or data.get("target_kind") == "numbers"
    return stored_files.experiment(data, 1 if of_numbers else 3)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("samples", [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 1])
def test_in_blocks_to_the_bit_as_whole(tmp_path, monkeypatch, name, samples):
    (tmp_path / "source").mkdir()
    config = config_of(SOURCES[name](tmp_path / "source", samples))
    whole = convert_data(source_of(config), tmp_path / "whole", "npy")
    monkeypatch.setattr(lazy_rows, "VALUES_AT_ONCE", BLOCK * WIDTH)
    monkeypatch.setattr("ms_dnn.data.source.MOST_VALUES", samples * WIDTH - 1)  # no limit to what is converted
    assert convert_data(source_of(config), tmp_path / "blocks", "npy") == whole
    assert contents(tmp_path / "blocks") == contents(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blocks", "source", "whole"]
    with pytest.raises(DataError, match=f"expected at most {samples * WIDTH - 1} values"):
        load_data(source_of(config))
    monkeypatch.undo()
    same(load_data(source_of(config)), load_data(stored_files.Source("npy", folder=tmp_path / "blocks")))


def same(read, converted):
    for one, other in zip(read, converted, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert one.x.tobytes() == other.x.tobytes()
            assert one.y.tobytes() == other.y.tobytes()
            assert (one.task, one.class_names, one.image_shape) == (other.task, other.class_names, other.image_shape)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a,y\n" + "1,2\n" * 9 + "red,3\n", "line 11, column 'a' of 't.csv': got the text 'red', expected a number"),
        ("a,y\n" + "1,2\n" * 9 + "1,x\n", "line 11, column 'y' of 't.csv': got 'x', expected a number as in other"),
        ("a,y\n" + "1,b\n" * 9 + "1,3\n", "line 2, column 'y' of 't.csv': got 'b', expected a number as in other"),
        ("a,y\n" + "1,2\n" * 9 + "1,1e999\n", "line 11, column 'y' of 't.csv': got '1e999', expected a finite number"),
        ("a,y\n" + "1,2\n" * 9 + "1,\n", "line 11, column 'y' of 't.csv': got an empty cell, expected a value"),
    ],
)
def test_a_fault_in_a_later_block_is_told_with_its_line(tmp_path, monkeypatch, content, sentence):
    monkeypatch.setattr(lazy_rows, "VALUES_AT_ONCE", 8)
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        convert_data(
            source_of(config_of({"set": "csv", "file": str(tmp_path / "t.csv"), "target": "y"})),
            tmp_path / "out",
            "npy",
        )
    assert str(caught.value).startswith(sentence)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("damaged", ["y.npy", "x.npy"])
def test_what_is_written_wrong_is_not_kept(tmp_path, monkeypatch, damaged):
    config = config_of(npy(tmp_path, 9))

    def write(folder, *arguments):
        write_npy(folder, *arguments)
        (folder / damaged).write_bytes((folder / damaged).read_bytes()[:-1] + b"!")

    write_npy = conversion._write_npy
    monkeypatch.setattr(conversion, "_write_npy", write)
    with pytest.raises(DataError, match=r"out: the set could not be written \(.*checksum.*; nothing is left of it"):
        convert_data(source_of(config), tmp_path / "out", "npy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy", "y.npy"]


def test_a_source_that_changes_while_it_is_converted(tmp_path, monkeypatch):
    config = config_of(npy(tmp_path, 9))

    def cut(dataset):
        os.truncate(tmp_path / "x.npy", 200)

    monkeypatch.setattr(conversion, "check_dataset", cut)
    with pytest.raises(DataError, match=r"'x\.npy': got a file that ends at byte 200, expected it to stay as it was"):
        convert_data(source_of(config), tmp_path / "out", "npy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy", "y.npy"]


GROWTH = """
import json, sys
from pathlib import Path
from ms_dnn.config import parse_config
from ms_dnn.data.converting import convert_data
from ms_dnn.data import lazy_rows
from ms_dnn.experiment.source import source_of
import test_converting

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024

lazy_rows.VALUES_AT_ONCE = 2**16
for data, output in zip(json.loads(sys.argv[1]), sys.argv[2:], strict=True):
    before = peak()
    convert_data(source_of(test_converting.config_of(data)), Path(output), "npy")
print(peak() - before)
"""


LARGE = {  # as float64 64 MB and more, and twice that while they are put together
    "npy": (npy, 200_000),
    "hdf5": (lambda folder, samples: hdf5(folder, samples, (8, 8, 3), chunks=(100, 8, 8, 3)), 60_000),
    "parquet": (lambda folder, samples: table(folder, samples, "parquet", "whole", 4096), 200_000),
    "csv": (lambda folder, samples: table(folder, samples, "csv", "number"), 200_000),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.campaign if n != "npy" else ()) for n in LARGE])
def test_memory_does_not_grow_with_the_set(tmp_path, monkeypatch, name):
    monkeypatch.setattr(sys.modules[__name__], "WIDTH", 40)
    write, most = LARGE[name]
    sections = []
    for samples in (4000, most):
        (tmp_path / str(samples)).mkdir()
        sections.append(write(tmp_path / str(samples), samples))
    command = [sys.executable, "-c", GROWTH, json.dumps(sections), str(tmp_path / "one"), str(tmp_path / "other")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), HERE])}
    process = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert process.returncode == 0, process.stderr[-2000:]
    assert int(process.stdout) < 32
