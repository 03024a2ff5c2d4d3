"""Runs side by side, on the terminal and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ms_dnn.presentation.notation import plain

if TYPE_CHECKING:
    from ms_dnn.runs.records import ComparedRun, Comparison

SCHEMA = 1
WIDEST = 24
"""Characters of a setting on the terminal."""
SCORE_NAMES = {"validation_accuracy": "val. acc.", "validation_r2": "val. R²"}
ENDINGS = {
    "max_iterations": "all steps",
    "tolerance": "below ε",
    "early_stopping": "no gain",
    None: "not finished",
}


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print a line a run with the settings for which there is room; the best of what can be compared stands out."""
    columns = _result_columns(comparison)
    names = [plain(run.name) for run in comparison.runs]
    room = console.width - _width(["run", *names]) - sum(_width([name, *texts]) for name, texts in columns)
    settings, rest = _settings_that_fit(comparison, room)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("run", overflow="fold")
    for heading, _ in settings:
        table.add_column(Text(heading), no_wrap=True, style="cyan")
    for name, _ in columns:
        table.add_column(name, justify="left" if name == "ended" else "right", no_wrap=True)
    best = best_runs(comparison)
    for number, run in enumerate(comparison.runs):
        cells = [Text(texts[number], style="bold green" if best.get(name) is run else "") for name, texts in columns]
        table.add_row(Text(names[number]), *(Text(texts[number]) for _, texts in settings), *cells)
    console.print(table)
    if rest:
        console.print("\nalso different, in the order of the runs:")
    for key in rest:
        values = "; ".join(setting_text(value) for value in comparison.differing[key])
        console.print(f"  {key}: {values}", soft_wrap=True)
    if not comparison.differing:
        console.print("\nthe configurations differ in nothing that changes a result")
    for warning in comparison.warnings:
        console.print(f"\n! {warning}", style="yellow", soft_wrap=True)


def _settings_that_fit(comparison: Comparison, room: int) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Return the settings (heading, a text a run) for which there is room, and the keys of the others."""
    fitting, rest = [], []
    headings = short_keys([*comparison.differing])
    for heading, (key, values) in zip(headings, comparison.differing.items(), strict=True):
        texts = [setting_text(value) for value in values]
        width = _width([heading, *texts])
        if width <= min(room, WIDEST):
            fitting.append((heading, texts))
            room -= width
        else:
            rest.append(key)
    return fitting, rest


def _width(texts: Sequence[str]) -> int:
    """Return the columns of the terminal that a column of the table takes, its padding included."""
    return max(cell_len(text) for text in texts) + 2


def _result_columns(comparison: Comparison) -> list[tuple[str, list[str]]]:
    """Return (name, a text a run) for each column of results."""
    by_run = [results(comparison, run) for run in comparison.runs]
    return [(cells[0][0], [text for _, text in cells]) for cells in zip(*by_run, strict=True)]


def short_keys(keys: Sequence[str]) -> list[str]:
    """Return for each key the shortest end of it by which it is told from the others: "batch_size"."""

    def ends(key: str) -> list[str]:
        words = key.split(".")
        return [".".join(words[-n:]) for n in range(1, len(words) + 1) if not words[-n].isdecimal()]

    return [next((end for end in ends(key) if sum(end in ends(other) for other in keys) == 1), key) for key in keys]


def results(comparison: Comparison, run: ComparedRun) -> list[tuple[str, str]]:
    """Return (name, text) of what came of a run, the same names for all runs of a comparison."""
    row = run.row or {}
    found = [("cost", _number(row.get("cost")))]
    if any("validation_loss" in (one.row or {}) for one in comparison.runs):
        found.append(("val. loss", _number(row.get("validation_loss"))))
    for key, name in SCORE_NAMES.items():
        if any(key in (one.row or {}) for one in comparison.runs):
            found.append((name, _score(key, row.get(key))))
    if any(one.test is not None for one in comparison.runs):
        test = run.test
        found.append(("test", "–" if test is None else _score(test.score_name, test.score)))
    found += [("steps", str(run.steps)), ("time", f"{run.seconds:.1f} s"), ("ended", ENDINGS[run.stop_reason])]
    return found


def best_runs(comparison: Comparison) -> dict[str, ComparedRun]:
    """Return the best run by validation loss and by score, where the runs can be compared and do not tie."""
    if comparison.warnings or len(comparison.runs) < 2:
        return {}
    found = {}
    ranks = {"val. loss": ("validation_loss", -1.0)}
    ranks |= {SCORE_NAMES[key]: (key, 1.0) for key in (comparison.score,) if key}
    for name, (key, sign) in ranks.items():
        values = [sign * (run.row or {}).get(key, -sign * math.inf) for run in comparison.runs]
        if values.count(max(values)) == 1:
            found[name] = comparison.runs[values.index(max(values))]
    return found


def comparison_json(comparison: Comparison) -> str:
    """Return everything but the rows; ``version`` is raised whenever a key changes its meaning."""
    runs = []
    for number, run in enumerate(comparison.runs):
        entry: dict[str, Any] = {
            "run": run.folder,
            "settings": {key: values[number] for key, values in comparison.differing.items()},
            "metrics": run.row,
            "steps": run.steps,
            "seconds": run.seconds,
            "stopped_by": run.stop_reason,
        }
        if run.test is not None:
            entry["test"] = {"cost": run.test.cost, run.test.score_name: run.test.score, "samples": run.test.samples}
        runs.append(entry)
    document = {"version": SCHEMA, "runs": runs, "warnings": comparison.warnings, "problems": comparison.problems}
    return json.dumps(document, ensure_ascii=False)


def setting_text(value: Any) -> str:
    """Return a value of a configuration as a cell: "–" for none, "512-256-10" for layers, "adam (beta1 0.9, …)"."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "-".join(str(layer.get("units", "·")) for layer in value)
    if isinstance(value, dict):
        rest = {key: one for key, one in value.items() if key not in ("name", "schedule") and one is not None}
        named = "".join(str(value[key]) for key in ("name", "schedule") if key in value)
        said = ", ".join(f"{key} {setting_text(one)}" for key, one in rest.items())
        return plain(f"{named} ({said})" if named and said else named or said)
    return plain(value)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _score(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2%}" if name.endswith("accuracy") else f"{value:.4f}"
