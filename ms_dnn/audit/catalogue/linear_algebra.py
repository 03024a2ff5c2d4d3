"""Products and factorisations of matrices."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import fixed, normal_arrays, together
from ms_dnn.audit.entry import Array, Case, Entry, Formula, Inputs

PAIR = Case("ordinary", normal_arrays((3, 4), (4, 2)))
LARGE_PAIR = Case("large", normal_arrays((3, 4), (4, 2), scale=100.0))
BATCHES = Case("ordinary", normal_arrays((2, 2, 3), (2, 3, 2)))
BROADCAST = Case("batches", normal_arrays((2, 3, 4), (4, 2)))
VECTORS = Case("ordinary", normal_arrays((4,), (4,)))
TWO_VECTORS = Case("ordinary", normal_arrays((3,), (4,)))
SQUARE = Case("ordinary", normal_arrays((3, 3)))
MATRIX = Case("ordinary", normal_arrays((3, 4)))


def _triangular_system(rng: np.random.Generator) -> tuple[Array, ...]:
    return np.tril(rng.standard_normal((3, 3))) + 3 * np.eye(3), rng.standard_normal((3, 2))


def _symmetric(rng: np.random.Generator) -> tuple[Array, ...]:
    root = rng.standard_normal((3, 3))
    return (root @ root.T + 2 * np.eye(3),)


INVERTIBLE = Case("ordinary", lambda rng: (rng.standard_normal((3, 3)) + 4 * np.eye(3),))
STACK = Case("stack", lambda rng: (rng.standard_normal((2, 3, 3)) + 4 * np.eye(3),))
SINGULAR = Case("rank 2", fixed([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [5.0, 7.0, 9.0]]))
NEGATIVE = Case("negative determinant", fixed([[0.0, 2.0, 0.5], [3.0, 0.25, -0.5], [0.5, 0.125, 2.0]]))


def _lower_cholesky(x: Array) -> Array:
    """Cholesky's algorithm on the symmetric part: an asymmetric change has no meaning of its own."""
    return np.linalg.cholesky((x + x.T) / 2)


def _determinant(x: Array) -> Array:
    """Leibniz' formula for 3 × 3."""
    a, b, c = x[..., 0, :], x[..., 1, :], x[..., 2, :]
    return np.sum(a * np.cross(b, c), axis=-1)


def _signed_log_determinant(x: Array) -> tuple[Array, Array]:
    determinant = _determinant(x)
    return np.sign(determinant), np.log(np.abs(determinant))


PRODUCTS = (
    *apis(np.matmul, (PAIR, LARGE_PAIR, BROADCAST), "ops.matmul", second_order=True),
    *apis(np.matmul, (PAIR, BROADCAST), "mint.matmul", "operator @: x0 @ x1", second_order=True),
    *apis(lambda x, w: x @ w.T, normal_arrays((3, 4), (2, 4)), "ops.MatMul(transpose_b=True)"),
    *apis(np.matmul, PAIR, "ops.MatMul()  # second order", "{ops,mint}.mm", second_order=True),
    *apis(np.matmul, BATCHES, "ops.BatchMatMul()", second_order=True),
    *apis(np.matmul, BATCHES, "{ops,mint}.bmm"),
    *apis(np.matmul, normal_arrays((3, 4), (4,)), "{ops,mint}.mv"),
    *apis(np.matmul, PAIR, "ops.dot"),
    *apis(np.dot, VECTORS, "mint.dot"),
    *apis(lambda x, y: (x * y).sum(-1), normal_arrays((3, 4), (3, 4)), "ops.vecdot"),
    *apis(np.outer, TWO_VECTORS, "{ops,mint}.outer", "ops.ger"),
    *apis(np.inner, normal_arrays((3, 4), (2, 4)), "ops.inner"),
    *apis(np.kron, normal_arrays((2, 2), (2, 3)), "ops.kron"),
    *apis(np.cross, normal_arrays((2, 3), (2, 3)), "{ops,mint}.cross(x0, x1, 1)"),
    *apis(
        lambda x, y: (x[:, :, None] * y[None, :, :]).sum(axis=1),
        PAIR,
        '{ops,mint}.einsum("ij,jk->ik", x0, x1)',
        "ops.tensor_dot(x0, x1, ((1,), (0,)))",
    ),
    *apis(np.matmul, BATCHES, "ops.batch_dot(x0, x1, (2, 1))"),
    *apis(np.matmul, PAIR, "nn.MatMul()"),
    *apis(lambda x, w, b: x @ w.T + b, normal_arrays((3, 4), (2, 4), (2,)), "ops.dense", "F.linear"),
)


def _multiply_and_add(name: str, product: Formula, inputs: Inputs) -> tuple[Entry, ...]:
    return apis(lambda c, a, b: 0.5 * c + 2 * product(a, b), inputs, f"{name}(x0, x1, x2, beta=0.5, alpha=2.0)")


MULTIPLY_AND_ADD = (
    *_multiply_and_add("{ops,mint}.addmm", np.matmul, normal_arrays((3, 2), (3, 4), (4, 2))),
    *_multiply_and_add("{ops,mint}.addmv", np.matmul, normal_arrays((3,), (3, 4), (4,))),
    *_multiply_and_add(
        "{ops,mint}.addbmm", lambda a, b: (a @ b).sum(axis=0), normal_arrays((2, 2), (2, 2, 3), (2, 3, 2))
    ),
    *_multiply_and_add("{ops,mint}.baddbmm", np.matmul, normal_arrays((2, 2, 2), (2, 2, 3), (2, 3, 2))),
    *_multiply_and_add("ops.addr", np.outer, normal_arrays((3, 4), (3,), (4,))),
)

TRIANGLES = (
    *apis(np.trace, SQUARE, "ops.trace"),
    *apis(np.trace, (SQUARE, Case("wide", normal_arrays((2, 4)))), "mint.trace"),
    *apis(np.diag, normal_arrays((4,)), "ops.diag", "mint.diag(x0)  # of a vector"),
    *apis(np.diag, SQUARE, "mint.diag"),
    *apis(lambda x: np.diagonal(x, 1), MATRIX, "ops.diagonal(x0, 1)"),
    *apis(lambda x: x[:, :, None] * np.eye(3), normal_arrays((2, 3)), "ops.diag_embed"),
    *apis(lambda x: np.diagflat(x, 1), normal_arrays((3,)), "ops.diagflat(x0, 1)"),
    *apis(scipy.linalg.block_diag, normal_arrays((2, 2), (1, 3)), "ops.block_diag"),
    *apis(lambda x: np.tril(x, -1), MATRIX, "ops.tril(x0, -1)"),
    *apis(lambda x: np.triu(x, 1), MATRIX, "ops.triu(x0, 1)"),
    *apis(np.tril, MATRIX, "mint.tril", "nn.Tril()"),
    *apis(np.triu, MATRIX, "mint.triu", "nn.Triu()"),
    *apis(lambda x: np.triu(np.tril(x), -1), MATRIX, "ops.matrix_band_part(x0, 1, 0)"),
    *apis(lambda x: x[:, :, None] * np.eye(3), normal_arrays((2, 3)), "ops.matrix_diag"),
    *apis(lambda x: np.vander(x, 3), normal_arrays((4,)), "ops.vander(x0, 3)"),
)

SOLVERS = (
    *apis(np.linalg.inv, (INVERTIBLE, STACK), "ops.inverse"),
    *apis(np.linalg.inv, INVERTIBLE, "mint.inverse", "mint.linalg.inv"),
    *apis(np.linalg.inv, Case("symmetric", _symmetric), "nn.MatInverse()"),
    *apis(np.linalg.pinv, normal_arrays((4, 2)), "ops.pinv"),
    *apis(_determinant, (INVERTIBLE, STACK, NEGATIVE), "ops.det"),
    *apis(_determinant, SINGULAR, "ops.det(x0)  # singular"),
    *apis(lambda x: np.log(_determinant(x)), INVERTIBLE, "ops.logdet"),
    *apis(_signed_log_determinant, (INVERTIBLE, NEGATIVE), "ops.slogdet"),
    *apis(_signed_log_determinant, STACK, "ops.log_matrix_determinant"),
    *apis(_determinant, Case("symmetric", _symmetric), "nn.MatDet()"),
    *apis(_lower_cholesky, _symmetric, "ops.cholesky"),
    *apis(lambda x: _lower_cholesky(x).T, _symmetric, "ops.cholesky(x0, True)  # upper"),
    *apis(np.linalg.solve, together(INVERTIBLE.inputs, normal_arrays((3, 2))), "ops.matrix_solve"),
    *apis(
        lambda a, b: np.linalg.solve(np.tril(a), b),
        _triangular_system,
        "ops.MatrixTriangularSolve(lower=True)",
        "mint.triangular_solve(x1, x0, upper=False)[0]",
    ),
    *apis(lambda a, b: np.linalg.solve(a.T @ a, a.T @ b), normal_arrays((4, 2), (4, 2)), "ops.lstsq"),
    *apis(lambda factor, b: np.linalg.solve(factor @ factor.T, b), _triangular_system, "ops.cholesky_solve(x1, x0)"),
    *apis(
        lambda factor: np.linalg.inv(factor @ factor.T), lambda rng: _triangular_system(rng)[:1], "ops.cholesky_inverse"
    ),
    *apis(
        lambda factor: np.linalg.inv(factor.T @ factor),
        lambda rng: (_triangular_system(rng)[0].T.copy(),),
        "ops.cholesky_inverse(x0, True)  # upper",
    ),
    *apis(lambda x: x @ x @ x, normal_arrays((2, 3, 3)), "ops.matrix_power(x0, 3)"),
    *apis(scipy.linalg.expm, normal_arrays((3, 3), scale=0.5), "ops.matrix_exp"),
    *apis(
        lambda x: np.linalg.svd(x, compute_uv=False),
        (MATRIX, Case("tall", normal_arrays((4, 2)))),
        "ops.svd(x0, compute_uv=False)  # values",
    ),
    *apis(lambda x: np.linalg.svd(x, compute_uv=False), SQUARE, "ops.svd(x0)[0]  # values beside the vectors"),
    *apis(
        lambda x: np.abs(np.linalg.qr(x)[1]),
        SQUARE,
        "ops.qr: ops.abs(ops.qr(x0)[1])",
        "mint.linalg.qr: mint.abs(mint.linalg.qr(x0)[1])",
    ),
)

ENTRIES = PRODUCTS + MULTIPLY_AND_ADD + TRIANGLES + SOLVERS
