"""Pictures, made to look like those of the training data: small, and perhaps grey, light ink on a dark ground."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ms_dnn.data.source import Samples, check_column_count, reading
from ms_dnn.errors import DataError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm")
# Other decoders of Pillow start programs (EPS) or are seldom exercised; they are not let near a user's file.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_MOST_PIXELS = 50_000_000
_QUARTER_TURNS = (5, 6, 7, 8)  # EXIF orientations that exchange height and width
_ORIENTATION = 0x0112
T = TypeVar("T")


class PictureFacts(NamedTuple):
    """What the header of a picture says, after the turn that the camera asks for."""

    height: int
    width: int
    grey: bool


def read_images(
    paths: Sequence[Path],
    feature_count: int,
    image_shape: tuple[int, ...] | None,
    value_range: tuple[float, float] | None,
) -> Samples:
    """Return one row a picture: (N, product of image_shape) float64 in ``value_range``, named for its file.

    ``image_shape`` (height, width, channels) is for pictures as they are: see :func:`read_picture`. For (height,
    width) each picture is turned as its camera says, made grey (luminance), inverted if its ground is light (the
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
    check_column_count(paths[0], prod(image_shape), feature_count)
    black, white = value_range or (0.0, 1.0)
    brightness = np.stack([_pixels(path, image_shape) for path in paths])
    return Samples(black + (white - black) * brightness, None, [path.name for path in paths])


def pictures_in(folder: Path) -> list[Path]:
    """Return the picture files of one folder in the order of their names, without hidden ones.

    Raises :class:`DataError` when there are none, or the folder cannot be read.
    """
    try:
        pictures = sorted(
            file
            for file in folder.iterdir()
            if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".") and file.is_file()
        )
    except OSError as error:
        raise DataError(f"folder {str(folder)!r} cannot be read ({error.strerror}); check its permissions") from error
    if not pictures:
        raise DataError(f"folder {str(folder)!r} holds no picture; expected files named {' '.join(IMAGE_SUFFIXES)}")
    return pictures


def examine_picture(path: Path) -> PictureFacts:
    """Return height, width and whether a picture is grey, from its header alone; raises as :func:`read_images`."""

    def facts(picture: Image.Image) -> PictureFacts:
        turned = picture.getexif().get(_ORIENTATION) in _QUARTER_TURNS
        height, width = (picture.width, picture.height) if turned else (picture.height, picture.width)
        return PictureFacts(height, width, picture.mode in ("1", "L", "LA") or picture.mode.startswith("I"))

    return _examined(path, facts)


def read_picture(path: Path, image_shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return one picture as it is, flattened: (height · width · channels,), 0 black to 1 white.

    There are 1 (luminance) or 3 channels (red, green, blue). The picture is turned as its camera says, laid on
    white where it is transparent, and averaged over areas down to height and width without keeping proportions.
    Raises as :func:`read_images`.
    """
    height, width, channels = image_shape
    planes = _examined(path, lambda picture: _planes(ImageOps.exif_transpose(picture), channels))
    small = [_resized(planes[..., channel], (height, width)) for channel in range(channels)]
    return np.stack(small, axis=-1).ravel()


def _pixels(path: Path, image_shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return one flattened picture; if it has no channels, 0 is its ground's side of the scale and 1 the other."""
    if len(image_shape) == 3:
        return read_picture(path, image_shape)
    grey = _examined(path, lambda picture: _grey(ImageOps.exif_transpose(picture)))
    return _resized(1 - grey if _ground_is_light(grey) else grey, image_shape).ravel()


def _resized(plane: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float64]:
    height, width = shape
    small = Image.fromarray(np.ascontiguousarray(plane)).resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64).clip(0.0, 1.0)


def _examined(path: Path, look: Callable[[Image.Image], T]) -> T:
    """Return what ``look`` says about the open picture; every fault of the file is a :class:`DataError`."""
    if not path.is_file():
        raise DataError(f"there is no picture {str(path)!r}; check the path")
    damaged = (f"{path.name!r} cannot be read as a picture (", "); save it again as PNG or JPEG")
    with reading(*damaged), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path, formats=_FORMATS) as picture:
            _check_pixels(path, picture)
            return look(picture)


def _planes(picture: Image.Image, channels: int) -> NDArray[np.float32]:
    """Return (height, width, channels), 0 black to 1 white."""
    if picture.mode.startswith(("I", "F")):
        return np.repeat(_grey(picture)[..., np.newaxis], channels, axis=-1)
    if picture.has_transparency_data:
        layers = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers)
    planes = np.asarray(picture.convert("L" if channels == 1 else "RGB"), dtype=np.float32) / np.float32(255)
    return planes.reshape(*planes.shape[:2], channels)


def _check_pixels(path: Path, picture: Image.Image) -> None:
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
