"""Class weights: what scikit-learn calls balanced, names of the user's, and mistakes."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from ms_dnn.errors import DataError
from ms_dnn.features.weighting import class_weights, product_of_weights

LABELS = np.array([0, 0, 0, 2, 2, 1])
NAMES = ("a", "b", "c")


def test_none_is_none():
    assert class_weights(None, LABELS, NAMES) is None


def test_balanced_is_that_of_scikit_learn_and_of_mean_one():
    weights = class_weights("balanced", LABELS, NAMES)
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", LABELS))
    assert weights.mean() == pytest.approx(1.0)
    assert weights[LABELS == 0].sum() == pytest.approx(weights[LABELS == 1].sum())


def test_a_class_without_samples_does_not_count():
    np.testing.assert_allclose(class_weights("balanced", np.array([0, 0, 2]), NAMES), [0.75, 0.75, 1.5])


def test_a_mapping_names_the_classes_that_do_not_weigh_one():
    np.testing.assert_array_equal(class_weights({"c": 5.0}, LABELS, NAMES), [1, 1, 1, 5, 5, 1])


def test_unknown_classes_and_regression_are_refused():
    with pytest.raises(DataError, match="got the class 'd', expected one of 'a', 'b', 'c'"):
        class_weights({"d": 2.0}, LABELS, NAMES)
    with pytest.raises(DataError, match="got a regression set"):
        class_weights("balanced", LABELS, ())


def test_the_weights_of_class_and_sample_multiply():
    assert product_of_weights(None, None) is None
    of_classes, of_samples = np.array([1.0, 2.0]), np.array([3.0, 0.0])
    np.testing.assert_array_equal(product_of_weights(of_classes, None), of_classes)
    np.testing.assert_array_equal(product_of_weights(None, of_samples), of_samples)
    np.testing.assert_array_equal(product_of_weights(of_classes, of_samples), [3, 0])


def test_samples_that_all_weigh_nothing():
    with pytest.raises(DataError, match="all weigh 0"):
        product_of_weights(None, np.zeros(3))
