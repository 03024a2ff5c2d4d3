"""Estimators that train in no time, and what is asked of them again and again."""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale


def classifier(**parameters):
    from ms_dnn import DNNClassifier

    return DNNClassifier(**{"hidden_layer_sizes": (20,), "learning_rate": 0.02, "random_state": 3, **parameters})


def regressor(**parameters):
    from ms_dnn import DNNRegressor

    return DNNRegressor(**{"hidden_layer_sizes": (20,), "learning_rate": 0.02, "random_state": 3, **parameters})


def iris(classes=3):
    x, y = load_iris(return_X_y=True)
    return scale(x[y < classes]), y[y < classes]


def assert_same_bits(one, other):
    for a, b in zip([*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True):
        np.testing.assert_array_equal(a, b)
