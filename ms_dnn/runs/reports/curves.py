"""curves.png: cost and validation scores against the epoch."""

from collections.abc import Sequence
from pathlib import Path

from ms_dnn.presentation.plots import BLUE, GREEN, ORANGE, Row, new_figure


def draw_curves(rows: Sequence[Row], path: Path, title: str) -> None:
    """Draw cost, validation loss and score against the epoch into a PNG file; nothing when there is no row."""
    if not rows:
        return
    score = next((key for key in rows[-1] if key in ("validation_accuracy", "validation_r2")), None)
    figure = new_figure(10 if score else 6, 4)
    axes = figure.subplots(1, 2 if score else 1, squeeze=False)[0]
    epochs = [row["epoch"] for row in rows]
    marker = "o" if len(rows) == 1 else None

    axes[0].plot(epochs, [row["cost"] for row in rows], color=BLUE, marker=marker, label="training cost")
    if "validation_loss" in rows[-1]:
        losses = [row["validation_loss"] for row in rows]
        axes[0].plot(epochs, losses, color=ORANGE, marker=marker, label="validation loss")
        best = min(range(len(losses)), key=losses.__getitem__)
        axes[0].plot(epochs[best], losses[best], "o", color=ORANGE, markersize=5)
        axes[0].annotate(
            f"{losses[best]:.3g} at epoch {epochs[best]:g}",
            (epochs[best], losses[best]),
            xytext=(0, 14),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=ORANGE,
        )
    shown = [value for row in rows for key, value in row.items() if key in ("cost", "validation_loss")]
    if min(shown) > 0:
        axes[0].set_yscale("log")
    axes[0].set(xlabel="epoch", ylabel="cost J", title="Cost")
    axes[0].legend(frameon=False)

    if score:
        values = [row[score] for row in rows]
        axes[1].plot(epochs, values, color=GREEN, marker=marker)
        percent = score == "validation_accuracy"
        last = f"{values[-1]:.1%}" if percent else f"{values[-1]:.3f}"
        axes[1].annotate(last, (epochs[-1], values[-1]), xytext=(4, -12), textcoords="offset points", ha="right")
        if percent:
            from matplotlib.ticker import PercentFormatter

            axes[1].yaxis.set_major_formatter(PercentFormatter(1.0))
        name = "Accuracy" if percent else "R²"
        axes[1].set(xlabel="epoch", ylabel=name, title=f"{name} on the validation part")
    for axis in axes:
        axis.grid(color="#e5e5e5")
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
