"""The fingerprint of a set tells of whatever changes, and of nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ms_dnn.data import Dataset, Loaded
from ms_dnn.data.fingerprint import fingerprint_of
from ms_dnn.data.lazy_rows import LazyRows

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 0, 1])
TABLE = pd.DataFrame({"a": X[:, 0], "b": np.array(["u", "v", np.nan, "u", "w", "nan"], object)})


def dataset(**other):
    given = {"x": X, "y": Y, "task": "classification", "class_names": ("n", "y"), "feature_names": ("a", "b")}
    return Dataset("made", **{**given, **other})


CHANGES = {
    "a number": {"x": X + np.eye(6, 2) * 2e-16},
    "the sign of zero": {"x": np.where(X == 0, -0.0, X)},
    "the order of rows": {"x": X[::-1], "y": Y[::-1]},
    "the order of columns": {"x": X[:, ::-1]},
    "the shape": {"x": X.reshape(6, 2)[:, :1], "feature_names": ("a",)},
    "a label": {"y": np.array([0, 1, 0, 1, 0, 0])},
    "a class name": {"class_names": ("n", "yes")},
    "a feature name": {"feature_names": ("a", "c")},
    "the numbers of a target": {"y": Y[:, np.newaxis] * 1.0, "task": "regression", "class_names": ()},
    "weights": {"weights": np.ones(6)},
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_seen(change):
    assert fingerprint_of(Loaded(dataset(**CHANGES[change]))) != fingerprint_of(Loaded(dataset()))


def test_what_lies_where_in_memory_is_no_change():
    same = dataset(x=np.asfortranarray(X), y=np.repeat(Y, 2)[::2])
    assert fingerprint_of(Loaded(same)) == fingerprint_of(Loaded(dataset())) != fingerprint_of(Loaded(dataset(x=X + 1)))


@pytest.mark.parametrize(
    "change",
    [
        {"b": ["u", "v", "nan", "u", "w", "nan"]},
        {"b": ["u", "v", np.nan, "u", "w", np.nan]},
        {"b": ["uv", "", np.nan, "u", "w", "nan"]},
        {"a": [np.nan, *X[1:, 0]]},
    ],
)
def test_each_cell_of_a_table_is_seen(change):
    other = TABLE.assign(**{name: pd.Series(cells, dtype=TABLE[name].dtype) for name, cells in change.items()})
    one, same, changed = (fingerprint_of(Loaded(dataset(x=x))) for x in (TABLE, TABLE.copy(), other))
    assert one == same != changed


def test_a_test_part_of_its_own_is_seen():
    whole = Loaded(dataset(), dataset())
    assert fingerprint_of(whole).samples == 12
    assert fingerprint_of(whole) != fingerprint_of(Loaded(dataset(), dataset(x=X + 1)))
    half = dataset().take(np.arange(3)), dataset().take(np.arange(3, 6))
    assert fingerprint_of(Loaded(*half)) != fingerprint_of(Loaded(*half[::-1])) != fingerprint_of(Loaded(dataset()))


def test_of_lazy_rows_the_noted_checksum_counts_and_no_row_is_read():
    def fetch(rows):
        raise AssertionError("read")

    lazy = LazyRows((6, 2), fetch, crc=7)
    one, other = (fingerprint_of(Loaded(dataset(x=rows))) for rows in (lazy, replace(lazy, crc=8)))
    assert one != other
    assert fingerprint_of(Loaded(dataset(x=lazy.take(np.arange(6))))) == one


def test_lazy_rows_without_a_checksum_are_read_as_those_in_memory():
    lazy = LazyRows(X.shape, lambda rows: X[rows])
    assert fingerprint_of(Loaded(dataset(x=lazy))) == fingerprint_of(Loaded(dataset()))
