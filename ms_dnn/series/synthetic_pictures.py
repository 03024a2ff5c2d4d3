"""Small colour pictures drawn by a program, where a chapter needs pictures and none may be downloaded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 64
"""Height and width of a picture, in pixels."""


def cats_or_not(count: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return synthetic pictures of round heads, and whether each has the pointed ears of a cat.

    Colours, size and place of the head are random, and every pixel is a little noisy; the ground is darker than the
    head. Every second picture is a cat. Red, green and blue of each pixel are 0 to 255, (N, SIDE, SIDE, 3); the labels
    are 1 for a cat, else 0, (N,).
    """
    generator = np.random.default_rng(seed)
    cats = np.arange(count) % 2
    pictures = np.stack([_head(generator, bool(ears)) for ears in cats])
    return (255 * pictures.clip(0, 1)).round().astype(np.uint8), cats


def _head(generator: np.random.Generator, ears: bool) -> NDArray[np.float64]:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    centre_row, centre_column = generator.uniform([34, 28], [42, 36])
    radius = generator.uniform(15, 19)
    up, right = centre_row - rows, columns - centre_column
    shape = up**2 + right**2 < radius**2
    if ears:
        # Two upright triangles, their tips above the sides of the head.
        from_tip = 1.55 * radius - up
        for side in (-1, 1):
            shape |= (abs(right - side * 0.62 * radius) < 0.4 * from_tip) & (from_tip > 0) & (up > 0.3 * radius)
    for side in (-1, 1):
        shape &= (up - 0.25 * radius) ** 2 + (right - side * 0.4 * radius) ** 2 > 4.0
    ground, head = generator.uniform(0.05, 0.4, 3), generator.uniform(0.5, 0.95, 3)
    return np.where(shape[..., None], head, ground) + generator.normal(0, 0.04, (SIDE, SIDE, 3))
