"""The data section: which keys each set needs, which it has no use for, and paths for any working directory."""

from pathlib import Path

import pytest

from ms_dnn.config import dump_config, parse_config
from ms_dnn.config.loading import document_of, entry
from ms_dnn.errors import ConfigError

BASE = """\
name: own
data:
  set: csv
  file: t.csv
  target: kind
network: {layers: [{units: 2, activation: identity}]}
loss: softmax_cross_entropy
optimizer: {name: gradient_descent}
learning_rate: 0.01
training: {batch_size: all, epochs: 3}
"""


def message(data: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(BASE, "c.yaml", [f"data={data}"])
    found = str(caught.value)
    assert "Input should" not in found
    return found.split(": data.", 1)[1]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("{set: mnist}", "folder: missing; mnist needs the folder of the four idx files"),
        ("{set: csv, file: t.csv}", "target: missing; csv needs the name of the column to predict"),
        (
            "{set: iris, folder: x}",
            "folder: iris has no use for it (iris comes with scikit-learn); leave folder out",
        ),
        (
            "{set: npz, file: t.npz, stream: true}",
            "stream: npz has no use for it (npz reads file, target, target_kind, drop); leave stream out",
        ),
        (
            "{set: mnist, folder: x, test: 0.1}",
            "test: got 0.1, but mnist has test files, which are the test set; leave test out",
        ),
        ("{set: npz, file: 3}", "file: got 3, expected a path; put it in quotes if it is one"),
        ("{set: npz, file: ''}", "file: got '', expected a path"),
        ("{set: images, folder: x, image_size: 3}", "image_size: got 3, expected a list [height, width]"),
        ("{set: images, folder: x, image_size: [3]}", "image_size: got 1 numbers, expected a list [height, width]"),
        ("{set: images, folder: x, image_size: [3, 0]}", "image_size.1: got 0, expected a whole number from 1 to 4096"),
        ("{set: csv, file: t, target: y, drop: id}", "drop: got 'id', expected a list"),
        (
            "{set: csv, file: t, target: y, target_kind: class}",
            "target_kind: got 'class', expected one of auto, classes, numbers; did you mean 'classes'?",
        ),
        (
            "{set: csv, file: t, target: y, target_kind: classes, target_scaling: standard}",
            "target_scaling: the targets of csv are classes, which have no scale; use none (target_scaling is for "
            "regression)",
        ),
    ],
)
def test_one_mistake(data: str, expected: str) -> None:
    assert message(data) == expected


def test_numbers_as_targets_need_a_loss_for_them() -> None:
    with pytest.raises(ConfigError, match="the targets of csv are numbers"):
        parse_config(BASE, "c.yaml", ["data.target_kind=numbers"])


@pytest.mark.parametrize("test", ["", ", test: 0", ", test: 0.0"])
def test_sets_with_test_files_take_no_share(test: str) -> None:
    config = parse_config(BASE, overrides=[f"data={{set: cifar10, folder: x, validation: 0.9{test}}}"])
    assert config.data.test == 0
    assert parse_config(dump_config(config)) == config


def test_absolute_paths_are_stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    config = parse_config(BASE, overrides=["data.drop=[id, 'no: 1']"])
    data = config.data.with_absolute_paths()
    assert (data.file, data.folder) == (str(tmp_path / "t.csv"), None)
    stored = config.model_copy(update={"data": data})
    assert parse_config(dump_config(stored)) == stored
    assert data.with_absolute_paths() == data


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("3", ": got 3, expected a mapping of column names"),
        ("{a: category}", ".a: got 'category', expected a mapping with the key 'kind'"),
        (
            "{a: {kind: categry}}",
            ".a.kind: got 'categry', expected one of category, date, drop, multi_hot, number, weight; "
            "did you mean 'category'?",
        ),
        (
            "{a: {missing: avg}}",
            ".a.missing: got 'avg', expected one of error, mean, median, most_frequent, indicator or a mapping with "
            "'constant'",
        ),
        ("{a: {missing: {constant: x}}}", ".a.missing.constant: got 'x', expected a number"),
        ("{a: {encoding: one_hot}}", ".a.encoding: unknown key; kind category has it"),
        ("{a: {kind: category, unsen: other}}", ".a.unsen: unknown key; did you mean 'unseen'?"),
        (
            "{a: {kind: category, encoding: integer, unseen: ignore}}",
            ".a.unseen: integer has no number for no category; use other, or encoding one_hot",
        ),
        (
            "{a: {kind: category, encoding: integer, missing: indicator}}",
            ".a.missing: integer is one feature only; use a constant, or encoding one_hot",
        ),
        ("{a: {kind: category, categories: [u, u]}}", ".a.categories: got 'u' twice; list each category once"),
        (
            "{a: {kind: category, categories: [u], missing: {constant: v}}}",
            ".a.missing: 'v' is none of the categories; list it, or use one of them",
        ),
        (
            "{a: {kind: multi_hot, categories: [u], missing: {constant: u;v}}}",
            ".a.missing: 'u;v' is none of the categories; list it, or use one of them",
        ),
        ("{a: {kind: date, parts: [month, month]}}", ".a.parts: got a part twice; list each once"),
        ("{a: {kind: date, format: '%d %m'}}", ".a.format: got '%d %m', expected one with a year, such as '%d.%m.%Y'"),
        (
            "{a: {kind: date, missing: {constant: soon}}}",
            ".a.missing.constant: got 'soon', expected a date such as 2024-01-31",
        ),
        ("{a: {kind: multi_hot, separator: ''}}", ".a.separator: got '', expected a text of at least one character"),
    ],
)
def test_one_mistake_about_a_column(columns: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(BASE, "c.yaml", [f"data.columns={columns}"])
    assert str(caught.value).split(": data.columns", 1)[1] == expected


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_declared_columns_read_back_and_stay_as_they_are(name: str) -> None:
    columns = "{a: {missing: mean}, 'b c': {kind: category, encoding: integer}, d: {kind: multi_hot}, e: {kind: drop}}"
    config = parse_config(BASE, overrides=[f"data.set={name}", f"data.columns={columns}"])
    assert parse_config(dump_config(config)) == config
    assert hash(parse_config(dump_config(config))) == hash(config)
    assert config.data.columns["b c"].unseen == "other"
    with pytest.raises(TypeError, match="is not changed"):
        config.data.columns["a"] = config.data.columns["d"]


@pytest.mark.parametrize(
    "name", ["yes", "1", "a: b", "#x", "two\nlines", "{q}", "null", "a,b", "- a", "u\u2028v", "😀"]
)
def test_any_name_of_a_column_can_be_written_on_one_line(name: str) -> None:
    line = entry(name, {"kind": "drop"})
    assert "\n" not in line
    assert document_of(line, "c.yaml").data == {name: {"kind": "drop"}}


def test_only_tables_have_columns() -> None:
    assert message("{set: iris, columns: {a: {}}}").startswith("columns: iris has no use for it")


def test_samples_have_one_weight():
    found = message("{set: csv, file: t.csv, target: y, columns: {a: {kind: weight}, b: {kind: weight}}}")
    assert "columns.b: 'a' is the weight of a sample already; drop one of the two (kind: drop)" in found
