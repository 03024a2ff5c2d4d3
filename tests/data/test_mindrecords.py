"""MindRecords that others wrote, and damaged ones, which end MindSpore's reader by a signal and not this process."""

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import damaged_records
import numpy as np
import pytest
import stored_files

from ms_dnn.config import parse_config
from ms_dnn.data import Source, load_data
from ms_dnn.data.formats.mindrecord import REFUSED, index_of
from ms_dnn.data.formats.mindrecord_process import main
from ms_dnn.data.lazy_rows import LazyRows
from ms_dnn.errors import DataError
from ms_dnn.experiment.source import source_of

ROWS = 10
SCHEMA = {
    "data": {"type": "float32", "shape": [2, 3]},
    "label": {"type": "int32"},
    "image": {"type": "bytes"},
    "id": {"type": "string"},
    "price": {"type": "float64"},
    "uneven": {"type": "int64", "shape": [-1]},
    "pair": {"type": "int64", "shape": [2]},
}


def record(row):
    return {
        "data": np.arange(6, dtype=np.float32).reshape(2, 3) + row / 3,
        "label": 7 - row % 3,
        "image": bytes(row + 1),
        "id": f"n{row % 2}",
        "price": float(row),
        "uneven": np.arange(row + 1),
        "pair": np.array([row, 2**40 + row]),
    }


@pytest.fixture(scope="module", params=[pytest.param(1, marks=pytest.mark.campaign), 3])
def foreign(request, tmp_path_factory):
    """A set in one file or in three, of which one stands for all."""
    from mindspore.mindrecord import FileWriter

    folder = tmp_path_factory.mktemp("foreign")
    writer = FileWriter(str(folder / "set"), shard_num=request.param)
    writer.add_schema(SCHEMA, "somebody's")
    writer.add_index(["label"])
    writer.write_raw_data([record(row) for row in range(ROWS)])
    writer.commit()
    return Source("mindrecord", file=folder / ("set" if request.param == 1 else "set1"), target="label")


@pytest.fixture
def read_here(monkeypatch):
    monkeypatch.setattr("ms_dnn.data.formats.mindrecord._write_arrays", stored_files.read_here)


def column(name):
    return np.array([np.ravel(record(row)[name]) for row in range(ROWS)])


@pytest.mark.parametrize("stream", [False, True])
def test_fields_of_other_shapes_dtypes_and_names(foreign, stream):
    """In a process of its own, as users have it."""
    dataset, test, _ = load_data(replace(foreign, drop=("image", "id", "uneven"), stream=stream))
    assert test is None
    assert isinstance(dataset.x, LazyRows if stream else np.ndarray)
    expected = np.column_stack([column(name) for name in ("data", "pair", "price")])  # the order of the schema
    order = np.argsort(dataset.x[:][:, -1])
    np.testing.assert_array_equal(dataset.x[order], expected)
    np.testing.assert_array_equal(dataset.x[order[::-2]], expected[::-2])
    assert (dataset.task, dataset.class_names, dataset.feature_names) == ("classification", ("5", "6", "7"), ())
    np.testing.assert_array_equal(dataset.y[order], 2 - np.arange(ROWS) % 3)


@pytest.mark.usefixtures("read_here")
@pytest.mark.parametrize(
    ("target", "kind", "task", "names"),
    [
        ("id", "auto", "classification", ("n0", "n1")),
        ("price", "auto", "regression", ()),
        ("label", "numbers", "regression", ()),
        ("pair", "numbers", "regression", ()),
    ],
)
def test_targets_are_texts_numbers_or_several(foreign, target, kind, task, names):
    kept = (target, "price" if target != "price" else "label")
    source = replace(foreign, target=target, target_kind=kind, drop=tuple(name for name in SCHEMA if name not in kept))
    dataset = load_data(source).dataset
    assert (dataset.task, dataset.class_names, dataset.feature_names) == (task, names, kept[1:])
    if task == "regression":
        np.testing.assert_array_equal(np.sort(dataset.y, axis=0), np.sort(column(target), axis=0))


@pytest.mark.usefixtures("read_here")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "field 'id' of 'SET': got string, expected numbers"),
        ({"drop": ("id",)}, "field 'image' of 'SET': got bytes, expected numbers: write decoded pictures and numbers"),
        ({"target": "image", "drop": ("id",)}, "field 'image' of 'SET': got bytes, expected numbers"),
        ({"target": "lable"}, "data.target: got 'lable', expected fields of 'SET', which are 'data', 'id', 'image'"),
        ({"target": ""}, "data.target: got 'y', expected fields of 'SET'"),
        ({"drop": ("ids",)}, "data.drop: got 'ids', expected fields of 'SET'"),
        ({"drop": ("label",)}, "expected to be left with the target and a feature"),
        ({"drop": ("id", "image")}, "'SET': got 11 numbers in row 1 (rows count from 0), expected 10 as in row 0"),
        ({"target": "pair", "drop": ("id", "image", "uneven")}, "'pair' of 'SET': got int64 of shape (10, 2)"),
        ({"target": "id", "target_kind": "numbers", "drop": ("image", "uneven")}, "'id' of 'SET': got texts, expected"),
    ],
)
def test_fields_that_cannot_be_read(foreign, options, message):
    with pytest.raises(DataError) as caught:
        load_data(replace(foreign, **options))
    assert message.replace("SET", foreign.file.name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sentence_of_the_other_process_is_that_of_this_one(foreign):
    with pytest.raises(DataError, match=f"^field 'id' of '{foreign.file.name}': got string, expected numbers: write "):
        load_data(foreign)


@pytest.mark.usefixtures("read_here")
def test_the_configuration_names_the_fields(foreign):
    data = {"set": "mindrecord", "file": str(foreign.file), "target": "price", "drop": ["id", "image", "uneven"]}
    config = parse_config(stored_files.experiment_text(data, 1))
    dataset = load_data(source_of(config)).dataset
    assert (dataset.x.shape, dataset.task) == ((ROWS, 9), "regression")


@pytest.mark.usefixtures("read_here")
@pytest.mark.parametrize(("key", "value"), [("target", "y"), ("drop", ("x",)), ("target_kind", "numbers")])
def test_a_converted_set_says_itself_what_its_fields_are(tmp_path, key, value):
    source, _ = stored_files.convert(tmp_path, "mindrecord", *stored_files.classes())
    with pytest.raises(DataError, match=rf"data\.{key}: got .*, but the notes of 'set\.mindrecord' say|drop: got 'x'"):
        load_data(replace(source, **{key: value}))


def endless(index):
    index.execute("DROP TABLE INDEXES")
    index.execute(
        "CREATE VIEW INDEXES AS WITH RECURSIVE n(ROW_ID) AS (SELECT 0 UNION ALL SELECT ROW_ID FROM n) "
        "SELECT ROW_ID, 0 AS PAGE_ID_BLOB, 0 AS PAGE_OFFSET_BLOB, 0 AS PAGE_OFFSET_BLOB_END FROM n WHERE ROW_ID > 0"
    )


def renamed(index):
    index.execute("UPDATE SHARD_NAME SET NAME = 'other.mindrecord'")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (endless, "no tables INDEXES and SHARD_NAME"),
        (renamed, "the index of 'other.mindrecord': MindRecords keep their names"),
    ],
)
def test_indexes_that_are_not_followed(tmp_path, change, message):
    source, _ = stored_files.convert(tmp_path, "mindrecord", *stored_files.classes())
    with sqlite3.connect(index_of(source.file)) as index:
        change(index)
    index.close()
    with pytest.raises(DataError, match=message):
        load_data(source)


def test_an_endless_index_of_another_file_of_the_set(foreign, tmp_path):
    for path in foreign.file.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    other = "set2" if foreign.file.name == "set1" else "set"
    with sqlite3.connect(tmp_path / f"{other}.db") as index:
        endless(index)
    index.close()
    with pytest.raises(DataError, match=rf"'{other}\.db': got an index that cannot be read \(no tables IND"):
        load_data(replace(foreign, file=tmp_path / foreign.file.name))


def test_missing_files(tmp_path):
    source, _ = stored_files.convert(tmp_path, "mindrecord", *stored_files.classes())
    index_of(source.file).unlink()
    with pytest.raises(DataError, match=r"got no index 'set\.mindrecord\.db' beside it, expected both files"):
        load_data(source)
    source.file.unlink()
    with pytest.raises(DataError, match=r"data\.file: got no file .*, expected a MindRecord: put it there"):
        load_data(source)


def test_a_full_disk_is_one_sentence(foreign, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["read", str(foreign.file), str(tmp_path / "no folder"), "label", "stream", "image", "id", "uneven"])
    assert ended.value.code == REFUSED
    assert f"{foreign.file.name!r}: got no room in " in capsys.readouterr().err


def test_damaged_files_are_refused_or_change_no_number(tmp_path):
    stored_files.convert(tmp_path, "mindrecord", *stored_files.classes())
    command = [sys.executable, damaged_records.__file__, str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    assert process.returncode == 0, process.stderr[-2000:]
    found = json.loads(process.stdout.splitlines()[-1])
    assert found.pop("whole") == "same"
    for name, said in found.items():
        assert said == "same" or said.startswith("'set.mindrecord"), name
        assert "\n" not in said
        assert said != "same" or "flipped" in name
    assert any("ended by signal" in said for said in found.values())
