"""curves.png: cost and validation scores against the epoch."""

from collections.abc import Sequence
from pathlib import Path

from ms_dnn.presentation.charts import Curve, Point
from ms_dnn.presentation.plots import Row, new_figure, plot_curves, png
from ms_dnn.runtime.durable import write_durably

METRICS = {
    "cost": "training cost",
    "validation_loss": "validation loss",
    "validation_accuracy": "validation accuracy",
    "validation_r2": "validation R²",
}
"""Keys of the metrics that are drawn, and their names."""
SCORES = ("validation_accuracy", "validation_r2")


def metric_points(rows: Sequence[Row], key: str) -> list[Point]:
    """Return (epoch, value) for each row that has the metric."""
    return [(row["epoch"], row[key]) for row in rows if key in row]


def run_curves(rows: Sequence[Row], keys: Sequence[str]) -> list[Curve]:
    """Return the curve of each metric that was reported, each in its own colour."""
    curves = [Curve(name, metric_points(rows, key), number) for number, (key, name) in enumerate(METRICS.items())]
    return [curve for key, curve in zip(METRICS, curves, strict=True) if key in keys and curve.points]


def draw_curves(rows: Sequence[Row], path: Path, title: str) -> None:
    """Draw cost, validation loss and score against the epoch into a PNG file; nothing when there is no row."""
    if not rows:
        return
    score = next((key for key in rows[-1] if key in SCORES), None)
    figure = new_figure(10 if score else 6, 4)
    axes = figure.subplots(1, 2 if score else 1, squeeze=False)[0]
    plot_curves(axes[0], run_curves(rows, ("cost", "validation_loss")), "cost J")
    losses = metric_points(rows, "validation_loss")
    if losses:
        best = min(losses, key=lambda point: point[1])
        colour = axes[0].lines[1].get_color()
        axes[0].plot(*best, "o", color=colour, markersize=5, label=f"{best[1]:.3g} at epoch {best[0]:g}")
    axes[0].legend(frameon=False)
    if score:
        percent = score == "validation_accuracy"
        (curve,) = run_curves(rows, (score,))
        last = curve.points[-1][1]
        at_the_end = f"{last:.1%}" if percent else f"{last:.3f}"
        plot_curves(axes[1], [curve], f"{curve.name}, {at_the_end} at the end", percent=percent)
    figure.suptitle(title)
    write_durably(path, png(figure))
