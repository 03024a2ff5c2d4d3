"""Dense layers and normalisations, with respect to their inputs and parameters."""

from __future__ import annotations

import numpy as np

from ms_dnn.audit.catalogue.draws import Draw, normal
from ms_dnn.audit.entry import Array, Case, Entry

DENSE = (Case("ordinary", normal((3, 4), (2, 4), (2,))), Case("large", normal((3, 4), (2, 4), (2,), scale=50.0)))
BILINEAR = (Case("ordinary", normal((3, 2), (3, 3), (2, 2, 3), (2,))),)
EPSILON = 2.0**-10
WIDE = ("float64", "float32")
"""A float16 input goes with float32 parameters, which the audit, with one dtype for all, cannot ask."""


def _centred(*shapes: tuple[int, ...], offset: float = 1.0) -> Draw:
    """The first array about 0.5, the others about the offset: scales that are not one, shifts that are not zero."""

    def draw(rng: np.random.Generator) -> tuple[Array, ...]:
        first, *others = (rng.standard_normal(shape) for shape in shapes)
        return (first + 0.5, *(offset + other / 2 for other in others))

    return draw


def _normalised(x: Array, axes: tuple[int, ...], epsilon: float = EPSILON) -> Array:
    centred = x - x.mean(axis=axes, keepdims=True)
    return centred / np.sqrt(np.mean(centred**2, axis=axes, keepdims=True) + epsilon)


def _by_channel(parameter: Array, rank: int) -> Array:
    return parameter.reshape((1, -1) + (1,) * (rank - 2))


def _layer_norm(x: Array, gamma: Array, beta: Array) -> Array:
    return _normalised(x, (-1,)) * gamma + beta


def _batch_norm(x: Array, gamma: Array, beta: Array) -> Array:
    axes = (0, *range(2, x.ndim))
    return _normalised(x, axes) * _by_channel(gamma, x.ndim) + _by_channel(beta, x.ndim)


def _batch_norm_with_statistics(x: Array, gamma: Array, beta: Array) -> Array:
    """With the moving mean ½ and the moving variance 2."""
    return (x - 0.5) / np.sqrt(2 + EPSILON) * _by_channel(gamma, x.ndim) + _by_channel(beta, x.ndim)


def _batch_norm_with_given(x: Array, mean: Array, variance: Array, gamma: Array, beta: Array) -> Array:
    return (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta


def _instance_norm(x: Array, gamma: Array, beta: Array) -> Array:
    return _normalised(x, tuple(range(2, x.ndim))) * _by_channel(gamma, x.ndim) + _by_channel(beta, x.ndim)


def _group_norm(x: Array, gamma: Array, beta: Array) -> Array:
    """Two groups of channels: Wu and He, ECCV 2018."""
    groups = _normalised(x.reshape(len(x), 2, -1), (-1,)).reshape(x.shape)
    return groups * _by_channel(gamma, x.ndim) + _by_channel(beta, x.ndim)


def _rms_norm(x: Array, gamma: Array) -> Array:
    """Zhang and Sennrich, NeurIPS 2019."""
    return x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + EPSILON) * gamma


def _bilinear(x: Array, y: Array, w: Array, b: Array) -> Array:
    return np.einsum("ni,oij,nj->no", x, w, y) + b


def _local_response(x: Array) -> Array:
    """Three neighbouring channels, bias 1, alpha ½, beta ½, without a division by the number of neighbours."""
    squares = np.pad(x**2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    return x / np.sqrt(1 + 0.5 * (squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]))


LAYER = (
    Case("ordinary", _centred((3, 4), (4,), (4,))),
    Case("large mean", lambda rng: (rng.standard_normal((3, 4)) + 64, rng.standard_normal(4), rng.standard_normal(4))),
    Case("constant rows", lambda rng: (np.ones((2, 4)), rng.standard_normal(4), rng.standard_normal(4))),
)
BATCH = (Case("ordinary", _centred((4, 3), (3,), (3,))),)
IMAGES = (Case("ordinary", _centred((2, 2, 2, 3), (2,), (2,))),)
FOUR_CHANNELS = (Case("ordinary", _centred((2, 4, 2, 2), (4,), (4,))),)
STATISTICS = (Case("ordinary", lambda rng: (rng.standard_normal((4, 3)), *rng.uniform(0.5, 1.5, (4, 3)))),)

DENSE_LAYERS = (
    Entry("nn.Dense", "nn.Dense(4, 2)", lambda x, w, b: x @ w.T + b, DENSE, parameters=("weight", "bias")),
    Entry(
        "nn.Dense (no bias)",
        "nn.Dense(4, 2, has_bias=False)",
        lambda x, w: x @ w.T,
        (Case("ordinary", normal((3, 4), (2, 4))),),
        parameters=("weight",),
    ),
    Entry(
        "nn.Dense (tanh)",
        'nn.Dense(4, 2, activation="tanh")',
        lambda x, w, b: np.tanh(x @ w.T + b),
        (Case("ordinary", normal((3, 4), (2, 4), (2,), scale=0.5)),),
        parameters=("weight", "bias"),
    ),
    Entry(
        "nn.Dense (relu, three axes)",
        'nn.Dense(4, 2, activation="relu")',
        lambda x, w, b: np.maximum(x @ w.T + b, 0),
        (Case("ordinary", normal((2, 2, 4), (2, 4), (2,))),),
        parameters=("weight", "bias"),
    ),
    Entry("mint.nn.Linear", "mint.nn.Linear(4, 2)", lambda x, w, b: x @ w.T + b, DENSE, parameters=("weight", "bias")),
    Entry("nn.BiDense", "nn.BiDense(2, 3, 2)", _bilinear, BILINEAR, parameters=("weight", "bias")),
    Entry("ops.bidense", "ops.bidense(x0, x1, x2, x3)", _bilinear, BILINEAR),
)

LAYER_NORMS = (
    Entry(
        "nn.LayerNorm",
        "nn.LayerNorm((4,), epsilon=2.0**-10)",
        _layer_norm,
        LAYER,
        parameters=("gamma", "beta"),
    ),
    Entry("mint.nn.LayerNorm", "mint.nn.LayerNorm(4, eps=2.0**-10)", _layer_norm, LAYER, parameters=("weight", "bias")),
    Entry("ops.layer_norm", "ops.layer_norm(x0, (4,), x1, x2, 2.0**-10)", _layer_norm, LAYER),
    Entry(
        "mint.nn.functional.layer_norm",
        "mint.nn.functional.layer_norm(x0, (4,), x1, x2, 2.0**-10)",
        _layer_norm,
        LAYER,
    ),
    Entry("ops.rms_norm", "ops.rms_norm(x0, x1, 2.0**-10)[0]", _rms_norm, (Case("ordinary", _centred((3, 4), (4,))),)),
    Entry(
        "ops.add_layer_norm",
        "ops.add_layer_norm(x0, x1, x2, x3, 2.0**-10)[0]",
        lambda x, y, gamma, beta: _layer_norm(x + y, gamma, beta),
        (Case("ordinary", _centred((3, 4), (3, 4), (4,), (4,))),),
    ),
)

BATCH_NORMS = (
    Entry(
        "nn.BatchNorm1d (training)",
        "nn.BatchNorm1d(3, eps=2.0**-10, use_batch_statistics=True)",
        _batch_norm,
        BATCH,
        parameters=("gamma", "beta"),
        dtypes=WIDE,
    ),
    Entry(
        "nn.BatchNorm1d (evaluation)",
        "nn.BatchNorm1d(3, eps=2.0**-10, use_batch_statistics=False, moving_mean_init=0.5, moving_var_init=2.0)",
        _batch_norm_with_statistics,
        BATCH,
        parameters=("gamma", "beta"),
        dtypes=WIDE,
    ),
    Entry(
        "nn.BatchNorm2d (training)",
        "nn.BatchNorm2d(2, eps=2.0**-10, use_batch_statistics=True)",
        _batch_norm,
        IMAGES,
        parameters=("gamma", "beta"),
        dtypes=WIDE,
    ),
    Entry(
        "nn.BatchNorm2d (evaluation)",
        "nn.BatchNorm2d(2, eps=2.0**-10, use_batch_statistics=False, moving_mean_init=0.5, moving_var_init=2.0)",
        _batch_norm_with_statistics,
        IMAGES,
        parameters=("gamma", "beta"),
        dtypes=WIDE,
    ),
    Entry(
        "ops.batch_norm",
        "ops.batch_norm(x0, x1, x2, x3, x4, False, 0.1, 2.0**-10)",
        _batch_norm_with_given,
        STATISTICS,
        differentiable=(0, 3, 4),
    ),
    Entry(
        "mint.nn.BatchNorm1d",
        "mint.nn.BatchNorm1d(3, eps=2.0**-10, track_running_stats=False)",
        _batch_norm,
        BATCH,
        parameters=("weight", "bias"),
    ),
    Entry(
        "mint.nn.functional.batch_norm",
        "mint.nn.functional.batch_norm(x0, x1, x2, x3, x4, False, 0.1, 2.0**-10)",
        _batch_norm_with_given,
        STATISTICS,
        differentiable=(0, 3, 4),
    ),
    Entry(
        "nn.InstanceNorm1d",
        "nn.InstanceNorm1d(2, eps=2.0**-10)",
        _instance_norm,
        (Case("ordinary", _centred((2, 2, 4), (2,), (2,))),),
        parameters=("gamma", "beta"),
    ),
    Entry(
        "nn.InstanceNorm2d", "nn.InstanceNorm2d(2, eps=2.0**-10)", _instance_norm, IMAGES, parameters=("gamma", "beta")
    ),
    Entry("nn.GroupNorm", "nn.GroupNorm(2, 4, eps=2.0**-10)", _group_norm, FOUR_CHANNELS, parameters=("gamma", "beta")),
    Entry("ops.group_norm", "ops.group_norm(x0, 2, x1, x2, 2.0**-10)", _group_norm, FOUR_CHANNELS),
    Entry(
        "mint.nn.GroupNorm",
        "mint.nn.GroupNorm(2, 4, eps=2.0**-10)",
        _group_norm,
        FOUR_CHANNELS,
        parameters=("weight", "bias"),
    ),
    Entry(
        "mint.nn.functional.group_norm",
        "mint.nn.functional.group_norm(x0, 2, x1, x2, 2.0**-10)",
        _group_norm,
        FOUR_CHANNELS,
    ),
    Entry(
        "ops.lrn",
        "ops.lrn(x0, 1, 1.0, 0.5, 0.5)",
        _local_response,
        (Case("ordinary", normal((1, 4, 2, 2))),),
    ),
)

ENTRIES = DENSE_LAYERS + LAYER_NORMS + BATCH_NORMS
