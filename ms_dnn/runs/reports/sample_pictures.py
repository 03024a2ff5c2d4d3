"""Pictures of samples: the decision boundary around them, and those that were misclassified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ms_dnn.presentation.plots import new_figure, plot_decisions, plot_samples, png
from ms_dnn.runtime.durable import write_durably

if TYPE_CHECKING:
    from ms_dnn.runs.records import Boundary, Misclassified

MOST_IN_LEGEND = 16


def draw_boundary(boundary: Boundary, path: Path, title: str) -> None:
    """Draw the predicted classes, the probability as shading if there is one, and the training samples."""
    figure = new_figure(7.2, 5.6)
    axes = figure.subplots()
    names, across, up = boundary.class_names, boundary.across, boundary.up
    image = plot_decisions(axes, across, up, boundary.answers, names, boundary.probability)
    if boundary.probability is not None:
        bar = figure.colorbar(image, ax=axes, shrink=0.85, ticks=[0, 0.25, 0.5, 0.75, 1])
        bar.set_label(f"probability of '{names[1]}'")
        bar.outline.set_visible(False)
    plot_samples(axes, boundary.x, boundary.classes, names)
    limits = {"xlim": (across[0], across[-1]), "ylim": (up[0], up[-1])}
    axes.set(xlabel=boundary.feature_names[0], ylabel=boundary.feature_names[1], **limits)
    axes.set_title(f"{title}: predicted classes, and the training samples", fontsize=11, loc="left")
    if len(names) <= MOST_IN_LEGEND:
        figure.legend(loc="outside lower center", ncols=min(len(names), 6), frameon=False, fontsize=9)
    write_durably(path, png(figure))


def draw_misclassified(mistakes: Misclassified, path: Path, title: str) -> None:
    """Draw misclassified pictures with the true and the predicted class, five in a row."""
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
        axes.set_title(
            f"true {_short(mistakes.right[number])}\npredicted {_short(mistakes.given[number])}{sure}", fontsize=9
        )
    order = ", the most confident ones" if mistakes.wrong > count else ""
    said = f"{title}: {mistakes.wrong} of {mistakes.samples} {mistakes.part} samples misclassified{order}"
    figure.suptitle(said, fontsize=11)
    write_durably(path, png(figure))


def _short(name: str) -> str:
    return name if len(name) <= 14 else name[:13] + "…"
