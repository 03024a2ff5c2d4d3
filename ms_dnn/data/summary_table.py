"""What a data set is, on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

MOST_ROWS = 20
BAR = 30


def print_data(console: Console, summary: Mapping[str, Any]) -> None:
    """Print what :func:`ms_dnn.data.summary.summarize` returned: a line on the whole, the classes, the features."""
    features = summary["features"]
    shape = summary["image_shape"]
    own_test = f" and {summary['test_samples']:,} test samples of its own" if summary["test_samples"] else ""
    pictures = f", pictures of {'×'.join(map(str, shape))}" if shape else ""
    console.print(
        f"{summary['set']}: {summary['task']}, {summary['samples']:,} samples{own_test}, {len(features):,} features"
        f"{pictures}",
        soft_wrap=True,
    )
    missing = sum(feature["missing"] for feature in features)
    constant = [feature for feature in features if _is_constant(feature)]
    console.print(f"missing values: {missing:,}; features with one value only: {len(constant):,}", soft_wrap=True)
    for number, target in enumerate(summary["targets"]):
        console.print(f"target {number}: {_numbers(target)}")
    if summary["classes"]:
        console.print(_classes(summary["classes"]))
    console.print(_of_pictures(features) if shape else _of_features(features))


def _classes(counts: Mapping[str, int]) -> Table:
    table = _table("class", "samples", "share", "")
    total, most = sum(counts.values()), max(counts.values())
    for name, count in list(counts.items())[:MOST_ROWS]:
        table.add_row(Text(name), f"{count:,}", f"{count / total:.1%}", "█" * round(BAR * count / most))
    return _with_rest(table, len(counts))


def _of_features(features: list[dict[str, Any]]) -> Table:
    table = _table("feature", "values", "missing", "")
    for feature in features[:MOST_ROWS]:
        values = f"{feature['texts']:,} texts" if "texts" in feature else _numbers(feature)
        note = "one value only" if _is_constant(feature) else ""
        table.add_row(Text(feature["name"]), values, f"{feature['missing']:,}" if feature["missing"] else "·", note)
    return _with_rest(table, len(features))


def _of_pictures(features: list[dict[str, Any]]) -> Text:
    lows, highs = ([feature[key] for feature in features if feature[key] is not None] for key in ("low", "high"))
    return Text(f"pixels: {min(lows):.6g} to {max(highs):.6g}" if lows else "pixels: no values")


def _with_rest(table: Table, rows: int) -> Table:
    if rows > MOST_ROWS:
        table.add_row(Text(f"… {rows - MOST_ROWS:,} more", style="dim"))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(first)
    for number, name in enumerate(others):
        table.add_column(name, justify="left" if number == len(others) - 1 else "right")
    return table


def _numbers(feature: Mapping[str, Any]) -> str:
    return "no values" if feature["low"] is None else f"{feature['low']:.6g} to {feature['high']:.6g}"


def _is_constant(feature: Mapping[str, Any]) -> bool:
    return feature.get("texts") == 1 or (feature.get("low") is not None and feature["low"] == feature["high"])
