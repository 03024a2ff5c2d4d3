"""Runs side by side as a picture and as an HTML page: their curves laid over each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ms_dnn.presentation.charts import CHART_STYLE, Curve, chart_legend, line_chart
from ms_dnn.presentation.notation import counted, html_text
from ms_dnn.presentation.page import html_page, scrolling, section, table_head
from ms_dnn.presentation.plots import new_figure
from ms_dnn.runs.reports.comparison_table import best_runs, results, setting_text
from ms_dnn.runs.reports.page import metric_points

if TYPE_CHECKING:
    from ms_dnn.runs.records import Comparison

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676", "#E69F00")
"""Okabe & Ito's; further runs repeat them with other dashes."""
DASHES = ("-", (0, (6, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
CURVES = {
    "cost": "training cost",
    "validation_loss": "validation loss",
    "validation_accuracy": "validation accuracy",
    "validation_r2": "validation R²",
}
COMPARISON_STYLE = ".best { color: var(--pass); font-weight: 600; }"


def draw_comparison(comparison: Comparison, path: Path) -> None:
    """Draw training cost, validation loss and score of all runs against the epoch into a PNG file."""
    panels = _panels(comparison)
    figure = new_figure(4.6 * len(panels), 4.2)
    for axes, (key, title) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        shown: list[float] = []
        for number, run in enumerate(comparison.runs):
            points = metric_points(run.rows, key)
            style: Any = DASHES[number // len(LINES) % len(DASHES)]
            marker = "o" if len(points) == 1 else None
            colour = LINES[number % len(LINES)]
            epochs, values = [epoch for epoch, _ in points], [value for _, value in points]
            # The first is the widest: where curves coincide, it shows as the margin of those above it.
            width = 1.5 + 0.8 * min(len(comparison.runs) - 1 - number, 4)
            axes.plot(epochs, values, color=colour, linestyle=style, linewidth=width, marker=marker, label=run.name)
            shown += values
        if key in ("cost", "validation_loss") and shown and min(shown) > 0:
            axes.set_yscale("log")
        if key == "validation_accuracy":
            from matplotlib.ticker import PercentFormatter

            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set(xlabel="epoch", title=title)
        axes.grid(color="#e5e5e5")
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    columns = min(len(labels), max(2, len(panels) * 2))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)
    figure.savefig(path, dpi=120)


def comparison_html(comparison: Comparison) -> str:
    """Return a page with the table and the curves of all runs."""
    legend = [Curve(run.name, (), number) for number, run in enumerate(comparison.runs)]
    figures = "".join(
        line_chart(
            [Curve(run.name, metric_points(run.rows, key), number) for number, run in enumerate(comparison.runs)],
            title,
            "epoch",
            percent=key == "validation_accuracy",
        )
        for key, title in _panels(comparison)
    )
    lines = [("warning", "!", one) for one in comparison.warnings]
    lines += [("error", "✗", one) for one in comparison.problems]
    said = "".join(f'<li class="{style}"><strong>{mark}</strong> {html_text(one)}</li>' for style, mark, one in lines)
    sections = [
        f'<ul class="said">{said}</ul>' if said else "",
        section("Results", _table(comparison)),
        section("Curves", f'{chart_legend(legend)}<div class="figures">{figures}</div>') if figures else "",
    ]
    heading = f"{counted(len(comparison.runs), 'run')} side by side"
    return html_page(heading, "Runs of ms-dnn", heading, sections, f"{CHART_STYLE}\n{COMPARISON_STYLE}")


def _panels(comparison: Comparison) -> list[tuple[str, str]]:
    """Return (metric, title) of all that some run has reported; the cost at least."""
    known = {key for run in comparison.runs for row in run.rows for key in row}
    return [(key, name) for key, name in CURVES.items() if key in known or key == "cost"]


def _table(comparison: Comparison) -> str:
    best, rows = best_runs(comparison), []
    for number, run in enumerate(comparison.runs):
        settings = "".join(
            f"<td>{html_text(setting_text(values[number]))}</td>" for values in comparison.differing.values()
        )
        cells = "".join(
            f'<td class="{"" if name == "ended" else "number"}{" best" if best.get(name) is run else ""}">'
            f"{html_text(text)}</td>"
            for name, text in results(comparison, run)
        )
        rows.append(f'<tr><th scope="row">{html_text(run.name)}</th>{cells}{settings}</tr>')
    names = [name if name == "ended" else f"#{name}" for name, _ in results(comparison, comparison.runs[0])]
    head = table_head(["run", *names, *comparison.differing])
    caption = "What came of the runs, and the settings in which they differ"
    return scrolling(f"<table>{head}<tbody>{''.join(rows)}</tbody></table>", caption)
