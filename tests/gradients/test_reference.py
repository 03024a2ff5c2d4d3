"""The witness is judged too: by exact decimals, by hand formulas, by differences, by torch in float64."""

import ast
from decimal import Decimal, getcontext
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

import ms_dnn.gradients
from ms_dnn.errors import ConfigError, NoDerivativeError, ShapeError
from ms_dnn.gradients import reference
from ms_dnn.gradients.reference import (
    ACTIVATIONS,
    LOSSES,
    STEP,
    activate,
    complex_step_gradient,
    cost,
    forward,
    losses,
)

EPS = np.finfo(np.float64).eps
EXTREMES = [-700.0, -600.0, -100.0, -30.0, -5.0, -0.7, -1e-9, 0.0, 1e-9, 0.3, 1.0, 5.0, 30.0, 100.0, 700.0]


def network(sizes, seed=0, scale=0.8):
    rng = np.random.default_rng(seed)
    weights = [scale * rng.normal(size=(o, i)) for i, o in pairwise(sizes)]
    return weights, [scale * rng.normal(size=o) for o in sizes[1:]]


def slope(name, z):
    return activate(name, np.array([z + 1j * STEP])).imag[0] / STEP


# Exact values: 60 digits of the standard library's decimal


def decimals(z):
    getcontext().prec = 360  # e⁻⁷⁰⁰ beside 1
    return Decimal(z)


def exact_sigmoid(z):
    return 1 / (1 + (-decimals(z)).exp())


def exact_tanh(z):
    e = (2 * decimals(z)).exp()
    return (e - 1) / (e + 1)


def exact_softplus(z):
    """log(1 + e) for tiny e by its series: decimal's ln of 1.000…1 is exact but takes minutes."""
    e = (-abs(decimals(z))).exp()
    log = sum((-1) ** (k + 1) * e**k / k for k in range(1, 40)) if e < Decimal("1e-9") else (1 + e).ln()
    return max(decimals(z), Decimal(0)) + log


EXACT = {
    "sigmoid": (exact_sigmoid, lambda z: exact_sigmoid(z) * exact_sigmoid(-z)),
    "tanh": (exact_tanh, lambda z: 4 * exact_sigmoid(2 * z) * exact_sigmoid(-2 * z)),
    "softplus": (exact_softplus, exact_sigmoid),
    "silu": (
        lambda z: decimals(z) * exact_sigmoid(z),
        lambda z: exact_sigmoid(z) * (1 + decimals(z) * exact_sigmoid(-z)),
    ),
    "elu": (
        lambda z: decimals(z) if z > 0 else decimals(z).exp() - 1,
        lambda z: Decimal(1) if z > 0 else decimals(z).exp(),
    ),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("z", EXTREMES)
def test_value_and_slope_are_right_to_the_last_digits(name, z):
    value, derivative = (float(exact(z)) for exact in EXACT[name])
    assert activate(name, [z])[0] == pytest.approx(value, rel=4 * EPS, abs=0)
    assert activate(name, np.array([z + 1j * STEP])).real[0] == pytest.approx(value, rel=4 * EPS, abs=STEP**2)
    smallest = 2.3e-308 / STEP  # below it the imaginary part has no full mantissa
    assert slope(name, z) == pytest.approx(derivative, rel=6 * EPS, abs=smallest)


def test_gelu_in_the_tail_is_right_to_its_conditioning():
    """Φ(−x) = φ(x)/(x + 1/(x + 2/(x + 3/…))), φ(x) = exp(−x²/2)/√(2π), in decimals."""
    getcontext().prec = 50
    pi = Decimal("3.14159265358979323846264338327950288419716939937510")
    for z in (-3.3, -5.7, -12.34, -30.1, -34.0):
        x = -Decimal(z)
        density = (-x * x / 2).exp() / (2 * pi).sqrt()
        fraction = x
        for k in range(600, 0, -1):
            fraction = x + k / fraction
        tail = density / fraction
        assert activate("gelu", [z])[0] == pytest.approx(float(-x * tail), rel=(4 + z * z) * EPS, abs=0)
        # Φ − xφ cancels nothing here: x φ is x² times Φ
        assert slope("gelu", z) == pytest.approx(float(tail - x * density), rel=(4 + z * z) * EPS, abs=0)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nothing_overflows_and_complex_agrees_with_real(name):
    z = np.array([*EXTREMES, -1e5, 1e5]).reshape(1, -1)  # warnings are errors
    real, complex_ = activate(name, z), activate(name, z + 1j * STEP)
    assert np.isfinite(real).all()
    assert np.isfinite(complex_).all()
    np.testing.assert_allclose(complex_.real, real, rtol=4 * EPS, atol=STEP**2)  # h² f″/2


def test_numpys_complex_log1p_would_not_do():
    complex_ = np.array([-30 + 1j * STEP])
    assert np.log1p(np.exp(complex_)).real[0] != pytest.approx(np.exp(-30.0), rel=1e-4, abs=0)


def test_conventions_at_zero():
    assert activate("sign", [-1.0, 0.0, 1e-300]).tolist() == [-1, -1, 1]
    assert [slope(name, 0.0) for name in ("relu", "leaky_relu", "elu")] == pytest.approx([0, 0.01, 1], rel=EPS)
    assert activate("leaky_relu", [-2.0])[0] == -0.02


def test_softmax_and_its_cross_entropy_keep_the_small_probability():
    z = np.array([[40.0, 0.0, -3.0]])
    rest = np.exp(-40.0) * (1 + np.exp(-3.0))
    one_hot = np.array([[1.0, 0.0, 0.0]])
    assert losses("softmax_cross_entropy", z, one_hot)[0] == pytest.approx(rest, rel=4 * EPS)
    perturbed = z + 1j * STEP * np.array([[1.0, 0.0, 0.0]])
    assert losses("softmax_cross_entropy", perturbed, one_hot).imag[0] / STEP == pytest.approx(-rest, rel=4 * EPS)
    assert activate("softmax", perturbed).imag[0, 0] / STEP == pytest.approx(rest, rel=4 * EPS)
    np.testing.assert_allclose(losses("softmax_cross_entropy", [[700.0, -700.0]], [[0.0, 1.0]]), [1400.0])


def test_losses_in_closed_form():
    assert losses("squared_error", [[1.0, 2.0, 5.0]], [[0.0, 0.0, 1.0]]).tolist() == [10.5]
    assert losses("binary_cross_entropy", [[0.25]], [[1.0]])[0] == pytest.approx(np.log(4), rel=EPS)
    assert losses("hinge", [[0.25, -3.0]], [[1.0, -1.0]]).tolist() == [0.75]
    assert losses("perceptron", [[0.25, -3.0]], [[-1.0, 1.0]]).tolist() == [3.25]
    soft = losses("softmax_cross_entropy", [[0.0, 0.0, 0.0]], [[0.5, 0.25, 0.25]])[0]
    assert soft == pytest.approx(np.log(3), rel=2 * EPS)
    for z, y in [(40.0, 1.0), (-40.0, 0.0)]:
        value = losses("binary_cross_entropy_with_logits", [[z]], [[y]])[0]
        assert value == pytest.approx(np.exp(-40.0), rel=4 * EPS)


def test_binary_cross_entropy_is_clipped_with_slope_zero():
    edges = np.array([[0.0], [1.0], [-0.5], [1.5]])
    for y in (0.0, 1.0):
        values = losses("binary_cross_entropy", edges + 1j * STEP, np.full((4, 1), y))
        assert np.isfinite(values).all()
        assert values.imag.tolist() == [0, 0, 0, 0]
    assert losses("binary_cross_entropy", [[0.0]], [[1.0]])[0] == pytest.approx(708.4, abs=0.1)


def test_the_step_is_large_enough_for_a_saturated_sigmoid():
    """z = −600, label 1: ∂J/∂b = a − y = −1, through a = 1e-261."""
    at = ([np.array([[1.0]])], [np.array([0.0])], ["sigmoid"], "binary_cross_entropy", "mean")
    (_, db), *_ = complex_step_gradient(*at, [[-600.0]], [[1.0]])
    assert db[0] == pytest.approx(-1, rel=4 * EPS)


# The gradient


def test_logistic_regression_by_hand():
    """dW = (a − y)ᵀ x / N, db = mean(a − y)."""
    rng = np.random.default_rng(1)
    weights, biases = network([5, 1])
    x, y = rng.normal(size=(9, 5)), rng.integers(0, 2, size=(9, 1)).astype(float)
    a = 1 / (1 + np.exp(-(x @ weights[0].T + biases[0])))
    for activation, loss in [
        ("sigmoid", "binary_cross_entropy"),
        ("identity", "binary_cross_entropy_with_logits"),
    ]:
        [(dW, db)] = complex_step_gradient(weights, biases, [activation], loss, "mean", x, y)
        np.testing.assert_allclose(dW, (a - y).T @ x / 9, rtol=1e-13, atol=1e-16)
        np.testing.assert_allclose(db, (a - y).mean(axis=0), rtol=1e-13, atol=1e-16)


def test_squared_error_has_its_half_and_its_mean_over_samples_only():
    weights, biases = network([4, 3])
    x, y = np.ones((2, 4)), np.zeros((2, 3))
    z = forward(weights, biases, ["identity"], x)[-1].z
    for reduction, divisor in [("mean", 2), ("sum", 1)]:
        [(_, db)] = complex_step_gradient(weights, biases, ["identity"], "squared_error", reduction, x, y)
        np.testing.assert_allclose(db, z.sum(axis=0) / divisor, rtol=1e-15)


@pytest.mark.parametrize("hidden", ["tanh", "softmax", "gelu", "leaky_relu"])
def test_shared_lower_layers_change_nothing(hidden):
    """The plain definition, J(θ + ih) of the whole network for each θ, gives the same numbers."""
    rng = np.random.default_rng(2)
    weights, biases = network([3, 4, 3])
    x, y = rng.normal(size=(5, 3)), np.eye(3)[rng.integers(0, 3, 5)]
    activations = [hidden, "identity"]
    fast = complex_step_gradient(weights, biases, activations, "softmax_cross_entropy", "mean", x, y)
    for parameters, part in ((weights, 0), (biases, 1)):
        for level, parameter in enumerate(parameters):
            for where in np.ndindex(parameter.shape):
                moved = [p.astype(complex) for p in parameters]
                moved[level][where] += 1j * STEP
                w, b = (moved, biases) if part == 0 else (weights, moved)
                plain = losses("softmax_cross_entropy", forward(w, b, activations, x)[-1].a, y).mean().imag / STEP
                assert fast[level][part][where] == pytest.approx(plain, rel=1e-13, abs=1e-16)


def test_central_differences_agree():
    rng = np.random.default_rng(3)
    weights, biases = network([4, 5, 3, 3])
    x, y = rng.normal(size=(6, 4)), np.eye(3)[rng.integers(0, 3, 6)]
    at = (["silu", "elu", "softmax"], "squared_error", "mean", x, y)
    gradients = complex_step_gradient(weights, biases, *at)
    for level, (dW, _) in enumerate(gradients):
        direction = rng.choice([-1.0, 1.0], size=dW.shape)
        h = 1e-5
        ends = []
        for side in (h, -h):
            moved = [w + side * direction if k == level else w for k, w in enumerate(weights)]
            ends.append(cost(moved, biases, *at))
        assert (ends[0] - ends[1]) / (2 * h) == pytest.approx((dW * direction).sum(), rel=1e-7, abs=1e-10)


TORCH_ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "elu": torch.nn.functional.elu,
    "softplus": torch.nn.functional.softplus,
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
    "softmax": lambda z: torch.softmax(z, dim=-1),
}
TORCH_LOSSES = {
    "squared_error": lambda a, y: 0.5 * ((a - y) ** 2).sum(),
    "softmax_cross_entropy": lambda z, y: torch.nn.functional.cross_entropy(z, y, reduction="sum"),
    "binary_cross_entropy_with_logits": lambda z, y: torch.nn.functional.binary_cross_entropy_with_logits(
        z, y, reduction="sum"
    ),
}


@pytest.mark.parametrize("loss", TORCH_LOSSES)
@pytest.mark.parametrize("hidden", TORCH_ACTIVATIONS)
def test_torch_agrees(hidden, loss):
    rng = np.random.default_rng(4)
    weights, biases = network([4, 6, 3])
    x, y = rng.normal(size=(7, 4)), np.eye(3)[rng.integers(0, 3, 7)]
    W, b = ([torch.tensor(p, requires_grad=True) for p in group] for group in (weights, biases))
    a = TORCH_ACTIVATIONS[hidden](torch.tensor(x) @ W[0].T + b[0])
    total = TORCH_LOSSES[loss](a @ W[1].T + b[1], torch.tensor(y))
    total.backward()
    at = (weights, biases, [hidden, "identity"], loss, "sum", x, y)
    assert cost(*at) == pytest.approx(total.item(), rel=1e-13)
    for level, (dW, db) in enumerate(complex_step_gradient(*at)):
        np.testing.assert_allclose(dW, W[level].grad.numpy(), rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(db, b[level].grad.numpy(), rtol=1e-11, atol=1e-13)


def test_a_planted_fault_of_one_part_in_ten_billion_is_seen():
    weights, biases = network([4, 3])
    at = (weights, biases, ["tanh"], "squared_error", "mean", np.ones((2, 4)), np.zeros((2, 3)))
    [(dW, _)] = complex_step_gradient(*at)
    [(again, _)] = complex_step_gradient(*at)
    np.testing.assert_array_equal(dW, again)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(dW * (1 + 1e-10), again, rtol=1e-13)


def test_several_blocks_give_the_bits_of_one(monkeypatch):
    rng = np.random.default_rng(5)
    at = (*network([4, 5, 3]), ["tanh", "identity"], "squared_error", "mean")
    x, y = rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
    whole = complex_step_gradient(*at, x, y)
    monkeypatch.setattr(reference, "BLOCK", 64)
    for in_one, in_several in zip(whole, complex_step_gradient(*at, x, y), strict=True):
        np.testing.assert_array_equal(in_several[0], in_one[0])
        np.testing.assert_array_equal(in_several[1], in_one[1])


def test_five_thousand_parameters_are_differentiated_in_a_few_blocks(monkeypatch):
    """One run of the layers above for many elements at a time, of bounded size: what makes it fast and lean."""
    rng = np.random.default_rng(6)
    weights, biases = network([64, 64, 10], scale=0.1)
    x, y = rng.normal(size=(32, 64)), np.eye(10)[rng.integers(0, 10, 32)]
    sizes = []
    activate = reference.activate

    def counted(name, z):
        sizes.append(np.size(z))
        return activate(name, z)

    monkeypatch.setattr(reference, "activate", counted)
    complex_step_gradient(weights, biases, ["sigmoid", "identity"], "softmax_cross_entropy", "mean", x, y)
    assert max(sizes) <= reference.BLOCK
    assert len(sizes) <= 2 * (4810 * 64 * 32 // reference.BLOCK + 6)


# What raises


def test_messages_name_the_layer_and_the_cure():
    weights, biases = network([4, 5, 3])
    x = np.ones((2, 4))
    with pytest.raises(ShapeError, match=r"layer 2: weight is \(3, 5\), expected \(outputs, 4\)"):
        forward([weights[0][:4], weights[1]], [biases[0][:4], biases[1]], ["relu", "relu"], x)
    with pytest.raises(ShapeError, match=r"layer 1: bias is \(5, 1\), expected \(5,\)"):
        forward(weights, [biases[0][:, None], biases[1]], ["relu", "relu"], x)
    with pytest.raises(ShapeError, match="one of each"):
        forward(weights, biases, ["relu"], x)
    with pytest.raises(ShapeError, match="rows of samples"):
        forward(weights, biases, ["relu", "relu"], np.ones(4))
    with pytest.raises(ShapeError, match="labels"):
        losses("squared_error", np.ones((3, 1)), np.ones(3))
    with pytest.raises(ConfigError, match="activation 'rleu' is not known here; choose one of identity"):
        activate("rleu", [1.0])
    with pytest.raises(ConfigError, match="loss 'mse'"):
        losses("mse", [[1.0]], [[1.0]])
    at = (weights, biases, ["relu", "identity"], "squared_error")
    with pytest.raises(ConfigError, match="reduction 'none'"):
        complex_step_gradient(*at, "none", x, np.ones((2, 3)))
    with pytest.raises(ShapeError, match="rows of samples"):
        complex_step_gradient(*at, "mean", np.ones((2, 2, 4)), np.ones((2, 3)))
    with pytest.raises(NoDerivativeError, match="perceptron loss"):
        complex_step_gradient(weights, biases, ["relu", "sign"], "squared_error", "mean", x, np.ones((2, 3)))


def test_every_loss_takes_blocks_of_networks():
    y = np.eye(3)[[0, 1]]
    for name in LOSSES:
        assert losses(name, np.full((5, 2, 3), 0.3), y).shape == (5, 2)


# Independence


@pytest.mark.parametrize(
    ("module", "siblings"),
    [("reference.py", set()), ("blog.py", {"ms_dnn.gradients", "ms_dnn.gradients.reference"})],
)
def test_the_witness_imports_nothing_that_it_judges(module, siblings):
    source = (Path(ms_dnn.gradients.__file__).parent / module).read_text(encoding="utf-8")
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module)
            if node.module == "ms_dnn.gradients":
                assert {alias.name for alias in node.names} <= {"reference"}
        assert not (isinstance(node, ast.Name) and node.id in {"__import__", "importlib"})
    allowed = {"__future__", "collections.abc", "dataclasses", "typing", "numpy", "numpy.typing", "scipy"}
    assert imported <= allowed | {"ms_dnn.errors"} | siblings
