"""What a data set is: samples, ranges, classes and missing values, as numbers, and as lines and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.lazy_rows import LazyRows, blocks
from ms_dnn.data.source import Loaded
from ms_dnn.data.tables.dates import date_text
from ms_dnn.presentation.document import Block, Column, Table, TextLine, line

MOST_ROWS = 20
BAR = 30


def summarize(found: Loaded) -> dict[str, Any]:
    """Return what a set is, as JSON-able values; the features and missing values are those of all its samples.

    ``samples`` and, where the set has those sets of its own, ``test_samples`` and ``validation_samples``; ``task``;
    ``classes``, how many samples each has; ``targets``, the range of each regression target; ``features``, for each its
    name, its smallest and largest number, its first and last date, or its number of distinct texts, and how many are
    missing; ``image_shape``.
    """
    dataset, test, validation = found
    parts = [part for part in found if part is not None]
    y = np.concatenate([part.y for part in parts])
    counts = np.bincount(y, minlength=dataset.n_classes) if dataset.task == "classification" else np.zeros(0)
    return {
        "set": dataset.name,
        "task": dataset.task,
        "samples": len(dataset),
        "test_samples": 0 if test is None else len(test),
        "validation_samples": 0 if validation is None else len(validation),
        "image_shape": dataset.image_shape,
        "classes": dict(zip(dataset.class_names, counts.tolist(), strict=True)),
        "targets": [_range(column) for column in y.T] if dataset.task == "regression" else [],
        "features": _features(parts),
    }


def _features(parts: list[Dataset]) -> list[dict[str, Any]]:
    first = parts[0]
    names = first.feature_names or tuple(f"column {i}" for i in range(first.n_features))
    if not isinstance(first.x, np.ndarray | LazyRows):
        return [_column(name, first.x[name].to_numpy()) for name in first.x.columns]
    low, high = np.full(first.n_features, np.inf), np.full(first.n_features, -np.inf)
    missing = np.zeros(first.n_features, np.int64)
    for part in parts:
        for block in blocks(part.x):
            missing += np.isnan(block).sum(axis=0)
            low, high = np.fmin(low, np.fmin.reduce(block)), np.fmax(high, np.fmax.reduce(block))
    return [
        {"name": name, "low": _number(low[i]), "high": _number(high[i]), "missing": int(missing[i])}
        for i, name in enumerate(names)
    ]


def _column(name: str, cells: NDArray[Any]) -> dict[str, Any]:
    if cells.dtype.kind == "f":
        return {"name": name, **_range(cells), "missing": int(np.isnan(cells).sum())}
    if cells.dtype.kind == "M":
        times = cells[~np.isnat(cells)]
        first, last = (date_text(times.min()), date_text(times.max())) if len(times) else (None, None)
        return {"name": name, "first": first, "last": last, "missing": len(cells) - len(times)}
    present = [cell for cell in cells if isinstance(cell, str)]
    return {"name": name, "texts": len(set(present)), "missing": len(cells) - len(present)}


def _range(values: NDArray[np.float64]) -> dict[str, float | None]:
    return {"low": _number(np.fmin.reduce(values)), "high": _number(np.fmax.reduce(values))}


def _number(value: float) -> float | None:
    """Return a JSON-able number; None where there was none."""
    return float(value) if np.isfinite(value) else None


def data_report(summary: Mapping[str, Any]) -> list[Block]:
    """Return what :func:`ms_dnn.data.summary.summarize` found: a line on the whole, the classes, the features."""
    features, shape = summary["features"], summary["image_shape"]
    own = [f"{summary[f'{kind}_samples']:,} {kind}" for kind in ("test", "validation") if summary[f"{kind}_samples"]]
    own_sets = f" and {' and '.join(own)} samples of its own" if own else ""
    pictures = f", pictures of {'×'.join(map(str, shape))}" if shape else ""
    missing = sum(feature["missing"] for feature in features)
    constant = sum(_is_constant(feature) for feature in features)
    blocks: list[Block] = [
        line(
            f"{summary['set']}: {summary['task']}, {summary['samples']:,} samples{own_sets}, {len(features):,} "
            f"features{pictures}",
            whole=True,
        ),
        line(f"missing values: {missing:,}; features with one value only: {constant:,}", whole=True),
    ]
    blocks += [line(f"target {number}: {_interval(target)}") for number, target in enumerate(summary["targets"])]
    if summary["classes"]:
        blocks += _classes(summary["classes"])
    return [*blocks, *([_of_pictures(features)] if shape else _of_features(features))]


def _classes(counts: Mapping[str, int]) -> list[Block]:
    total, most = sum(counts.values()), max(counts.values())
    rows = [
        [name, f"{count:,}", f"{count / total:.1%}", "█" * round(BAR * count / most)]
        for name, count in list(counts.items())[:MOST_ROWS]
    ]
    columns = [Column("class", fold=True), Column("samples", "right"), Column("share", "right"), Column()]
    return _with_rest(Table(columns, rows), len(counts))


def _of_features(features: list[dict[str, Any]]) -> list[Block]:
    rows = []
    for feature in features[:MOST_ROWS]:
        values = f"{feature['texts']:,} texts" if "texts" in feature else _interval(feature)
        note = "one value only" if _is_constant(feature) else ""
        rows.append([feature["name"], values, f"{feature['missing']:,}" if feature["missing"] else "·", note])
    columns = [Column("feature", fold=True), Column("values", "right"), Column("missing", "right"), Column()]
    return _with_rest(Table(columns, rows), len(features))


def _of_pictures(features: list[dict[str, Any]]) -> TextLine:
    lows, highs = ([feature[key] for feature in features if feature[key] is not None] for key in ("low", "high"))
    return line(f"pixels: {min(lows):.6g} to {max(highs):.6g}" if lows else "pixels: no values")


def _with_rest(table: Table, rows: int) -> list[Block]:
    return [table, *([line(f"… {rows - MOST_ROWS:,} more", "quiet")] if rows > MOST_ROWS else []), line()]


def _interval(feature: Mapping[str, Any]) -> str:
    if "first" in feature:
        return f"{feature['first']} to {feature['last']}" if feature["first"] else "no values"
    return "no values" if feature["low"] is None else f"{feature['low']:.6g} to {feature['high']:.6g}"


def _is_constant(feature: Mapping[str, Any]) -> bool:
    if feature.get("first"):
        return bool(feature["first"] == feature["last"])
    return feature.get("texts") == 1 or (feature.get("low") is not None and feature["low"] == feature["high"])
