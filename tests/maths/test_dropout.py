"""Dropout's generator: the same numbers as an implementation in unsigned arithmetic, and no pattern that tests find."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from ms_dnn.gradients.reference_chain import dropout_factors
from ms_dnn.maths.dropout import keep_factors, threshold_and_scale

LIKE = Tensor(np.zeros(1))


def factors(samples, units, rate, key, step, like=LIKE):
    return keep_factors((samples, units), *threshold_and_scale(rate), key, Tensor(step, ms.int32), like)


@pytest.mark.parametrize(("samples", "units"), [(1, 1), (7, 5), (64, 256)])
@pytest.mark.parametrize(("key", "step"), [(0, 0), (-(2**31), 1), (2**31 - 1, 99_999), (-5, 2**31 - 1)])
def test_the_factors_are_those_of_unsigned_arithmetic(samples, units, key, step):
    got = factors(samples, units, 0.3, key, step).asnumpy()
    np.testing.assert_array_equal(got, dropout_factors(samples, units, 0.3, key, step))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_compiled_and_pynative_draw_the_same_factors(dtype):
    like = Tensor(np.zeros(1, dtype))
    threshold, scale = threshold_and_scale(0.3)

    @ms.jit
    def compiled(step):
        return keep_factors((9, 11), threshold, scale, 7, step, like)

    got = compiled(Tensor(5, ms.int32)).asnumpy()
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, factors(9, 11, 0.3, 7, 5, like).asnumpy())
    assert set(np.unique(got)) == {np.dtype(dtype).type(0), np.dtype(dtype).type(1 / 0.7)}


def test_nothing_is_dropped_at_rate_zero():
    assert np.all(factors(20, 30, 0.0, 3, 4).asnumpy() == 1.0)


def standardised(rate, steps=40, samples=64, units=128, key=12345):
    """Kept or not, (steps, N, O), as numbers of mean 0 and variance 1 if the generator is good."""
    kept = np.stack([dropout_factors(samples, units, rate, key, step) > 0 for step in range(steps)])
    return (kept - (1 - rate)) / np.sqrt(rate * (1 - rate))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_masks_show_no_pattern(rate):
    """Sums of products that are independent for a good generator: each below 5 deviations. One seed, so no luck."""
    z = standardised(rate)
    products = {
        "all": z,
        "neighbouring units": z[:, :, 1:] * z[:, :, :-1],
        "neighbouring samples": z[:, 1:] * z[:, :-1],
        "neighbouring steps": z[1:] * z[:-1],
        "rectangles": z[:, 1:, 1:] * z[:, :-1, :-1] * z[:, 1:, :-1] * z[:, :-1, 1:],
        "units over steps": z[1:, :, 1:] * z[:-1, :, :-1],
        "other layers": z * standardised(rate, key=54321),
    }
    for what, product in products.items():
        deviations = abs(product.sum()) / np.sqrt(product.size)
        assert deviations < 5, f"{what}: {deviations:.1f} deviations from independence"
    for axis in (1, 2):
        sums = z.sum(axis=axis) / np.sqrt(z.shape[axis])
        assert abs(sums.var() - 1) < 5 * np.sqrt(2 / sums.size)


def test_the_pattern_test_can_fail():
    z = standardised(0.5)
    z[:, 1] = z[:, 0]
    product = z[:, 1:] * z[:, :-1]
    assert abs(product.sum()) / np.sqrt(product.size) > 5
