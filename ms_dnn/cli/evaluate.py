"""``ms-dnn evaluate``: how a run does on samples that it has not seen."""

from typing import Annotated, Literal

import typer

from ms_dnn.cli.options import AsJson, DeviceName, Run, print_report
from ms_dnn.runtime.working import LOADING, working


def evaluate(
    run: Run,
    part: Annotated[
        Literal["test", "validation", "train"], typer.Option("--split", "--part", help="Which set of the data.")
    ] = "test",
    device: DeviceName = None,
    as_json: AsJson = False,
) -> None:
    """Report the cost, the accuracy (or R²), the confusion matrix and other scores of a run."""
    with working(LOADING):
        from ms_dnn.runs.evaluation import evaluate_run

        scores = evaluate_run(run, part, device)
    if as_json:
        import json

        confusion = None if scores.confusion is None else scores.confusion.tolist()
        report = {
            "version": 1,
            "run": str(run),
            "part": scores.part,
            "samples": scores.samples,
            "cost": scores.cost,
            scores.score_name: scores.score,
            "class_names": list(scores.class_names),
            "confusion": confusion,
            "classes": scores.by_class,
            **scores.others,
        }
        typer.echo(json.dumps(report))
        return

    print_report(scores.blocks())
