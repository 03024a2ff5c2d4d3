"""The cost: mean and sum over the samples, value and gradient at once."""

import numpy as np
import pytest
from mindspore import Tensor

from ms_dnn.errors import NoDerivativeError
from ms_dnn.layers.cost import Cost
from ms_dnn.maths.losses import LOSSES

TRAINABLE = [name for name in LOSSES if name != "zero_one"]
N, C = 5, 3


def problem(dtype="float64"):
    rng = np.random.default_rng(51)
    y = np.eye(C)[rng.integers(0, C, N)]
    return Tensor(rng.uniform(0.1, 0.9, (N, C)).astype(dtype)), Tensor(y.astype(dtype))


@pytest.mark.parametrize("loss", TRAINABLE)
def test_mean_and_sum_over_samples(loss):
    a, y = problem()
    losses = LOSSES[loss].function(a, y).asnumpy()
    assert float(Cost(loss, "sum")(a, y)) == pytest.approx(losses.sum(), rel=1e-14)
    assert float(Cost(loss, "mean")(a, y)) == pytest.approx(losses.mean(), rel=1e-14)
    assert Cost(loss)(a, y).shape == ()


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("loss", TRAINABLE)
def test_forward_backward_is_the_value_and_the_gradient_of_the_same(loss, reduction, dtype):
    a, y = problem(dtype)
    cost = Cost(loss, reduction)
    J, da = cost.forward_backward(a, y)
    assert J.asnumpy() == cost(a, y).asnumpy()
    assert J.dtype == da.dtype == a.dtype
    share = 1 / N if reduction == "mean" else 1
    of_loss = LOSSES[loss].gradient(a, y).asnumpy().astype(float)
    np.testing.assert_allclose(da.asnumpy(), share * of_loss, rtol=2 * np.finfo(dtype).eps, atol=2e-8)


def test_one_sample_has_mean_equal_sum():
    a, y = (array[:1] for array in problem())
    assert float(Cost("squared_error", "mean")(a, y)) == float(Cost("squared_error", "sum")(a, y))


def test_zero_one_is_no_cost():
    with pytest.raises(NoDerivativeError, match="'zero_one' has no useful gradient"):
        Cost("zero_one")
