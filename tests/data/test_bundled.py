import subprocess
import sys

import numpy as np
import pytest

from ms_dnn.data import BUNDLED, check_dataset, load_bundled
from ms_dnn.errors import DataError


@pytest.mark.parametrize(
    ("name", "shape", "n_classes"),
    [
        ("digits", (1797, 64), 10),
        ("breast_cancer", (569, 30), 2),
        ("wine", (178, 13), 3),
        ("iris", (150, 4), 3),
        ("diabetes", (442, 10), 0),
    ],
)
def test_bundled_sets_have_their_known_sizes_and_pass_the_check(name, shape, n_classes):
    dataset = load_bundled(name)
    assert dataset.x.shape == shape
    assert dataset.x.flags.c_contiguous
    assert dataset.n_classes == n_classes
    assert len(dataset.feature_names) == dataset.n_features == shape[1]
    assert bool(check_dataset(dataset)) == (name == "digits")


def test_digits_are_pictures():
    digits = load_bundled("digits")
    assert digits.image_shape == (8, 8)
    assert digits.value_range == (0.0, 16.0) == (digits.x.min(), digits.x.max())


def test_diabetes_comes_in_raw_units():
    diabetes = load_bundled("diabetes")
    assert diabetes.y.shape == (442, 1)
    assert diabetes.x[:, diabetes.feature_names.index("age")].max() == 79.0


def test_take_copies_rows():
    iris = load_bundled("iris")
    part = iris.take([3, 1])
    part.x[:] = 0
    assert len(part) == 2
    assert iris.x.all()
    np.testing.assert_array_equal(part.y, iris.y[[3, 1]])


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(DataError, match=r"'mnist'; choose one of " + ", ".join(BUNDLED)):
        load_bundled("mnist")


def test_import_loads_neither_scikit_learn_nor_mindspore():
    code = (
        "import sys, ms_dnn.data, ms_dnn.features.scaling, ms_dnn.features.encoding;"
        "assert not {'sklearn', 'mindspore'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
