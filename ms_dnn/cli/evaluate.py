"""``ms-dnn evaluate``: how a run does on samples that it has not seen."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ms_dnn.cli.options import AsJson, DeviceName


def evaluate(
    run: Annotated[Path, typer.Argument(help="Folder of the run.", show_default=False)],
    part: Annotated[
        Literal["test", "validation", "train"], typer.Option("--split", "--part", help="Which set of the data.")
    ] = "test",
    device: DeviceName = None,
    as_json: AsJson = False,
) -> None:
    """Report the cost, the accuracy (or R²) and the confusion matrix of a run."""
    from ms_dnn.training.run_folder import RunFolder

    RunFolder(run)  # says what is wrong with it before MindSpore is loaded
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
        }
        typer.echo(json.dumps(report))
        return
    from rich.console import Console

    from ms_dnn.presentation.document import print_blocks

    print_blocks(Console(), scores.report())
