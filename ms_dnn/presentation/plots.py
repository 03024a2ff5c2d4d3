"""The palette of all pictures, and how curves and decision boundaries are drawn with matplotlib."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ms_dnn.presentation.charts import COLOURS, DASHES, Curve, is_logarithmic

Row = dict[str, Any]

# Okabe & Ito: told apart with any colour vision.
BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY, GREY = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#767676",
)  # fmt: skip
CLASS_COLOURS = (ORANGE, BLUE, GREEN, PURPLE, YELLOW, SKY, "#7A5230", "#555555")
"""The two that differ most first; the shapes of the points tell the classes apart as well."""
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*", "<")
PATTERNS: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
GRID = "#e5e5e5"
MOST_POINTS = 2000
_RATIO_OF_POWERS = 200.0


def new_figure(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> Any:
    """Return a matplotlib figure of so many inches that draws into files and never onto a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(figure)
    return figure


def png(figure: Any) -> bytes:
    """Return the figure as a PNG file."""
    content = io.BytesIO()
    figure.savefig(content, dpi=120, format="png")
    return content.getvalue()


def tidy(axes: Any) -> None:
    """Draw a light grid behind the data and no frame above and to the right."""
    axes.grid(color=GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def label_logarithm(axis: Any, ratio: float) -> None:
    """Label a logarithmic axis over ``ratio`` times its lowest value: the powers of ten; 1, 2 and 5 where few fit."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if ratio < _RATIO_OF_POWERS:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def plot_curves(axes: Any, curves: Sequence[Curve], title: str, *, percent: bool = False) -> None:
    """Draw curves against the epoch, in the colours that they have on the pages."""
    for number, curve in enumerate(curves):
        axes.plot(
            [x for x, _ in curve.points],
            [y for _, y in curve.points],
            color=COLOURS[curve.number % len(COLOURS)],
            linestyle=PATTERNS[curve.number // len(COLOURS) % DASHES],
            linewidth=1.5 + curve.margin(number, len(curves)),
            marker="o" if len(curve.points) == 1 else None,
            label=curve.name,
        )
    values = [y for curve in curves for _, y in curve.points]
    if percent:
        from matplotlib.ticker import PercentFormatter

        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    elif is_logarithmic(values):
        axes.set_yscale("log")
        label_logarithm(axes.yaxis, max(values) / min(values))
    axes.set(xlabel="epoch", title=title)
    tidy(axes)


def plot_decisions(
    axes: Any,
    across: NDArray[Any],
    up: NDArray[Any],
    classes: NDArray[Any],
    names: Sequence[str],
    probability: NDArray[Any] | None = None,
) -> Any:
    """Draw the class at every point of a plane and the decision boundary; return the image, for a colour bar.

    The indices of the classes are (U, A), at the values of two features, (A,) and (U,). The probability of the second
    of two classes, (U, A), is drawn as shading in place of the classes.
    """
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_rgb

    found = np.unique(classes)
    place = {"extent": (across[0], across[-1], up[0], up[-1]), "origin": "lower", "aspect": "auto"}
    if probability is not None:
        shades = LinearSegmentedColormap.from_list("classes", [CLASS_COLOURS[0], "#f7f5f0", CLASS_COLOURS[1]])
        image = axes.imshow(probability, cmap=shades, vmin=0, vmax=1, alpha=0.6, **place)
        boundaries = [probability] if len(found) > 1 else []
    else:
        tints = [tuple(1 - 0.4 * (1 - part) for part in to_rgb(class_colour(index))) for index in range(len(names))]
        image = axes.imshow(
            classes, cmap=ListedColormap(tints), vmin=-0.5, vmax=len(names) - 0.5, interpolation="nearest", **place
        )
        boundaries = [(classes == index).astype(float) for index in found[1:]]
    for surface in boundaries:
        axes.contour(across, up, surface, levels=[0.5], colors="#222222", linewidths=1.1)
    return image


def plot_samples(axes: Any, x: ArrayLike, classes: ArrayLike, names: Sequence[str], size: float = 26) -> None:
    """Draw samples (M, 2), a colour and a shape for each class; of very many only some."""
    points, indices = np.asarray(x), np.asarray(classes)
    stride = max(1, math.ceil(len(points) / MOST_POINTS))
    points, indices = points[::stride], indices[::stride]
    for index, name in enumerate(names):
        own = points[indices == index]
        axes.scatter(
            own[:, 0], own[:, 1], s=size, c=class_colour(index), marker=SHAPES[index % len(SHAPES)],
            edgecolors="white", linewidths=0.7, label=name,
        )  # fmt: skip


def class_colour(index: int) -> str:
    """Return the colour of a class; further classes repeat the first."""
    return CLASS_COLOURS[index % len(CLASS_COLOURS)]
