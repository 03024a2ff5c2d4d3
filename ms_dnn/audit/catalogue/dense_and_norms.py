"""Dense layers and normalisations, with respect to their inputs and parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import fixed, normal_arrays, together, uniform
from ms_dnn.audit.entry import Array, Case, Entry, Formula, Inputs

DENSE = (
    Case("ordinary", normal_arrays((3, 4), (2, 4), (2,))),
    Case("large", normal_arrays((3, 4), (2, 4), (2,), scale=50.0)),
)
NO_BIAS = normal_arrays((3, 4), (2, 4))
BILINEAR = normal_arrays((3, 2), (3, 3), (2, 2, 3), (2,))
EPSILON = 2.0**-10
WEIGHT_AND_BIAS = ("weight", "bias")
SCALE_AND_SHIFT = {"nn": ("gamma", "beta"), "mint.nn": ("weight", "bias")}
WIDE = ("float64", "float32")
"""A float16 input goes with float32 parameters, which the audit, with one dtype for all, cannot ask."""


def _centred(*shapes: tuple[int, ...], offset: float = 1.0) -> Inputs:
    """The first array about 0.5, the others about the offset: scales that are not one, shifts that are not zero."""

    def inputs(rng: np.random.Generator) -> tuple[Array, ...]:
        first, *others = (rng.standard_normal(shape) for shape in shapes)
        return (first + 0.5, *(offset + other / 2 for other in others))

    return inputs


def _normalised(x: Array, axes: tuple[int, ...], epsilon: float = EPSILON) -> Array:
    centred = x - x.mean(axis=axes, keepdims=True)
    return centred / np.sqrt(np.mean(centred**2, axis=axes, keepdims=True) + epsilon)


def _layer_norm(x: Array, gamma: Array, beta: Array) -> Array:
    return _normalised(x, (-1,)) * gamma + beta


def _by_channel(normalise: Callable[[Array], Array]) -> Formula:
    """The normalised x, with a scale and a shift for each channel, which are axis 1."""

    def formula(x: Array, gamma: Array, beta: Array) -> Array:
        channels = (1, -1) + (1,) * (x.ndim - 2)
        return normalise(x) * gamma.reshape(channels) + beta.reshape(channels)

    return formula


_batch_norm = _by_channel(lambda x: _normalised(x, (0, *range(2, x.ndim))))
_instance_norm = _by_channel(lambda x: _normalised(x, tuple(range(2, x.ndim))))
_with_statistics = _by_channel(lambda x: (x - 0.5) / np.sqrt(2 + EPSILON))
"""With the moving mean ½ and the moving variance 2."""
_group_norm = _by_channel(lambda x: _normalised(x.reshape(len(x), 2, -1), (-1,)).reshape(x.shape))
"""Two groups of channels: Wu and He, ECCV 2018."""


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
    Case("constant rows", together(fixed(np.ones((2, 4))), normal_arrays((4,), (4,)))),
)
BATCH = _centred((4, 3), (3,), (3,))
SEQUENCES = _centred((2, 2, 4), (2,), (2,))
IMAGES = _centred((2, 2, 2, 3), (2,), (2,))
FOUR_CHANNELS = _centred((2, 4, 2, 2), (4,), (4,))
STATISTICS = together(normal_arrays((4, 3)), uniform(0.5, 1.5, (3,), (3,), (3,), (3,)))

DENSE_LAYERS = (
    *apis(lambda x, w, b: x @ w.T + b, DENSE, "nn.Dense(4, 2)", "mint.nn.Linear(4, 2)", parameters=WEIGHT_AND_BIAS),
    *apis(lambda x, w: x @ w.T, NO_BIAS, "nn.Dense(4, 2, has_bias=False)  # no bias", parameters=("weight",)),
    *apis(
        lambda x, w, b: np.tanh(x @ w.T + b),
        normal_arrays((3, 4), (2, 4), (2,), scale=0.5),
        'nn.Dense(4, 2, activation="tanh")  # tanh',
        parameters=WEIGHT_AND_BIAS,
    ),
    *apis(
        lambda x, w, b: np.maximum(x @ w.T + b, 0),
        normal_arrays((2, 2, 4), (2, 4), (2,)),
        'nn.Dense(4, 2, activation="relu")  # relu, three axes',
        parameters=WEIGHT_AND_BIAS,
    ),
    *apis(_bilinear, BILINEAR, "nn.BiDense(2, 3, 2)", "ops.bidense", parameters=WEIGHT_AND_BIAS),
)

LAYER_NORMS = (
    *apis(
        _layer_norm,
        LAYER,
        "nn.LayerNorm((4,), epsilon=2.0**-10)",
        "mint.nn.LayerNorm(4, eps=2.0**-10)",
        "{ops,F}.layer_norm(x0, (4,), x1, x2, 2.0**-10)",
        parameters=SCALE_AND_SHIFT,
    ),
    *apis(_rms_norm, _centred((3, 4), (4,)), "ops.rms_norm(x0, x1, 2.0**-10)[0]"),
    *apis(
        lambda x, y, gamma, beta: _layer_norm(x + y, gamma, beta),
        _centred((3, 4), (3, 4), (4,), (4,)),
        "ops.add_layer_norm(x0, x1, x2, x3, 2.0**-10)[0]",
    ),
)


def _batch_norms(layer: str, inputs: Inputs) -> tuple[Entry, ...]:
    training = f"{layer}, eps=2.0**-10, use_batch_statistics=True)  # training"
    evaluation = f"{layer}, eps=2.0**-10, use_batch_statistics=False, moving_mean_init=0.5, moving_var_init=2.0)"
    return (
        *apis(_batch_norm, inputs, training, parameters=SCALE_AND_SHIFT, dtypes=WIDE),
        *apis(_with_statistics, inputs, f"{evaluation}  # evaluation", parameters=SCALE_AND_SHIFT, dtypes=WIDE),
    )


BATCH_NORMS = (
    *_batch_norms("nn.BatchNorm1d(3", BATCH),
    *_batch_norms("nn.BatchNorm2d(2", IMAGES),
    *apis(
        lambda x, mean, variance, gamma, beta: (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta,
        STATISTICS,
        "{ops,F}.batch_norm(x0, x1, x2, x3, x4, False, 0.1, 2.0**-10)",
        differentiable=(0, 3, 4),
    ),
    *apis(
        _batch_norm,
        BATCH,
        "mint.nn.BatchNorm1d(3, eps=2.0**-10, track_running_stats=False)",
        parameters=SCALE_AND_SHIFT,
    ),
    *apis(_instance_norm, SEQUENCES, "nn.InstanceNorm1d(2, eps=2.0**-10)", parameters=SCALE_AND_SHIFT),
    *apis(_instance_norm, IMAGES, "nn.InstanceNorm2d(2, eps=2.0**-10)", parameters=SCALE_AND_SHIFT),
    *apis(
        _group_norm,
        FOUR_CHANNELS,
        "nn.GroupNorm(2, 4, eps=2.0**-10)",
        "ops.group_norm(x0, 2, x1, x2, 2.0**-10)",
        "mint.nn.GroupNorm(2, 4, eps=2.0**-10)",
        "F.group_norm(x0, 2, x1, x2, 2.0**-10)",
        parameters=SCALE_AND_SHIFT,
    ),
    *apis(_local_response, normal_arrays((1, 4, 2, 2)), "ops.lrn(x0, 1, 1.0, 0.5, 0.5)"),
)

ENTRIES = DENSE_LAYERS + LAYER_NORMS + BATCH_NORMS
