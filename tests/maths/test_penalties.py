"""Penalties beside their derivatives, against NumPy and the differences of their own forward."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from mindspore import Tensor

from ms_dnn.maths import penalties

WEIGHTS = arrays.arrays(np.float64, arrays.array_shapes(max_dims=2, max_side=4), elements=st.floats(-9, 9, width=32))


@given(w=WEIGHTS)
def test_values(w):
    np.testing.assert_allclose(penalties.l1(Tensor(w)).asnumpy(), np.abs(w).sum(), rtol=1e-14)
    np.testing.assert_allclose(penalties.l2(Tensor(w)).asnumpy(), 0.5 * np.sum(w * w), rtol=1e-14)


@given(w=WEIGHTS)
def test_derivatives(w):
    np.testing.assert_array_equal(penalties.l1_gradient(Tensor(w)).asnumpy(), np.sign(w))
    np.testing.assert_array_equal(penalties.l2_gradient(Tensor(w)).asnumpy(), w)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("function", ["l1", "l1_gradient", "l2", "l2_gradient"])
def test_the_dtype_is_kept(function, dtype):
    w = Tensor(np.array([[1.5, -2.0, 0.0]], dtype))
    assert getattr(penalties, function)(w).asnumpy().dtype == dtype
