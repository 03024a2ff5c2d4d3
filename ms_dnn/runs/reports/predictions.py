"""What a run predicts, as a table of a file or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ms_dnn.errors import DataError, OutputError
from ms_dnn.presentation.notation import counted
from ms_dnn.runs.reports.tables import OTHERS, others_text, score_text

if TYPE_CHECKING:
    from pandas import DataFrame

    from ms_dnn.runs.records import Predictions

SUFFIXES = (".csv", ".tsv", ".json")


def check_suffix(path: Path) -> None:
    """Raise :class:`OutputError` for a file of which the name does not say what to write."""
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"--output: got '{path}', expected a name that ends in {' '.join(SUFFIXES)}: rename it")


def predictions_file(predictions: Predictions, run: Path, suffix: str) -> str:
    """Return the content of a file: the given columns with the predictions beside them, or JSON.

    Raises :class:`DataError` where a given column bears the name of one that would stand beside it.
    """
    if suffix == ".json":
        return json.dumps(predictions_report(predictions, run), ensure_ascii=False) + "\n"
    return predictions_frame(predictions).to_csv(index=False, sep="\t" if suffix == ".tsv" else ",")


def predictions_frame(predictions: Predictions) -> DataFrame:
    """Return the given columns, "prediction" and "probability of NAME"; raises as :func:`predictions_file`."""
    import pandas as pd

    if predictions.class_names:
        added: dict[str, Any] = {"prediction": predictions.values}
    else:
        targets = np.array(predictions.values).T
        names = ["prediction"] if len(targets) == 1 else [f"prediction {j}" for j in range(len(targets))]
        added = dict(zip(names, targets, strict=True))
    if predictions.probabilities is not None:
        names = [f"probability of {name}" for name in predictions.class_names]
        added |= dict(zip(names, predictions.probabilities.T, strict=True))
    given = predictions.given
    twice = [name for name in added if given is not None and name in given.columns]
    if twice:
        raise DataError(f"--output: got a table that has a column {twice[0]!r} already, expected none: rename it")
    return pd.concat([given, pd.DataFrame(added)], axis=1)


def predictions_report(predictions: Predictions, run: Path) -> dict[str, Any]:
    """Return what ``predict --json`` prints."""
    samples: list[dict[str, Any]] = [
        {"sample": name, "answer": answer, "outputs": dict(zip(predictions.output_names, outputs, strict=True))}
        for name, answer, outputs in zip(
            predictions.row_names, predictions.values, predictions.outputs.tolist(), strict=True
        )
    ]
    for i, sample in enumerate(samples):
        if predictions.probabilities is not None:
            named = zip(predictions.class_names, predictions.probabilities[i].tolist(), strict=True)
            sample["probabilities"] = dict(named)
        if predictions.labels is not None:
            sample["label"] = predictions.labels[i]
    report = {"version": 1, "run": str(run), "notes": list(predictions.notes), "samples": samples}
    return report | dict(predictions.scores)


def scores_line(scores: Mapping[str, float], samples: int) -> str:
    """Return "accuracy 95.00% on 40 samples", or the three scores of a regression."""
    errors = {name: score for name, score in scores.items() if name in OTHERS}
    (main,) = (score_text(name, score) for name, score in scores.items() if name not in OTHERS)
    return ", ".join([*([others_text(errors)] if errors else []), f"{main} on {counted(samples, 'sample')}"])
