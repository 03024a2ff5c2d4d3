"""The network: shapes, names, forward = construct, backward against torch for every depth, messages."""

from xml.etree import ElementTree

import mindspore as ms
import numpy as np
import pytest
import torch
from mindspore import Tensor, nn

from ms_dnn.dnn import DNN, build_dnn
from ms_dnn.errors import NoDerivativeError, ShapeError
from ms_dnn.gradients.framework import FrameworkGradient, GradOperationGradient
from ms_dnn.gradients.handwritten import HandwrittenGradient
from ms_dnn.layers.cost import Cost
from ms_dnn.layers.dense import Dense

pytestmark = pytest.mark.usefixtures("cpu")

ACTIVATIONS = ("tanh", "gelu", "softplus", "sigmoid")
SIZES = (4, 6, 5, 7, 3)
TORCH = {
    "tanh": torch.tanh,
    "gelu": torch.nn.functional.gelu,
    "softplus": torch.nn.functional.softplus,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
}


def network(depth, last="identity", dtype="float64", seed=1):
    """Hidden layers as they come, then ``depth`` layers in all, ending in 3 units."""
    return build_dnn((*SIZES[:depth], 3), (*ACTIVATIONS[: depth - 1], last), seed=seed, dtype=dtype)


def problem(N=5, dtype="float64"):
    rng = np.random.default_rng(61)
    x, y = rng.normal(size=(N, 4)), np.eye(3)[rng.integers(0, 3, N)]
    return Tensor(x.astype(dtype)), Tensor(y.astype(dtype))


def by_torch(dnn, x, y):
    """Return J, dx and the gradients of the mean softmax cross-entropy."""
    variable = torch.tensor(x.asnumpy(), requires_grad=True)
    parameters = [torch.tensor(p.asnumpy(), requires_grad=True) for p in dnn.trainable_params()]
    a = variable
    for i, layer in enumerate(dnn.layers):
        a = TORCH[layer.activation.name](torch.nn.functional.linear(a, *parameters[2 * i : 2 * i + 2]))
    J = torch.nn.functional.cross_entropy(a, torch.tensor(y.asnumpy()))
    J.backward()
    return J.item(), variable.grad.numpy(), [parameter.grad.numpy() for parameter in parameters]


@pytest.mark.parametrize("N", [1, 5])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
class TestEveryDepth:
    def test_shapes(self, depth, N):
        dnn, (x, y) = network(depth), problem(N)
        a, caches = dnn.forward(x)
        dx, gradients = dnn.backward(caches, y)
        assert dnn.sizes == (*SIZES[:depth], 3)
        assert a.shape == (N, 3)
        assert len(caches) == depth
        assert dx.shape == x.shape
        assert [g.shape for g in gradients] == [p.shape for p in dnn.trainable_params()]

    def test_forward_equals_construct(self, depth, N):
        dnn, (x, _) = network(depth), problem(N)
        np.testing.assert_array_equal(dnn.forward(x)[0].asnumpy(), dnn(x).asnumpy())

    def test_backward_equals_torch(self, depth, N):
        dnn, (x, y) = network(depth), problem(N)
        cost = Cost("softmax_cross_entropy")
        wanted_J, wanted_dx, wanted = by_torch(dnn, x, y)
        J, gradients = HandwrittenGradient(dnn, cost)(x, y)
        a, caches = dnn.forward(x)
        dx, _ = dnn.backward(caches, cost.forward_backward(a, y)[1])
        assert float(J) == pytest.approx(wanted_J, rel=1e-13)
        for got, right in zip((dx, *gradients), (wanted_dx, *wanted), strict=True):
            np.testing.assert_allclose(got.asnumpy(), right, rtol=0, atol=2e-14 * np.abs(right).max())


class Route(nn.Cell):
    """The hand-written route in one compiled graph."""

    def __init__(self, route):
        super().__init__(auto_prefix=False)
        self.route = route

    @ms.jit
    def construct(self, x, y):
        return self.route(x, y)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "squared_error"])
@pytest.mark.parametrize(
    ("route", "rtol"),
    [
        (HandwrittenGradient, {"float64": 0, "float32": 0}),
        # Its graph reorders the float32 derivative of gelu: not bitwise, and not ours to fix.
        (FrameworkGradient, {"float64": 0, "float32": 1e-6}),
    ],
)
def test_compiled_equals_pynative(route, rtol, loss, dtype):
    dnn, (x, y) = network(3, dtype=dtype), problem(dtype=dtype)
    cell = route(dnn, Cost(loss))
    J, gradients = cell(x, y)
    compiled_J, compiled_gradients = Route(cell)(x, y)
    for eager, compiled in zip((J, *gradients), (compiled_J, *compiled_gradients), strict=True):
        assert eager.dtype == compiled.dtype == x.dtype
        of_largest = np.abs(eager.asnumpy()).max()
        np.testing.assert_allclose(compiled.asnumpy(), eager.asnumpy(), rtol=0, atol=rtol[dtype] * of_largest)


@pytest.mark.parametrize("last", ["identity", "sigmoid", "softmax"])
def test_the_three_routes_agree(last):
    dnn, (x, y) = network(3, last), problem()
    cost = Cost("squared_error")
    _, by_hand = HandwrittenGradient(dnn, cost)(x, y)
    _, by_value_and_grad = FrameworkGradient(dnn, cost)(x, y)
    by_grad_operation = GradOperationGradient(dnn, cost)(x, y)
    for hand, framework, operation in zip(by_hand, by_value_and_grad, by_grad_operation, strict=True):
        np.testing.assert_allclose(hand.asnumpy(), framework.asnumpy(), rtol=1e-11, atol=1e-16)
        np.testing.assert_array_equal(framework.asnumpy(), operation.asnumpy())


class Wrapper(nn.Cell):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner


class TestNames:
    NAMES = ("layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias")

    def test_order(self):
        dnn = network(2)
        assert dnn.parameter_names == self.NAMES
        assert [parameter.name for parameter in dnn.trainable_params()] == list(self.NAMES)

    def test_they_stay_when_another_cell_adopts_the_network(self):
        dnn = network(2)
        Wrapper(Wrapper(dnn))
        assert dnn.parameter_names == self.NAMES

    def test_the_routes_leave_the_parameters_own_names_alone(self):
        dnn = network(2)
        for route in (HandwrittenGradient, FrameworkGradient, GradOperationGradient):
            route(dnn, Cost("squared_error"))
        assert [parameter.name for parameter in dnn.trainable_params()] == list(self.NAMES)


class TestMessages:
    def test_neighbours_that_do_not_fit(self):
        with pytest.raises(ShapeError) as error:
            DNN([Dense(np.zeros((5, 4)), np.zeros(5), "relu"), Dense(np.zeros((3, 6)), np.zeros(3), "identity")])
        assert str(error.value) == (
            "layer 2: its weight has shape (3, 6) and so expects 6 inputs, but layer 1 has 5 units: make the weight "
            "(3, 5)"
        )

    def test_no_layer(self):
        with pytest.raises(ShapeError, match="network: got no dense layer, expected at least one"):
            DNN([])

    @pytest.mark.parametrize(
        ("sizes", "activations", "initializers"),
        [((4, 3), (), "xavier"), ((4, 0), ("relu",), "he"), ((4, 3), ("relu",), ("he", "he"))],
    )
    def test_lists_that_do_not_fit(self, sizes, activations, initializers):
        with pytest.raises(ShapeError, match="network: got "):
            build_dnn(sizes, activations, initializers)

    @pytest.mark.parametrize(
        ("x", "got"),
        [
            (np.zeros(4, "float32"), "Float32 of shape (4,)"),
            (np.zeros((2, 5), "float32"), "Float32 of shape (2, 5)"),
            (np.zeros((2, 4)), "Float64 of shape (2, 4)"),
        ],
    )
    def test_input(self, x, got):
        with pytest.raises(ShapeError) as error:
            network(2, dtype="float32").check_input(Tensor(x))
        assert str(error.value) == (
            f"input of the network: got {got}, expected Float32 of shape (N, 4), one row a sample"
        )
        network(2, dtype="float32").check_input(Tensor(np.zeros((1, 4), "float32")))

    @pytest.mark.parametrize("route", [HandwrittenGradient, FrameworkGradient])
    def test_a_sign_layer_raises_when_the_gradient_is_built(self, route):
        dnn = build_dnn((4, 3, 3), ("sign", "identity"))
        with pytest.raises(NoDerivativeError, match="activation 'sign' has no useful derivative"):
            route(dnn, Cost("squared_error"))


class TestTable:
    """The table that a notebook shows; its total is that of the parameters."""

    def test_every_layer_has_a_row(self):
        dnn = build_dnn((4, 6, 3), ("tanh", "identity"), normalizations="batch", dropouts=0.25)
        table = ElementTree.fromstring(dnn._repr_html_())
        head, *rows, total = [[cell.text or "" for cell in row] for row in table.iter("tr")]
        assert head == ["layer", "kind", "activation", "outputs", "parameters"]
        assert rows == [
            ["1", "Dense", "identity", "6", "24"],
            ["2", "BatchNorm", "tanh", "6", "12"],
            ["3", "Dropout", "", "6", "0"],
            ["4", "Dense", "identity", "3", "21"],
        ]
        assert total == ["total, for 4 inputs", "57"]
        assert sum(parameter.size for parameter in dnn.trainable_params()) == 57

    def test_thousands_are_grouped(self):
        assert "<td>203,530</td>" in build_dnn((784, 256, 10), ("relu", "identity"))._repr_html_()


class TestBuild:
    def test_random_weights_depend_on_the_layers_own_number_alone(self):
        one, two = build_dnn((4, 6, 3), ("relu",) * 2, seed=2), build_dnn((4, 6, 3, 8), ("relu",) * 3, "xavier", seed=2)
        for i in range(2):
            np.testing.assert_array_equal(one.layers[i].weight.asnumpy(), two.layers[i].weight.asnumpy())
        other = build_dnn((4, 6, 3), ("relu",) * 2, seed=3)
        assert (one.layers[0].weight.asnumpy() != other.layers[0].weight.asnumpy()).all()

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
    def test_dtype_rounds_the_same_weights_and_biases_are_0(self, dtype):
        dnn, exact = network(2, dtype=dtype), network(2)
        for layer, precise in zip(dnn.layers, exact.layers, strict=True):
            np.testing.assert_array_equal(layer.weight.asnumpy(), precise.weight.asnumpy().astype(dtype))
            assert layer.bias.dtype == getattr(ms, dtype)
            assert not layer.bias.asnumpy().any()
