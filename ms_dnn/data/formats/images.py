"""Pictures, to train on or to predict, made small and perhaps grey; what was done to them is said."""

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
from ms_dnn.presentation.notation import counted, shape_text

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm")
# Other decoders of Pillow start programs (EPS) or are seldom exercised; they are not let near a user's file.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_MOST_PIXELS = 50_000_000
_QUARTER_TURNS = (5, 6, 7, 8)  # EXIF orientations that exchange height and width
_ORIENTATION = 0x0112
_NAMED_SIZES = 3
T = TypeVar("T")


class PictureFacts(NamedTuple):
    """What the header of a picture says, after the turn that the camera asks for."""

    height: int
    width: int
    grey: bool
    transparent: bool


def read_images(
    paths: Sequence[Path],
    feature_count: int,
    image_shape: tuple[int, ...] | None,
    value_range: tuple[float, float] | None,
    *,
    invert: bool = False,
) -> Samples:
    """Return one row a picture: (N, product of image_shape) float64 in ``value_range``, named for its file.

    Each picture is read as :func:`read_picture` does, exchanged for its negative only with ``invert``, and mapped from
    black..white to ``value_range``, (0, 1) if None. A note says all of that. Of an animation, the first frame is read.

    Raises :class:`DataError` for a network that takes no pictures, and for files that are missing, damaged,
    of another kind, or of more than 50 million pixels.
    """
    if image_shape is None:
        raise DataError("got pictures, but the network was not trained on pictures; give a .csv or .npz table")
    if not paths:
        raise DataError("the list of pictures is empty; give at least one")
    check_column_count(paths[0], prod(image_shape), feature_count)
    black, white = value_range or (0.0, 1.0)
    read = [_examined(path, lambda picture: (_facts(picture), _small(picture, image_shape))) for path in paths]
    brightness = np.stack([row for _, row in read])
    if invert:
        brightness = 1 - brightness
    done = [*_conversions([facts for facts, _ in read], image_shape), *(["inverted"] if invert else [])]
    note = (
        f"{counted(len(paths), 'picture')}: {', '.join(done)}{'; ' if done else ''}black is {black:g}, white {white:g}"
    )
    return Samples(black + (white - black) * brightness, None, [path.name for path in paths], (note,))


def pictures_in(folder: Path) -> list[Path]:
    """Return the picture files of one folder in the order of their names, without hidden ones.

    Raises :class:`DataError` when there are none, or the folder cannot be read.
    """
    pictures = [entry for entry in _entries(folder) if _is_picture(entry)]
    if not pictures:
        raise DataError(f"folder {str(folder)!r} holds no picture; expected files named {' '.join(IMAGE_SUFFIXES)}")
    return pictures


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in one in the order of their names, without hidden ones; raises if it cannot be read."""
    return [entry for entry in _entries(folder) if entry.is_dir()]


def has_pictures(folder: Path) -> bool:
    """Tell whether there are pictures in a folder itself."""
    return any(_is_picture(entry) for entry in _entries(folder))


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"folder {str(folder)!r} cannot be read ({error.strerror}); check its permissions") from error


def _is_picture(entry: Path) -> bool:
    return entry.suffix.lower() in IMAGE_SUFFIXES and entry.is_file()


def examine_picture(path: Path) -> PictureFacts:
    """Return height, width and colours of a picture, from its header alone; raises as :func:`read_images`."""
    return _examined(path, _facts)


def read_picture(path: Path, image_shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return one picture, flattened: (product of image_shape,), 0 black to 1 white.

    ``image_shape`` is (height, width), or (height, width, channels) with 1 channel (luminance) or 3 (red, green, blue).
    The picture is turned as its camera says and averaged over areas down to height and width without keeping
    proportions. Transparent parts are white; of (height, width), the ground on which the rest stands out. Raises as
    :func:`read_images`.
    """
    return _examined(path, lambda picture: _small(picture, image_shape))


def _facts(picture: Image.Image) -> PictureFacts:
    turned = picture.getexif().get(_ORIENTATION) in _QUARTER_TURNS
    height, width = (picture.width, picture.height) if turned else (picture.height, picture.width)
    grey = picture.mode in ("1", "L", "LA") or picture.mode.startswith("I")
    return PictureFacts(height, width, grey, picture.has_transparency_data)


def _conversions(facts: Sequence[PictureFacts], image_shape: tuple[int, ...]) -> list[str]:
    """Return what was done to the pictures but for the mapping of black and white."""
    done, to_grey = [], image_shape[2:] != (3,)
    repainted = sum(fact.grey != to_grey for fact in facts)
    if repainted:
        some = "" if repainted == len(facts) else f"{repainted} of them "
        done.append(f"{some}made grey" if to_grey else f"{some}grey, with red, green and blue alike")
    if any(fact.transparent for fact in facts):
        ground = "white" if len(image_shape) == 3 else "the ground on which the rest stands out"
        done.append(f"transparent parts made {ground}")
    sizes = dict.fromkeys(shape_text((fact.height, fact.width)) for fact in facts)
    wanted = shape_text(image_shape[:2])
    if others := [size for size in sizes if size != wanted]:
        more = ", …" if len(others) > _NAMED_SIZES else ""
        done.append(f"resized from {', '.join(others[:_NAMED_SIZES])}{more} to {wanted} (height×width)")
    return done


def _small(picture: Image.Image, image_shape: tuple[int, ...]) -> NDArray[np.float64]:
    upright = ImageOps.exif_transpose(picture)
    planes = _grey(upright)[..., np.newaxis] if len(image_shape) == 2 else _planes(upright, image_shape[2])
    small = [_resized(planes[..., channel], image_shape[:2]) for channel in range(planes.shape[-1])]
    return np.stack(small, axis=-1).ravel()


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
