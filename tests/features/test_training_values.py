"""Samples unlike the training set are told of by name; its own are not."""

import numpy as np
import pandas as pd
import pytest

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.lazy_rows import LazyRows
from ms_dnn.features.training_values import TrainingValues

RANDOM = np.random.default_rng(0)
X = RANDOM.random((50, 3)) * [1, 100, 1000]
NAMES = ("share", "age", "")


def dataset(x, names=NAMES, **other):
    return Dataset("own", x, np.zeros(len(x), np.int64), "classification", ("a", "b"), names, **other)


def test_ranges_are_the_same_lazy_in_blocks_and_in_memory(monkeypatch):
    known = TrainingValues.of(dataset(X))
    assert known.ranges == {name: (low, high) for name, low, high in zip(NAMES, X.min(0), X.max(0), strict=True)}
    monkeypatch.setattr("ms_dnn.data.lazy_rows.VALUES_AT_ONCE", 10)
    assert TrainingValues.of(dataset(LazyRows(X.shape, lambda rows: X[rows]))) == known
    unnamed = TrainingValues.of(dataset(X, ()))
    assert unnamed.ranges == {"": (X.min(), X.max())}
    assert unnamed.light_ground is None


def test_its_own_rows_are_nothing_to_tell_of():
    for names in (NAMES, ()):
        known = TrainingValues.of(dataset(X, names))
        assert known.unlike(X, names, "'own'") is None
        assert known.unlike(X[:1], names, "'own'") is None


def test_columns_outside_are_named_with_both_ranges():
    known = TrainingValues(ranges={"share": (0, 1), "age": (18, 90), "": (0, 10)}, light_ground=None)
    rows = np.array([[0.5, 20, 3], [0.5, 95, 3]])
    assert known.unlike(rows, NAMES, "'t.csv'") == (
        "'t.csv': 1 of 2 samples leave the range of the training set in 1 of 3 columns: 'age' 20 to 95 (training 18 to "
        "90); no such values were trained on"
    )
    rows *= [100, 1, -1]
    note = known.unlike(rows, NAMES, "'t.csv'")
    assert "2 of 2 samples leave the range of the training set in 3 of 3 columns" in note
    assert ": 'share' 50 to 50 (training 0 to 1), '' -3 to -3 (training 0 to 10), 'age'" in note


def test_a_frame_is_compared_by_its_columns_of_numbers():
    frame = pd.DataFrame({"size": [1.0, np.nan, 3.0], "colour": ["red", "blue", np.nan], "never": [np.nan] * 3})
    known = TrainingValues.of(dataset(frame, ("size", "colour", "never")))
    assert known.ranges == {"size": (1, 3)}
    given = pd.DataFrame({"size": [4.0, np.nan], "colour": ["red", "red"], "never": [9.0, 9.0]})
    assert "1 of 2 samples leave the range of the training set in 1 of 1 columns" in known.unlike(given, (), "'t.csv'")
    assert known.unlike(given.assign(size=2.0), (), "'t.csv'") is None


@pytest.mark.parametrize("times", [16, 255])
@pytest.mark.parametrize("names", [NAMES, ()])
def test_another_unit_is_told_of_with_its_factor(names, times):
    known = TrainingValues.of(dataset(X, names))
    for given, words in ((X / times, "as small"), (X * times, "as large")):
        assert f"about {times} times {words}" in known.unlike(given, names, "'t.csv'")


def test_a_few_small_values_are_no_other_unit():
    known = TrainingValues.of(dataset(X))
    assert known.unlike(np.array([[0.04, 4.0, 40.0]]), NAMES, "'t.csv'") is None


def test_grounds_of_both_kinds_in_training_are_nothing_to_tell_of():
    shape, white = (4, 5, 3), (0.0, 255.0)
    dark = RANDOM.integers(0, 60, (20, 60)).astype(np.float64)
    names = [f"{number}.png" for number in range(20)]
    for training, told in ((dark, True), (np.concatenate([dark, 255 - dark]), False)):
        known = TrainingValues.of(dataset(training, (), image_shape=shape, value_range=white))
        assert known.ranges == {"": white}
        assert known.on_other_ground(dark, names, shape, white) is None
        assert bool(known.on_other_ground(255 - dark, names, shape, white)) is told
