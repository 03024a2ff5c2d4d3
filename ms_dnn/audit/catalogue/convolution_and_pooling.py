"""Convolutions and their transposes, pooling, interpolation and sampling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import integers, normal_arrays, zero_arrays
from ms_dnn.audit.entry import Array, Case, Entry, Formula


def _conv(
    stride: int = 1, padding: tuple[int, int] = (0, 0), dilation: int = 1, groups: int = 1, flat: bool = False
) -> Formula:
    """Cross-correlation of x (N, C, …) with w (O, C / groups, …), plus b (O,) if given.

    ``padding`` is zeros before and after every axis; w is ``flat`` when it has a third axis of 1, as nn.Conv1d has it.
    """

    def formula(x: Array, w: Array, b: Array | None = None) -> Array:
        w = w[:, :, 0] if flat else w
        rank = w.ndim - 2
        x = np.pad(x, ((0, 0), (0, 0), *((padding,) * rank)))
        sizes = [(n - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(x.shape[2:], w.shape[2:], strict=True)]
        total: Any = 0.0
        for offset in np.ndindex(*w.shape[2:]):
            starts = [dilation * o for o in offset]
            cut = tuple(
                slice(start, start + (size - 1) * stride + 1, stride) for start, size in zip(starts, sizes, strict=True)
            )
            part = x[(slice(None), slice(None), *cut)].reshape(len(x), groups, -1, *sizes)
            at: Any = (slice(None), slice(None), *offset)
            weights = w[at].reshape(groups, -1, w.shape[1])
            total = total + np.einsum("ngc...,goc->ngo...", part, weights)
        result = total.reshape(len(x), len(w), *sizes)
        return result if b is None else result + b.reshape(1, -1, *(1,) * rank)

    return formula


def _transposed(stride: int = 1, padding: int = 0, flat: bool = False) -> Formula:
    """The adjoint of the convolution: x (N, C, …), w (C, O, …); every x puts a copy of w into the result."""

    def formula(x: Array, w: Array, b: Array | None = None) -> Array:
        w = w[:, :, 0] if flat else w
        kernel, sizes = w.shape[2:], x.shape[2:]
        full = [(n - 1) * stride + k for n, k in zip(sizes, kernel, strict=True)]
        result = np.zeros((len(x), w.shape[1], *full))
        for offset in np.ndindex(*kernel):
            place = tuple(slice(o, o + (n - 1) * stride + 1, stride) for o, n in zip(offset, sizes, strict=True))
            at: Any = (slice(None), slice(None), *offset)
            term = np.einsum("nc...,co->no...", x, w[at])
            result[(slice(None), slice(None), *place)] += term
        kept = tuple(slice(padding, n - padding) for n in full)
        result = result[(slice(None), slice(None), *kept)]
        return result if b is None else result + b.reshape(1, -1, *(1,) * len(kernel))

    return formula


def _pooling(
    reduce: Callable[..., Array],
    kernel: tuple[int, ...],
    stride: int,
    padding: tuple[int, int] = (0, 0),
    filling: float = 0.0,
) -> Formula:
    """Reduction over windows of the last axes."""

    def formula(x: Array) -> Array:
        rank = len(kernel)
        widths = ((0, 0),) * (x.ndim - rank) + (padding,) * rank
        x = np.pad(x, widths, constant_values=filling)
        axes = tuple(range(x.ndim - rank, x.ndim))
        windows = sliding_window_view(x, kernel, axis=axes)  # type: ignore[call-overload]  # any number of axes
        every = (Ellipsis, *(slice(None, None, stride),) * rank, *(slice(None),) * rank)
        return reduce(windows[every], axis=tuple(range(-rank, 0)))

    return formula


def _adaptive(reduce: Callable[..., Array], *sizes: int) -> Formula:
    """Windows from ⌊i n / size⌋ to ⌈(i + 1) n / size⌉ of each of the last axes."""

    def formula(x: Array) -> Array:
        for axis, size in zip(range(-len(sizes), 0), sizes, strict=True):
            n = x.shape[axis]
            windows = [range(i * n // size, -(-(i + 1) * n // size)) for i in range(size)]
            x = np.stack([reduce(np.take(x, list(window), axis), axis=axis) for window in windows], axis)
        return x

    return formula


def _root_of_squares(windows: Array, axis: tuple[int, ...]) -> Array:
    return np.sqrt((windows**2).sum(axis=axis))


def _lines(n: int, size: int, align: bool) -> Array:
    """The matrix of linear interpolation from n to size points, of corners or of the centres of cells."""
    i = np.arange(size)
    at = i * (n - 1) / (size - 1) if align else np.clip((i + 0.5) * n / size - 0.5, 0, n - 1)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(n)))


def _bilinear(align: bool, *sizes: int) -> Formula:
    def formula(x: Array) -> Array:
        rows, columns = (_lines(n, size, align) for n, size in zip(x.shape[2:], sizes, strict=True))
        return np.einsum("hi,ncij,wj->nchw", rows, x, columns)

    return formula


def _nearest(height: int, width: int) -> Formula:
    return lambda x: x[:, :, np.arange(height) * x.shape[2] // height][..., np.arange(width) * x.shape[3] // width]


def _sampled(x: Array, grid: Array) -> Array:
    """Bilinear samples at (x, y) in [-1, 1] between the corners' centres, zeros outside: Jaderberg et al., 2015."""
    h, w = x.shape[2:]
    columns = np.maximum(0, 1 - np.abs((grid[..., 0, None] + 1) / 2 * (w - 1) - np.arange(w)))
    rows = np.maximum(0, 1 - np.abs((grid[..., 1, None] + 1) / 2 * (h - 1) - np.arange(h)))
    return np.einsum("nchw,nijh,nijw->ncij", x, rows, columns)


def _affine_grid(theta: Array) -> Array:
    """Coordinates of a 2 × 3 grid of corners under the affine maps."""
    y, x = np.meshgrid(np.linspace(-1, 1, 2), np.linspace(-1, 1, 3), indexing="ij")
    return np.einsum("nkl,ijl->nijk", theta, np.stack([x, y, np.ones_like(x)], axis=-1))


def _grid(rng: np.random.Generator) -> tuple[Array, ...]:
    # Three columns and rows have kinks at -1, 0 and 1: well away from them.
    signs = rng.choice([-1.0, 1.0], (1, 2, 2, 2))
    return rng.standard_normal((1, 2, 3, 3)), signs * rng.uniform(0.3, 0.7, (1, 2, 2, 2))


IMAGE = Case("ordinary", normal_arrays((1, 2, 4, 4)))
TIES = Case("ties", integers(2, 1, 1, 4, 4, dtype=np.float64))
"""Zeros and ones: most windows hold their maximum twice."""
NEGATIVE = Case("negative", lambda rng: (-np.abs(rng.standard_normal((1, 1, 4, 4))) - 0.1,))
ZEROS = Case("zeros", zero_arrays((1, 1, 4, 4)))
SEQUENCE = Case("ordinary", normal_arrays((1, 2, 6)))
SEQUENCE_TIES = Case("ties", integers(2, 1, 2, 6, dtype=np.float64))
VOLUME = Case("ordinary", normal_arrays((1, 1, 2, 4, 4)))
PLAIN = (
    Case("ordinary", normal_arrays((1, 2, 4, 4), (2, 2, 2, 2))),
    Case("large", normal_arrays((1, 2, 3, 3), (2, 2, 2, 2), scale=50.0)),
)
SMALL = Case("ordinary", normal_arrays((1, 2, 2, 3)))


def _layer(formula: Formula, shapes: tuple[tuple[int, ...], ...], *calls: str) -> tuple[Entry, ...]:
    """Entries of layers with a weight, and with a bias where a third shape is given."""
    return apis(formula, normal_arrays(*shapes), *calls, parameters=("weight", "bias")[: len(shapes) - 1])


CONVOLUTIONS = (
    *_layer(
        _conv(stride=2, padding=(1, 1), flat=True),
        ((1, 2, 6), (2, 2, 1, 3), (2,)),
        'nn.Conv1d(2, 2, 3, stride=2, pad_mode="pad", padding=1, has_bias=True)',
    ),
    *apis(_conv(), PLAIN, 'nn.Conv2d(2, 2, 2, pad_mode="valid")', parameters=("weight",)),
    *_layer(
        _conv(stride=2, padding=(1, 1)),
        ((1, 2, 4, 4), (2, 2, 3, 3), (2,)),
        'nn.Conv2d(2, 2, 3, stride=2, pad_mode="pad", padding=1, has_bias=True)  # stride, padding, bias',
    ),
    *_layer(
        _conv(stride=2, padding=(0, 1)),
        ((1, 1, 4, 4), (2, 1, 3, 3)),
        'nn.Conv2d(1, 2, 3, stride=2, pad_mode="same")  # same, stride 2',
    ),
    *_layer(
        _conv(dilation=2), ((1, 1, 4, 4), (2, 1, 2, 2)), 'nn.Conv2d(1, 2, 2, dilation=2, pad_mode="valid")  # dilation'
    ),
    *_layer(_conv(groups=2), ((1, 4, 3, 3), (4, 2, 2, 2)), 'nn.Conv2d(4, 4, 2, group=2, pad_mode="valid")  # groups'),
    *_layer(
        _conv(groups=3), ((1, 3, 3, 3), (3, 1, 2, 2)), 'nn.Conv2d(3, 3, 2, group=3, pad_mode="valid")  # depthwise'
    ),
    *_layer(_conv(), ((1, 1, 3, 3, 3), (2, 1, 2, 2, 2)), 'nn.Conv3d(1, 2, 2, pad_mode="valid")', "ops.conv3d"),
    *_layer(_conv(padding=(1, 1)), ((1, 2, 3, 3), (2, 2, 2, 2), (2,)), 'ops.conv2d(x0, x1, x2, 1, "pad", 1)'),
    *_layer(_conv(), ((1, 2, 6), (2, 2, 3)), "ops.conv1d"),
    *_layer(_conv(), ((1, 2, 3, 3), (2, 2, 2, 2), (2,)), "F.conv2d"),
    *_layer(
        _transposed(stride=2, flat=True),
        ((1, 2, 4), (2, 2, 1, 3)),
        'nn.Conv1dTranspose(2, 2, 3, stride=2, pad_mode="valid")',
    ),
    *_layer(
        _transposed(),
        ((1, 2, 3, 3), (2, 2, 2, 2), (2,)),
        'nn.Conv2dTranspose(2, 2, 2, pad_mode="valid", has_bias=True)',
    ),
    *_layer(
        _transposed(stride=2, padding=1),
        ((1, 2, 3, 3), (2, 2, 3, 3)),
        'nn.Conv2dTranspose(2, 2, 3, stride=2, pad_mode="pad", padding=1)  # stride, padding',
        "ops.conv_transpose2d(x0, x1, None, 2, 1)",
    ),
)

POOLS = (
    *apis(_pooling(np.max, (2,), 2), (SEQUENCE, SEQUENCE_TIES), "nn.MaxPool1d(2, 2)"),
    *apis(_pooling(np.max, (2, 2), 2), (IMAGE, TIES, ZEROS), "nn.MaxPool2d(2, 2)"),
    *apis(_pooling(np.max, (3, 3), 1), IMAGE, "nn.MaxPool2d(3, 1)  # overlapping"),
    *apis(
        _pooling(np.max, (3, 3), 2, (1, 1), -np.inf), IMAGE, 'nn.MaxPool2d(3, 2, pad_mode="pad", padding=1)  # padding'
    ),
    *apis(
        _pooling(np.max, (3, 3), 1, (1, 1), -np.inf), (IMAGE, NEGATIVE), 'nn.MaxPool2d(3, 1, pad_mode="same")  # same'
    ),
    *apis(_pooling(np.max, (2, 2, 2), 2), VOLUME, "nn.MaxPool3d(2, 2)"),
    *apis(_pooling(np.max, (2, 2), 2), (IMAGE, TIES), "ops.max_pool2d(x0, 2, 2)", "mint.nn.MaxPool2d(2)"),
    *apis(_pooling(np.mean, (2,), 2), SEQUENCE, "nn.AvgPool1d(2, 2)"),
    *apis(_pooling(np.mean, (2, 2), 1), IMAGE, "nn.AvgPool2d(2, 1)"),
    *apis(_pooling(np.mean, (2, 2), 2, (1, 1)), IMAGE, 'nn.AvgPool2d(2, 2, pad_mode="pad", padding=1)  # padding'),
    *apis(_pooling(np.nanmean, (3, 3), 1, (1, 1), np.nan), IMAGE, 'nn.AvgPool2d(3, 1, pad_mode="same")  # same'),
    *apis(_pooling(np.mean, (2, 2, 2), 2), VOLUME, "nn.AvgPool3d(2, 2)"),
    *apis(_pooling(np.mean, (2, 2), 2), IMAGE, "ops.avg_pool2d(x0, 2, 2)", "F.avg_pool2d(x0, 2)"),
    *apis(_adaptive(np.mean, 3), SEQUENCE, "nn.AdaptiveAvgPool1d(3)"),
    *apis(_adaptive(np.mean, 2, 3), IMAGE, "nn.AdaptiveAvgPool2d((2, 3))", "F.adaptive_avg_pool2d(x0, (2, 3))"),
    *apis(_adaptive(np.max, 3), (SEQUENCE, SEQUENCE_TIES), "nn.AdaptiveMaxPool1d(3)"),
    *apis(_adaptive(np.max, 2, 3), (IMAGE, TIES), "nn.AdaptiveMaxPool2d((2, 3))"),
    *apis(_pooling(_root_of_squares, (2,), 2), SEQUENCE, "nn.LPPool1d(2, 2, 2)"),
    *apis(_pooling(_root_of_squares, (2, 2), 2), IMAGE, "nn.LPPool2d(2, 2, 2)"),
)

RESIZED = (
    *apis(_nearest(4, 6), SMALL, "ops.interpolate(x0, (4, 6))  # nearest"),
    *apis(_nearest(3, 2), IMAGE, "ops.interpolate(x0, (3, 2))  # nearest, smaller"),
    *apis(_bilinear(False, 3, 5), SMALL, 'ops.interpolate(x0, (3, 5), mode="bilinear")  # bilinear'),
    *apis(
        _bilinear(True, 3, 5),
        SMALL,
        'ops.interpolate(x0, (3, 5), mode="bilinear", align_corners=True)  # bilinear, corners',
    ),
    *apis(
        lambda x: x @ _lines(x.shape[-1], 5, False).T,
        normal_arrays((1, 2, 3)),
        'ops.interpolate(x0, 5, mode="linear")  # linear',
    ),
    *apis(_adaptive(np.mean, 2, 3), IMAGE, 'ops.interpolate(x0, (2, 3), mode="area")  # area'),
    *apis(_nearest(4, 6), SMALL, "nn.Upsample(size=(4, 6))"),
    *apis(_bilinear(True, 4, 6), SMALL, 'nn.Upsample(size=(4, 6), mode="bilinear", align_corners=True)  # bilinear'),
    *apis(_bilinear(False, 4, 6), SMALL, 'F.interpolate(x0, (4, 6), mode="bilinear", align_corners=False)'),
    *apis(_sampled, _grid, "ops.grid_sample(x0, x1, align_corners=True)"),
    *apis(_affine_grid, normal_arrays((2, 2, 3)), "ops.affine_grid(x0, (2, 1, 2, 3), True)"),
)

ENTRIES = CONVOLUTIONS + POOLS + RESIZED
