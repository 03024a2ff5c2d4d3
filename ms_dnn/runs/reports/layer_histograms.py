"""The numbers of all layers at the start of a training and at its end, as one picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.presentation.plots import BLUE, GREY, new_figure, png
from ms_dnn.runtime.durable import write_durably

if TYPE_CHECKING:
    from ms_dnn.training.state import LayerNumbers

FEWEST_BINS, MOST_BINS = 10, 48
MOST_LAYERS = 8
"""Layers that are drawn of a deep network: the first half of them and the last half."""
TAILS = (0.1, 99.9)
"""Percentiles between which the axes lie, so that single numbers do not squeeze the rest."""

Values = NDArray[Any]


def draw_layer_histograms(start: LayerNumbers, end: LayerNumbers, path: Path, title: str) -> None:
    """Draw a row a layer into a PNG file: weights, log₁₀ |gradients|, activations; the start grey, the end blue."""
    layers = list(start.activations)
    shown = layers if len(layers) <= MOST_LAYERS else layers[: MOST_LAYERS // 2] + layers[-MOST_LAYERS // 2 :]
    height = 1.0 + 1.75 * len(shown)
    # Placed by hand: to have it worked out takes as long as the drawing, and every run waits for it.
    figure = new_figure(10, height, layout=None)
    table = figure.subplots(len(shown), 3, squeeze=False)
    figure.subplots_adjust(0.05, 0.28 / height, 0.99, 1 - 0.72 / height, wspace=0.06, hspace=0.3)
    for row, layer in zip(table, shown, strict=True):
        _draw(row[0], _of_layer(start.weights, layer), _of_layer(end.weights, layer))
        _draw(row[1], *(_powers(_of_layer(one.gradients, layer)) for one in (start, end)))
        _draw(row[2], start.activations[layer].ravel(), end.activations[layer].ravel(), skip_zeros=True)
        number = int(layer.rpartition(".")[2]) + 1
        row[0].set_ylabel(f"layer {number}\n{_shape(start, layer)}", fontsize=9)
    for axes, name in zip(table[0], ("weights", "gradients, log₁₀ |∂J/∂w|", "activations"), strict=True):
        axes.set_title(name, fontsize=10)
    handles, labels = next(
        (axes.get_legend_handles_labels() for axes in table.ravel() if axes.get_legend_handles_labels()[0]), ([], [])
    )
    figure.legend(handles, labels, loc="upper right", bbox_to_anchor=(0.995, 1.0), ncols=2, frameon=False, fontsize=9)
    some = f", {len(shown)} of {len(layers)} layers" if len(shown) < len(layers) else ""
    figure.suptitle(
        f"{title}: the layers at the start and at the end{some}",
        x=0.01,
        y=1 - 0.12 / height,
        ha="left",
        va="top",
        fontsize=12,
    )
    write_durably(path, png(figure))


def _of_layer(arrays: Mapping[str, Values], layer: str) -> Values:
    """Return the numbers of a layer's matrices, (K,); of all its parameters where it has no matrix."""
    own = [array for name, array in arrays.items() if name.startswith(f"{layer}.")]
    chosen = [array for array in own if array.ndim >= 2] or own
    return np.concatenate([array.ravel() for array in chosen]) if chosen else np.zeros(0)


def _powers(gradients: Values) -> Values:
    """Return log₁₀ of the sizes; what is 0 becomes −∞, which :func:`_draw` counts and does not draw."""
    with np.errstate(divide="ignore"):
        return np.log10(np.abs(gradients.astype(np.float64)))


def _shape(numbers: LayerNumbers, layer: str) -> str:
    shapes = [array.shape for name, array in numbers.weights.items() if name.startswith(f"{layer}.")]
    matrices = [shape for shape in shapes if len(shape) >= 2] or shapes
    return "×".join(str(length) for length in matrices[0]) if matrices else "no weights"


def _draw(axes: Any, start: Values, end: Values, *, skip_zeros: bool = False) -> None:
    """Draw the share of the numbers in each bin; say how many are exactly 0 where those are left out."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_yticks([])
    axes.tick_params(labelsize=8)
    nothing = 0.0 if skip_zeros else -np.inf
    drawn = [values[np.isfinite(values) & (values != nothing)] for values in (start, end)]
    if not any(values.size for values in drawn):
        axes.set_xticks([])
        axes.text(0.5, 0.5, "all are 0" if start.size else "none", transform=axes.transAxes, ha="center", color=GREY)
        return
    edges = _edges(drawn)
    shares = [
        np.histogram(np.clip(inside, edges[0], edges[-1]), edges)[0] / max(whole.size, 1)
        for inside, whole in zip(drawn, (start, end), strict=True)
    ]
    axes.stairs(shares[0], edges, label="start", fill=True, color=GREY, alpha=0.45)
    axes.stairs(shares[1], edges, label="end", color=BLUE, linewidth=1.5)
    axes.locator_params(axis="x", nbins=6)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.05 * float(np.max(shares))))
    zeros = [float(np.mean(values == nothing)) for values in (start, end)]
    if any(zeros):
        axes.set_ylim(top=1.25 * float(np.max(shares)))
        said = f"exactly 0: {zeros[0]:.0%} → {zeros[1]:.0%}"
        axes.text(0.99, 0.98, said, transform=axes.transAxes, ha="right", va="top", fontsize=8)


def _edges(drawn: list[Values]) -> Values:
    ends = [np.percentile(values, TAILS) for values in drawn if values.size]
    low, high = min(float(pair[0]) for pair in ends), max(float(pair[1]) for pair in ends)
    room = 0.02 * (high - low) or max(abs(low), 1.0) * 0.5
    bins = int(np.clip(2 * max(values.size for values in drawn) ** 0.5, FEWEST_BINS, MOST_BINS))
    return np.linspace(low - room, high + room, bins + 1)
