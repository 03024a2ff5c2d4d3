import numpy as np
import pytest

from ms_dnn.data import read_features
from ms_dnn.errors import DataError

NAMES = ("width", "height")


@pytest.fixture
def write(tmp_path):
    def write(text, name="given.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("1,2\n3,4\n", None),
        ("\ufeffheight,width\r\n2,1\r\n\r\n4,3\r\n", None),
        ("a,b\n1,2\n3,4", None),
        ("width;height\n1;2\n3;4", None),
        ("1\t2\n3\t4", None),
        ("label,height,width\n1,2,1\n0,4,3", [1, 0]),
        ("width, height, Target\n1,2,0.5\n3,4,1", [0.5, 1.0]),
        ('a,b,y\n"1",2,7\n3,4e0,8', [7, 8]),
    ],
)
def test_the_same_numbers_however_written(write, text, labels):
    x, got, names, _ = read_features(write(text), 2, feature_names=NAMES)
    np.testing.assert_array_equal(x, [[1, 2], [3, 4]])
    assert x.dtype == np.float64
    assert len(names) == 2
    assert (None if got is None else got.tolist()) == labels


def test_whole_labels_are_class_indices(write):
    assert read_features(write("a,label\n1,2\n"), 1).labels.dtype == np.int64


def test_a_feature_may_be_called_y(write):
    samples = read_features(write("y,x\n2,1\n"), 2, feature_names=("x", "y"))
    assert samples.x.tolist() == [[1, 2]]
    assert samples.labels is None


def test_rows_are_named_by_line(write):
    assert read_features(write("a,b\n1,2\n\n3,4\n"), 2).row_names == ["line 2", "line 4"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("width,height\n", "has no samples"),
        ("1,2\n3\n", "line 2 of 'given.csv' has 1 columns, expected 2"),
        ("width,height\n1,2\n3,tall\n", r"line 3, column 2 \('height'\) of 'given.csv' has 'tall'"),
        ("1,tall\n3,4\n", "line 1, column 2 of 'given.csv' has 'tall'"),
        ("1,\n", "column 2 .* has an empty cell"),
        ("1,nan\n", "has 'nan'"),
        ("1,-Infinity\n", "has '-Infinity'"),
        ("1,1_000\n", "has '1_000'"),
        ("1,2,3\n", "has 3 feature columns, expected 2"),
        ("width,height,label\n1,2,yes", "'label'.* has 'yes'"),
        ("width,depth\n1,2\n", "missing 'height'; unknown 'depth'; twice none"),
        ("width,height,depth\n1,2,3\n", "missing none; unknown 'depth'"),
        ("width,width,height\n1,2,3\n", "twice 'width'"),
        (b"\xff\xfe\x00", "cannot be read as CSV"),
        # The csv module has a limit for one cell; where another package has lifted it, the line is a header.
        ("a" * 200_000, "cannot be read as CSV|has no samples"),
    ],
)
def test_errors_name_line_and_column(write, text, message):
    with pytest.raises(DataError, match=message):
        read_features(write(text), 2, feature_names=NAMES)


def test_a_column_without_a_name_is_not_the_target_of_a_set_without_one(write):
    with pytest.raises(DataError, match="unknown ''"):
        read_features(write(",width,height\n0,1,2\n1,3,4\n"), 2, feature_names=NAMES)
