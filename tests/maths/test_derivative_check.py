"""The check that the other tests rely on must be able to fail."""

import mindspore as ms
import numpy as np
import pytest
from derivative_check import assert_vjp, central_difference
from mindspore import ops

Z = np.random.default_rng(5).normal(size=(3, 4))
DA = np.random.default_rng(6).normal(size=(3, 4))


def square(z):
    return z * z


def square_vjp(z, a, da):
    return ms.Tensor(2.0, z.dtype) * z * da


def square_vjp_with_fault(z, a, da):
    return ms.Tensor(2.001, z.dtype) * z * da


@pytest.fixture(params=["closed form", "differences"])
def wanted(request):
    return 2 * Z * DA if request.param == "closed form" else central_difference(square, Z, DA, 1e-3)


class TestAssertVjp:
    def test_the_right_derivative_passes(self, wanted):
        assert_vjp(square_vjp, square, Z, DA, wanted, 1e-9)

    def test_two_point_zero_zero_one_in_place_of_two_raises(self, wanted):
        with pytest.raises(AssertionError, match=r"off by \S+e-04"):
            assert_vjp(square_vjp_with_fault, square, Z, DA, wanted, 1e-9)

    def test_a_derivative_of_zero_raises(self, wanted):
        with pytest.raises(AssertionError, match=r"off by 1\.00e\+00"):
            assert_vjp(lambda z, a, da: ops.zeros_like(z), square, Z, DA, wanted, 1e-9)

    def test_another_dtype_raises(self, wanted):
        with pytest.raises(AssertionError):
            assert_vjp(lambda z, a, da: square_vjp(z, a, da).astype(ms.float32), square, Z, DA, wanted, 1e-9)
