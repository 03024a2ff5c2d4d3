"""Numbers with percent and currency: guessed, declared, read alike in training and prediction, no categories."""

import json

import numpy as np
import pytest
import yaml

from ms_dnn.config.columns_section import CategoryColumn, NumberColumn
from ms_dnn.data import Source, load_data
from ms_dnn.data.recognizing import recognize
from ms_dnn.data.table_overview import table_overview
from ms_dnn.data.tables.cells import plainly_written, unit_in
from ms_dnn.data.tables.declared import read_declared_table
from ms_dnn.data.tables.dialect import Dialect
from ms_dnn.errors import DataError
from ms_dnn.experiment.first_config import first_config
from ms_dnn.export import predict_program
from ms_dnn.export.facts import _table
from ms_dnn.features.columns import fit_features
from ms_dnn.features.stored import features_from_json, features_to_json

ROWS = [
    ("45 %", "$1,200.50", "€ 3", "¥1,000", "no"),
    ("12.5%", "-$3", "€4", "¥20", "yes"),
    ("3%", "$ 4.00", "€ 5", "¥30", "no"),
    ("-7 %", "$12", "", "¥1,234,567", "yes"),
]
OF_CLASS = {"y": CategoryColumn(kind="category")}
X = [[45, 1200.5, 3, 1000], [12.5, -3, 4, 20], [3, 4, 5, 30], [-7, 12, np.nan, 1234567]]


@pytest.fixture
def prices(tmp_path):
    """A table of percents and three currencies, and a class."""
    lines = ["share,dollars,euros,yen,y", *(",".join(f'"{cell}"' for cell in row) for row in ROWS)]
    (path := tmp_path / "prices.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_they_are_guessed_and_read(prices):
    first = first_config(prices, "y")
    columns = yaml.safe_load(first.text)["data"]["columns"]
    assert columns == {
        "share": {"unit": "%"},
        "dollars": {"unit": "$"},
        "euros": {"unit": "€", "missing": "indicator"},
        "yen": {"unit": "¥"},
    }
    assert first.config.data.decimal == "point"
    np.testing.assert_array_equal(np.sort(first.data.dataset.x.to_numpy(), axis=0), np.sort(X, axis=0))
    assert {one["kind"] for one in table_overview(prices)["columns"]} == {"number", "category"}


def test_predictions_and_the_exported_program_read_them_alike(prices, tmp_path):
    first = first_config(prices, "y")
    features = features_from_json(features_to_json(first.data.features))
    dialect = Dialect(decimal="point")
    samples, _ = read_declared_table(prices, features.declared, "y", (), dialect)
    np.testing.assert_array_equal(samples.x.to_numpy(), X)
    facts = {"features": json.loads(features_to_json(features)), "table": _table(first.config), "picture": None}
    np.testing.assert_allclose(predict_program.encoded(prices, facts), features.apply(samples.x), atol=1e-12)
    (other := tmp_path / "other.csv").write_text(prices.read_text().replace("12.5%", "0.125"))
    with pytest.raises(
        DataError, match=r"line 3, column 'share'.*got the text '0.125', expected a number with the unit"
    ):
        read_declared_table(other, features.declared, "y", (), dialect)
    with pytest.raises(SystemExit, match=r"has '0.125', expected a number"):
        predict_program.encoded(other, facts)


def test_features_of_earlier_runs_have_no_unit():
    text = features_to_json(fit_features(np.arange(6.0).reshape(3, 2))).replace('"unit": "", ', "")
    assert "unit" not in text
    assert [column.unit for column in features_from_json(text).columns] == ["", ""]


def test_a_target_with_a_unit_is_numbers(tmp_path):
    text = "a;price\n" + "".join(f"{number % 3};{number + 1}.000,50 €\n" for number in range(1, 9))
    (path := tmp_path / "t.csv").write_text(text, encoding="utf-8")
    data = recognize(path, "price").data
    assert (data["target_kind"], data["target_unit"], data["decimal"]) == ("numbers", "€", "comma")
    dialect = Dialect(decimal="comma", target_unit="€")
    dataset = load_data(Source("csv", file=path, target="price", dialect=dialect)).dataset
    assert dataset.y[:2, 0].tolist() == [2000.5, 3000.5]
    labels = read_declared_table(path, {"a": NumberColumn()}, "price", (), dialect)[0].labels
    assert labels[:2].tolist() == [2000.5, 3000.5]


def test_what_is_not_declared_is_refused_with_the_line_to_paste(prices, tmp_path):
    with pytest.raises(DataError, match=r"share: \{unit: '%'\}"):
        load_data(Source("csv", file=prices, target="y"))
    with pytest.raises(DataError, match=r"got '45 %' and the like.*say data.target_unit: '%' if these are numbers"):
        load_data(Source("csv", file=prices, target="share", drop=("dollars", "euros", "yen"), columns=OF_CLASS))
    weights = "".join(f"{number % 3} kg,{number % 2}\n" for number in range(12))
    (path := tmp_path / "kg.csv").write_text("weight,y\n" + weights)
    assert "declare kind: number, unit: kg" in table_overview(path)["doubts"][0]
    columns = {"weight": NumberColumn(unit="kg")}
    assert load_data(Source("csv", file=path, target="y", columns=columns)).dataset.x["weight"].max() == 2


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        (["45 %", "12.5%"], "%"),
        (["$3", "-$4", "$ 5", "$-6"], "$"),
        (["3,50 EUR", "1 000 EUR"], "EUR"),
        (["3 €", "4 $"], ""),
        (["3 %", "4"], ""),
        (["50% off", "3 %"], ""),
        (["%", "$"], ""),
        ([], ""),
    ],
)
def test_the_unit_of_all_cells(cells, unit):
    assert unit_in(cells) == unit


@pytest.mark.parametrize(
    ("cell", "decimal", "plain"),
    [
        ("1 234,5", "comma", "1234.5"),
        ("1\u202f234", "comma", "1234"),
        ("1'234.5", "point", "1234.5"),
        ("1 23", "point", "no number"),
        ("1 234", "plain", "1 234"),
    ],
)
def test_blanks_and_apostrophes_between_thousands(cell, decimal, plain):
    assert plainly_written(cell, decimal) == plain
