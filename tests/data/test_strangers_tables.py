"""Tables as other programs write them: read as they are meant, or refused with one sentence, and never misread."""

import numpy as np
import pytest

from ms_dnn.config.columns_section import CategoryColumn, NumberColumn
from ms_dnn.data import Source, load_data, read_features
from ms_dnn.data.tables.dialect import Dialect, likely_encoding
from ms_dnn.data.validation import surprises
from ms_dnn.errors import DataError

ROWS = [("0.5", "1.5", "yes"), ("-1.25", "2.0", "no"), ("3.0", "-4.5", "yes"), ("2.5", "0.25", "no")]
X = [[0.5, 1.5], [-1.25, 2.0], [3.0, -4.5], [2.5, 0.25]]


def table(header=("a", "b", "y"), rows=ROWS, sep=","):
    return "".join(sep.join(cells) + "\n" for cells in (header, *rows))


@pytest.fixture
def load(tmp_path):
    def load(text, encoding="utf-8", **options):
        (path := tmp_path / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return load_data(Source("csv", file=path, **{"target": "y", **options})).dataset

    return load


@pytest.fixture
def refusal(load):
    def refusal(text, *arguments, **options):
        with pytest.raises(DataError) as caught:
            load(text, *arguments, **options)
        return str(caught.value)

    return refusal


@pytest.mark.parametrize(
    ("text", "encoding", "note"),
    [
        (table(), "utf-8", ""),
        (table(), "utf-8-sig", ""),
        (table(), "utf-16", "read as utf-16"),
        (table(), "utf-32", "read as utf-32"),
        (table(sep=";"), "utf-8", "separated by semicolon, which divides all lines into equally many cells"),
        (table(sep="|"), "utf-8", "separated by bar"),
        (table(sep="\t"), "utf-8", "separated by tab"),
        (table(sep=" "), "utf-8", "separated by space"),
        ("\n" + table(sep=";"), "utf-8", "separated by semicolon"),
        ("sep=;\n" + table(sep=";"), "utf-8", "separated by semicolon, as its first line says"),
        (table(('"width, cm"', '"height, cm"', "y"), sep=";"), "utf-8", "separated by semicolon"),
        (table().replace("\n", "\r"), "utf-8", ""),
    ],
)
def test_the_same_samples_however_written(load, text, encoding, note):
    dataset = load(text, encoding)
    assert dataset.x.tolist() == X
    assert dataset.class_names == ("no", "yes")
    assert (note in dataset.notes[0]) if note else not dataset.notes


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gbk", "姓名,城市,流失\n张伟,北京,是\n王芳,上海,否\n"),
        ("big5", "姓名,城市,流失\n張偉,廣州市天河區,是\n"),
        ("shift_jis", "名前,都市\n田中さん,東京\nすずき,大阪\n"),
        ("cp1252", "größe,naïve,façade\nmüller,é,x\n"),
        ("utf-16-le", "姓名,y\n张伟,1\n"),
        ("utf-16-be", "a,y\n1,2\n"),
    ],
)
def test_an_encoding_is_named_and_read_when_it_is_declared(load, refusal, tmp_path, encoding, text):
    header = text.splitlines()[0].split(",")
    message = refusal(text, encoding, target=header[-1], drop=header[:-2])
    assert (
        f"expected UTF-8 or a declared encoding, which is probably {encoding}: say data.encoding: {encoding}" in message
    )
    assert likely_encoding(tmp_path / "t.csv") == encoding
    text = text.split("\n")[0] + "\n" + "\n".join("1," * (len(header) - 1) + name for name in ("是", "否", "é")[:2])
    if encoding not in ("cp1252", "utf-16-be", "shift_jis", "big5"):
        dataset = load(text, encoding, target=header[-1], dialect=Dialect(encoding))
        assert dataset.class_names == ("否", "是")


def test_a_declared_encoding_does_not_misread_utf_8(load):
    assert load(
        table(rows=[(*row[:2], "是" if row[2] == "yes" else "否") for row in ROWS]), dialect=Dialect("gbk")
    ).class_names == (
        "否",
        "是",
    )


def test_what_two_delimiters_divide_is_asked(load, refusal):
    text = "a,b;c,y\n1,2;3,u\n1,3;3,v\n"
    assert "data.delimiter: comma" in refusal(text)
    assert load(
        text,
        dialect=Dialect(delimiter="semicolon"),
        target="c,y",
        target_kind="classes",
        columns={"a,b": CategoryColumn()},
    ).class_names == ("3,u", "3,v")


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (("007", "7"), ("007", "7")),
        (("1577134800018164905", "1577134800018164904"), ("1577134800018164904", "1577134800018164905")),
        (("10", "9"), ("9", "10")),
        (("1.0", "0.0"), ("0", "1")),
        (("True", "False"), ("False", "True")),
    ],
)
def test_classes_keep_their_text(load, labels, names):
    dataset = load(table(rows=[(*row[:2], labels[i % 2]) for i, row in enumerate(ROWS)]), target_kind="classes")
    assert dataset.class_names == names
    assert [dataset.class_names[label] for label in dataset.y] == [
        label.removesuffix(".0") for label in (*labels, *labels)
    ]


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("007", "got '007', expected a number without zeros in front: set data.target_kind to classes"),
        ("1577134800018164905", "expected a number that float64 holds: if it names a class, set data.target_kind"),
    ],
)
def test_codes_are_no_regression_targets(refusal, label, sentence):
    assert sentence in refusal(table(rows=[(*row[:2], label) for row in ROWS]))


def test_predictions_are_compared_with_the_same_names(tmp_path):
    (path := tmp_path / "t.csv").write_text("a,y\n1,007\n2,7\n")
    assert read_features(path, 1, feature_names=("a",), target="y").labels.tolist() == ["007", "7"]


def test_listed_classes_may_be_called_none(load, refusal):
    text = table(rows=[(*row[:2], "None" if row[2] == "no" else "Severe") for row in ROWS])
    assert "list the classes: data.classes: [None, …] (2 such cells in all)" in refusal(text)
    assert load(text, classes=("Severe", "None")).y.tolist() == [0, 1, 0, 1]
    assert "expected one of data.classes" in refusal(text, classes=("Mild", "None"))


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_an_index_is_no_feature(load, refusal, name):
    text = table((name, "a", "b", "y"), [(str(i), *row) for i, row in enumerate(ROWS)])
    assert f"leave it out with data.drop: [{name!r}], or give it a name" in refusal(text)
    assert load(text, drop=(name,)).x.tolist() == X
    assert load(text, columns={name: NumberColumn()}).feature_names == (name, "a", "b")


def test_the_numbers_of_sorted_rows_do_not_give_the_class_away(load, refusal):
    rows = [(str(i), str(i % 3), "a" if i < 10 else "b") for i in range(20)]
    text = table(("Id", "b", "y"), rows)
    assert "got the numbers of the rows, which are sorted by 'y'" in refusal(text)
    assert "shuffled before they are split" in surprises(load(text, drop=("Id",)))[0]
    unsorted = [(*row[:2], "ab"[i % 2]) for i, row in enumerate(rows)]
    assert "'Id' counts the rows" in surprises(load(table(("Id", "b", "y"), unsorted)))[0]


def test_classes_that_look_alike_are_told(load):
    rows = [(*row[:2], label) for row, label in zip(ROWS, ("café", "cafe\u0301", "Yes", "yes"), strict=True)]
    assert [note.count("look alike") for note in surprises(load(table(rows=rows)))] == [1, 1]


def test_true_and_false_are_numbers(load, tmp_path):
    text = table(rows=[(("True", "false")[i % 2], *row[1:]) for i, row in enumerate(ROWS)])
    assert load(text).x[:, 0].tolist() == [1, 0, 1, 0]
    (path := tmp_path / "new.csv").write_text("True\nFalse\n")
    assert read_features(path, 1).x.tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("1577134800018164905", "expected a number that float64 holds, which rounds whole ones beyond 2⁵³"),
        ("True", "got the text 'True', expected a number"),
        ("0x1F", "got the text '0x1F', expected a number"),
        ("1,234.5", "got the text '1,234.5', expected a number, such as 1234.5"),
        ("1e400", "got '1e400', expected a finite number"),
    ],
)
def test_cells_that_are_no_such_number(refusal, cell, sentence):
    rows = [(f'"{cell}"', *ROWS[0][1:]), *ROWS[1:]]
    assert sentence in refusal(table(rows=rows))


def test_a_large_number_that_float64_holds_is_one(load):
    assert load(table(rows=[("1577134800018164736", *row[1:]) for row in ROWS])).x[0, 0] == 1577134800018164736.0


@pytest.mark.parametrize(
    ("decimal", "cells", "numbers"),
    [
        ("comma", ("1.234,5", "-0,25", "12", "1e3"), (1234.5, -0.25, 12, 1000)),
        ("point", ("1,234.5", "−0.25", "1,234,567", "1e3"), (1234.5, -0.25, 1234567, 1000)),
    ],
)
def test_numbers_as_they_are_written_elsewhere(load, refusal, decimal, cells, numbers):
    text = table(("a", "y"), [(cell, cell) for cell in cells], ";")
    dataset = load(text, dialect=Dialect(decimal=decimal))
    assert dataset.x[:, 0].tolist() == dataset.y[:, 0].tolist() == list(numbers)
    assert f"data.decimal: {decimal}" in refusal(text, target_kind="classes")
    other = "point" if decimal == "comma" else "comma"
    assert "expected a number" in refusal(text, dialect=Dialect(decimal=other), target_kind="classes")


def test_a_number_that_can_be_read_in_two_ways_is_asked(refusal):
    assert "data.decimal: comma or point" in refusal(table(("a", "y"), [("1,234", "u"), ("2,345", "v")], ";"))


def test_archives_with_capital_names(tmp_path):
    x, y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2
    np.savez(path := tmp_path / "t.npz", X=x, Y=y)
    dataset, *_ = load_data(Source("npz", file=path))
    np.testing.assert_array_equal(dataset.x, x)
    np.testing.assert_array_equal(dataset.y, y)
    np.testing.assert_array_equal(read_features(path, 2).x, x)
    np.savez(path, X=np.full((6, 2), 2**60 + 1), Y=y)
    with pytest.raises(DataError, match="got whole numbers beyond 2⁵³"):
        load_data(Source("npz", file=path))


def test_large_integers_of_parquet_are_not_rounded(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": np.array([2**60 + 1, 5]), "y": ["u", "v"]})
    frame.to_parquet(path := tmp_path / "t.parquet")
    with pytest.raises(DataError, match="got '1152921504606846977', expected a number that float64 holds"):
        load_data(Source("parquet", file=path, target="y"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# measured in May\n" + table(), "delete what is above the header ('# measured in May')"),
        (table(rows=[(*row, "") for row in ROWS]), "all other lines have as many, so correct the header"),
        (
            table(rows=[*ROWS, (*ROWS[0], "x")]),
            "line 6 of 't.csv': got 4 columns, expected 3 as in the header: correct",
        ),
        (table(("a", "b", "Y", ""), [(*row, "") for row in ROWS]), "got column 4 with the name ''"),
    ],
)
def test_lines_that_do_not_fit_the_header(refusal, text, sentence):
    assert sentence in refusal(text)


def test_all_problems_of_a_table_at_once(refusal):
    rows = [("", "north", "5", "yes"), ("1", "south", "", "no"), ("2", "", "x", ""), ("3", "east", "7", "no")]
    message = refusal(table(("age", "place of birth", "size", "y"), rows))
    lines = message.splitlines()
    assert lines[0] == "'t.csv': got 6 problems, expected none:"
    assert "line 2, column 'age' of 't.csv': got an empty cell, expected a value" in message
    assert "missing: indicator, mean, median, most_frequent or {constant: 0}" in message
    assert "line 4, column 'y' of 't.csv': got an empty cell" in message
    assert "(3 such cells in all)" in message
    start = lines.index("data:")
    assert lines[start : start + 5] == [
        "data:",
        "  columns:",
        "    age: {missing: indicator}",
        "    place of birth: {kind: category, unseen: other, missing: indicator}",
        "    size: {missing: indicator}",
    ]
    assert message.endswith("ms-dnn init " + message.split("ms-dnn init ")[1])
    header = refusal(table(("age", "age", "", "Y"), rows), drop=("ages",))
    assert len(header.splitlines()) == 3
