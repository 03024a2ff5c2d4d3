"""Mixed precision: the gradients of float32 to float16's digits, the loss scale, and the skipped step."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, ops

from ms_dnn.dnn import build_dnn
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.gradients.mixed_precision import LARGEST_SCALE, MixedPrecisionGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.training.epoch import Epoch
from ms_dnn.training.optimizers import OPTIMIZERS

pytestmark = pytest.mark.usefixtures("cpu")

RNG = np.random.default_rng(3)
X = RNG.normal(size=(16, 6)).astype(np.float32)
Y = np.eye(3, dtype=np.float32)[RNG.integers(0, 3, 16)]


def network(**also):
    return build_dnn([6, 20, 8, 3], ["relu", "tanh", "identity"], seed=1, **also)


def arrays(tensors):
    return [tensor.asnumpy().copy() for tensor in tensors]


@pytest.mark.parametrize("also", [{}, {"normalizations": "batch", "dropouts": 0.2}, {"normalizations": "layer"}])
def test_the_gradients_are_those_of_float32_and_are_float32(also):
    own = network(**also)
    J, wanted = HandwrittenGradient(own, Cost("softmax_cross_entropy"))(Tensor(X), Tensor(Y))
    J16, got = MixedPrecisionGradient(own, Cost("softmax_cross_entropy"))(Tensor(X), Tensor(Y))
    assert float(J16) == pytest.approx(float(J), rel=2e-3)
    assert float(J16) != float(J)
    for one, other in zip(arrays(got), arrays(wanted), strict=True):
        assert one.dtype == np.float32
        assert np.abs(one - other).max() <= 1e-2 * np.abs(other).max()


def test_prediction_stays_in_float32():
    own = network()
    before = own(Tensor(X)).asnumpy()
    MixedPrecisionGradient(own, Cost("softmax_cross_entropy"))
    np.testing.assert_array_equal(own(Tensor(X)).asnumpy(), before)


def test_small_gradients_live_by_the_scale():
    weights = np.full((16, 1), 1e-6, np.float32)
    cost, y = Cost("softmax_cross_entropy", weighted=True), Tensor(np.hstack([Y, weights]))
    wanted = arrays(HandwrittenGradient(network(), cost)(Tensor(X), y)[1])
    lost = arrays(MixedPrecisionGradient(network(), cost, initial_scale=1.0)(Tensor(X), y)[1])
    kept = arrays(MixedPrecisionGradient(network(), cost)(Tensor(X), y)[1])
    assert np.abs(kept[0] - wanted[0]).max() <= 1e-2 * np.abs(wanted[0]).max()
    assert np.abs(lost[0] - wanted[0]).max() > 0.2 * np.abs(wanted[0]).max()


def trained(steps, **of_gradient):
    """The gradient and the optimizer after compiled steps of Adam on all samples, and the weights before them."""
    own = network()
    gradient = MixedPrecisionGradient(own, Cost("softmax_cross_entropy"), **of_gradient)
    before = arrays(own.trainable_params())
    epoch = Epoch(gradient, OPTIMIZERS["adam"](own.trainable_params()))
    coefficients = epoch.optimizer.coefficients(np.full(steps, 0.01), 0)
    nothing = Tensor(0.0, ms.float32)
    batches = Tensor(np.tile(np.arange(16, dtype=np.int32), (steps, 1)))
    schedule = ms.mutable(tuple(Tensor(values, ms.float32) for values in coefficients))
    first, last = Tensor(0, ms.int32), Tensor(steps, ms.int32)
    total = epoch(Tensor(X), Tensor(Y), batches, schedule, first, last, nothing, nothing)[1]
    return gradient, epoch.optimizer, before, float(total)


def test_a_step_that_overflows_changes_nothing_but_halves_the_scale():
    gradient, optimizer, before, total = trained(1, initial_scale=2.0**22)
    for one, other in zip(arrays(optimizer.parameters), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not any(slot.asnumpy().any() for slots in optimizer.slots for slot in slots)
    assert (float(gradient.loss_scale), int(gradient.finite_steps)) == (2.0**21, 0)
    assert np.isfinite(total)


def test_the_scale_falls_until_training_goes_on():
    gradient, optimizer, before, _ = trained(12, initial_scale=2.0**22)
    assert float(gradient.loss_scale) < 2.0**22
    assert int(gradient.finite_steps) > 0
    assert all(np.isfinite(array).all() for array in arrays(optimizer.parameters))
    assert any((one != other).any() for one, other in zip(arrays(optimizer.parameters), before, strict=True))


def test_the_scale_is_doubled_after_so_many_finite_steps():
    gradient, _, _, _ = trained(7, initial_scale=8.0, doubled_after=3)
    assert (float(gradient.loss_scale), int(gradient.finite_steps)) == (32.0, 1)


def test_the_scale_has_a_floor_and_a_ceiling():
    gradient = MixedPrecisionGradient(network(), Cost("softmax_cross_entropy"), doubled_after=1)
    for scale, finite, after in ((1.0, False, 1.0), (LARGEST_SCALE, True, LARGEST_SCALE), (4.0, False, 2.0)):
        ops.assign(gradient.loss_scale, Tensor(scale, ms.float32))
        assert float(gradient._next_scale(Tensor(finite), gradient.loss_scale)[0]) == after
