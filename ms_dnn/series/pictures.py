"""Pictures that explain, drawn into matplotlib axes: networks, products of arrays, cost surfaces, decisions.

They know arrays, never networks; colours and shapes are told apart with any colour vision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ms_dnn.presentation.plots import BLUE, GREY, ORANGE, SKY, YELLOW, plot_decisions, plot_samples
from ms_dnn.series.chapter import label

MOST_UNITS = 8
"""A layer with more units is drawn by its first ones and an ellipsis."""
MOST_NUMBERS = 12
"""Between two layers with more links the links have no numbers: nobody could read them."""
GAP = 1.5
"""Cells between an array and the sign that follows it."""


def name_layers(symbols: Sequence[str]) -> list[str]:
    """Return each layer's symbol and, below it, whether it is the input layer, a hidden layer or the output layer."""
    hidden = len(symbols) - 2
    inner = [label(f"hidden layer {n}", f"隐藏层 {n}") for n in range(1, hidden + 1)]
    if hidden == 1:
        inner = [label("hidden layer", "隐藏层")]
    kinds = [label("input layer", "输入层"), *inner, label("output layer", "输出层")]
    return [f"{symbol}\n{kind}" for symbol, kind in zip(symbols, kinds, strict=True)]


def draw_network(
    axes: Any,
    values: Sequence[ArrayLike],
    edges: Sequence[ArrayLike],
    names: Sequence[str] | None = None,
    *,
    biases: Sequence[ArrayLike] | None = None,
    backward: bool = False,
) -> None:
    """Draw units as circles with their values in them, and lines with their numbers for what lies between two layers.

    Blue is positive, orange and dashed is negative; a line is the wider, the larger its number is in its layer.

    The values are n[0], …, n[L] activations, or δ, one array a layer; the edges are (n[l], n[l−1]) weights, or their
    gradients; the biases, (n[l],) for l = 1, …, L, stand below their units. ``backward`` lets the arrow point from the
    last layer to the first.
    """
    layers = [np.asarray(layer, dtype=float).ravel() for layer in values]
    shown = [min(len(layer), MOST_UNITS) for layer in layers]
    tallest = max(shown)
    heights = [(tallest - count) / 2 + np.arange(count)[::-1] for count in shown]
    for level, matrix in enumerate(edges):
        _draw_edges(axes, np.asarray(matrix, dtype=float), 2.0 * level, heights[level], heights[level + 1])
    for level, (layer, ys) in enumerate(zip(layers, heights, strict=True)):
        scale = np.abs(layer).max() or 1.0
        for value, y in zip(layer, ys, strict=False):
            tint = BLUE if value >= 0 else ORANGE
            axes.scatter(2.0 * level, y, s=900, color="white", zorder=2)
            axes.scatter(2.0 * level, y, s=900, color=tint, alpha=0.15 + 0.45 * abs(value) / scale, zorder=3)
            axes.scatter(2.0 * level, y, s=900, facecolors="none", edgecolors=tint, linewidths=1.4, zorder=4)
            axes.text(2.0 * level, y, _short(value), ha="center", va="center", fontsize=8, zorder=5)
        if biases is not None and level > 0:
            for bias, y in zip(np.ravel(biases[level - 1]), ys, strict=False):
                axes.text(2.0 * level, y - 0.34, f"b {_short(bias)}", ha="center", va="top", fontsize=7, zorder=5)
        if len(layer) > MOST_UNITS:
            axes.text(2.0 * level, ys[-1] - 0.75, f"⋮ {len(layer)}", ha="center", va="center", color=GREY)
        if names is not None:
            axes.text(2.0 * level, -0.85, names[level], ha="center", va="top")
    right = 2.0 * (len(layers) - 1)
    ends = (right, 0.0) if backward else (0.0, right)
    axes.annotate(
        "", xy=(ends[1], tallest - 0.1), xytext=(ends[0], tallest - 0.1),
        arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.4},
    )  # fmt: skip
    axes.set(xlim=(-0.7, right + 0.7), ylim=(-1.7, tallest + 0.2))
    axes.axis("off")


def _draw_edges(axes: Any, matrix: NDArray[Any], x: float, below: NDArray[Any], above: NDArray[Any]) -> None:
    scale = np.abs(matrix).max() or 1.0
    for j, y_above in enumerate(above):
        for k, y_below in enumerate(below):
            number = matrix[j, k]
            axes.plot(
                [x, x + 2.0], [y_below, y_above],
                color=BLUE if number >= 0 else ORANGE,
                linestyle="-" if number >= 0 else (0, (4, 2)),
                linewidth=0.4 + 2.6 * abs(number) / scale,
                alpha=0.75,
                zorder=1,
            )  # fmt: skip
            if matrix.size <= MOST_NUMBERS:
                near = 0.82  # of the way: nearer to where the link ends, where those of other units keep away
                axes.text(
                    x + 2.0 * near, y_below + near * (y_above - y_below), _short(number),
                    ha="center", va="center", fontsize=7, zorder=1.5,
                    bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
                )  # fmt: skip


def _short(number: float) -> str:
    """Return a number in two digits, with a true minus sign."""
    return f"{number:.2g}".replace("-", "−")


def draw_surface(axes: Any, across: ArrayLike, up: ArrayLike, J: ArrayLike, levels: int | ArrayLike = 24) -> Any:
    """Draw the cost (U, A) over two parameters, (A,) and (U,), as filled contours; return them for a colour bar.

    It is dark where the cost is small. ``levels`` is the number of contours, or the costs at which they are drawn.
    """
    filled = axes.contourf(across, up, J, levels=levels)
    axes.contour(across, up, J, levels=levels, colors="white", linewidths=0.3, alpha=0.6)
    return filled


def draw_path(axes: Any, points: ArrayLike, name: str, number: int = 0) -> None:
    """Draw the way of two parameters, (steps + 1, 2), over a surface; a square at its start, a star at its end."""
    way = np.asarray(points, dtype=float)
    colour = ("white", YELLOW, "#FF7F50", SKY)[number % 4]
    dashes = ("-", "--", ":", "-.")[number % 4]
    axes.plot(way[:, 0], way[:, 1], dashes, color=colour, linewidth=1.6, marker=".", markersize=3, label=name)
    axes.plot(*way[0], "s", color=colour, markeredgecolor="black", markersize=6)
    axes.plot(*way[-1], "*", color=colour, markeredgecolor="black", markersize=11)


def draw_decision(
    axes: Any, decide: Callable[[NDArray[Any]], ArrayLike], x: ArrayLike, classes: ArrayLike, names: Sequence[str]
) -> None:
    """Draw the class that is predicted at every point of the plane, the decision boundary, and the samples.

    ``decide`` takes points (M, 2) of float32 and returns the index of a class for each, (M,); the samples are (N, 2),
    the indices of their classes (N,).
    """
    points = np.asarray(x, dtype=np.float32)
    low, high = points.min(0), points.max(0)
    margin = 0.08 * (high - low)
    across, up = (np.linspace(a, b, 201, dtype=np.float32) for a, b in zip(low - margin, high + margin, strict=True))
    plane = np.stack([grid.ravel() for grid in np.meshgrid(across, up)], axis=1)
    decided = np.asarray(decide(plane)).reshape(len(up), len(across)).astype(int)
    plot_decisions(axes, across, up, decided, names)
    plot_samples(axes, points, classes, names, size=24)


def draw_flow(axes: Any, depth: int) -> None:
    """Draw a pass through ``depth`` layers as blocks: forward above, backward below, and the caches between them."""
    arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.4}
    for number in range(1, depth + 1):
        x = 3.0 * number
        for y, words, colour in (
            (1.0, f"W[{number}], b[{number}]\nz[{number}] = W a + b\na[{number}] = σ(z)", BLUE),
            (-1.0, f"δ[{number}] = da ⊙ σ′(z)\ndW = δ aᵀ, db = δ\nda[{number - 1}] = Wᵀ δ", ORANGE),
        ):
            box = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": colour, "linewidth": 1.4}
            axes.text(x, y, words, ha="center", va="center", fontsize=9, bbox=box)
        axes.annotate("", xy=(x, -0.45), xytext=(x, 0.45), arrowprops=arrow | {"linestyle": "--"})
        axes.text(
            x + 0.1, 0, label("cache", "缓存") + f"\na[{number - 1}], z[{number}], a[{number}]", va="center", fontsize=8
        )
    for number in range(depth + 1):
        middle = 3.0 * number + 1.5
        value = "x" if number == 0 else f"a[{number}]"
        for y, words, ends in ((1.0, value, (-0.45, 0.45)), (-1.0, f"da[{number}]", (0.45, -0.45))):
            axes.annotate("", xy=(middle + ends[1], y), xytext=(middle + ends[0], y), arrowprops=arrow)
            axes.text(middle, y + 0.12, words, ha="center", va="bottom", fontsize=9)
    axes.annotate("", xy=(3.0 * depth + 2.1, -0.9), xytext=(3.0 * depth + 2.1, 0.9), arrowprops=arrow)
    axes.text(3.0 * depth + 2.2, 0, label("loss", "损失"), va="center", fontsize=9)
    axes.set(xlim=(0.8, 3.0 * depth + 3.0), ylim=(-1.7, 1.7))
    axes.axis("off")


def frame_legend(axes: Any, location: str) -> None:
    """Write the legend of samples into a frame of its own, so that its markers are not taken for samples."""
    axes.legend(loc=location, frameon=True, framealpha=1.0, edgecolor=GREY, fancybox=False)


def draw_arrays(axes: Any, parts: Sequence[str | tuple[str, ArrayLike]], widest: float, tallest: float) -> None:
    """Draw a formula of arrays from left to right: a sign ("=", "+", …), or a name and its array of two axes.

    Blue is positive, orange negative, the darker, the larger. Below each array stand its rows × columns. The picture is
    ``widest`` cells wide and ``tallest`` high, without the lines of text, so that those of several are of one size.
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


def draw_map(axes: Any, rows: Sequence[tuple[str, Mapping[int, str]]]) -> None:
    """Draw chapters as boxes with their number and a word; each row has a name, and leads to the one below."""
    for level, (name, boxes) in enumerate(rows):
        y = -1.0 * level
        axes.text(-0.1, y, name, ha="right", va="center", color=GREY)
        for place, (number, word) in enumerate(boxes.items()):
            axes.text(
                0.75 + 1.3 * place, y, f"{number:02}\n{word}", ha="center", va="center", fontsize=9, linespacing=1.15,
                bbox={"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": BLUE, "linewidth": 1.4},
            )  # fmt: skip
        if level:
            arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.4}
            axes.annotate("", xy=(-0.6, y + 0.2), xytext=(-0.6, y + 0.8), arrowprops=arrow)
    widest = max(len(boxes) for _, boxes in rows)
    axes.set(xlim=(-1.4, 0.75 + 1.3 * widest - 0.5), ylim=(-len(rows) + 0.45, 0.5))
    axes.axis("off")


def distances(rows: ArrayLike) -> NDArray[np.float64]:
    """Return the Euclidean distance of every two rows of (N, I), √ Σ_k (x_ik − x_jk)², as (N, N)."""
    x = np.asarray(rows, dtype=np.float64)
    return np.asarray(np.linalg.norm(x[:, np.newaxis] - x[np.newaxis], axis=-1))


def draw_distances(axes: Any, between: ArrayLike, names: Sequence[str], largest: float) -> None:
    """Draw distances (N, N) as squares with their numbers; ``largest`` is darkest, so that pictures compare."""
    numbers = np.asarray(between, dtype=float)
    axes.imshow(numbers, cmap="Blues", vmin=0, vmax=1.6 * largest)
    for i, j in np.ndindex(*numbers.shape):
        axes.text(j, i, f"{numbers[i, j]:.3g}", ha="center", va="center")
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
