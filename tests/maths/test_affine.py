"""The affine map and its three derivatives against torch, and against the column form of the texts."""

import mindspore as ms
import numpy as np
import pytest
import torch
from derivative_check import evaluate
from mindspore import Tensor, nn

from ms_dnn.maths.affine import affine, affine_vjp

RTOL = {"float64": 4e-15, "float32": 2e-6, "float16": 4e-3}


def problem(dtype, N, I, O):  # noqa: E741 - the letters of the shapes
    rng = np.random.default_rng(31)
    return [rng.normal(size=shape).astype(dtype) for shape in ((N, I), (O, I), (O,), (N, O))]


def assert_near(got, wanted, rtol):
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, rtol=0, atol=rtol * np.abs(wanted).max())


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 4, 3), (5, 4, 3), (5, 1, 3), (5, 4, 1)])
@pytest.mark.parametrize("dtype", RTOL)
def test_value_and_vjp_equal_torch(dtype, shape):
    x, W, b, dz = problem(dtype, *shape)
    variables = [torch.tensor(array.astype(np.float64), requires_grad=True) for array in (x, W, b)]
    z = torch.nn.functional.linear(*variables)
    z.backward(torch.tensor(dz.astype(np.float64)))
    assert_near(evaluate(affine, x, W, b), z.detach().numpy(), RTOL[dtype])
    got = affine_vjp(Tensor(x), Tensor(W), Tensor(dz))
    for part, variable in zip(got, variables, strict=True):
        assert part.dtype == getattr(ms, dtype)
        assert_near(part.asnumpy(), variable.grad.numpy(), RTOL[dtype])


def test_column_form_is_the_transpose_with_the_same_weights():
    x, W, b, dz = problem("float64", 5, 4, 3)
    np.testing.assert_allclose(evaluate(affine, x, W, b).T, W @ x.T + b[:, np.newaxis], rtol=1e-14)
    dx, dW, db = (part.asnumpy() for part in affine_vjp(Tensor(x), Tensor(W), Tensor(dz)))
    np.testing.assert_allclose(dx.T, W.T @ dz.T, rtol=1e-13)
    np.testing.assert_allclose(dW, dz.T @ x, rtol=1e-13)
    np.testing.assert_allclose(db, dz.T @ np.ones(5), rtol=1e-13)


class AffineAndVjp(nn.Cell):
    def construct(self, x, W, b, dz):
        return (affine(x, W, b), *affine_vjp(x, W, dz))

    @ms.jit
    def compiled(self, x, W, b, dz):
        return self.construct(x, W, b, dz)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_compiled_equals_pynative_bitwise(dtype):
    arguments = [Tensor(array) for array in problem(dtype, 5, 4, 3)]
    cell = AffineAndVjp()
    for eager, compiled in zip(cell(*arguments), cell.compiled(*arguments), strict=True):
        assert eager.asnumpy().tobytes() == compiled.asnumpy().tobytes()
