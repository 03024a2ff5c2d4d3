"""How a run does, what it is made of and what it predicts, as lines and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ms_dnn.presentation.document import Block, Cell, Column, Table, TextLine, line
from ms_dnn.presentation.notation import counted, shape_text
from ms_dnn.runs.reports.endings import ending_text

if TYPE_CHECKING:
    from ms_dnn.runs.records import LayerRow, RunReport, Scores

OTHERS = {
    "precision": "mean precision",
    "recall": "mean recall",
    "f1": "mean F1",
    "auc": "mean AUC",
    "top_3_accuracy": "top-3 accuracy",
    "top_5_accuracy": "top-5 accuracy",
    "calibration_error": "expected calibration error",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
}
"""How other scores are called; means are those over the classes."""
CONFUSION = "Confusion matrix (row: true class, column: predicted class)"


def score_text(name: str, score: float) -> str:
    """Return "accuracy 98.05%" or "R² 0.5203"."""
    return f"accuracy {score:.2%}" if name == "accuracy" else f"R² {score:.4f}"


def others_text(scores: Mapping[str, float]) -> str:
    """Return the other scores in words: "mean absolute error 43.1, root mean squared error 53.5"."""
    return ", ".join(f"{OTHERS[name]} {value:.4g}" for name, value in scores.items())


def scores_report(scores: Scores) -> list[Block]:
    """Return the confusion matrix of a classification, and score and cost."""
    blocks: list[Block] = []
    if scores.confusion is not None:
        blocks += [line(CONFUSION), _confusion_table(scores, scores.confusion), line()]
    score = f"{scores.part} {score_text(scores.score_name, scores.score)}"
    blocks.append(TextLine(((score, "strong"), f"on {counted(scores.samples, 'sample')}, cost {scores.cost:.4g}")))
    return [*blocks, line(others_text(scores.others))] if scores.others else blocks


def _confusion_table(scores: Scores, confusion: NDArray[Any]) -> Table:
    """Return the counts of true class (rows) against predicted class (columns); errors stand out, zeros recede.

    Beside them stand the scores of each class.
    """
    rows = []
    for i, (name, shares) in enumerate(zip(scores.class_names, scores.by_class, strict=True)):
        row = [_count(int(count), i == j) for j, count in enumerate(confusion[i])]
        rows.append([name, *row, *("–" if share is None else f"{share:.1%}" for share in shares.values())])
    heads = (*scores.class_names, "recall", "precision", "F1")
    return Table([Column(), *(Column(name, "right", fold=True) for name in heads)], rows)


def _count(count: int, is_correct: bool) -> Cell:
    if count == 0:
        return "·", "quiet"
    return str(count), "good" if is_correct else "bad"


def predictions_table(
    row_names: Sequence[str],
    predictions: Sequence[Any],
    probabilities: NDArray[Any] | None,
    class_names: Sequence[str],
    labels: Sequence[Any] | None,
) -> Table:
    """Return one row a sample: its name, the prediction, the likeliest classes, and the label if there is one."""
    columns = [Column("sample", fold=True), Column("prediction", "right", fold=True)]
    columns += [] if probabilities is None else [Column("probability", fold=True)]
    columns += [] if labels is None else [Column("label", "right", fold=True)]
    rows = []
    for i, (name, prediction) in enumerate(zip(row_names, predictions, strict=True)):
        several = isinstance(prediction, list)
        shown = ", ".join(f"{value:.4g}" for value in prediction) if several else str(prediction)
        row: list[Cell] = [name, (shown, "strong")]
        row += [] if probabilities is None else [_likeliest(probabilities[i], class_names)]
        row += [] if labels is None else [str(labels[i])]
        rows.append(row)
    return Table(columns, rows)


def _likeliest(probabilities: NDArray[Any], names: Sequence[str]) -> str:
    order = probabilities.argsort()[::-1][:3]
    return ", ".join(f"{names[j]} {probabilities[j]:.1%}" for j in order)


def layers_table(layers: Sequence[LayerRow]) -> Table:
    """Return one row a layer: what it is, the shape of its output for one sample, and its parameters."""
    names = ("layer", "kind", "activation", "output", "parameters")
    rows = []
    for layer in layers:
        shapes = ", ".join(f"{name} {shape_text(shape)}" for name, shape in layer.parameters.items())
        count = f"{parameter_count([layer]):,}"
        row = [
            str(layer.number),
            layer.kind,
            layer.activation or "–",
            shape_text(layer.outputs),
            shapes or "none",
            count,
        ]
        rows.append(row)
    return Table([*(Column(name, fold=True) for name in names), Column("count", "right")], rows)


def parameter_count(layers: Sequence[LayerRow]) -> int:
    """Return the number of weights and biases."""
    return sum(prod(shape) for layer in layers for shape in layer.parameters.values())


def run_report(report: RunReport) -> list[Block]:
    """Return what ended the run, its samples, its network and its scores."""
    config, samples = report.config, ", ".join(f"{count} {part}" for part, count in report.samples.items())
    blocks: list[Block] = [
        line(f"{config.name}: {config.loss}, {config.optimizer.name}, backprop {config.backprop}", "strong"),
        line(ending_text(config.training, report.state)),
        line(f"samples: {samples}; {counted(report.inputs, 'input')}, {parameter_count(report.layers):,} parameters"),
        line(),
        layers_table(report.layers),
        line(),
    ]
    if report.scores is not None:
        blocks += scores_report(report.scores)
    return [*blocks, *(line(f"note: {note}", "quiet") for note in report.notes)]
