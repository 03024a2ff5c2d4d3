"""Tables whose columns were declared, as training data and as prediction input, in both formats."""

import subprocess
import sys

import mixed_tables
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.config.columns_section import CategoryColumn, DropColumn, MultiHotColumn, NumberColumn, WeightColumn
from ms_dnn.data import Source, load_data, read_declared_table, read_features
from ms_dnn.data.tables import files as table_files
from ms_dnn.errors import DataError

DECLARED = {
    "id": DropColumn(),
    "size": NumberColumn(missing="mean"),
    "colour": CategoryColumn(),
    "tags": MultiHotColumn(missing={"constant": ""}),
}
FORMATS = pytest.mark.parametrize("suffix", ["csv", "parquet"])


def source(path, **options):
    return Source(path.suffix[1:], file=path, **{"target": "bought", "columns": DECLARED, **options})


def refused(action, *arguments, **options):
    with pytest.raises(DataError) as caught:
        action(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@FORMATS
@pytest.mark.parametrize("block", [7, 2**16])
def test_cells_of_both_formats_are_the_same(tmp_path, monkeypatch, suffix, block):
    monkeypatch.setattr(table_files, "BLOCK", block)
    table = mixed_tables.mixed(40)
    dataset, *_ = load_data(source(mixed_tables.write(table, tmp_path / f"t.{suffix}")))
    assert dataset.feature_names == ("size", "colour", "tags", "age")
    assert dataset.class_names == ("no", "yes")
    np.testing.assert_array_equal(dataset.y, table["bought"] == "yes")
    assert dataset.x["size"].tolist() == pytest.approx(table["size"].tolist(), nan_ok=True, abs=0)
    np.testing.assert_array_equal(dataset.x["age"], table["age"])
    assert [cell if isinstance(cell, str) else "" for cell in dataset.x["tags"]] == table["tags"].tolist()
    assert dataset.x["colour"].tolist() == table["colour"].tolist()
    first = {"csv": 2, "parquet": 0}[suffix]
    assert dataset.x.index.tolist() == list(range(first, first + 40))


@FORMATS
def test_tables_of_numbers_need_no_declaration(tmp_path, suffix):
    table = mixed_tables.mixed(40)[["age", "size"]].fillna(1)
    path = mixed_tables.write(table, tmp_path / f"t.{suffix}")
    dataset, *_ = load_data(Source(suffix, file=path, target="age"))
    np.testing.assert_array_equal(dataset.x[:, 0], table["size"])
    np.testing.assert_array_equal(dataset.y[:, 0], table["age"])
    got = read_features(path, 1, feature_names=("size",), target="age")
    np.testing.assert_array_equal(got.x, dataset.x)
    np.testing.assert_array_equal(got.labels, table["age"])


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    (path := tmp_path / "t.csv").write_text('c,n,y\n"two\nlines",1,a\n\n  \nx,2,b\n,3,a\n')
    message = refused(load_data, Source("csv", file=path, target="y", columns={"c": CategoryColumn()}))
    assert message.startswith("line 7, column 'c' of 't.csv': got an empty cell, expected a value")
    assert "data.columns.c" in message


@pytest.mark.parametrize(
    ("content", "columns", "sentence"),
    [
        ("a,y\n1,u\nn/a,v\n", {"a": NumberColumn()}, "line 3, column 'a' of 't.csv': got 'n/a', expected a value"),
        ("a,y\n1,u\n?,v\nred,v\n", {"a": NumberColumn(missing="mean")}, "line 4, column 'a' of 't.csv': got the text"),
        ("a,y\n1,u\n-inf,v\n", {"a": NumberColumn(missing="mean")}, "got '-inf', expected a finite number"),
        (
            "a,y\n1,u\n",
            {"A": NumberColumn()},
            "data.columns: got 'A', expected columns of 't.csv', whose header is 'a'",
        ),
        ("colour,y\n1,u\n", {"color": NumberColumn()}, "did you mean 'colour'?"),
        ("a,y\n1,u\n", {"y": CategoryColumn()}, "data.columns: got the target 'y', expected features only"),
        ("a,y\n1,u\n", {"a": DropColumn()}, "expected to be left with the target and a feature"),
        ('a,y\n1,u\n"2,v\n', {"a": NumberColumn()}, "line 3 of 't.csv': got 1 columns, expected 2"),
        ("a,y\n1,u\n2\0,v\n", {"a": NumberColumn()}, "cannot be read as CSV (line contains NUL)"),
    ],
)
def test_wrong_tables(tmp_path, content, columns, sentence):
    (path := tmp_path / "t.csv").write_text(content)
    assert sentence in refused(load_data, Source("csv", file=path, target="y", columns=columns))


def test_a_listed_category_is_not_missing(tmp_path):
    (path := tmp_path / "t.csv").write_text("garage,y\nnone,u\nbig,v\n")
    columns = {"garage": CategoryColumn(categories=("none", "big"))}
    assert load_data(Source("csv", file=path, target="y", columns=columns)).dataset.x["garage"].tolist() == [
        "none",
        "big",
    ]
    assert "got 'none', expected a value" in refused(
        load_data, Source("csv", file=path, target="y", columns={"garage": CategoryColumn()})
    )


RAW = {name: kind for name, kind in DECLARED.items() if name != "id"} | {"age": NumberColumn()}


def read_raw(path):
    return read_declared_table(path, RAW, "bought", ("id",))


@FORMATS
def test_raw_rows_in_any_order_with_a_column_less(tmp_path, suffix):
    table = mixed_tables.mixed(9)
    path = mixed_tables.write(table[["bought", "tags", "age", "colour", "id"]], tmp_path / f"raw.{suffix}")
    samples, absent = read_raw(path)
    assert absent == ("size",)
    assert samples.x["size"].isna().all()
    assert samples.x["age"].tolist() == table["age"].tolist()
    assert samples.labels.tolist() == table["bought"].tolist()
    assert samples.row_names[0] == {"csv": "line 2", "parquet": "row 0"}[suffix]


@FORMATS
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"drop": "colour"}, "missing 'colour'; unknown none; twice none"),
        ({"rename": {"age": "years"}}, "missing 'age'; unknown 'years'"),
        ({"keep": ["id", "bought"]}, "does not fit the columns of the training data"),
        ({"rows": 0}, "has no samples"),
    ],
)
def test_raw_input_that_does_not_fit(tmp_path, suffix, change, sentence):
    table = mixed_tables.mixed(5).iloc[: change.get("rows", 5)]
    table = table.drop(columns=change.get("drop", [])).rename(columns=change.get("rename", {}))
    path = mixed_tables.write(table[change.get("keep", list(table))], tmp_path / f"raw.{suffix}")
    assert sentence in refused(read_raw, path)


def test_arrays_are_no_table_of_declared_columns(tmp_path):
    np.savez(path := tmp_path / "raw.npz", x=np.eye(2))
    assert "raw.npz' is no table" in refused(read_raw, path)


def test_parquet_columns_of_other_types_are_named(tmp_path):
    table = mixed_tables.mixed(5).assign(when=pd.Timestamp(2020, 1, 1))
    path = mixed_tables.write(table, tmp_path / "t.parquet")
    assert "column 'when' of 't.parquet': got values of type timestamp" in refused(load_data, source(path))


def test_parquet_categories_truth_values_and_numbers_as_categories(tmp_path):
    table = pd.DataFrame(
        {"c": pd.Categorical(["x", None, "x"]), "b": [True, False, True], "k": [3, 1, 3], "y": [1.5, 2.5, 0.1]}
    )
    table.to_parquet(path := tmp_path / "t.parquet")
    columns = {"c": CategoryColumn(missing="indicator"), "k": CategoryColumn()}
    dataset, *_ = load_data(Source("parquet", file=path, target="y", columns=columns))
    assert [cell if isinstance(cell, str) else None for cell in dataset.x["c"]] == ["x", None, "x"]
    assert dataset.x["b"].tolist() == [1, 0, 1]
    assert dataset.x["k"].tolist() == ["3", "1", "3"]
    assert dataset.y.ravel().tolist() == [1.5, 2.5, 0.1]


def test_a_parquet_file_that_promises_too_much_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = mixed_tables.write(mixed_tables.mixed(50), tmp_path / "t.parquet")
    monkeypatch.setattr("ms_dnn.data.source.MOST_VALUES", 199)
    assert "'t.parquet': got 50 samples of 4 values, expected at most 199" in refused(load_data, source(path))


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    path = mixed_tables.write(mixed_tables.mixed(5), tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    message = refused(load_data, source(path))
    assert message.startswith("'t.parquet': got a Parquet file, expected the package pyarrow")
    assert message.endswith("pip install 'ms-dnn[data]'")


@given(text=st.text(alphabet="12.,;\"'\n\r\t ab?é\0_", max_size=60))
def test_random_csv(tmp_path, text):
    (path := tmp_path / "t.csv").write_text("a,y\n" + text, newline="")
    columns = {"a": MultiHotColumn(missing={"constant": ""})}
    source = Source("csv", file=path, target="y", columns=columns)
    try:
        dataset, *_ = load_data(source)
    except DataError:
        refused(load_data, source)
    else:
        assert len(dataset.x) == len(dataset.y)


READ_DAMAGED = """
import sys
from pathlib import Path
import numpy as np
from ms_dnn.data import Source, load_data
from ms_dnn.config.columns_section import CategoryColumn, DropColumn, MultiHotColumn, NumberColumn, WeightColumn
from ms_dnn.errors import DataError
path, random = Path(sys.argv[1]), np.random.default_rng(0)
declared = {
    "id": DropColumn(), "size": NumberColumn(missing="mean"), "colour": CategoryColumn(),
    "tags": MultiHotColumn(missing={"constant": ""}),
}
content, outcomes = path.read_bytes(), {True: 0, False: 0}
for _ in range(400):
    changed = bytearray(content[: None if random.random() < 0.8 else random.integers(len(content))])
    for place in random.integers(len(changed) + 1, size=random.integers(1, 5)):
        changed[place : place + 1] = bytes([random.integers(256)])
    path.write_bytes(changed)
    try:
        load_data(Source("parquet", file=path, target="bought", columns=declared))
        outcomes[True] += 1
    except DataError as error:
        assert str(error) and "\\n" not in str(error), error
        outcomes[False] += 1
assert all(outcomes.values()), outcomes
"""


def test_damaged_parquet(tmp_path):
    """In a process of its own: the Arrow library is C++, and damaged bytes reach it."""
    path = mixed_tables.write(mixed_tables.mixed(30), tmp_path / "t.parquet")
    command = [sys.executable, "-c", READ_DAMAGED, str(path)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr[-2000:]


@FORMATS
@pytest.mark.parametrize("block", [7, 2**16])
def test_a_column_of_weights_is_no_feature_and_goes_with_its_samples(tmp_path, monkeypatch, suffix, block):
    monkeypatch.setattr(table_files, "BLOCK", block)
    table = mixed_tables.mixed(40).assign(importance=np.arange(40) / 4)
    declared = {**DECLARED, "importance": WeightColumn()}
    path = mixed_tables.write(table, tmp_path / f"t.{suffix}")
    dataset, *_ = load_data(source(path, columns=declared))
    assert dataset.feature_names == ("size", "colour", "tags", "age")
    np.testing.assert_array_equal(dataset.weights, np.arange(40) / 4)
    np.testing.assert_array_equal(dataset.take([3, 1]).weights, [0.75, 0.25])


@pytest.mark.parametrize(("cell", "says"), [("-1", "'-1'"), ("heavy", "'heavy'"), ("", "nothing"), ("inf", "'inf'")])
def test_a_weight_that_is_none(tmp_path, cell, says):
    table = mixed_tables.mixed(10).assign(importance=["1"] * 4 + [cell] + ["1"] * 5)
    path = mixed_tables.write(table, tmp_path / "t.csv")
    told = refused(load_data, source(path, columns={**DECLARED, "importance": WeightColumn()}))
    assert "line 6, column 'importance' of 't.csv': got " in told
    assert "expected the weight of a sample, a number ≥ 0" in told
