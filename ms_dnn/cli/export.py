"""``ms-dnn export``: a run as a model file for other runtimes."""

from pathlib import Path
from shlex import quote
from typing import Annotated, Literal

import typer

from ms_dnn.cli.options import DeviceName, Run
from ms_dnn.runtime.working import LOADING, working


def export(
    run: Run,
    file_format: Annotated[
        Literal["mindir", "onnx", "air"], typer.Option("--format", help="Of the model file; air on Ascend only.")
    ] = "mindir",
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="The model file; else model.FORMAT in the run's folder."),
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Append softmax or sigmoid, as the loss has it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    device: DeviceName = None,
) -> None:
    """Write a trained run as MindIR, ONNX or AIR, after it was loaded again and predicted as the run does.

    FILE.json beside it says what goes in and comes out: features and their scaling, classes, meaning of the outputs.
    predict.py beside them predicts tables, arrays and pictures without ms-dnn.
    """
    from ms_dnn.export.destination import destination

    files = destination(run, file_format, output, force=force)
    with working(LOADING):
        from ms_dnn.export.exporting import export_run

        written = export_run(run, files, as_probabilities=probabilities, device=device)
    typer.echo(f"model: {files.model} ({files.model.stat().st_size:,} bytes)")
    for tensor in (written.facts["input"], written.facts["output"]):
        typer.echo(f"  {tensor['name']}: ({', '.join(map(str, tensor['shape']))}) {tensor['dtype']}")
    typer.echo(f"  {written.facts['output']['meaning']}")
    typer.echo(f"facts: {files.facts}")
    if written.note is not None:
        typer.echo(f"note: {written.note}", err=True)
    if written.verified is not None:
        typer.echo(f"verified: {written.verified}")
    elif file_format == "onnx":
        typer.echo("note: not verified, because onnxruntime is not installed: pip install 'ms-dnn[export]'", err=True)
    else:
        typer.echo("note: not verified, because MindSpore cannot load AIR again", err=True)
    if files.program is not None:
        typer.echo(f"program: {files.program} predicts without ms-dnn: python {quote(str(files.program))} FILE")
