import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.data import Dataset, load_bundled, split
from ms_dnn.errors import DataError

SEEDS = st.integers(0, 2**63 - 1)


def numbered(counts):
    """A data set whose only feature is the row number, with so many samples of each class."""
    y = np.repeat(np.arange(len(counts)), counts)
    names = tuple(f"class {label}" for label in range(len(counts)))
    return Dataset("numbered", np.arange(len(y), dtype=float)[:, None], y, "classification", names)


def rows_of(parts):
    return [[] if part is None else part.x[:, 0].tolist() for part in (parts.train, parts.validation, parts.test)]


@given(
    counts=st.lists(st.integers(3, 60), min_size=2, max_size=6),
    validation=st.floats(0.1, 0.3),
    test=st.floats(0.1, 0.3),
    seed=SEEDS,
)
def test_parts_are_disjoint_complete_and_stratified(counts, validation, test, seed):
    whole = numbered(counts)
    total = len(whole)
    if not (round(validation * total) and round(test * total)):
        return
    parts = split(whole, validation, test, seed)
    train, validation_rows, test_rows = rows_of(parts)
    assert sorted(train + validation_rows + test_rows) == whole.x[:, 0].tolist()
    assert len(validation_rows) == round(validation * total)
    assert len(test_rows) == round(test * total)
    assert set(parts.train.y) == set(range(len(counts)))
    for part in (parts.train, parts.validation, parts.test):
        fair = len(part) * np.array(counts) / total
        assert (np.abs(np.bincount(part.y, minlength=len(counts)) - fair) < 2).all()
        np.testing.assert_array_equal(part.y, whole.y[part.x[:, 0].astype(int)])


def test_rare_classes_reach_the_training_part():
    parts = split(numbered([100, 2, 2, 2]), 0, 0.9, seed=0)
    assert set(parts.train.y) == {0, 1, 2, 3}
    assert len(parts.test) == round(0.9 * 106)


@given(seed=SEEDS)
def test_the_seed_alone_decides(seed):
    iris = load_bundled("iris")
    np.random.seed(1)  # noqa: NPY002 - the global state is what must not matter
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = split(iris, 0.2, 0.2, seed)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    again = split(iris, 0.2, 0.2, seed)
    np.testing.assert_array_equal(first.train.x, again.train.x)
    np.testing.assert_array_equal(first.test.y, again.test.y)


def test_seeds_differ_and_large_ones_keep_all_their_bits():
    whole = numbered([30, 30])
    orders = {tuple(rows_of(split(whole, 0, 0.5, seed))[0]) for seed in (0, 1, 2**32, 2**63 - 2, 2**63 - 1)}
    assert len(orders) == 5


def test_regression_is_split_and_shuffled():
    parts = split(load_bundled("diabetes"), 0.25, 0, seed=3)
    assert (len(parts.train), len(parts.validation), parts.test) == (332, 110, None)


def test_shares_of_zero_leave_all_rows_to_training():
    parts = split(numbered([3, 1]), 0, 0, seed=0)
    assert (len(parts.train), parts.validation, parts.test) == (4, None, None)


@pytest.mark.parametrize(
    ("counts", "validation", "test", "seed", "message"),
    [
        ([50, 1], 0.2, 0, 0, "class 'class 1' has 1 sample, but the data are split into 2"),
        ([50, 2], 0.2, 0.2, 0, "class 'class 1' has 2 samples, but the data are split into 3"),
        ([50, 0], 0, 0, 0, "class 'class 1' has 0 samples"),
        ([3, 3], 0.05, 0.2, 0, "validation share 0.05 of 6 samples is an empty set"),
        ([3, 3], 0.5, 0.5, 0, "leave no training set"),
        ([2, 2], 0.9, 0, 0, "leave no training set"),
        ([9, 2, 2], 0, 0.8, 0, None),
        ([9, 2, 2], 0, 0.85, 0, "training set would have 2 samples for 3 classes"),
        ([3, 3], 1.0, 0, 0, "validation share is 1.0"),
        ([3, 3], 0, float("nan"), 0, "test share is nan"),
        ([3, 3], 0, -0.1, 0, "test share is -0.1"),
        ([3, 3], 0, 0.5, -1, "seed of a split is -1"),
        ([3, 3], 0, 0.5, 2**63, "expected a whole number from 0"),
    ],
)
def test_impossible_splits_say_why(counts, validation, test, seed, message):
    if message is None:
        split(numbered(counts), validation, test, seed)
        return
    with pytest.raises(DataError, match=message):
        split(numbered(counts), validation, test, seed)
