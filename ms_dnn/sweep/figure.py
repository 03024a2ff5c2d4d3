"""The metric of a sweep drawn against each hyperparameter."""

import math
from collections.abc import Sequence
from typing import Any

from ms_dnn.config.swept import Parameter
from ms_dnn.presentation.charts import is_logarithmic
from ms_dnn.presentation.plots import BLUE, GREY, ORANGE, label_logarithm, new_figure, png, tidy
from ms_dnn.sweep.outcome import SweepOutcome, TrialRow, shown_metric, shown_value

_COLUMNS = 4
_MOST_STRIPS = 10
_STRIP = 0.3
"""Width of the strip in which the trials of one value stand beside each other; values are 1 apart."""
_NAMES = {"validation_loss": "validation loss", "validation_accuracy": "validation accuracy", "validation_r2": "R²"}


def sweep_png(outcome: SweepOutcome) -> bytes | None:
    """Return a PNG with one panel a hyperparameter; None before a trial has ended."""
    measured = [row for row in outcome.finished if row.value is not None and row.parameters]
    bad = [row for row in outcome.finished if row.value is None and row.parameters]
    if not measured and not bad:
        return None
    columns = min(len(outcome.axes), _COLUMNS)
    rows = math.ceil(len(outcome.axes) / columns)
    figure = new_figure(max(3.1 * columns, 6.2), 2.9 * rows + 0.9)
    panels = list(figure.subplots(rows, columns, squeeze=False, sharey=True).flat)
    low, high, log = _limits(measured)
    panels[0].set(yscale="log" if log else "linear", ylim=(low, high))
    for number, (axis, panel) in enumerate(zip(outcome.axes, panels, strict=False)):
        _draw_panel(panel, axis, measured, bad, outcome.best)
        if number % columns == 0:
            panel.set_ylabel(_NAMES[outcome.metric])
    _label_metric(panels[0].yaxis, low, high, log, outcome.metric)
    for panel in panels[len(outcome.axes) :]:
        panel.set_axis_off()
    figure.suptitle(_title(outcome), fontsize=11)
    handles, labels = _legend_of(panels[0])
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return png(figure)


def _title(outcome: SweepOutcome) -> str:
    done = f"{outcome.name}: {len(outcome.finished) - outcome.counts.get('lost', 0)} of {outcome.planned} trials"
    best = outcome.best
    if best is None:
        return done
    return f"{done}, best {_NAMES[outcome.metric]} {shown_metric(best.value, outcome.metric)} (trial {best.number})"


def _limits(measured: Sequence[TrialRow]) -> tuple[float, float, bool]:
    """Return the ends of the metric's axis, and whether it is logarithmic."""
    values = [row.value for row in measured if row.value is not None] or [1.0]
    low, high = min(values), max(values)
    if is_logarithmic(values):
        margin = (high / low) ** 0.07
        return low / margin, high * margin, True
    margin = (high - low) * 0.07 or abs(high) * 0.07 or 0.07
    return low - margin, high + margin, False


def _draw_panel(
    panel: Any, axis: Parameter, measured: Sequence[TrialRow], bad: Sequence[TrialRow], best: TrialRow | None
) -> None:
    """Draw the trials over one hyperparameter; those without a metric stand on the upper edge."""
    panel.set_xlabel(axis.address)
    _draw_range(panel, axis)
    for centre in _strips(axis):
        panel.axvspan(centre - _STRIP, centre + _STRIP, color="#f2f2f2", linewidth=0, zorder=0)
    complete = [row for row in measured if row.state == "complete" and row is not best]
    pruned = [row for row in measured if row.state != "complete"]
    panel.plot(*_points(axis, pruned), "x", color=GREY, markersize=5.5, markeredgewidth=1.2, label="pruned")
    panel.plot(*_points(axis, complete), "o", color=BLUE, markersize=6, alpha=0.7, markeredgewidth=0, label="complete")
    if bad:
        positions = [_position(axis, row) for row in bad]
        edge = panel.get_xaxis_transform()
        panel.plot(
            positions, [1.0] * len(bad), "v", color="black", markerfacecolor="white", markersize=6, transform=edge,
            clip_on=False, label="diverged or failed",
        )  # fmt: skip
    if best is not None:
        panel.plot(
            *_points(axis, [best]), "*", color=ORANGE, markersize=15, markeredgecolor="white", label="best", zorder=4
        )
    tidy(panel)


def _draw_range(panel: Any, axis: Parameter) -> None:
    """Let the whole range be seen from the first trial on, so that the picture stands still during the sweep."""
    if axis.choices is not None:
        labels = [shown_value(choice) for choice in axis.choices]
        crowded = len(labels) > 4 or max(map(len, labels)) * len(labels) > 26
        panel.set_xticks(range(len(labels)), labels, rotation=35 if crowded else 0, ha="right" if crowded else "center")
        panel.set_xlim(-0.6, len(labels) - 0.4)
    elif _strips(axis):
        panel.set_xticks(_strips(axis))
        panel.set_xlim(axis.low - 0.6, axis.high + 0.6)
    elif axis.log:
        margin = (axis.high / axis.low) ** 0.05 if axis.high > axis.low else 2.0
        panel.set(xscale="log", xlim=(axis.low / margin, axis.high * margin))
        label_logarithm(panel.xaxis, axis.high / axis.low)
    else:
        margin = (axis.high - axis.low) * 0.05 or abs(axis.high) * 0.05 or 0.05
        panel.set_xlim(axis.low - margin, axis.high + margin)
        panel.locator_params(axis="x", nbins=5, integer=isinstance(axis.low, int))


def _points(axis: Parameter, rows: Sequence[TrialRow]) -> tuple[list[float], list[float | None]]:
    return [_position(axis, row) for row in rows], [row.value for row in rows]


def _position(axis: Parameter, row: TrialRow) -> float:
    """Return where a trial stands on the axis; within the strip of its value it depends on the number alone."""
    value = row.parameters[axis.address]
    centre = float(value) if axis.choices is None else axis.choices.index(value)
    # Multiples of the golden ratio fill the strip evenly.
    return centre + ((row.number * 0.618034) % 1 - 0.5) * _STRIP if _strips(axis) else centre


def _strips(axis: Parameter) -> list[int]:
    """Return where strips stand: choices and a few whole numbers, whose trials would lie upon each other."""
    if axis.choices is not None:
        return list(range(len(axis.choices)))
    if isinstance(axis.low, int) and not axis.log and axis.high - axis.low <= _MOST_STRIPS:
        return list(range(axis.low, int(axis.high) + 1))
    return []


def _label_metric(axis: Any, low: float, high: float, log: bool, metric: str) -> None:
    from matplotlib.ticker import PercentFormatter

    if log:
        label_logarithm(axis, high / low)
    if metric == "validation_accuracy":
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0 if high - low > 0.04 else None))


def _legend_of(panel: Any) -> tuple[list[Any], list[str]]:
    """Return the marks that occur, best first."""
    handles, labels = panel.get_legend_handles_labels()
    shown = {label: handle for handle, label in zip(handles, labels, strict=True) if len(handle.get_xdata())}
    order = [label for label in ("best", "complete", "pruned", "diverged or failed") if label in shown]
    return [shown[label] for label in order], order
