"""Convolutions and their transposes, pooling, interpolation and sampling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ms_dnn.audit.catalogue.draws import Draw, normal, zeros
from ms_dnn.audit.entry import Array, Case, Entry, Formula


def _convolution(
    stride: int = 1, padding: tuple[int, int] = (0, 0), dilation: int = 1, groups: int = 1, flat: bool = False
) -> Formula:
    """Cross-correlation of x (N, C, …) with w (O, C / groups, …), plus b (O,) if given.

    Args:
        stride: of all axes.
        padding: zeros before and after every axis.
        dilation: of all axes.
        groups: of channels.
        flat: w has a third axis of length 1, as that of nn.Conv1d has.
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


def _transposed_convolution(stride: int = 1, padding: int = 0, flat: bool = False) -> Formula:
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


def _bilinear(align: bool, height: int, width: int) -> Formula:
    def formula(x: Array) -> Array:
        rows, columns = _lines(x.shape[2], height, align), _lines(x.shape[3], width, align)
        return np.einsum("hi,ncij,wj->nchw", rows, x, columns)

    return formula


def _nearest(height: int, width: int) -> Formula:
    def formula(x: Array) -> Array:
        h, w = x.shape[2:]
        return x[:, :, np.arange(height) * h // height][:, :, :, np.arange(width) * w // width]

    return formula


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


def _with_ties(*shape: int) -> Draw:
    """Small integers: most windows hold their maximum twice."""
    return lambda rng: (rng.integers(0, 2, shape).astype(np.float64),)


def _layers(*shapes: tuple[int, ...]) -> tuple[Case, ...]:
    return (Case("ordinary", normal(*shapes)),)


IMAGE = Case("ordinary", normal((1, 2, 4, 4)))
TIES = Case("ties", _with_ties(1, 1, 4, 4))
ZEROS = Case("zeros", zeros((1, 1, 4, 4)))
SEQUENCE = Case("ordinary", normal((1, 2, 6)))
SEQUENCE_TIES = Case("ties", _with_ties(1, 2, 6))
VOLUME = Case("ordinary", normal((1, 1, 2, 4, 4)))
SMALL_IMAGE = Case("ordinary", normal((1, 2, 2, 3)))
WEIGHT, WEIGHT_AND_BIAS = ("weight",), ("weight", "bias")

CONVOLUTIONS = (
    Entry(
        "nn.Conv1d",
        'nn.Conv1d(2, 2, 3, stride=2, pad_mode="pad", padding=1, has_bias=True)',
        _convolution(stride=2, padding=(1, 1), flat=True),
        _layers((1, 2, 6), (2, 2, 1, 3), (2,)),
        parameters=WEIGHT_AND_BIAS,
    ),
    Entry(
        "nn.Conv2d",
        'nn.Conv2d(2, 2, 2, pad_mode="valid")',
        _convolution(),
        (*_layers((1, 2, 4, 4), (2, 2, 2, 2)), Case("large", normal((1, 2, 3, 3), (2, 2, 2, 2), scale=50.0))),
        parameters=WEIGHT,
    ),
    Entry(
        "nn.Conv2d (stride, padding, bias)",
        'nn.Conv2d(2, 2, 3, stride=2, pad_mode="pad", padding=1, has_bias=True)',
        _convolution(stride=2, padding=(1, 1)),
        _layers((1, 2, 4, 4), (2, 2, 3, 3), (2,)),
        parameters=WEIGHT_AND_BIAS,
    ),
    Entry(
        "nn.Conv2d (same, stride 2)",
        'nn.Conv2d(1, 2, 3, stride=2, pad_mode="same")',
        _convolution(stride=2, padding=(0, 1)),
        _layers((1, 1, 4, 4), (2, 1, 3, 3)),
        parameters=WEIGHT,
    ),
    Entry(
        "nn.Conv2d (dilation)",
        'nn.Conv2d(1, 2, 2, dilation=2, pad_mode="valid")',
        _convolution(dilation=2),
        _layers((1, 1, 4, 4), (2, 1, 2, 2)),
        parameters=WEIGHT,
    ),
    Entry(
        "nn.Conv2d (groups)",
        'nn.Conv2d(4, 4, 2, group=2, pad_mode="valid")',
        _convolution(groups=2),
        _layers((1, 4, 3, 3), (4, 2, 2, 2)),
        parameters=WEIGHT,
    ),
    Entry(
        "nn.Conv2d (depthwise)",
        'nn.Conv2d(3, 3, 2, group=3, pad_mode="valid")',
        _convolution(groups=3),
        _layers((1, 3, 3, 3), (3, 1, 2, 2)),
        parameters=WEIGHT,
    ),
    Entry(
        "nn.Conv3d",
        'nn.Conv3d(1, 2, 2, pad_mode="valid")',
        _convolution(),
        _layers((1, 1, 3, 3, 3), (2, 1, 2, 2, 2)),
        parameters=WEIGHT,
    ),
    Entry(
        "ops.conv2d",
        'ops.conv2d(x0, x1, x2, 1, "pad", 1)',
        _convolution(padding=(1, 1)),
        _layers((1, 2, 3, 3), (2, 2, 2, 2), (2,)),
    ),
    Entry("ops.conv1d", "ops.conv1d(x0, x1)", _convolution(), _layers((1, 2, 6), (2, 2, 3))),
    Entry("ops.conv3d", "ops.conv3d(x0, x1)", _convolution(), _layers((1, 1, 3, 3, 3), (2, 1, 2, 2, 2))),
    Entry(
        "mint.nn.functional.conv2d",
        "mint.nn.functional.conv2d(x0, x1, x2)",
        _convolution(),
        _layers((1, 2, 3, 3), (2, 2, 2, 2), (2,)),
    ),
    Entry(
        "nn.Conv1dTranspose",
        'nn.Conv1dTranspose(2, 2, 3, stride=2, pad_mode="valid")',
        _transposed_convolution(stride=2, flat=True),
        _layers((1, 2, 4), (2, 2, 1, 3)),
        parameters=WEIGHT,
    ),
    Entry(
        "nn.Conv2dTranspose",
        'nn.Conv2dTranspose(2, 2, 2, pad_mode="valid", has_bias=True)',
        _transposed_convolution(),
        _layers((1, 2, 3, 3), (2, 2, 2, 2), (2,)),
        parameters=WEIGHT_AND_BIAS,
    ),
    Entry(
        "nn.Conv2dTranspose (stride, padding)",
        'nn.Conv2dTranspose(2, 2, 3, stride=2, pad_mode="pad", padding=1)',
        _transposed_convolution(stride=2, padding=1),
        _layers((1, 2, 3, 3), (2, 2, 3, 3)),
        parameters=WEIGHT,
    ),
    Entry(
        "ops.conv_transpose2d",
        "ops.conv_transpose2d(x0, x1, None, 2, 1)",
        _transposed_convolution(stride=2, padding=1),
        _layers((1, 2, 3, 3), (2, 2, 3, 3)),
    ),
)

POOLS = (
    Entry("nn.MaxPool1d", "nn.MaxPool1d(2, 2)", _pooling(np.max, (2,), 2), (SEQUENCE, SEQUENCE_TIES)),
    Entry("nn.MaxPool2d", "nn.MaxPool2d(2, 2)", _pooling(np.max, (2, 2), 2), (IMAGE, TIES, ZEROS)),
    Entry("nn.MaxPool2d (overlapping)", "nn.MaxPool2d(3, 1)", _pooling(np.max, (3, 3), 1), (IMAGE,)),
    Entry(
        "nn.MaxPool2d (padding)",
        'nn.MaxPool2d(3, 2, pad_mode="pad", padding=1)',
        _pooling(np.max, (3, 3), 2, (1, 1), -np.inf),
        (IMAGE,),
    ),
    Entry(
        "nn.MaxPool2d (same)",
        'nn.MaxPool2d(3, 1, pad_mode="same")',
        _pooling(np.max, (3, 3), 1, (1, 1), -np.inf),
        (IMAGE, Case("negative", lambda rng: (-np.abs(rng.standard_normal((1, 1, 4, 4))) - 0.1,))),
    ),
    Entry("nn.MaxPool3d", "nn.MaxPool3d(2, 2)", _pooling(np.max, (2, 2, 2), 2), (VOLUME,)),
    Entry("ops.max_pool2d", "ops.max_pool2d(x0, 2, 2)", _pooling(np.max, (2, 2), 2), (IMAGE, TIES)),
    Entry("mint.nn.MaxPool2d", "mint.nn.MaxPool2d(2)", _pooling(np.max, (2, 2), 2), (IMAGE, TIES)),
    Entry("nn.AvgPool1d", "nn.AvgPool1d(2, 2)", _pooling(np.mean, (2,), 2), (SEQUENCE,)),
    Entry("nn.AvgPool2d", "nn.AvgPool2d(2, 1)", _pooling(np.mean, (2, 2), 1), (IMAGE,)),
    Entry(
        "nn.AvgPool2d (padding)",
        'nn.AvgPool2d(2, 2, pad_mode="pad", padding=1)',
        _pooling(np.mean, (2, 2), 2, (1, 1)),
        (IMAGE,),
    ),
    Entry(
        "nn.AvgPool2d (same)",
        'nn.AvgPool2d(3, 1, pad_mode="same")',
        _pooling(np.nanmean, (3, 3), 1, (1, 1), np.nan),
        (IMAGE,),
    ),
    Entry("nn.AvgPool3d", "nn.AvgPool3d(2, 2)", _pooling(np.mean, (2, 2, 2), 2), (VOLUME,)),
    Entry("ops.avg_pool2d", "ops.avg_pool2d(x0, 2, 2)", _pooling(np.mean, (2, 2), 2), (IMAGE,)),
    Entry(
        "mint.nn.functional.avg_pool2d",
        "mint.nn.functional.avg_pool2d(x0, 2)",
        _pooling(np.mean, (2, 2), 2),
        (IMAGE,),
    ),
    Entry("nn.AdaptiveAvgPool1d", "nn.AdaptiveAvgPool1d(3)", _adaptive(np.mean, 3), (SEQUENCE,)),
    Entry("nn.AdaptiveAvgPool2d", "nn.AdaptiveAvgPool2d((2, 3))", _adaptive(np.mean, 2, 3), (IMAGE,)),
    Entry("nn.AdaptiveMaxPool1d", "nn.AdaptiveMaxPool1d(3)", _adaptive(np.max, 3), (SEQUENCE, SEQUENCE_TIES)),
    Entry("nn.AdaptiveMaxPool2d", "nn.AdaptiveMaxPool2d((2, 3))", _adaptive(np.max, 2, 3), (IMAGE, TIES)),
    Entry(
        "mint.nn.functional.adaptive_avg_pool2d",
        "mint.nn.functional.adaptive_avg_pool2d(x0, (2, 3))",
        _adaptive(np.mean, 2, 3),
        (IMAGE,),
    ),
    Entry("nn.LPPool1d", "nn.LPPool1d(2, 2, 2)", _pooling(_root_of_squares, (2,), 2), (SEQUENCE,)),
    Entry("nn.LPPool2d", "nn.LPPool2d(2, 2, 2)", _pooling(_root_of_squares, (2, 2), 2), (IMAGE,)),
)

RESIZED = (
    Entry("ops.interpolate (nearest)", "ops.interpolate(x0, (4, 6))", _nearest(4, 6), (SMALL_IMAGE,)),
    Entry("ops.interpolate (nearest, smaller)", "ops.interpolate(x0, (3, 2))", _nearest(3, 2), (IMAGE,)),
    Entry(
        "ops.interpolate (bilinear)",
        'ops.interpolate(x0, (3, 5), mode="bilinear")',
        _bilinear(False, 3, 5),
        (SMALL_IMAGE,),
    ),
    Entry(
        "ops.interpolate (bilinear, corners)",
        'ops.interpolate(x0, (3, 5), mode="bilinear", align_corners=True)',
        _bilinear(True, 3, 5),
        (SMALL_IMAGE,),
    ),
    Entry(
        "ops.interpolate (linear)",
        'ops.interpolate(x0, 5, mode="linear")',
        lambda x: x @ _lines(x.shape[-1], 5, False).T,
        (Case("ordinary", normal((1, 2, 3))),),
    ),
    Entry("ops.interpolate (area)", 'ops.interpolate(x0, (2, 3), mode="area")', _adaptive(np.mean, 2, 3), (IMAGE,)),
    Entry("nn.Upsample", "nn.Upsample(size=(4, 6))", _nearest(4, 6), (SMALL_IMAGE,)),
    Entry(
        "nn.Upsample (bilinear)",
        'nn.Upsample(size=(4, 6), mode="bilinear", align_corners=True)',
        _bilinear(True, 4, 6),
        (SMALL_IMAGE,),
    ),
    Entry(
        "mint.nn.functional.interpolate",
        'mint.nn.functional.interpolate(x0, (4, 6), mode="bilinear", align_corners=False)',
        _bilinear(False, 4, 6),
        (SMALL_IMAGE,),
    ),
    Entry("ops.grid_sample", "ops.grid_sample(x0, x1, align_corners=True)", _sampled, (Case("ordinary", _grid),)),
    Entry(
        "ops.affine_grid",
        "ops.affine_grid(x0, (2, 1, 2, 3), True)",
        _affine_grid,
        (Case("ordinary", normal((2, 2, 3))),),
    ),
)

ENTRIES = CONVOLUTIONS + POOLS + RESIZED
