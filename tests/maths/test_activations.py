"""Values of the activations against long-double closed forms, at the precision of each dtype."""

import mindspore as ms
import numpy as np
import pytest
from derivative_check import FunctionAndVjp, evaluate
from mindspore import Tensor, ops
from scipy import special

from ms_dnn.errors import NoDerivativeError
from ms_dnn.maths.activations import ACTIVATIONS, Activation

L = np.longdouble
ENTRYWISE = [name for name in ACTIVATIONS if name not in ("softmax", "sign")]
DIFFERENTIABLE = [name for name in ACTIVATIONS if name != "sign"]
EXTREMES = {
    "float64": [0, 1e-300, -1e-300, 1e-20, -1e-20, 1e-8, -1e-8, 30, -30, 88, -88, 700, -700, 1e4, -1e4, 1e300, -1e300],
    "float32": [0, 1e-30, -1e-30, 1e-8, -1e-8, 1e-4, -1e-4, 30, -30, 88, -88, 100, -100, 1e4, -1e4, 3e38, -3e38],
    "float16": [0, 6e-5, -6e-5, 1e-3, -1e-3, 30, -30, 88, -88, 6e4, -6e4],
}
# Digits of the unit in the last place that a value may be off, of |a| where it is relative, else of 1 + |a|.
UNITS = {"float64": 4, "float32": 32, "float16": 4}
# exp and erf lose relative precision where a is small: Φ at the far left, and MindSpore's float32 exp kernel.
RELATIVE = {
    "float64": {"identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu"},
    "float32": {"identity", "tanh", "relu", "leaky_relu"},
    "float16": {"identity", "tanh", "relu", "leaky_relu", "elu"},
}


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


ORACLES = {
    "identity": lambda z: z,
    "sigmoid": logistic,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, L("0.01") * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
    "silu": lambda z: z * logistic(z),
    "gelu": lambda z: z * special.ndtr(z.astype(np.float64)).astype(L),
}


def arguments(dtype):
    return np.concatenate([np.linspace(-20, 20, 2001), EXTREMES[dtype]]).astype(dtype)


def error_in_units(got, wanted, relative):
    scale = np.maximum(np.abs(wanted), L(np.finfo(got.dtype).tiny)) if relative else 1 + np.abs(wanted)
    return np.abs(got.astype(L) - wanted) / scale / np.finfo(got.dtype).eps


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("name", ENTRYWISE)
def test_value(name, dtype):
    z = arguments(dtype)
    wanted = ORACLES[name](z.astype(L))
    got = evaluate(ACTIVATIONS[name].function, z)
    assert got.dtype == z.dtype
    assert np.isfinite(got).all(), z[~np.isfinite(got)]
    normal = np.abs(wanted) >= np.finfo(dtype).tiny  # below it, kernels may flush to 0
    error = error_in_units(got, wanted, name in RELATIVE[dtype])
    assert error[normal].max() <= UNITS[dtype], z[normal][np.argmax(error[normal])]
    assert np.abs(got[~normal]).max(initial=0) <= np.finfo(dtype).tiny


class TestTanhInFloat32:
    Z = np.linspace(-20, 20, 40001).astype(np.float32)

    def test_absolute(self):
        assert np.abs(evaluate(ACTIVATIONS["tanh"].function, self.Z) - np.tanh(self.Z.astype(float))).max() <= 2e-6

    def test_relative_near_0(self):
        z = np.logspace(-30, -1, 400).astype(np.float32)
        for near in (z, -z):
            got = evaluate(ACTIVATIONS["tanh"].function, near)
            assert np.abs(got / np.tanh(near.astype(float)) - 1).max() <= 1e-6

    def test_does_not_leave_the_interval(self):
        assert np.abs(evaluate(ACTIVATIONS["tanh"].function, self.Z)).max() <= 1.0

    def test_mindspore_own_kernel_is_still_worse(self):
        """When this fails on CPU, the detour in ms_dnn.maths.activations.tanh has lost its reason."""
        assert np.abs(evaluate(ops.tanh, self.Z) - np.tanh(self.Z.astype(float))).max() > 2e-5


class TestSoftmax:
    @pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-14), ("float32", 5e-6), ("float16", 5e-3)])
    def test_value(self, dtype, rtol):
        z = np.random.default_rng(0).normal(size=(5, 7)).astype(dtype)
        wanted = special.softmax(z.astype(np.float64), axis=-1)
        got = evaluate(ACTIVATIONS["softmax"].function, z)
        assert got.dtype == z.dtype
        np.testing.assert_allclose(got, wanted, rtol=rtol)

    @pytest.mark.parametrize("large", [700.0, 1e4, 1e300])
    def test_large_logits(self, large):
        z = np.array([[large, 0.0, -large], [large, large, large], [-large, -large, 0.0]])
        wanted = [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0, 0, 1]]
        np.testing.assert_allclose(evaluate(ACTIVATIONS["softmax"].function, z), wanted, rtol=1e-15, atol=1e-300)


class TestSign:
    @pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
    def test_value(self, dtype):
        z = np.array([-1e4, -1e-3, -0.0, 0.0, 1e-3, 1e4]).astype(dtype)
        got = evaluate(ACTIVATIONS["sign"].function, z)
        assert got.dtype == z.dtype
        assert got.tolist() == [-1, -1, -1, -1, 1, 1]

    def test_the_smallest_numbers_have_a_sign(self):
        tiny = np.finfo(np.float64).tiny
        assert evaluate(ACTIVATIONS["sign"].function, np.array([tiny, -tiny])).tolist() == [1, -1]

    def test_derivative_raises_with_the_cure(self):
        with pytest.raises(NoDerivativeError) as error:
            ACTIVATIONS["sign"].derivative()
        assert str(error.value) == (
            "activation 'sign' has no useful derivative (0 on both sides of a jump), so no gradient can pass through "
            "it: train the weighted sum z with the perceptron loss and activation 'identity', and take its sign as "
            "the prediction"
        )


def test_the_table_names_each_activation_as_it_is():
    assert [activation.name for activation in ACTIVATIONS.values()] == list(ACTIVATIONS)
    assert all(isinstance(activation, Activation) for activation in ACTIVATIONS.values())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_compiled_equals_pynative_bitwise(name, dtype):
    """In float64 this also catches constants that the graph compiler folds in float32."""
    rng = np.random.default_rng(1)
    z, da = (Tensor(rng.normal(size=(16, 5)).astype(dtype) * 3) for _ in range(2))
    cell = FunctionAndVjp(ACTIVATIONS[name])
    for eager, compiled in zip(cell(z, da), cell.compiled(z, da), strict=True):
        assert eager.dtype == compiled.dtype == getattr(ms, dtype)
        assert eager.asnumpy().tobytes() == compiled.asnumpy().tobytes()
