"""Operators that move, repeat, join, cut or pad; the ones that pick by an index are in :mod:`indexing`."""

from __future__ import annotations

import numpy as np

from ms_dnn.audit.catalogue import stale
from ms_dnn.audit.catalogue.draws import normal
from ms_dnn.audit.entry import Array, Case, Entry, Formula

MATRIX = (Case("ordinary", normal((3, 4))),)
CUBE = (Case("ordinary", normal((2, 3, 2))),)
PAIR = (Case("ordinary", normal((2, 3), (2, 3))),)
IMAGE = (Case("ordinary", normal((1, 2, 3, 3))),)
SEQUENCE = (Case("ordinary", normal((1, 2, 5))),)
MANY_CHANNELS = (Case("ordinary", normal((1, 4, 2, 3))),)


def _padded(mode: str, *widths: tuple[int, int]) -> Formula:
    """Padding of the last axes, as many as there are widths."""

    def formula(x: Array) -> Array:
        before = ((0, 0),) * (x.ndim - len(widths))
        return np.pad(x, (*before, *widths), mode)  # type: ignore[call-overload]  # mode is a text

    return formula


def _pixel_shuffle(x: Array) -> Array:
    """(N, 4 C, H, W) to (N, C, 2 H, 2 W): Shi et al., CVPR 2016, equation 4."""
    n, c, h, w = x.shape
    return x.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * h, 2 * w)


def _pixel_unshuffle(x: Array) -> Array:
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 3, 5, 2, 4).reshape(n, 4 * c, h // 2, w // 2)


def _channel_shuffle(x: Array) -> Array:
    n, c, h, w = x.shape
    return x.reshape(n, 2, c // 2, h, w).swapaxes(1, 2).reshape(x.shape)


def _patches(x: Array) -> Array:
    """im2col with 2 × 2 windows, stride 1: (N, C, H, W) to (N, 4 C, L)."""
    n, c, h, w = x.shape
    columns = [x[:, :, i : i + h - 1, j : j + w - 1] for i in (0, 1) for j in (0, 1)]
    return np.stack(columns, axis=2).reshape(n, 4 * c, -1)


def _summed_patches(x: Array) -> Array:
    """col2im of 2 × 2 windows on 3 × 3: (N, 4 C, 4) to (N, C, 3, 3), overlaps added."""
    n = x.shape[0]
    windows = x.reshape(n, -1, 2, 2, 2, 2)
    image = np.zeros((n, windows.shape[1], 3, 3))
    for i in (0, 1):
        for j in (0, 1):
            image[:, :, i : i + 2, j : j + 2] += windows[:, :, i, j]
    return image


def _reversed_prefixes(x: Array) -> Array:
    return np.stack([np.concatenate([row[:n][::-1], row[n:]]) for row, n in zip(x, (2, 4, 3), strict=True)])


def _space_to_batch(x: Array) -> Array:
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // 2, 2, w // 2, 2)
    return blocks.transpose(3, 5, 0, 1, 2, 4).reshape(4 * n, c, h // 2, w // 2)


def _batch_to_space(x: Array) -> Array:
    n, c, h, w = x.shape
    return x.reshape(2, 2, n // 4, c, h, w).transpose(2, 3, 4, 0, 5, 1).reshape(n // 4, c, 2 * h, 2 * w)


NEGATIVE_STRIDE = (
    "A slice with a negative stride loses its gradient: of a vector, x[::-1] gives zeros for every element, in "
    "PyNative and compiled and in all dtypes; with begin and end inside the tensor likewise; of a matrix, x[::-1] "
    "is refused. The forward is right. Use ops.flip, or ops.gather with the reversed indices."
)
PAD_CRASH = (
    "The compiled forward ends the process with a segmentation fault, in every dtype, where PyNative says that the "
    "kernel is not registered on CPU; a graph of the gradient alone runs and is right. Use ops.pad, "
    "nn.ReflectionPad1d or nn.ReplicationPad1d, which are right."
)

MOVED = (
    Entry("ops.reshape", "ops.reshape(x0, (4, 3))", lambda x: x.reshape(4, 3), MATRIX),
    Entry(
        "ops.reshape (of squares)",
        "ops.reshape(x0 * x0, (4, 3))",
        lambda x: (x**2).reshape(4, 3),
        MATRIX,
        second_order=True,
    ),
    Entry("mint.reshape", "mint.reshape(x0, (2, -1))", lambda x: x.reshape(2, -1), MATRIX),
    Entry("ops.transpose", "ops.transpose(x0, (1, 0))", np.transpose, MATRIX),
    Entry("ops.transpose (of squares)", "ops.transpose(x0 * x0, (1, 0))", lambda x: x.T**2, MATRIX, second_order=True),
    Entry("ops.transpose (three axes)", "ops.transpose(x0, (1, 2, 0))", lambda x: x.transpose(1, 2, 0), CUBE),
    Entry("mint.transpose", "mint.transpose(x0, 0, 1)", np.transpose, MATRIX),
    Entry("Tensor.T", "(x0 * x0).T", lambda x: x.T**2, MATRIX, second_order=True),
    Entry("ops.permute", "ops.permute(x0, (2, 0, 1))", lambda x: x.transpose(2, 0, 1), CUBE),
    Entry("mint.permute", "mint.permute(x0, (2, 0, 1))", lambda x: x.transpose(2, 0, 1), CUBE),
    Entry("ops.swapaxes", "ops.swapaxes(x0, 0, 2)", lambda x: x.swapaxes(0, 2), CUBE),
    Entry("mint.swapaxes", "mint.swapaxes(x0, 0, 2)", lambda x: x.swapaxes(0, 2), CUBE),
    Entry("ops.movedim", "ops.movedim(x0, 0, 2)", lambda x: np.moveaxis(x, 0, 2), CUBE),
    Entry("ops.flatten", "ops.flatten(x0)", lambda x: x.reshape(2, 6), CUBE),
    Entry("mint.flatten", "mint.flatten(x0, 0, 1)", lambda x: x.reshape(6, 2), CUBE),
    Entry("nn.Flatten", "nn.Flatten()", lambda x: x.reshape(2, 6), CUBE),
    Entry("ops.ravel", "ops.ravel(x0)", np.ravel, CUBE),
    Entry("nn.Unflatten", "nn.Unflatten(1, (2, 2))", lambda x: x.reshape(3, 2, 2), MATRIX),
    Entry("ops.expand_dims", "ops.expand_dims(x0, 1)", lambda x: x[:, None], MATRIX),
    Entry("mint.unsqueeze", "mint.unsqueeze(x0, -1)", lambda x: x[..., None], MATRIX),
    Entry("ops.squeeze", "ops.squeeze(x0, 1)", lambda x: x[:, 0], (Case("ordinary", normal((3, 1, 2))),)),
    Entry("mint.squeeze", "mint.squeeze(x0, 1)", lambda x: x[:, 0], (Case("ordinary", normal((3, 1, 2))),)),
    Entry("ops.flip", "ops.flip(x0, (0, 1))", lambda x: x[::-1, ::-1], MATRIX),
    Entry("mint.flip", "mint.flip(x0, (1,))", lambda x: x[:, ::-1], MATRIX),
    Entry("ops.fliplr", "ops.fliplr(x0)", np.fliplr, MATRIX),
    Entry("ops.roll", "ops.roll(x0, (1, -2), (0, 1))", lambda x: np.roll(x, (1, -2), (0, 1)), MATRIX),
    Entry("mint.roll", "mint.roll(x0, 1, 1)", lambda x: np.roll(x, 1, 1), MATRIX),
    Entry("ops.rot90", "ops.rot90(x0, 1, (0, 1))", np.rot90, MATRIX),
    Entry(
        "ops.reverse_sequence",
        "ops.reverse_sequence(x0, x1, 1)",
        lambda x, _: _reversed_prefixes(x),
        (Case("ordinary", lambda rng: (rng.standard_normal((3, 4)), np.array([2, 4, 3], np.int32))),),
    ),
    Entry("ops.pixel_shuffle", "ops.pixel_shuffle(x0, 2)", _pixel_shuffle, MANY_CHANNELS),
    Entry("nn.PixelShuffle", "nn.PixelShuffle(2)", _pixel_shuffle, MANY_CHANNELS),
    Entry("mint.nn.PixelShuffle", "mint.nn.PixelShuffle(2)", _pixel_shuffle, MANY_CHANNELS),
    Entry("nn.PixelUnshuffle", "nn.PixelUnshuffle(2)", _pixel_unshuffle, (Case("ordinary", normal((1, 1, 4, 4))),)),
    Entry("ops.channel_shuffle", "ops.channel_shuffle(x0, 2)", _channel_shuffle, MANY_CHANNELS),
    Entry(
        "ops.space_to_batch_nd",
        "ops.space_to_batch_nd(x0, [2, 2], [[0, 0], [0, 0]])",
        _space_to_batch,
        (Case("ordinary", normal((1, 2, 2, 4))),),
    ),
    Entry(
        "ops.batch_to_space_nd",
        "ops.batch_to_space_nd(x0, [2, 2], [[0, 0], [0, 0]])",
        _batch_to_space,
        (Case("ordinary", normal((4, 2, 1, 2))),),
    ),
)

JOINED_AND_CUT = (
    Entry(
        "ops.concat",
        "ops.concat((x0, x1), 1)",
        lambda x, y: np.concatenate((x, y), 1),
        (Case("ordinary", normal((2, 3), (2, 2))),),
    ),
    Entry("ops.cat", "ops.cat((x0, x1))", lambda x, y: np.concatenate((x, y)), PAIR),
    Entry("mint.cat", "mint.cat((x0, x1), 1)", lambda x, y: np.concatenate((x, y), 1), PAIR),
    Entry("ops.stack", "ops.stack((x0, x1), 1)", lambda x, y: np.stack((x, y), 1), PAIR),
    Entry("mint.stack", "mint.stack((x0, x1), -1)", lambda x, y: np.stack((x, y), -1), PAIR),
    Entry("ops.hstack", "ops.hstack((x0, x1))", lambda x, y: np.hstack((x, y)), PAIR),
    Entry("ops.vstack", "ops.vstack((x0, x1))", lambda x, y: np.vstack((x, y)), PAIR),
    Entry("ops.column_stack", "ops.column_stack((x0, x1))", lambda x, y: np.column_stack((x, y)), PAIR),
    Entry("ops.split", "ops.split(x0, 2, 1)", lambda x: (x[:, :2], x[:, 2:]), MATRIX),
    Entry("ops.split (one part used)", "ops.split(x0, 2, 1)[1]", lambda x: x[:, 2:], MATRIX),
    Entry("mint.split", "mint.split(x0, (1, 3), 1)", lambda x: (x[:, :1], x[:, 1:]), MATRIX),
    Entry("ops.chunk", "ops.chunk(x0, 2, 1)", lambda x: (x[:, :2], x[:, 2:]), MATRIX),
    Entry("mint.chunk", "mint.chunk(x0, 2)", lambda x: (x[:2], x[2:]), MATRIX),
    Entry("ops.tensor_split", "ops.tensor_split(x0, (1,), 1)", lambda x: (x[:, :1], x[:, 1:]), MATRIX),
    Entry("ops.unbind", "ops.unbind(x0)", lambda x: (x[0], x[1]), (Case("ordinary", normal((2, 3))),)),
    Entry("mint.unbind", "mint.unbind(x0)", lambda x: (x[0], x[1]), (Case("ordinary", normal((2, 3))),)),
    Entry("ops.unstack", "ops.unstack(x0, 1)", lambda x: (x[:, 0], x[:, 1]), (Case("ordinary", normal((3, 2))),)),
    Entry("ops.narrow", "ops.narrow(x0, 1, 1, 2)", lambda x: x[:, 1:3], MATRIX),
    Entry("mint.narrow", "mint.narrow(x0, 1, 1, 2)", lambda x: x[:, 1:3], MATRIX),
    Entry("ops.slice", "ops.slice(x0, (1, 0), (2, 3))", lambda x: x[1:3, :3], MATRIX),
    Entry(
        "ops.strided_slice",
        "ops.strided_slice(x0, (0, 3), (3, 0), (2, -2))",
        lambda x: x[0:3:2, 3:0:-2],
        MATRIX,
        known=NEGATIVE_STRIDE,
    ),
    Entry("Tensor[…]", "x0[1:, ::2]", lambda x: x[1:, ::2], MATRIX),
    Entry("Tensor[::-1]", "x0[::-1]", lambda x: x[::-1], (Case("ordinary", normal((6,))),), known=NEGATIVE_STRIDE),
    Entry("Tensor[-1]", "x0[-1]", lambda x: x[-1], MATRIX),
)

REPEATED = (
    Entry("ops.tile", "ops.tile(x0, (2, 1))", lambda x: np.tile(x, (2, 1)), MATRIX),
    Entry("mint.tile", "mint.tile(x0, (2, 2))", lambda x: np.tile(x, (2, 2)), (Case("ordinary", normal((2, 2))),)),
    Entry("ops.repeat_interleave", "ops.repeat_interleave(x0, 2, 1)", lambda x: np.repeat(x, 2, 1), MATRIX),
    Entry("mint.repeat_interleave", "mint.repeat_interleave(x0, 2, 1)", lambda x: np.repeat(x, 2, 1), MATRIX),
    Entry("ops.repeat_elements", "ops.repeat_elements(x0, 2, 0)", lambda x: np.repeat(x, 2, 0), MATRIX),
    Entry(
        "ops.broadcast_to",
        "ops.broadcast_to(x0, (2, 3, 4))",
        lambda x: np.broadcast_to(x, (2, 3, 4)),
        (Case("ordinary", normal((3, 1))),),
    ),
    Entry(
        "mint.broadcast_to",
        "mint.broadcast_to(x0, (2, 3, 4))",
        lambda x: np.broadcast_to(x, (2, 3, 4)),
        (Case("ordinary", normal((3, 1))),),
    ),
    Entry(
        "ops.expand_as",
        "ops.expand_as(x0, x1)",
        lambda x, y: np.broadcast_to(x, y.shape),
        (Case("ordinary", normal((3, 1), (3, 2))),),
    ),
    Entry(
        "ops.meshgrid",
        'ops.meshgrid(x0, x1, indexing="ij")',
        lambda x, y: tuple(np.meshgrid(x, y, indexing="ij")),
        (Case("ordinary", normal((3,), (2,))),),
    ),
    Entry(
        "mint.meshgrid",
        'mint.meshgrid(x0, x1, indexing="xy")',
        lambda x, y: tuple(np.meshgrid(x, y)),
        (Case("ordinary", normal((3,), (2,))),),
    ),
    Entry("ops.unfold", "ops.unfold(x0, 2)", _patches, IMAGE),
    Entry("mint.nn.Unfold", "mint.nn.Unfold(2)", _patches, IMAGE),
    Entry(
        "ops.fold",
        "ops.fold(x0, x1, 2)",
        lambda x, _: _summed_patches(x),
        (Case("ordinary", lambda rng: (rng.standard_normal((1, 4, 4)), np.array([3, 3], np.int32))),),
    ),
    Entry("mint.nn.Fold", "mint.nn.Fold((3, 3), 2)", _summed_patches, (Case("ordinary", normal((1, 4, 4))),)),
)

PADDED = (
    Entry("ops.pad", "ops.pad(x0, (1, 2))", _padded("constant", (1, 2)), SEQUENCE),
    Entry(
        "ops.pad (negative)",
        "ops.pad(x0, (-1, 1))",
        lambda x: np.pad(x[..., 1:], ((0, 0), (0, 0), (0, 1))),
        SEQUENCE,
        known=stale.NEGATIVE_PAD,
    ),
    Entry("ops.pad (reflect)", 'ops.pad(x0, (2, 1), "reflect")', _padded("reflect", (2, 1)), SEQUENCE),
    Entry("ops.pad (replicate)", 'ops.pad(x0, (2, 1), "replicate")', _padded("edge", (2, 1)), SEQUENCE),
    Entry("ops.pad (circular)", 'ops.pad(x0, (2, 1), "circular")', _padded("wrap", (2, 1)), SEQUENCE),
    Entry(
        "ops.pad (two axes, reflect)", 'ops.pad(x0, (1, 2, 2, 1), "reflect")', _padded("reflect", (2, 1), (1, 2)), IMAGE
    ),
    Entry("mint.nn.functional.pad", "mint.nn.functional.pad(x0, (1, 2))", _padded("constant", (1, 2)), SEQUENCE),
    Entry(
        "mint.nn.functional.pad (reflect)",
        'mint.nn.functional.pad(x0, (2, 1), "reflect")',
        _padded("reflect", (2, 1)),
        SEQUENCE,
        known=PAD_CRASH,
    ),
    Entry(
        "mint.nn.functional.pad (replicate)",
        'mint.nn.functional.pad(x0, (2, 1), "replicate")',
        _padded("edge", (2, 1)),
        SEQUENCE,
        known=PAD_CRASH,
    ),
    Entry(
        "mint.nn.functional.pad (circular)",
        'mint.nn.functional.pad(x0, (2, 1), "circular")',
        _padded("wrap", (2, 1)),
        SEQUENCE,
    ),
    Entry(
        "nn.ConstantPad1d",
        "nn.ConstantPad1d((1, 2), 0.5)",
        lambda x: np.pad(x, ((0, 0), (0, 0), (1, 2)), constant_values=0.5),
        SEQUENCE,
    ),
    Entry("nn.ReflectionPad1d", "nn.ReflectionPad1d((2, 1))", _padded("reflect", (2, 1)), SEQUENCE),
    Entry("nn.ReflectionPad2d", "nn.ReflectionPad2d((1, 2, 2, 1))", _padded("reflect", (2, 1), (1, 2)), IMAGE),
    Entry("nn.ReplicationPad1d", "nn.ReplicationPad1d((2, 1))", _padded("edge", (2, 1)), SEQUENCE),
    Entry("nn.ReplicationPad2d", "nn.ReplicationPad2d((1, 2, 2, 1))", _padded("edge", (2, 1), (1, 2)), IMAGE),
    Entry("nn.ZeroPad2d", "nn.ZeroPad2d((1, 2, 0, 1))", _padded("constant", (0, 1), (1, 2)), IMAGE),
    Entry("nn.Pad (symmetric)", 'nn.Pad(((0, 0), (2, 1)), mode="SYMMETRIC")', _padded("symmetric", (2, 1)), MATRIX),
    Entry("nn.Pad (reflect)", 'nn.Pad(((1, 1), (2, 1)), mode="REFLECT")', _padded("reflect", (1, 1), (2, 1)), MATRIX),
)

ENTRIES = MOVED + JOINED_AND_CUT + REPEATED + PADDED
