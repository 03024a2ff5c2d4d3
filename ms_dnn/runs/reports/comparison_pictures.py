"""Runs side by side as a picture and as an HTML page: their curves laid over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ms_dnn.presentation.charts import CHART_STYLE, Curve, chart_legend, line_chart
from ms_dnn.presentation.notation import counted
from ms_dnn.presentation.page import html_page, scrolling, section, statement_list
from ms_dnn.presentation.plots import new_figure, plot_curves, png
from ms_dnn.runs.reports.comparison_table import comparison_table, settings_table
from ms_dnn.runs.reports.curves import METRICS, metric_points

if TYPE_CHECKING:
    from ms_dnn.runs.records import Comparison


def comparison_png(comparison: Comparison) -> bytes:
    """Return a PNG of training cost, validation loss and score of all runs against the epoch."""
    panels = _panels(comparison)
    figure = new_figure(4.6 * len(panels), 4.2)
    for axes, (key, title) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        plot_curves(axes, _curves(comparison, key), title, percent=key == "validation_accuracy")
    handles, labels = axes.get_legend_handles_labels()
    columns = min(len(labels), max(2, len(panels) * 2))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)
    return png(figure)


def comparison_html(comparison: Comparison) -> str:
    """Return a page with the table and the curves of all runs."""
    figures = "".join(
        line_chart(_curves(comparison, key), title, "epoch", percent=key == "validation_accuracy")
        for key, title in _panels(comparison)
    )
    lines = [("warning", "!", one) for one in comparison.warnings]
    lines += [("error", "✗", one) for one in comparison.problems]
    table, settings = comparison_table(comparison, []).html(), settings_table(comparison)
    sections = [
        statement_list(lines) if lines else "",
        section("Results", scrolling(table, "The results of the runs")),
        section("Settings", scrolling(settings.html("wrapping"), "The settings in which the runs differ"))
        if settings.rows
        else "",
        section("Curves", f'{chart_legend(_curves(comparison))}<div class="figures">{figures}</div>')
        if figures
        else "",
    ]
    heading = f"{counted(len(comparison.runs), 'run')} side by side"
    return html_page(heading, "Runs of ms-dnn", heading, sections, CHART_STYLE)


def _panels(comparison: Comparison) -> list[tuple[str, str]]:
    """Return (metric, title) of all that some run has reported; the cost at least."""
    known = {key for run in comparison.runs for row in run.rows for key in row}
    return [(key, name) for key, name in METRICS.items() if key in known or key == "cost"]


def _curves(comparison: Comparison, key: str = "") -> list[Curve]:
    """Return the curve of one metric for each run, in the colours of the runs."""
    return [Curve(run.name, metric_points(run.rows, key), number) for number, run in enumerate(comparison.runs)]
