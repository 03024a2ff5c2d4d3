"""What a data set is, in numbers: samples, ranges, classes, missing values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ms_dnn.data.dataset import Dataset
from ms_dnn.data.lazy_rows import LazyRows, blocks
from ms_dnn.data.source import Loaded


def summarize(found: Loaded) -> dict[str, Any]:
    """Return what a set is, as JSON-able values; the features and missing values are those of all its samples.

    ``samples`` and, where the set has a test set of its own, ``test_samples``; ``task``; ``classes``, how many samples
    each has; ``targets``, the range of each regression target; ``features``, for each its name, its smallest and
    largest number or its number of distinct texts, and how many are missing; ``image_shape``.
    """
    dataset, test = found
    parts = [part for part in found if part is not None]
    y = np.concatenate([part.y for part in parts])
    counts = np.bincount(y, minlength=dataset.n_classes) if dataset.task == "classification" else np.zeros(0)
    return {
        "set": dataset.name,
        "task": dataset.task,
        "samples": len(dataset),
        "test_samples": 0 if test is None else len(test),
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
    present = [cell for cell in cells if isinstance(cell, str)]
    return {"name": name, "texts": len(set(present)), "missing": len(cells) - len(present)}


def _range(values: NDArray[np.float64]) -> dict[str, float | None]:
    return {"low": _number(np.fmin.reduce(values)), "high": _number(np.fmax.reduce(values))}


def _number(value: float) -> float | None:
    """Return a JSON-able number; None where there was none."""
    return float(value) if np.isfinite(value) else None
