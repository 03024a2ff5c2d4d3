"""Operators that move, repeat, join, cut or pad; the ones that pick by an index are in :mod:`indexing`."""

from __future__ import annotations

import numpy as np

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import fixed, normal_arrays, together
from ms_dnn.audit.entry import Array, Formula

MATRIX = normal_arrays((3, 4))
CUBE = normal_arrays((2, 3, 2))
PAIR = normal_arrays((2, 3), (2, 3))
IMAGE = normal_arrays((1, 2, 3, 3))
SEQUENCE = normal_arrays((1, 2, 5))
MANY_CHANNELS = normal_arrays((1, 4, 2, 3))


def _padded(mode: str, *widths: tuple[int, int]) -> Formula:
    """Padding of the last axes, as many as there are widths."""

    def formula(x: Array) -> Array:
        before = ((0, 0),) * (x.ndim - len(widths))
        return np.pad(x, (*before, *widths), mode)  # type: ignore[call-overload]  # mode is a text

    return formula


def _rearranged(split: tuple[int, ...], order: tuple[int, ...], shape: tuple[int, ...]) -> Formula:
    """Axes split into factors, which are put into another order and joined to the shape."""
    return lambda x: x.reshape(split).transpose(order).reshape(shape)


def _patches(x: Array) -> Array:
    """im2col with 2 × 2 windows, stride 1: (N, C, H, W) to (N, 4 C, L)."""
    n, c, h, w = x.shape
    columns = [x[:, :, i : i + h - 1, j : j + w - 1] for i in (0, 1) for j in (0, 1)]
    return np.stack(columns, axis=2).reshape(n, 4 * c, -1)


def _summed_patches(x: Array, *_: Array) -> Array:
    """col2im of 2 × 2 windows on 3 × 3: (N, 4 C, 4) to (N, C, 3, 3), overlaps added."""
    n = x.shape[0]
    windows = x.reshape(n, -1, 2, 2, 2, 2)
    image = np.zeros((n, windows.shape[1], 3, 3))
    for i in (0, 1):
        for j in (0, 1):
            image[:, :, i : i + 2, j : j + 2] += windows[:, :, i, j]
    return image


def _reversed_prefixes(x: Array, lengths: Array) -> Array:
    return np.stack([np.concatenate([row[:n][::-1], row[n:]]) for row, n in zip(x, lengths, strict=True)])


# (N, 4 C, H, W) to (N, C, 2 H, 2 W): Shi et al., CVPR 2016, equation 4; and back.
PIXEL_SHUFFLE = _rearranged((1, 1, 2, 2, 2, 3), (0, 1, 4, 2, 5, 3), (1, 1, 4, 6))
PIXEL_UNSHUFFLE = _rearranged((1, 1, 2, 2, 2, 2), (0, 1, 3, 5, 2, 4), (1, 4, 2, 2))
CHANNEL_SHUFFLE = _rearranged((1, 2, 2, 2, 3), (0, 2, 1, 3, 4), (1, 4, 2, 3))
SPACE_TO_BATCH = _rearranged((1, 2, 1, 2, 2, 2), (3, 5, 0, 1, 2, 4), (4, 2, 1, 2))
BATCH_TO_SPACE = _rearranged((2, 2, 1, 2, 1, 2), (2, 3, 4, 0, 5, 1), (1, 2, 2, 4))

MOVED = (
    *apis(lambda x: x.reshape(4, 3), MATRIX, "ops.reshape(x0, (4, 3))"),
    *apis(lambda x: (x**2).reshape(4, 3), MATRIX, "ops.reshape(x0 * x0, (4, 3))  # of squares", second_order=True),
    *apis(lambda x: x.reshape(2, -1), MATRIX, "mint.reshape(x0, (2, -1))"),
    *apis(np.transpose, MATRIX, "ops.transpose(x0, (1, 0))", "mint.transpose(x0, 0, 1)"),
    *apis(
        lambda x: x.T**2,
        MATRIX,
        "ops.transpose(x0 * x0, (1, 0))  # of squares",
        "Tensor.T: (x0 * x0).T",
        second_order=True,
    ),
    *apis(lambda x: x.transpose(1, 2, 0), CUBE, "ops.transpose(x0, (1, 2, 0))  # three axes"),
    *apis(lambda x: x.transpose(2, 0, 1), CUBE, "{ops,mint}.permute(x0, (2, 0, 1))"),
    *apis(lambda x: x.swapaxes(0, 2), CUBE, "{ops,mint}.swapaxes(x0, 0, 2)"),
    *apis(lambda x: np.moveaxis(x, 0, 2), CUBE, "ops.movedim(x0, 0, 2)"),
    *apis(lambda x: x.reshape(2, 6), CUBE, "ops.flatten", "nn.Flatten()"),
    *apis(lambda x: x.reshape(6, 2), CUBE, "mint.flatten(x0, 0, 1)"),
    *apis(np.ravel, CUBE, "ops.ravel"),
    *apis(lambda x: x.reshape(3, 2, 2), MATRIX, "nn.Unflatten(1, (2, 2))"),
    *apis(lambda x: x[:, None], MATRIX, "ops.expand_dims(x0, 1)"),
    *apis(lambda x: x[..., None], MATRIX, "mint.unsqueeze(x0, -1)"),
    *apis(lambda x: x[:, 0], normal_arrays((3, 1, 2)), "{ops,mint}.squeeze(x0, 1)"),
    *apis(lambda x: x[::-1, ::-1], MATRIX, "ops.flip(x0, (0, 1))"),
    *apis(lambda x: x[:, ::-1], MATRIX, "mint.flip(x0, (1,))"),
    *apis(np.fliplr, MATRIX, "ops.fliplr"),
    *apis(lambda x: np.roll(x, (1, -2), (0, 1)), MATRIX, "ops.roll(x0, (1, -2), (0, 1))"),
    *apis(lambda x: np.roll(x, 1, 1), MATRIX, "mint.roll(x0, 1, 1)"),
    *apis(np.rot90, MATRIX, "ops.rot90(x0, 1, (0, 1))"),
    *apis(
        _reversed_prefixes,
        together(normal_arrays((3, 4)), fixed(np.array([2, 4, 3], np.int32))),
        "ops.reverse_sequence(x0, x1, 1)",
    ),
    *apis(PIXEL_SHUFFLE, MANY_CHANNELS, "ops.pixel_shuffle(x0, 2)", "nn.PixelShuffle(2)", "mint.nn.PixelShuffle(2)"),
    *apis(PIXEL_UNSHUFFLE, normal_arrays((1, 1, 4, 4)), "nn.PixelUnshuffle(2)"),
    *apis(CHANNEL_SHUFFLE, MANY_CHANNELS, "ops.channel_shuffle(x0, 2)"),
    *apis(SPACE_TO_BATCH, normal_arrays((1, 2, 2, 4)), "ops.space_to_batch_nd(x0, [2, 2], [[0, 0], [0, 0]])"),
    *apis(BATCH_TO_SPACE, normal_arrays((4, 2, 1, 2)), "ops.batch_to_space_nd(x0, [2, 2], [[0, 0], [0, 0]])"),
)

JOINED_AND_CUT = (
    *apis(lambda x, y: np.concatenate((x, y), 1), normal_arrays((2, 3), (2, 2)), "ops.concat((x0, x1), 1)"),
    *apis(lambda x, y: np.concatenate((x, y)), PAIR, "ops.cat((x0, x1))"),
    *apis(lambda x, y: np.concatenate((x, y), 1), PAIR, "mint.cat((x0, x1), 1)"),
    *apis(lambda x, y: np.stack((x, y), 1), PAIR, "ops.stack((x0, x1), 1)"),
    *apis(lambda x, y: np.stack((x, y), -1), PAIR, "mint.stack((x0, x1), -1)"),
    *apis(lambda x, y: np.hstack((x, y)), PAIR, "ops.hstack((x0, x1))"),
    *apis(lambda x, y: np.vstack((x, y)), PAIR, "ops.vstack((x0, x1))"),
    *apis(lambda x, y: np.column_stack((x, y)), PAIR, "ops.column_stack((x0, x1))"),
    *apis(lambda x: (x[:, :2], x[:, 2:]), MATRIX, "ops.split(x0, 2, 1)", "ops.chunk(x0, 2, 1)"),
    *apis(lambda x: x[:, 2:], MATRIX, "ops.split(x0, 2, 1)[1]  # one part used"),
    *apis(lambda x: (x[:, :1], x[:, 1:]), MATRIX, "mint.split(x0, (1, 3), 1)"),
    *apis(lambda x: (x[:2], x[2:]), MATRIX, "mint.chunk(x0, 2)"),
    *apis(lambda x: (x[:, :1], x[:, 1:]), MATRIX, "ops.tensor_split(x0, (1,), 1)"),
    *apis(lambda x: (x[0], x[1]), normal_arrays((2, 3)), "{ops,mint}.unbind"),
    *apis(lambda x: (x[:, 0], x[:, 1]), normal_arrays((3, 2)), "ops.unstack(x0, 1)"),
    *apis(lambda x: x[:, 1:3], MATRIX, "{ops,mint}.narrow(x0, 1, 1, 2)"),
    *apis(lambda x: x[1:3, :3], MATRIX, "ops.slice(x0, (1, 0), (2, 3))"),
    *apis(lambda x: x[0:3:2, 3:0:-2], MATRIX, "ops.strided_slice(x0, (0, 3), (3, 0), (2, -2))"),
    *apis(lambda x: x[1:, ::2], MATRIX, "Tensor[…]: x0[1:, ::2]"),
    *apis(lambda x: x[::-1], normal_arrays((6,)), "Tensor[::-1]: x0[::-1]"),
    *apis(lambda x: x[-1], MATRIX, "Tensor[-1]: x0[-1]"),
)

REPEATED = (
    *apis(lambda x: np.tile(x, (2, 1)), MATRIX, "ops.tile(x0, (2, 1))"),
    *apis(lambda x: np.tile(x, (2, 2)), normal_arrays((2, 2)), "mint.tile(x0, (2, 2))"),
    *apis(lambda x: np.repeat(x, 2, 1), MATRIX, "{ops,mint}.repeat_interleave(x0, 2, 1)"),
    *apis(lambda x: np.repeat(x, 2, 0), MATRIX, "ops.repeat_elements(x0, 2, 0)"),
    *apis(lambda x: np.broadcast_to(x, (2, 3, 4)), normal_arrays((3, 1)), "{ops,mint}.broadcast_to(x0, (2, 3, 4))"),
    *apis(lambda x, y: np.broadcast_to(x, y.shape), normal_arrays((3, 1), (3, 2)), "ops.expand_as"),
    *apis(
        lambda x, y: tuple(np.meshgrid(x, y, indexing="ij")),
        normal_arrays((3,), (2,)),
        'ops.meshgrid(x0, x1, indexing="ij")',
    ),
    *apis(lambda x, y: tuple(np.meshgrid(x, y)), normal_arrays((3,), (2,)), 'mint.meshgrid(x0, x1, indexing="xy")'),
    *apis(_patches, IMAGE, "ops.unfold(x0, 2)", "mint.nn.Unfold(2)"),
    *apis(
        _summed_patches, together(normal_arrays((1, 4, 4)), fixed(np.array([3, 3], np.int32))), "ops.fold(x0, x1, 2)"
    ),
    *apis(_summed_patches, normal_arrays((1, 4, 4)), "mint.nn.Fold((3, 3), 2)"),
)

PADDED = (
    *apis(_padded("constant", (1, 2)), SEQUENCE, "ops.pad(x0, (1, 2))"),
    *apis(lambda x: np.pad(x[..., 1:], ((0, 0), (0, 0), (0, 1))), SEQUENCE, "ops.pad(x0, (-1, 1))  # negative"),
    *apis(_padded("reflect", (2, 1)), SEQUENCE, 'ops.pad(x0, (2, 1), "reflect")  # reflect'),
    *apis(_padded("edge", (2, 1)), SEQUENCE, 'ops.pad(x0, (2, 1), "replicate")  # replicate'),
    *apis(_padded("wrap", (2, 1)), SEQUENCE, 'ops.pad(x0, (2, 1), "circular")  # circular'),
    *apis(_padded("reflect", (2, 1), (1, 2)), IMAGE, 'ops.pad(x0, (1, 2, 2, 1), "reflect")  # two axes, reflect'),
    *apis(_padded("constant", (1, 2)), SEQUENCE, "F.pad(x0, (1, 2))"),
    *apis(_padded("reflect", (2, 1)), SEQUENCE, 'F.pad(x0, (2, 1), "reflect")  # reflect'),
    *apis(_padded("edge", (2, 1)), SEQUENCE, 'F.pad(x0, (2, 1), "replicate")  # replicate'),
    *apis(_padded("wrap", (2, 1)), SEQUENCE, 'F.pad(x0, (2, 1), "circular")  # circular'),
    *apis(
        lambda x: np.pad(x, ((0, 0), (0, 0), (1, 2)), constant_values=0.5), SEQUENCE, "nn.ConstantPad1d((1, 2), 0.5)"
    ),
    *apis(_padded("reflect", (2, 1)), SEQUENCE, "nn.ReflectionPad1d((2, 1))"),
    *apis(_padded("reflect", (2, 1), (1, 2)), IMAGE, "nn.ReflectionPad2d((1, 2, 2, 1))"),
    *apis(_padded("edge", (2, 1)), SEQUENCE, "nn.ReplicationPad1d((2, 1))"),
    *apis(_padded("edge", (2, 1), (1, 2)), IMAGE, "nn.ReplicationPad2d((1, 2, 2, 1))"),
    *apis(_padded("constant", (0, 1), (1, 2)), IMAGE, "nn.ZeroPad2d((1, 2, 0, 1))"),
    *apis(_padded("symmetric", (2, 1)), MATRIX, 'nn.Pad(((0, 0), (2, 1)), mode="SYMMETRIC")  # symmetric'),
    *apis(_padded("reflect", (1, 1), (2, 1)), MATRIX, 'nn.Pad(((1, 1), (2, 1)), mode="REFLECT")  # reflect'),
)

ENTRIES = MOVED + JOINED_AND_CUT + REPEATED + PADDED
