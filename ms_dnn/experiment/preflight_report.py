"""What the doctor found, on the terminal and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ms_dnn.presentation.plots import BLUE, GREY, ORANGE, new_figure

if TYPE_CHECKING:
    from ms_dnn.experiment.preflight import Finding, Preflight

SCHEMA = 1
MARKS = {"good": ("✓", "green"), "warning": ("!", "yellow"), "bad": ("✗", "bold red")}


def print_preflight(console: Console, findings: Sequence[Finding], preflight: Preflight | None) -> None:
    """Print one line for each finding, and the layers of the experiment."""
    table = Table.grid(padding=(0, 1))
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark, style = MARKS[finding.verdict]
        table.add_row(Text(mark, style=style), Text(finding.subject), Text(finding.sentence))
    console.print(table)
    if preflight is None:
        return
    layers = Table()
    for column in ("layer", "units", "activation", "dead", "gradient (rms)", "first update"):
        layers.add_column(column, justify="left" if column == "activation" else "right")
    for layer in preflight.layers:
        dead = "–" if layer.dead is None else f"{layer.dead:.1%}"
        update = f"{layer.update:.1e}" if math.isfinite(layer.update) else "–"
        layers.add_row(str(layer.number), str(layer.units), layer.activation, dead, f"{layer.gradient:.1e}", update)
    console.print(layers)


def preflight_json(findings: Sequence[Finding], preflight: Preflight | None) -> str:
    """Return everything; ``schema`` is raised whenever a key changes its meaning. What is infinite is null."""
    document: dict[str, Any] = {"schema": SCHEMA, "findings": [vars(finding) for finding in findings]}
    if preflight is not None:
        test = preflight.range_test
        document["layers"] = [_finite(vars(layer)) for layer in preflight.layers]
        document["rate_test"] = {
            "rates": test.rates.tolist(),
            "costs": test.costs.tolist(),
            "smoothed": test.smoothed.tolist(),
            "recommended": test.recommended,
        }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(v, float) and not math.isfinite(v) else v for key, v in values.items()}


def draw_range_test(
    rates: Sequence[float],
    costs: Sequence[float],
    smoothed: Sequence[float],
    recommended: float | None,
    path: Path,
    title: str,
) -> None:
    """Draw cost against learning rate into a PNG file, with the recommended rate if there is one."""
    figure = new_figure(6.4, 4)
    axes = figure.subplots()
    axes.plot(rates, costs, color=GREY, linewidth=0.7, label="mini-batch")
    axes.plot(rates, smoothed, color=BLUE, label="moving average")
    if recommended is not None:
        axes.axvline(recommended, color=ORANGE, linestyle="--", label=f"recommended: {recommended:.1e}")
    axes.set(xscale="log", xlabel="learning rate r", ylabel="cost J", title=f"Learning-rate range test of {title}")
    axes.legend(frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=120)
