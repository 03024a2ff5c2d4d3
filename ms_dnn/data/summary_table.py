"""A data set as lines and tables."""

from collections.abc import Mapping
from typing import Any

from ms_dnn.presentation.document import Block, Column, Line, Table, line

MOST_ROWS = 20
BAR = 30


def data_report(summary: Mapping[str, Any]) -> list[Block]:
    """Return what :func:`ms_dnn.data.summary.summarize` found: a line on the whole, the classes, the features."""
    features, shape = summary["features"], summary["image_shape"]
    own_test = f" and {summary['test_samples']:,} test samples of its own" if summary["test_samples"] else ""
    pictures = f", pictures of {'×'.join(map(str, shape))}" if shape else ""
    missing = sum(feature["missing"] for feature in features)
    constant = sum(_is_constant(feature) for feature in features)
    blocks: list[Block] = [
        line(
            f"{summary['set']}: {summary['task']}, {summary['samples']:,} samples{own_test}, {len(features):,} "
            f"features{pictures}",
            whole=True,
        ),
        line(f"missing values: {missing:,}; features with one value only: {constant:,}", whole=True),
    ]
    blocks += [line(f"target {number}: {_numbers(target)}") for number, target in enumerate(summary["targets"])]
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
        values = f"{feature['texts']:,} texts" if "texts" in feature else _numbers(feature)
        note = "one value only" if _is_constant(feature) else ""
        rows.append([feature["name"], values, f"{feature['missing']:,}" if feature["missing"] else "·", note])
    columns = [Column("feature", fold=True), Column("values", "right"), Column("missing", "right"), Column()]
    return _with_rest(Table(columns, rows), len(features))


def _of_pictures(features: list[dict[str, Any]]) -> Line:
    lows, highs = ([feature[key] for feature in features if feature[key] is not None] for key in ("low", "high"))
    return line(f"pixels: {min(lows):.6g} to {max(highs):.6g}" if lows else "pixels: no values")


def _with_rest(table: Table, rows: int) -> list[Block]:
    return [table, *([line(f"… {rows - MOST_ROWS:,} more", "quiet")] if rows > MOST_ROWS else []), line()]


def _numbers(feature: Mapping[str, Any]) -> str:
    return "no values" if feature["low"] is None else f"{feature['low']:.6g} to {feature['high']:.6g}"


def _is_constant(feature: Mapping[str, Any]) -> bool:
    return feature.get("texts") == 1 or (feature.get("low") is not None and feature["low"] == feature["high"])
