import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ms_dnn.errors import DataError
from ms_dnn.features.scaling import fit_scaling

KINDS = ("none", "standard", "min_max")
TABLES = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-1e6, 1e6))


@pytest.mark.parametrize("kind", KINDS)
@given(x=TABLES)
def test_invert_undoes_apply(kind, x):
    scaling = fit_scaling(kind, x)
    scaled = scaling.apply(x)
    assert scaled.dtype == np.float64
    assert np.isfinite(scaled).all()
    rounding = 8 * np.finfo(float).eps * (np.abs(x).max() + np.abs(scaling.offset).max() + 1e-300)
    np.testing.assert_allclose(scaling.invert(scaled), x, rtol=1e-12, atol=rounding)


def test_standard_has_mean_0_and_deviation_1():
    x = np.random.default_rng(0).normal(5, 3, (50, 4))
    scaled = fit_scaling("standard", x).apply(x)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(scaled.std(axis=0), 1)


def test_min_max_reaches_0_and_1_exactly():
    x = np.random.default_rng(0).normal(5, 3, (50, 40))
    scaled = fit_scaling("min_max", x).apply(x)
    assert (scaled.min(axis=0) == 0).all()
    assert (scaled.max(axis=0) == 1).all()


def test_none_is_exact():
    x = np.array([[0.1, -3e300]])
    assert fit_scaling("none", x).apply(x).tobytes() == x.tobytes()


@pytest.mark.parametrize("kind", ["standard", "min_max"])
@pytest.mark.parametrize("value", [0.0, 0.1, -1e9 / 3, 1e-300, 1e300])
def test_constant_columns_become_exactly_0(kind, value):
    scaling = fit_scaling(kind, np.full((7, 1), value))
    assert scaling.scale.tolist() == [1.0]
    assert scaling.apply([[value]]).tolist() == [[0.0]]
    assert scaling.invert([[0.0]]).tolist() == [[value]]


@pytest.mark.parametrize(
    ("kind", "x", "message"),
    [
        ("robust", np.eye(2), "unknown scaling 'robust'; choose one of none, standard, min_max"),
        ("standard", np.ones((0, 2)), r"shape \(0, 2\)"),
        ("standard", np.ones(3), r"shape \(3,\)"),
        ("none", np.array([[1, np.nan]]), "nan in column 1, row 0"),
        ("standard", np.array([[1e300], [-1e300]]), "too large"),
        ("min_max", np.array([[1.7e308], [-1.7e308]]), "too large"),
    ],
)
def test_unfit_training_parts(kind, x, message):
    with pytest.raises(DataError, match=message):
        fit_scaling(kind, x)


@pytest.mark.parametrize("x", [np.ones((2, 3)), np.ones(2), np.ones((1, 2, 2))])
def test_other_columns_than_fitted(x):
    scaling = fit_scaling("standard", np.eye(2))
    for use in (scaling.apply, scaling.invert):
        with pytest.raises(DataError, match=r"fitted on 2 features: give shape \(samples, 2\)"):
            use(x)
