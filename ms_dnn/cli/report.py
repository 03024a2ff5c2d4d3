"""``ms-dnn report``: a run as one HTML page."""

from pathlib import Path
from typing import Annotated

import typer

from ms_dnn.cli.options import DeviceName


def report(
    run: Annotated[Path, typer.Argument(help="Folder of the run.", show_default=False)],
    device: DeviceName = None,
) -> None:
    """Write a run into one HTML page, report.html in its folder: curves, result, pictures, network, configuration."""
    from ms_dnn.runtime.durable import check_writable, write_file
    from ms_dnn.training.run_folder import REPORT, RunFolder

    page = run / REPORT
    RunFolder(run)  # says what is wrong with it before MindSpore is loaded
    check_writable(page, "report")
    from ms_dnn.runs.report import gather_run
    from ms_dnn.runs.reports.page import run_html

    write_file(page, run_html(gather_run(run, device)))
    typer.echo(f"report: {page}")
