"""Matrix products as pictures: every array as a field of tinted cells, in the places where the formula has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ms_dnn.presentation.plots import BLUE, GREY, ORANGE

GAP = 1.5
"""Cells between an array and the sign that follows it."""


def draw_arrays(axes: Any, parts: Sequence[str | tuple[str, ArrayLike]], widest: float, tallest: float) -> None:
    """Draw a formula of arrays from left to right: a sign ("=", "+", …), or a name and its array of two axes.

    Blue is positive, orange negative, the darker, the larger. Below each array stand its rows × columns.

    Args:
        axes: of matplotlib.
        parts: signs and arrays.
        widest: number of cells that the picture is wide, so that those of several pictures are of one size.
        tallest: number of cells that it is high, without the lines of text.
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    shades = LinearSegmentedColormap.from_list("signs", [ORANGE, "white", BLUE])
    x = 0.0
    for part in parts:
        if isinstance(part, str):
            axes.text(x + GAP / 2, 0, part, ha="center", va="center", fontsize="large")
            x += GAP
            continue
        name, cells = part[0], np.asarray(part[1], dtype=float)
        rows, columns = cells.shape
        tints = shades(0.5 + 0.5 * cells / (np.abs(cells).max() or 1.0))
        for i, j in np.ndindex(rows, columns):
            place = (x + j, rows / 2 - i - 1)
            axes.add_patch(Rectangle(place, 1, 1, facecolor=tints[i, j], edgecolor=GREY, linewidth=0.6))
        axes.text(x + columns / 2, rows / 2 + 0.25, name, ha="center", va="bottom")
        axes.text(x + columns / 2, -rows / 2 - 0.25, f"{rows} × {columns}", ha="center", va="top", color=GREY)
        x += columns
    axes.set(xlim=(-0.6, widest + 0.6), ylim=(-tallest / 2 - 1.4, tallest / 2 + 1.4), aspect="equal")
    axes.axis("off")
