"""Pictures of samples: the decision boundary around them, and those that were answered wrongly."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ms_dnn.presentation.plots import new_figure

if TYPE_CHECKING:
    from ms_dnn.runs.records import Boundary, Mistakes

CLASS_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5230", "#555555")
"""Okabe & Ito's, the two that differ most first; the shapes of the points tell the classes apart as well."""
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*", "<")
MOST_POINTS = 2000
MOST_IN_LEGEND = 16


def draw_boundary(boundary: Boundary, path: Path, title: str) -> None:
    """Draw the regions of the answers, the probability as shading if there is one, and the training samples."""
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_rgb

    figure = new_figure(7.2, 5.6)
    axes = figure.subplots()
    names, across, up = boundary.class_names, boundary.across, boundary.up
    extent = (across[0], across[-1], up[0], up[-1])
    place = {"extent": extent, "origin": "lower", "aspect": "auto"}
    if boundary.probability is not None:
        shades = LinearSegmentedColormap.from_list("classes", [CLASS_COLOURS[0], "#f7f5f0", CLASS_COLOURS[1]])
        image = axes.imshow(boundary.probability, cmap=shades, vmin=0, vmax=1, alpha=0.6, **place)
        bar = figure.colorbar(image, ax=axes, shrink=0.85, ticks=[0, 0.25, 0.5, 0.75, 1])
        bar.set_label(f"probability of '{names[1]}'")
        bar.outline.set_visible(False)
    else:
        tints = [tuple(1 - 0.4 * (1 - part) for part in to_rgb(_colour(index))) for index in range(len(names))]
        axes.imshow(
            boundary.answers,
            cmap=ListedColormap(tints),
            vmin=-0.5,
            vmax=len(names) - 0.5,
            interpolation="nearest",
            **place,
        )
    for surface in _edges_of_answers(boundary):
        axes.contour(across, up, surface, levels=[0.5], colors="#222222", linewidths=1.1)
    _scatter(axes, boundary)
    axes.set(xlabel=boundary.feature_names[0], ylabel=boundary.feature_names[1], xlim=extent[:2], ylim=extent[2:])
    axes.set_title(f"{title}: what the network answers, and the training samples", fontsize=11, loc="left")
    if len(names) <= MOST_IN_LEGEND:
        figure.legend(loc="outside lower center", ncols=min(len(names), 6), frameon=False, fontsize=9)
    figure.savefig(path, dpi=120)


def _edges_of_answers(boundary: Boundary) -> list[Any]:
    """Return surfaces over the plane that cross ½ where the answer changes."""
    found = np.unique(boundary.answers)
    if len(found) < 2:
        return []
    if boundary.probability is not None:
        return [boundary.probability]
    return [(boundary.answers == index).astype(float) for index in found[1:]]


def _scatter(axes: Any, boundary: Boundary) -> None:
    stride = max(1, math.ceil(len(boundary.x) / MOST_POINTS))
    x, classes = boundary.x[::stride], boundary.classes[::stride]
    for index, name in enumerate(boundary.class_names):
        own = x[classes == index]
        axes.scatter(
            own[:, 0],
            own[:, 1],
            s=26,
            c=_colour(index),
            marker=SHAPES[index % len(SHAPES)],
            edgecolors="white",
            linewidths=0.7,
            label=name,
        )


def _colour(index: int) -> str:
    return CLASS_COLOURS[index % len(CLASS_COLOURS)]


def draw_mistakes(mistakes: Mistakes, path: Path, title: str) -> None:
    """Draw the wrongly answered pictures with what they are and what was answered, five in a row."""
    count = len(mistakes.images)
    columns = min(5, count)
    rows = -(-count // columns)
    figure = new_figure(max(6.0, 1.75 * columns), 0.6 + 2.05 * rows)
    table = figure.subplots(rows, columns, squeeze=False)
    black, white = mistakes.value_range or (float(mistakes.images.min()), float(mistakes.images.max()))
    for number, axes in enumerate(table.ravel()):
        axes.axis("off")
        if number >= count:
            continue
        image = np.clip((mistakes.images[number] - black) / ((white - black) or 1.0), 0, 1)
        if image.ndim == 3 and image.shape[2] == 1:
            image = image[:, :, 0]
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        sure = "" if mistakes.probability is None else f" ({mistakes.probability[number]:.0%})"
        axes.set_title(f"is {_short(mistakes.right[number])}\nsaid {_short(mistakes.given[number])}{sure}", fontsize=9)
    order = ", the most confident ones" if mistakes.wrong > count else ""
    said = f"{title}: {mistakes.wrong} of {mistakes.samples} {mistakes.part} samples answered wrongly{order}"
    figure.suptitle(said, fontsize=11)
    figure.savefig(path, dpi=120)


def _short(name: str) -> str:
    return name if len(name) <= 14 else name[:13] + "…"
