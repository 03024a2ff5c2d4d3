"""The dropout layer: prediction leaves x alone, training drops by the step, the next step drops others."""

import numpy as np
import pytest
from mindspore import Tensor, ops

from ms_dnn.errors import ConfigError
from ms_dnn.layers.dropout import Dropout

X = Tensor(np.random.default_rng(0).normal(size=(40, 50)))


def test_prediction_drops_nothing():
    np.testing.assert_array_equal(Dropout(0.5, 3)(X).asnumpy(), X.asnumpy())


def test_training_drops_its_share_and_divides_the_rest():
    a = Dropout(0.25, 3).forward(X)[0].asnumpy()
    kept = a != 0
    assert abs(kept.mean() - 0.75) < 0.05
    np.testing.assert_allclose(a[kept], X.asnumpy()[kept] / 0.75, rtol=1e-15)


def test_a_step_can_be_computed_again_and_the_next_is_another():
    layer = Dropout(0.5, 3)
    first, cache = layer.forward(X)
    np.testing.assert_array_equal(first.asnumpy(), layer.forward(X)[0].asnumpy())
    (after,) = layer.next_state(cache)
    ops.assign(layer.step, after)
    second = layer.forward(X)[0].asnumpy()
    assert 0.4 < np.mean((first.asnumpy() != 0) == (second != 0)) < 0.6
    ops.assign(layer.step, Tensor(0, after.dtype))
    np.testing.assert_array_equal(first.asnumpy(), layer.forward(X)[0].asnumpy())


def test_other_keys_draw_other_masks():
    one, other = (Dropout(0.5, key).forward(X)[0].asnumpy() != 0 for key in (3, 4))
    assert 0.4 < np.mean(one == other) < 0.6


def test_backward_lets_through_what_forward_did():
    layer = Dropout(0.5, 3)
    a, cache = layer.forward(X)
    dx, gradients = layer.backward(cache, ops.ones_like(X))
    assert gradients == ()
    np.testing.assert_array_equal(dx.asnumpy(), np.where(a.asnumpy() != 0, 2.0, 0.0))


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
def test_rates_outside_0_to_1_raise(rate):
    with pytest.raises(ConfigError, match="expected 0 ≤ rate < 1"):
        Dropout(rate, 0)
