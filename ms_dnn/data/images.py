"""Pictures, made to look like those of the training data: grey, small, light ink on a dark ground."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ms_dnn.data.samples import Samples, refuse_column_count
from ms_dnn.errors import DataError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm")
# Other decoders of Pillow start programs (EPS) or are seldom exercised; they are not let near a user's file.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_MOST_PIXELS = 50_000_000


def read_images(
    paths: Sequence[Path],
    feature_count: int,
    image_shape: tuple[int, int] | None,
    value_range: tuple[float, float] | None,
) -> Samples:
    """Return one row a picture: (N, height · width) float64 in ``value_range``, named for its file.

    Each picture is turned as its camera says, made grey (luminance), inverted if its ground is light (the
    median of its outermost pixels is above the middle between black and white), averaged over areas down to
    ``image_shape`` without keeping proportions, and mapped from black..white to ``value_range``, (0, 1) if
    None. Transparent parts count as the ground on which the rest stands out. Of an animation, the first
    frame is read.

    Raises :class:`DataError` for a network that takes no pictures, and for files that are missing, damaged,
    of another kind, or of more than 50 million pixels.
    """
    if image_shape is None:
        raise DataError("got pictures, but the network was not trained on pictures; give a .csv or .npz table")
    if not paths:
        raise DataError("the list of pictures is empty; give at least one")
    refuse_column_count(paths[0], prod(image_shape), feature_count)
    black, white = value_range or (0.0, 1.0)
    brightness = np.stack([_brightness(path, image_shape) for path in paths])
    return Samples(black + (white - black) * brightness, None, [path.name for path in paths])


def _brightness(path: Path, image_shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return one flattened picture (height · width,), 0 its ground's side of the scale and 1 the other."""
    if not path.is_file():
        raise DataError(f"there is no picture {str(path)!r}; check the path")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as picture:
                _refuse_huge(path, picture)
                grey = _grey(ImageOps.exif_transpose(picture))
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders raise a dozen types on damaged bytes
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(
            f"{path.name!r} cannot be read as a picture ({reason}); save it again as PNG or JPEG"
        ) from error
    if _ground_is_light(grey):
        grey = 1 - grey
    height, width = image_shape
    small = Image.fromarray(grey).resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64).ravel().clip(0.0, 1.0)


def _refuse_huge(path: Path, picture: Image.Image) -> None:
    if picture.width * picture.height > _MOST_PIXELS:
        raise DataError(
            f"{path.name!r} is {picture.width}×{picture.height} pixels, more than {_MOST_PIXELS} in all; "
            "make it smaller"
        )


def _grey(picture: Image.Image) -> NDArray[np.float32]:
    """Return the luminance (height, width), 0 black to 1 white."""
    if picture.mode == "F":
        raise DataError("a picture of floating-point pixels does not say what is white; save it with 8 or 16 bits")
    if picture.mode.startswith("I"):  # 16 bits; convert("L") would clip them at 255
        return np.asarray(picture, dtype=np.float32).clip(0, 65535) / np.float32(65535)
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"), dtype=np.float32) / np.float32(255)
    layers = np.asarray(picture.convert("RGBA").convert("LA"), dtype=np.float32) / np.float32(255)
    ink, opacity = layers[..., 0], layers[..., 1]
    ink_is_dark = (ink * opacity).sum() < 0.5 * opacity.sum()
    ground = np.float32(1 if ink_is_dark else 0)
    grey: NDArray[np.float32] = opacity * ink + (1 - opacity) * ground
    return grey


def _ground_is_light(grey: NDArray[np.float32]) -> bool:
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    return bool(np.median(border) > 0.5)
