"""``ms-dnn predict``: what a run predicts for new samples."""

from pathlib import Path
from typing import Annotated

import typer

from ms_dnn.cli.options import AsJson, DeviceName, Run, output_file, print_report
from ms_dnn.runtime.working import LOADING, working


def predict(
    run: Run,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="npz, CSV, Parquet or image files; or a folder of images, or of one folder for each class.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        output_file(
            "--output",
            "Write the columns of the tables, predictions and probabilities to a .csv, .tsv or .json file.",
        ),
    ] = None,
    invert: Annotated[
        bool, typer.Option("--invert", help="Take the negatives of images, where ink and ground are exchanged.")
    ] = False,
    device: DeviceName = None,
    as_json: AsJson = False,
) -> None:
    """Predict the samples of npz, CSV, Parquet or image files with a trained run."""
    from ms_dnn.runs.reports.predictions import check_suffix, predictions_file, predictions_report, scores_line

    if output is not None:
        check_suffix(output)
    from ms_dnn.runtime.durable import write_file

    with working(LOADING):
        from ms_dnn.runs.prediction import predict_file

        found = predict_file(run, files, device, invert=invert, keep=output is not None)
    content = "" if output is None else predictions_file(found, run, output.suffix.lower())
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        import json

        typer.echo(json.dumps(predictions_report(found, run)))
    elif output is None:
        from ms_dnn.runs.reports.tables import predictions_table

        print_report(
            [predictions_table(found.row_names, found.values, found.probabilities, found.class_names, found.labels)]
        )
    if found.scores and not as_json:
        typer.echo(scores_line(found.scores, len(found.values)))
    if output is not None:
        write_file(output, content)
        if not as_json:
            typer.echo(f"predictions: {output}")
