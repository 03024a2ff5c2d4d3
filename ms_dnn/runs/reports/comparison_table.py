"""Runs side by side, on the terminal and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from ms_dnn.presentation.document import TEXT_WIDTH, Block, Cell, Column, Table, line
from ms_dnn.presentation.notation import plain, short_keys

if TYPE_CHECKING:
    from ms_dnn.runs.records import ComparedRun, Comparison

Texts = tuple[str, list[str]]
"""The head of a column, and a text for each run."""
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


def comparison_report(comparison: Comparison, width: int = TEXT_WIDTH) -> list[Block]:
    """Return a table as wide as that, what else differs, and why runs cannot be compared or are not shown."""
    columns = [("run", [plain(run.name) for run in comparison.runs]), *_result_columns(comparison)]
    room = width - sum(_width([name, *texts]) for name, texts in columns)
    settings, rest = _settings_that_fit(comparison, room)
    blocks: list[Block] = [comparison_table(comparison, settings)]
    if rest:
        blocks += [line(), line("also different, in the order of the runs:")]
    for key in rest:
        values = "; ".join(setting_text(value) for value in comparison.differing[key])
        blocks.append(line(f"  {key}: {values}", whole=True))
    if not comparison.differing:
        blocks += [line(), line("the configurations differ in nothing that changes a result")]
    for warning in comparison.warnings:
        blocks += [line(), line(f"! {warning}", "unsure", whole=True)]
    return blocks


def comparison_table(comparison: Comparison, settings: Sequence[Texts]) -> Table:
    """Return a row a run: the settings, given as (heading, a text a run), and its results."""
    results = _result_columns(comparison)
    columns = [Column("run", fold=True), *(Column(heading) for heading, _ in settings)]
    columns += [Column(name, "left" if name == "ended" else "right") for name, _ in results]
    best, rows = best_runs(comparison), []
    for number, run in enumerate(comparison.runs):
        row: list[Cell] = [run.name, *(texts[number] for _, texts in settings)]
        rows.append([*row, *((texts[number], "best" if best.get(name) is run else "") for name, texts in results)])
    return Table(columns, rows)


def settings_table(comparison: Comparison) -> Table:
    """Return a row a setting that differs, and a column a run: there are more settings than runs, as a rule."""
    columns = [Column("setting"), *(Column(run.name, fold=True) for run in comparison.runs)]
    return Table(columns, [[key, *texts] for key, texts in _all_settings(comparison)])


def _all_settings(comparison: Comparison) -> list[Texts]:
    """Return (key, a text a run) of all settings that differ."""
    return [(key, [setting_text(value) for value in values]) for key, values in comparison.differing.items()]


def _settings_that_fit(comparison: Comparison, room: int) -> tuple[list[Texts], list[str]]:
    """Return the settings for which there is room, and the keys of the others."""
    fitting, rest = [], []
    headings = short_keys([*comparison.differing])
    for heading, (key, texts) in zip(headings, _all_settings(comparison), strict=True):
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


def _result_columns(comparison: Comparison) -> list[Texts]:
    """Return (name, a text a run) for each column of results."""
    by_run = [_results(comparison, run) for run in comparison.runs]
    return [(cells[0][0], [text for _, text in cells]) for cells in zip(*by_run, strict=True)]


def _results(comparison: Comparison, run: ComparedRun) -> list[tuple[str, str]]:
    """Return (name, text) of the results of a run, the same names for all runs of a comparison."""
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
