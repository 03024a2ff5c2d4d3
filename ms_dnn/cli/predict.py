"""``ms-dnn predict``: what a run predicts for new samples."""

from pathlib import Path
from typing import Annotated

import typer

from ms_dnn.cli.options import AsJson, DeviceName, Run, print_report


def predict(
    run: Run,
    files: Annotated[
        list[Path], typer.Argument(help="npz, CSV, Parquet or image files; or a folder of images.", show_default=False)
    ],
    device: DeviceName = None,
    as_json: AsJson = False,
) -> None:
    """Predict the samples of npz, CSV, Parquet or image files with a trained run."""
    from ms_dnn.runs.prediction import predict_file

    found = predict_file(run, files, device)
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        import json

        samples = [
            {"sample": name, "answer": answer, "outputs": dict(zip(found.output_names, outputs, strict=True))}
            for name, answer, outputs in zip(found.row_names, found.values, found.outputs.tolist(), strict=True)
        ]
        for i, sample in enumerate(samples):
            if found.probabilities is not None:
                named = zip(found.class_names, found.probabilities[i].tolist(), strict=True)
                sample["probabilities"] = dict(named)
            if found.labels is not None:
                sample["label"] = found.labels[i]
        typer.echo(json.dumps({"version": 1, "run": str(run), "samples": samples}))
        return
    from ms_dnn.runs.reports.tables import predictions_table

    print_report(
        [predictions_table(found.row_names, found.values, found.probabilities, found.class_names, found.labels)]
    )
