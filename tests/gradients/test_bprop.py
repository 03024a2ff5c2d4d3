"""MindSpore's own differentiation, running through the hand-written derivatives."""

from dataclasses import replace

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from ms_dnn.dnn import build_dnn
from ms_dnn.errors import NoDerivativeError
from ms_dnn.gradients.bprop import with_handwritten_bprop
from ms_dnn.gradients.framework import GradOperationGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.maths.activations import tanh_vjp

pytestmark = pytest.mark.usefixtures("cpu")

LOSSES = ["softmax_cross_entropy", "squared_error"]


def network(dtype="float64", activation="tanh", seed=1):
    return build_dnn((4, 6, 5, 3), (activation, "relu", "identity"), seed=seed, dtype=dtype)


def problem(dtype="float64", N=5):
    rng = np.random.default_rng(71)
    return Tensor(rng.normal(size=(N, 4)).astype(dtype)), Tensor(np.eye(3)[rng.integers(0, 3, N)].astype(dtype))


class CostOf(nn.Cell):
    def __init__(self, network, cost):
        super().__init__(auto_prefix=False)
        self.network, self.cost = network, cost

    def construct(self, x, y):
        return self.cost(self.network(x), y)


class Gradients(nn.Cell):
    """(x, y) → the gradient of the input and those of the parameters, by GradOperation."""

    def __init__(self, network, cost):
        super().__init__(auto_prefix=False)
        self.cost_of = CostOf(network, cost)
        self.parameters = ms.ParameterTuple(network.trainable_params())
        self.grad = ops.GradOperation(get_all=True, get_by_list=True)

    def construct(self, x, y):
        return self.grad(self.cost_of, self.parameters)(x, y)

    @ms.jit
    def compiled(self, x, y):
        return self.construct(x, y)


def by_grad_operation(dnn, cost, x, y, mode):
    cell = Gradients(*with_handwritten_bprop(dnn, cost))
    (dx, dy), gradients = cell(x, y) if mode == "pynative" else cell.compiled(x, y)
    return dx, dy, gradients


@pytest.mark.parametrize("mode", ["pynative", "compiled"])
@pytest.mark.parametrize("loss", LOSSES)
class TestGradOperation:
    def test_equals_the_hand_written_route(self, loss, mode):
        dnn, (x, y) = network(), problem()
        cost = Cost(loss)
        _, _, got = by_grad_operation(dnn, cost, x, y, mode)
        _, wanted = HandwrittenGradient(dnn, cost)(x, y)
        for gradient, right in zip(got, wanted, strict=True):
            np.testing.assert_allclose(gradient.asnumpy(), right.asnumpy(), rtol=1e-14, atol=1e-17)

    def test_gradient_of_the_input(self, loss, mode):
        dnn, (x, y) = network(), problem()
        cost = Cost(loss)
        dx, dy, _ = by_grad_operation(dnn, cost, x, y, mode)
        a, caches = dnn.forward(x)
        wanted, _ = dnn.backward(caches, cost.forward_backward(a, y)[1])
        np.testing.assert_allclose(dx.asnumpy(), wanted.asnumpy(), rtol=1e-14, atol=1e-17)
        assert not dy.asnumpy().any()

    def test_a_fault_in_the_hand_written_derivative_shows(self, loss, mode):
        """So it is really the hand-written one that runs, and not the framework's own."""
        dnn, (x, y) = network(), problem()
        cost = Cost(loss)
        right = GradOperationGradient(dnn, cost)(x, y)
        dnn.layers[0].activation = replace(dnn.layers[0].activation, vjp=tanh_vjp_with_fault)
        _, _, got = by_grad_operation(dnn, cost, x, y, mode)
        for i, (gradient, wanted) in enumerate(zip(got, right, strict=True)):
            factor = 1.5 if i < 2 else 1.0  # the fault is in the first layer, so it reaches its W and b alone
            np.testing.assert_allclose(gradient.asnumpy(), factor * wanted.asnumpy(), rtol=1e-11, atol=1e-16)


def tanh_vjp_with_fault(z, a, da):
    return Tensor(1.5, da.dtype) * tanh_vjp(z, a, da)


def test_values_are_those_of_the_network_and_the_cost():
    dnn, (x, y) = network(), problem()
    cost = Cost("squared_error")
    of_network, of_cost = with_handwritten_bprop(dnn, cost)
    np.testing.assert_array_equal(of_network(x).asnumpy(), dnn(x).asnumpy())
    assert of_cost(dnn(x), y).asnumpy() == cost(dnn(x), y).asnumpy()


def test_the_parameters_are_shared_and_keep_their_names():
    dnn = network()
    of_network, _ = with_handwritten_bprop(dnn, Cost("squared_error"))
    assert [id(p) for p in of_network.trainable_params()] == [id(p) for p in dnn.trainable_params()]
    assert [p.name for p in dnn.trainable_params()] == list(dnn.parameter_names)


def test_a_layer_without_derivative_raises():
    with pytest.raises(NoDerivativeError, match="activation 'sign'"):
        with_handwritten_bprop(network(activation="sign"), Cost("squared_error"))


@pytest.mark.parametrize("activation", ["sigmoid", "softplus", "gelu", "silu", "elu", "leaky_relu", "softmax"])
def test_every_activation(activation):
    dnn, (x, y) = network(activation=activation), problem()
    cost = Cost("squared_error", "sum")
    _, _, got = by_grad_operation(dnn, cost, x, y, "pynative")
    for gradient, right in zip(got, HandwrittenGradient(dnn, cost)(x, y)[1], strict=True):
        np.testing.assert_allclose(gradient.asnumpy(), right.asnumpy(), rtol=1e-14, atol=1e-17)


@pytest.mark.parametrize("compiled", [False, True])
def test_train_one_step_cell_descends_by_the_hand_written_gradients(compiled):
    dnn, twin, (x, y) = network("float32"), network("float32"), problem("float32")
    cost, rate = Cost("softmax_cross_entropy"), 0.5
    wrapped = CostOf(*with_handwritten_bprop(dnn, cost))
    step = nn.TrainOneStepCell(wrapped, nn.SGD(wrapped.trainable_params(), rate))
    run = ms.jit(step) if compiled else step
    by_hand = HandwrittenGradient(twin, cost)
    costs = []
    for _ in range(5):
        costs.append(float(run(x, y)))
        J, gradients = by_hand(x, y)
        assert costs[-1] == pytest.approx(float(J), rel=1e-6)
        for parameter, gradient in zip(twin.trainable_params(), gradients, strict=True):
            ops.assign_sub(parameter, Tensor(np.float32(rate)) * gradient)
    assert costs[-1] < costs[0]
    for got, wanted in zip(dnn.trainable_params(), twin.trainable_params(), strict=True):
        np.testing.assert_allclose(got.asnumpy(), wanted.asnumpy(), rtol=0, atol=1e-6)
