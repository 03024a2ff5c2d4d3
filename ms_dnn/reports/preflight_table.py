"""What the doctor found, on the terminal and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ms_dnn.preflight import Finding, Preflight

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
        test = preflight.rate_test
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
