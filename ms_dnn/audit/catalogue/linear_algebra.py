"""Products and factorisations of matrices."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ms_dnn.audit.catalogue.draws import fixed, normal
from ms_dnn.audit.entry import Array, Case, Entry

PAIR = Case("ordinary", normal((3, 4), (4, 2)))
LARGE_PAIR = Case("large", normal((3, 4), (4, 2), scale=100.0))
BATCHES = Case("ordinary", normal((2, 2, 3), (2, 3, 2)))
BROADCAST = Case("batches", normal((2, 3, 4), (4, 2)))
VECTORS = Case("ordinary", normal((4,), (4,)))
TWO_VECTORS = Case("ordinary", normal((3,), (4,)))
SQUARE = Case("ordinary", normal((3, 3)))
MATRIX = Case("ordinary", normal((3, 4)))


def _well_conditioned(rng: np.random.Generator) -> tuple[Array, ...]:
    return (rng.standard_normal((3, 3)) + 4 * np.eye(3),)


def _system(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((3, 3)) + 4 * np.eye(3), rng.standard_normal((3, 2))


def _stack(rng: np.random.Generator) -> tuple[Array, ...]:
    return (rng.standard_normal((2, 3, 3)) + 4 * np.eye(3),)


def _triangular_system(rng: np.random.Generator) -> tuple[Array, ...]:
    return np.tril(rng.standard_normal((3, 3))) + 3 * np.eye(3), rng.standard_normal((3, 2))


def _symmetric(rng: np.random.Generator) -> tuple[Array, ...]:
    root = rng.standard_normal((3, 3))
    return (root @ root.T + 2 * np.eye(3),)


INVERTIBLE = Case("ordinary", _well_conditioned)
STACK = Case("stack", _stack)
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


def _upper_qr(x: Array) -> Array:
    return np.abs(np.linalg.qr(x)[1])


def _einsum(x: Array, y: Array) -> Array:
    return (x[:, :, None] * y[None, :, :]).sum(axis=1)


def _diagonal_to(x: Array) -> Array:
    """A vector on the diagonal of a matrix."""
    return np.eye(len(x)) * x


MATMUL_ZERO = (
    "In PyNative the second derivative is zero: the gradient of a gradient through ops.matmul, mint.matmul or @ comes "
    "back as all zeros, without an error. The first order and the compiled second order are right. Compile with "
    "ms.jit or GRAPH_MODE, or write the product with ops.mm, whose second order is right in both modes."
)
DET_SINGULAR = (
    "At a singular matrix the gradient is zero instead of the adjugate: the backward pass multiplies the determinant, "
    "which is zero, with the inverse. The forward is right. Write the determinant out (Leibniz, or a product of "
    "pivots) where matrices of rank n - 1 can occur; torch.linalg.det gives the adjugate."
)
CHOLESKY_INVERSE = (
    "With upper=False the gradient is that of a factor read as upper: all elements are wrong, by factors of 1.3 to 5 "
    "and in sign. The forward is right, and with upper=True so is the gradient. Pass the transposed factor and "
    "upper=True."
)

PRODUCTS = (
    Entry(
        "ops.matmul",
        "ops.matmul(x0, x1)",
        np.matmul,
        (PAIR, LARGE_PAIR, BROADCAST),
        second_order=True,
        known=MATMUL_ZERO,
    ),
    Entry("mint.matmul", "mint.matmul(x0, x1)", np.matmul, (PAIR, BROADCAST), second_order=True, known=MATMUL_ZERO),
    Entry("operator @", "x0 @ x1", np.matmul, (PAIR, BROADCAST), second_order=True, known=MATMUL_ZERO),
    Entry(
        "ops.MatMul", "ops.MatMul(transpose_b=True)", lambda x, w: x @ w.T, (Case("ordinary", normal((3, 4), (2, 4))),)
    ),
    Entry("ops.MatMul (second order)", "ops.MatMul()", np.matmul, (PAIR,), second_order=True),
    Entry("ops.BatchMatMul", "ops.BatchMatMul()", np.matmul, (BATCHES,), second_order=True),
    Entry("ops.mm", "ops.mm(x0, x1)", np.matmul, (PAIR,), second_order=True),
    Entry("mint.mm", "mint.mm(x0, x1)", np.matmul, (PAIR,), second_order=True),
    Entry("ops.bmm", "ops.bmm(x0, x1)", np.matmul, (BATCHES,)),
    Entry("mint.bmm", "mint.bmm(x0, x1)", np.matmul, (BATCHES,)),
    Entry("ops.mv", "ops.mv(x0, x1)", np.matmul, (Case("ordinary", normal((3, 4), (4,))),)),
    Entry("mint.mv", "mint.mv(x0, x1)", np.matmul, (Case("ordinary", normal((3, 4), (4,))),)),
    Entry("ops.dot", "ops.dot(x0, x1)", np.matmul, (PAIR,)),
    Entry("mint.dot", "mint.dot(x0, x1)", np.dot, (VECTORS,)),
    Entry(
        "ops.vecdot", "ops.vecdot(x0, x1)", lambda x, y: (x * y).sum(-1), (Case("ordinary", normal((3, 4), (3, 4))),)
    ),
    Entry("ops.outer", "ops.outer(x0, x1)", np.outer, (TWO_VECTORS,)),
    Entry("mint.outer", "mint.outer(x0, x1)", np.outer, (TWO_VECTORS,)),
    Entry("ops.ger", "ops.ger(x0, x1)", np.outer, (TWO_VECTORS,)),
    Entry("ops.inner", "ops.inner(x0, x1)", np.inner, (Case("ordinary", normal((3, 4), (2, 4))),)),
    Entry("ops.kron", "ops.kron(x0, x1)", np.kron, (Case("ordinary", normal((2, 2), (2, 3))),)),
    Entry("ops.cross", "ops.cross(x0, x1, 1)", np.cross, (Case("ordinary", normal((2, 3), (2, 3))),)),
    Entry("mint.cross", "mint.cross(x0, x1, 1)", np.cross, (Case("ordinary", normal((2, 3), (2, 3))),)),
    Entry("ops.einsum", 'ops.einsum("ij,jk->ik", x0, x1)', _einsum, (PAIR,)),
    Entry("mint.einsum", 'mint.einsum("ij,jk->ik", x0, x1)', _einsum, (PAIR,)),
    Entry("ops.tensor_dot", "ops.tensor_dot(x0, x1, ((1,), (0,)))", _einsum, (PAIR,)),
    Entry("ops.batch_dot", "ops.batch_dot(x0, x1, (2, 1))", np.matmul, (BATCHES,)),
    Entry("nn.MatMul", "nn.MatMul()", np.matmul, (PAIR,)),
    Entry(
        "ops.dense",
        "ops.dense(x0, x1, x2)",
        lambda x, w, b: x @ w.T + b,
        (Case("ordinary", normal((3, 4), (2, 4), (2,))),),
    ),
    Entry(
        "mint.nn.functional.linear",
        "mint.nn.functional.linear(x0, x1, x2)",
        lambda x, w, b: x @ w.T + b,
        (Case("ordinary", normal((3, 4), (2, 4), (2,))),),
    ),
)

MULTIPLY_AND_ADD = (
    *(
        Entry(
            f"{module}.{name}", f"{module}.{name}(x0, x1, x2, beta=0.5, alpha=2.0)", formula, (Case("ordinary", draw),)
        )
        for module in ("ops", "mint")
        for name, formula, draw in (
            ("addmm", lambda c, a, b: 0.5 * c + 2 * (a @ b), normal((3, 2), (3, 4), (4, 2))),
            ("addmv", lambda c, a, b: 0.5 * c + 2 * (a @ b), normal((3,), (3, 4), (4,))),
            ("addbmm", lambda c, a, b: 0.5 * c + 2 * (a @ b).sum(axis=0), normal((2, 2), (2, 2, 3), (2, 3, 2))),
            ("baddbmm", lambda c, a, b: 0.5 * c + 2 * (a @ b), normal((2, 2, 2), (2, 2, 3), (2, 3, 2))),
        )
    ),
    Entry(
        "ops.addr",
        "ops.addr(x0, x1, x2, beta=0.5, alpha=2.0)",
        lambda c, a, b: 0.5 * c + 2 * np.outer(a, b),
        (Case("ordinary", normal((3, 4), (3,), (4,))),),
    ),
)

TRIANGLES = (
    Entry("ops.trace", "ops.trace(x0)", np.trace, (SQUARE,)),
    Entry("mint.trace", "mint.trace(x0)", np.trace, (SQUARE, Case("wide", normal((2, 4))))),
    Entry("ops.diag", "ops.diag(x0)", _diagonal_to, (Case("ordinary", normal((4,))),)),
    Entry("mint.diag", "mint.diag(x0)", np.diag, (SQUARE,)),
    Entry("mint.diag (of a vector)", "mint.diag(x0)", _diagonal_to, (Case("ordinary", normal((4,))),)),
    Entry("ops.diagonal", "ops.diagonal(x0, 1)", lambda x: np.diagonal(x, 1), (MATRIX,)),
    Entry(
        "ops.diag_embed", "ops.diag_embed(x0)", lambda x: x[:, :, None] * np.eye(3), (Case("ordinary", normal((2, 3))),)
    ),
    Entry("ops.diagflat", "ops.diagflat(x0, 1)", lambda x: np.diagflat(x, 1), (Case("ordinary", normal((3,))),)),
    Entry(
        "ops.block_diag", "ops.block_diag(x0, x1)", scipy.linalg.block_diag, (Case("ordinary", normal((2, 2), (1, 3))),)
    ),
    Entry("ops.tril", "ops.tril(x0, -1)", lambda x: np.tril(x, -1), (MATRIX,)),
    Entry("ops.triu", "ops.triu(x0, 1)", lambda x: np.triu(x, 1), (MATRIX,)),
    Entry("mint.tril", "mint.tril(x0)", np.tril, (MATRIX,)),
    Entry("mint.triu", "mint.triu(x0)", np.triu, (MATRIX,)),
    Entry("nn.Triu", "nn.Triu()", np.triu, (MATRIX,)),
    Entry("nn.Tril", "nn.Tril()", np.tril, (MATRIX,)),
    Entry("ops.matrix_band_part", "ops.matrix_band_part(x0, 1, 0)", lambda x: np.triu(np.tril(x), -1), (MATRIX,)),
    Entry(
        "ops.matrix_diag",
        "ops.matrix_diag(x0)",
        lambda x: x[:, :, None] * np.eye(3),
        (Case("ordinary", normal((2, 3))),),
    ),
    Entry("ops.vander", "ops.vander(x0, 3)", lambda x: np.vander(x, 3), (Case("ordinary", normal((4,))),)),
)

SOLVERS = (
    Entry("ops.inverse", "ops.inverse(x0)", np.linalg.inv, (INVERTIBLE, STACK)),
    Entry("mint.inverse", "mint.inverse(x0)", np.linalg.inv, (INVERTIBLE,)),
    Entry("mint.linalg.inv", "mint.linalg.inv(x0)", np.linalg.inv, (INVERTIBLE,)),
    Entry("nn.MatInverse", "nn.MatInverse()", np.linalg.inv, (Case("symmetric", _symmetric),)),
    Entry("ops.pinv", "ops.pinv(x0)", np.linalg.pinv, (Case("ordinary", normal((4, 2))),)),
    Entry("ops.det", "ops.det(x0)", _determinant, (INVERTIBLE, STACK, NEGATIVE)),
    Entry(
        "ops.det (singular)",
        "ops.det(x0)",
        _determinant,
        (Case("rank 2", fixed([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [5.0, 7.0, 9.0]])),),
        known=DET_SINGULAR,
    ),
    Entry("ops.logdet", "ops.logdet(x0)", lambda x: np.log(_determinant(x)), (INVERTIBLE,)),
    Entry("ops.slogdet", "ops.slogdet(x0)", _signed_log_determinant, (INVERTIBLE, NEGATIVE)),
    Entry("ops.log_matrix_determinant", "ops.log_matrix_determinant(x0)", _signed_log_determinant, (STACK,)),
    Entry("nn.MatDet", "nn.MatDet()", _determinant, (Case("symmetric", _symmetric),)),
    Entry("ops.cholesky", "ops.cholesky(x0)", _lower_cholesky, (Case("ordinary", _symmetric),)),
    Entry(
        "ops.cholesky (upper)",
        "ops.cholesky(x0, True)",
        lambda x: _lower_cholesky(x).T,
        (Case("ordinary", _symmetric),),
    ),
    Entry("ops.matrix_solve", "ops.matrix_solve(x0, x1)", np.linalg.solve, (Case("ordinary", _system),)),
    Entry(
        "ops.MatrixTriangularSolve",
        "ops.MatrixTriangularSolve(lower=True)",
        lambda a, b: np.linalg.solve(np.tril(a), b),
        (Case("ordinary", _triangular_system),),
    ),
    Entry(
        "mint.triangular_solve",
        "mint.triangular_solve(x1, x0, upper=False)[0]",
        lambda a, b: np.linalg.solve(np.tril(a), b),
        (Case("ordinary", _triangular_system),),
    ),
    Entry(
        "ops.lstsq",
        "ops.lstsq(x0, x1)",
        lambda a, b: np.linalg.solve(a.T @ a, a.T @ b),
        (Case("ordinary", normal((4, 2), (4, 2))),),
    ),
    Entry(
        "ops.cholesky_solve",
        "ops.cholesky_solve(x1, x0)",
        lambda factor, b: np.linalg.solve(factor @ factor.T, b),
        (Case("ordinary", _triangular_system),),
    ),
    Entry(
        "ops.cholesky_inverse",
        "ops.cholesky_inverse(x0)",
        lambda factor: np.linalg.inv(factor @ factor.T),
        (Case("ordinary", lambda rng: _triangular_system(rng)[:1]),),
        known=CHOLESKY_INVERSE,
    ),
    Entry(
        "ops.cholesky_inverse (upper)",
        "ops.cholesky_inverse(x0, True)",
        lambda factor: np.linalg.inv(factor.T @ factor),
        (Case("ordinary", lambda rng: (_triangular_system(rng)[0].T.copy(),)),),
    ),
    Entry("ops.matrix_power", "ops.matrix_power(x0, 3)", lambda x: x @ x @ x, (Case("ordinary", normal((2, 3, 3))),)),
    Entry("ops.matrix_exp", "ops.matrix_exp(x0)", scipy.linalg.expm, (Case("ordinary", normal((3, 3), scale=0.5)),)),
    Entry(
        "ops.svd (values)",
        "ops.svd(x0, compute_uv=False)",
        lambda x: np.linalg.svd(x, compute_uv=False),
        (Case("ordinary", normal((3, 4))), Case("tall", normal((4, 2)))),
    ),
    Entry(
        "ops.svd (values beside the vectors)",
        "ops.svd(x0)[0]",
        lambda x: np.linalg.svd(x, compute_uv=False),
        (SQUARE,),
    ),
    Entry("ops.qr", "ops.abs(ops.qr(x0)[1])", _upper_qr, (SQUARE,)),
    Entry("mint.linalg.qr", "mint.abs(mint.linalg.qr(x0)[1])", _upper_qr, (SQUARE,)),
)

ENTRIES = PRODUCTS + MULTIPLY_AND_ADD + TRIANGLES + SOLVERS
