"""The losses and their gradients against torch, at their limits, at their kinks and for every kind of label."""

import mindspore as ms
import numpy as np
import pytest
import torch
from derivative_check import LossAndGradient, evaluate, gradient_by_framework
from mindspore import Tensor

from ms_dnn.errors import NoDerivativeError
from ms_dnn.maths.losses import LOSSES

T = torch.nn.functional
N, C = 7, 5  # C ≠ 2: a factor C/2 cannot hide
TORCH = {
    "squared_error": lambda a, y: 0.5 * T.mse_loss(a, y, reduction="none").sum(-1),
    "binary_cross_entropy": lambda a, y: T.binary_cross_entropy(a, y, reduction="none").sum(-1),
    "binary_cross_entropy_with_logits": lambda z, y: T.binary_cross_entropy_with_logits(z, y, reduction="none").sum(-1),
    "softmax_cross_entropy": lambda z, y: T.cross_entropy(z, y, reduction="none"),
    "hinge": lambda z, y: torch.clamp(1 - y * z, min=0).sum(-1),
    "perceptron": lambda z, y: torch.clamp(-y * z, min=0).sum(-1),
}
RTOL = {"float64": 4e-15, "float32": 5e-6, "float16": 5e-3}


def problem(name, dtype="float64"):
    rng = np.random.default_rng(21)
    a = rng.normal(size=(N, C)) * 2
    if name == "binary_cross_entropy":
        a = rng.uniform(0.02, 0.98, size=(N, C))
    if name in ("hinge", "perceptron"):
        y = rng.choice([-1.0, 1.0], (N, C))
    elif name == "softmax_cross_entropy":
        y = np.eye(C)[rng.integers(0, C, N)]
    elif name == "squared_error":
        y = rng.normal(size=(N, C))
    else:
        y = rng.integers(0, 2, (N, C)).astype(float)
    return a.astype(dtype), y.astype(dtype)


def by_torch(name, a, y):
    variable = torch.tensor(a.astype(np.float64), requires_grad=True)
    losses = TORCH[name](variable, torch.tensor(y.astype(np.float64)))
    losses.sum().backward()
    return losses.detach().numpy(), variable.grad.numpy()


def assert_near(got, wanted, rtol):
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, rtol=0, atol=rtol * np.abs(wanted).max())


@pytest.mark.parametrize("dtype", RTOL)
@pytest.mark.parametrize("name", TORCH)
def test_value_and_gradient_equal_torch(name, dtype):
    a, y = problem(name, dtype)
    losses, da = by_torch(name, a, y)
    got_losses, got_da = evaluate(LOSSES[name].function, a, y), evaluate(LOSSES[name].gradient, a, y)
    assert got_losses.dtype == got_da.dtype == a.dtype
    assert_near(got_losses, losses, RTOL[dtype])
    assert_near(got_da, da, RTOL[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_soft_labels(dtype):
    z, _ = problem("softmax_cross_entropy", dtype)
    y = np.random.default_rng(3).dirichlet(np.ones(C), N).astype(dtype)
    losses, da = by_torch("softmax_cross_entropy", z, y)
    assert_near(evaluate(LOSSES["softmax_cross_entropy"].function, z, y), losses, RTOL[dtype])
    assert_near(evaluate(LOSSES["softmax_cross_entropy"].gradient, z, y), da, RTOL[dtype])


@pytest.mark.parametrize("name", TORCH)
def test_gradient_equals_mindspores_automatic_derivative(name):
    a, y = problem(name)
    by_framework = gradient_by_framework(LOSSES[name].function, a, y)
    assert_near(evaluate(LOSSES[name].gradient, a, y), by_framework, 1e-14)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TORCH)
def test_both_at_once_are_the_two(name, dtype):
    loss = LOSSES[name]
    assert (loss.both is not None) == (name == "softmax_cross_entropy")
    if loss.both is None:
        return
    a, y = problem(name, dtype)
    losses, da = loss.both(Tensor(a), Tensor(y))
    np.testing.assert_array_equal(losses.asnumpy(), evaluate(loss.function, a, y))
    np.testing.assert_array_equal(da.asnumpy(), evaluate(loss.gradient, a, y))


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_compiled_equals_pynative_bitwise(name, dtype):
    a, y = problem(name, dtype)
    parts = [(a, y)]
    if (name, dtype) == ("binary_cross_entropy", "float32"):
        # One number at a time: the bits of MindSpore's float32 logarithm depend on a number's place among those that a
        # thread is given, and into how many parts it divides a tensor it finds out by the clock.
        parts = list(zip(a.reshape(-1, 1, 1), y.reshape(-1, 1, 1), strict=True))
    cell = LossAndGradient(LOSSES[name])
    for part in parts:
        given = [Tensor(array) for array in part]
        for eager, compiled in zip(cell(*given), cell.compiled(*given), strict=True):
            assert eager.dtype == compiled.dtype == getattr(ms, dtype)
            assert eager.asnumpy().tobytes() == compiled.asnumpy().tobytes()


class TestBinaryCrossEntropyAtItsLimits:
    LOSS = LOSSES["binary_cross_entropy"]

    @pytest.mark.parametrize(("dtype", "upper"), [("float16", 7.6), ("float32", 16.6), ("float64", 36.7)])
    def test_certain_and_wrong(self, dtype, upper):
        a, y = np.array([[1.0], [0.0]], dtype), np.array([[0.0], [1.0]], dtype)
        at_1, at_0 = evaluate(self.LOSS.function, a, y)
        assert at_1 == pytest.approx(upper, abs=0.06)
        assert at_0 == pytest.approx(-np.log(float(np.finfo(dtype).tiny)), rel=2e-3)
        np.testing.assert_array_equal(evaluate(self.LOSS.gradient, a, y), [[0], [0]])

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
    def test_certain_and_right_costs_next_to_nothing(self, dtype):
        a, y = np.array([[1.0], [0.0]], dtype), np.array([[1.0], [0.0]], dtype)
        assert np.abs(evaluate(self.LOSS.function, a, y)).max() <= np.finfo(dtype).eps

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_the_largest_and_smallest_probability_inside_have_a_finite_gradient(self, dtype):
        below_one = np.nextafter(np.array(1, dtype), np.array(0, dtype))
        a, y = np.array([[below_one], [np.finfo(dtype).tiny]]), np.array([[0.0], [1.0]], dtype)
        np.testing.assert_allclose(
            evaluate(self.LOSS.gradient, a, y).astype(float), [[1 / (1 - float(below_one))], [-1 / float(a[1, 0])]]
        )


@pytest.mark.parametrize(("dtype", "large"), [("float64", 1e4), ("float64", 700), ("float32", 1e4), ("float32", 88)])
@pytest.mark.parametrize("name", ["binary_cross_entropy_with_logits", "softmax_cross_entropy"])
def test_on_logits_nothing_overflows(name, dtype, large):
    z = np.array([[large, -large], [-large, large]], dtype)
    y = np.array([[1, 0], [1, 0]], dtype)  # right, then as wrong as can be
    wanted = [0, 2 * large]
    np.testing.assert_allclose(evaluate(LOSSES[name].function, z, y), wanted, atol=1e-30, rtol=1e-6)
    np.testing.assert_allclose(evaluate(LOSSES[name].gradient, z, y), [[0, 0], [-1, 1]], atol=1e-30, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_integer_labels_equal_one_hot(dtype):
    z, y = problem("softmax_cross_entropy", dtype)
    labels = y.argmax(-1).astype(np.int32)
    for name, parts in {"softmax_cross_entropy": ("function", "gradient"), "zero_one": ("function",)}.items():
        for part in parts:
            function = getattr(LOSSES[name], part)
            np.testing.assert_array_equal(evaluate(function, z, labels), evaluate(function, z, y))


@pytest.mark.parametrize(("name", "kink"), [("hinge", 1.0), ("perceptron", 0.0)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_kinks(name, kink, dtype):
    step = 0.125
    z = np.array([[kink - step], [kink], [kink + step]], dtype)
    for label in (1.0, -1.0):
        y = np.full_like(z, label)
        np.testing.assert_array_equal(evaluate(LOSSES[name].gradient, z * y, y), [[-label], [0], [0]])
        np.testing.assert_array_equal(evaluate(LOSSES[name].function, z * y, y), [step, 0, 0])
        np.testing.assert_array_equal(gradient_by_framework(LOSSES[name].function, z * y, y), [[-label], [0], [0]])


class TestZeroOne:
    FUNCTION = staticmethod(LOSSES["zero_one"].function)

    @pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
    def test_one_output_goes_by_its_sign_and_0_is_minus_one(self, dtype):
        z = np.array([[2.0], [-2.0], [0.0], [0.0]], dtype)
        y = np.array([[1.0], [1.0], [1.0], [-1.0]], dtype)
        got = evaluate(self.FUNCTION, z, y)
        assert got.dtype == z.dtype
        assert got.tolist() == [0, 1, 1, 0]

    def test_several_outputs_go_by_the_largest(self):
        z = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [-3.0, -2.0, -1.0]])
        assert evaluate(self.FUNCTION, z, np.eye(3)[[1, 1, 2]]).tolist() == [0, 1, 0]

    def test_gradient_raises_with_the_cure(self):
        with pytest.raises(NoDerivativeError) as error:
            LOSSES["zero_one"].derivative()
        assert str(error.value) == (
            "loss 'zero_one' has no useful gradient (it is a step), so it can be reported but not trained: use "
            "'hinge', 'perceptron' or a cross-entropy"
        )


def test_the_table_names_each_loss_as_it_is():
    assert [loss.name for loss in LOSSES.values()] == list(LOSSES)


def test_squared_error_is_c_halves_of_mindspores_mean_squares():
    a, y = problem("squared_error", "float32")
    by_mindspore = float(ms.nn.MSELoss()(Tensor(a), Tensor(y)))
    assert evaluate(LOSSES["squared_error"].function, a, y).mean() == pytest.approx(C / 2 * by_mindspore, rel=1e-6)
