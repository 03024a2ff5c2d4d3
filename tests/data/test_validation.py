from dataclasses import replace

import numpy as np
import pytest

from ms_dnn.data import Dataset, check_dataset, load_bundled
from ms_dnn.errors import DataError

X = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 1.0]])
GOOD = Dataset("toy", X, np.array([0, 1, 0]), "classification", ("no", "yes"), ("width", "height"))
LINE = Dataset("line", X, X[:, :1].copy(), "regression")


def spoilt(array, row, column, value):
    copy = array.copy()
    copy[row, column] = value
    return copy


def test_good_data_give_no_warning():
    assert check_dataset(GOOD) == []
    assert check_dataset(LINE) == []


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (replace(GOOD, x=spoilt(X, 2, 1, np.nan)), "the data set of 'toy' has nan in 'height', row 2"),
        (replace(GOOD, x=spoilt(spoilt(X, 1, 0, -np.inf), 2, 0, np.nan)), "-inf in 'width', row 1.*2 values"),
        (replace(LINE, x=spoilt(X, 0, 1, np.inf)), "inf in column 1, row 0"),
        (replace(GOOD, class_names=("no", "\udcff")), r"the name '.udcff', which is no valid Unicode; rename it"),
        (replace(LINE, y=np.array([[0.0], [np.nan], [1.0]])), "nan in 'target 0', row 1"),
        (replace(GOOD, y=np.array([0, 2, 3])), "label 2 in row 1 .* 2 such labels in all; expected 0 to 1"),
        (replace(GOOD, y=np.array([0, -1, 1])), "label -1"),
        (replace(GOOD, y=np.array([1, 1, 1])), "one class only, 'yes'"),
        (replace(GOOD, class_names=()), "label 0 in row 0"),
        (replace(GOOD, x=X[:0], y=GOOD.y[:0]), "is empty"),
        (replace(GOOD, x=X[:, :0]), "is empty"),
        (replace(GOOD, y=np.array([0, 1])), "3 rows in x but 2 in y"),
        (replace(GOOD, x=X[0]), r"float64 of shape \(2,\); expected float64 of shape \(samples, features\)"),
        (replace(GOOD, x=X.astype(np.float32)), "is float32"),
        (replace(GOOD, y=np.array([[0], [1], [0]])), r"expects int64 of shape \(samples,\)"),
        (replace(LINE, y=X[:, 0]), r"expects float64 of shape \(samples, outputs\)"),
        (replace(GOOD, feature_names=("width",)), "names 1 features but x has 2 columns"),
        (replace(GOOD, image_shape=(2, 2)), "2×2, but x has 2 columns; expected 4"),
    ],
)
def test_unusable_data_are_refused_by_name(dataset, message):
    with pytest.raises(DataError, match=message):
        check_dataset(dataset)


def test_constant_features_are_one_sentence():
    (warning,) = check_dataset(load_bundled("digits"), "training set")
    assert warning == (
        "3 of 64 features are constant in the training set (pixel_0_0, pixel_4_0, pixel_4_7): "
        "nothing is learnt from that"
    )


def test_many_constant_features_are_named_in_part():
    (warning,) = check_dataset(replace(LINE, x=np.ones((3, 9))))
    assert "9 of 9 features are constant in the data set (column 0, " in warning
    assert "column 4, …)" in warning


def test_absent_classes_are_named():
    assert check_dataset(replace(GOOD, class_names=("no", "yes", "perhaps"))) == [
        "1 of 3 classes have no sample in the data set (perhaps)"
    ]
