"""What the doctor found, on the terminal and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ms_dnn.presentation.document import Block, Cell, Column, Table, line
from ms_dnn.presentation.plots import BLUE, GREY, ORANGE, new_figure, png, tidy

if TYPE_CHECKING:
    from ms_dnn.experiment.preflight import LayerState, Preflight, PreflightFinding, RangeTest

SCHEMA = 1
MARKS: dict[str, Cell] = {"good": ("✓", "good"), "warning": ("!", "unsure"), "bad": ("✗", "bad")}


def preflight_report(findings: Sequence[PreflightFinding], layers: Sequence[LayerState]) -> list[Block]:
    """Return one line for each finding, and the layers of the experiment."""
    rows = [[MARKS[one.verdict], one.subject, one.sentence] for one in findings]
    blocks: list[Block] = [Table([Column(), Column("subject"), Column("finding", fold=True)], rows)]
    if not layers:
        return blocks
    names = ("layer", "units", "activation", "dead", "gradient (rms)", "first update")
    columns = [Column(name, "left" if name == "activation" else "right") for name in names]
    table = []
    for layer in layers:
        dead = "–" if layer.dead is None else f"{layer.dead:.1%}"
        update = f"{layer.update:.1e}" if math.isfinite(layer.update) else "–"
        row = [str(layer.number), str(layer.units), layer.activation, dead, f"{layer.gradient:.1e}", update]
        table.append(row)
    return [*blocks, line(), Table(columns, table)]


def preflight_json(findings: Sequence[PreflightFinding], preflight: Preflight | None) -> str:
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


def range_test_png(test: RangeTest, title: str) -> bytes:
    """Return a PNG of the cost against the learning rate, with the recommended rate if there is one."""
    figure = new_figure(6.4, 4)
    axes = figure.subplots()
    axes.plot(test.rates, test.costs, color=GREY, linewidth=0.7, label="mini-batch")
    axes.plot(test.rates, test.smoothed, color=BLUE, label="moving average")
    if test.recommended is not None:
        axes.axvline(test.recommended, color=ORANGE, linestyle="--", label=f"recommended: {test.recommended:.1e}")
    axes.set(xscale="log", xlabel="learning rate r", ylabel="cost J", title=f"Learning-rate range test of {title}")
    axes.legend(frameon=False)
    tidy(axes)
    return png(figure)
