"""Columns of dates: read, measured on the training set, encoded part by part, stored, and read again."""

import numpy as np
import pandas as pd
import pytest

from ms_dnn.config.columns_section import DateColumn
from ms_dnn.data import Source, load_data, read_declared_table
from ms_dnn.data.fingerprint import fingerprint_of
from ms_dnn.data.summary import data_report, summarize
from ms_dnn.errors import DataError
from ms_dnn.features.columns import fit_features
from ms_dnn.features.stored import features_from_json, features_to_json

DATES = ["2024-01-31", "2023-02-28 08:30", "2024-12-01T23:15:00+02:00", "2024-02-29"]
PARTS = [[2024, 1, 2, 31, 0], [2023, 2, 1, 28, 8], [2024, 12, 6, 1, 23], [2024, 2, 3, 29, 0]]
ALL = ("year", "month", "weekday", "day", "hour")


def load(tmp_path, dates, **options):
    path = tmp_path / "t.csv"
    path.write_text("when,y\n" + "".join(f"{date},{'uv'[i % 2]}\n" for i, date in enumerate(dates)))
    return load_data(Source("csv", file=path, target="y", columns={"when": DateColumn(**options)}))


def encoded(tmp_path, dates, **options):
    column = DateColumn(**{"parts": ALL, "scaling": "none", **options})
    x = load(tmp_path, dates, **{"parts": ALL, **options}).dataset.x
    features = fit_features(x, "standard", {"when": column})
    stored = features_from_json(features_to_json(features))
    assert stored == features
    np.testing.assert_array_equal(stored.apply(x), features.apply(x))
    return features, features.apply(x)


def test_each_part_is_a_feature(tmp_path):
    features, x = encoded(tmp_path, DATES)
    assert features.names == tuple(f"when.{part}" for part in ALL)
    assert x.tolist() == PARTS


def test_parts_are_scaled_as_numbers_are(tmp_path):
    _, x = encoded(tmp_path, DATES, scaling="min_max", parts=("month", "day"))
    np.testing.assert_allclose(x[:, 0], (np.array(PARTS)[:, 1] - 1) / 11)


def test_other_formats_are_declared(tmp_path):
    _, x = encoded(tmp_path, ["31.01.2024", "28.02.2023"], format="%d.%m.%Y", parts=("day", "month"))
    assert x.tolist() == [[31, 1], [28, 2]]
    with pytest.raises(
        DataError, match=r"line 2, column 'when' of 't.csv': got '31.01.2024', expected a date as 2024-01-31"
    ):
        load(tmp_path, ["31.01.2024", "28.02.2023"])


@pytest.mark.parametrize(
    ("missing", "row", "names"),
    [
        ("mean", [2024, 1, 3], 3),
        ("median", [2024, 1, 2], 3),
        ("indicator", [2024, 1, 3, 1], 4),
        ({"constant": "1999-12-31"}, [1999, 12, 31], 3),
    ],
)
def test_missing_dates(tmp_path, missing, row, names):
    dates = ["2024-01-01", "2024-01-02", "2024-01-06", "", "NA"]
    features, x = encoded(tmp_path, dates, parts=("year", "month", "day"), missing=missing)
    assert len(features.names) == names
    assert x[3].tolist() == x[4].tolist() == row
    assert features.filling("when").endswith(f"{row[0]}-{row[1]:02}-{row[2]:02}")


def test_missing_dates_need_a_declaration(tmp_path):
    with pytest.raises(DataError, match=r"missing: indicator, mean, median or \{constant: 2000-01-01\}"):
        load(tmp_path, ["2024-01-01", ""])


def test_raw_rows_are_read_as_the_training_data_were(tmp_path):
    features, _ = encoded(tmp_path, [*DATES, ""], missing="median")
    (path := tmp_path / "new.csv").write_text("when\n2020-07-04 12:00\n\nNA\n")
    samples, _ = read_declared_table(path, features.declared, "y")
    assert features.apply(samples.x)[0].tolist() == [2020, 7, 5, 4, 12]


def test_dates_of_parquet(tmp_path):
    times = pd.Series([pd.Timestamp("2024-01-31"), pd.Timestamp("2023-02-28 08:30")])
    pd.DataFrame({"when": times, "y": ["u", "v"]}).to_parquet(path := tmp_path / "t.parquet")
    dataset, *_ = load_data(Source("parquet", file=path, target="y", columns={"when": DateColumn()}))
    assert dataset.x["when"].tolist() == times.tolist()
    with pytest.raises(DataError, match=r"say \{kind: date\} in data.columns.when"):
        load_data(Source("parquet", file=path, target="y"))


def test_a_column_of_dates_is_recognised_and_shown(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("when,y\n2024-01-01,u\n2024-05-06,v\n")
    with pytest.raises(DataError, match=r"for instance when: \{kind: date\}"):
        load_data(Source("csv", file=path, target="y"))
    shown = summarize(load(tmp_path, DATES))
    assert shown["features"][0] == {
        "name": "when",
        "first": "2023-02-28T08:30:00",
        "last": "2024-12-01T23:15:00",
        "missing": 0,
    }
    assert any("2023-02-28T08:30:00 to 2024-12-01T23:15:00" in str(block) for block in data_report(shown))


def test_a_changed_date_is_another_set(tmp_path):
    first, second = (fingerprint_of(load(tmp_path, [date, *DATES[1:]])) for date in ("2024-01-31", "2024-01-30"))
    assert first != second
