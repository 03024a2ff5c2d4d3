"""``ms-dnn report``: a run as one HTML page."""

import typer

from ms_dnn.cli.options import DeviceName, Run
from ms_dnn.runtime.working import LOADING, working


def report(
    run: Run,
    device: DeviceName = None,
) -> None:
    """Write a run into one HTML page, report.html in its folder: curves, result, pictures, network, configuration."""
    from ms_dnn.runtime.durable import check_writable, write_file
    from ms_dnn.training.run_folder import REPORT

    page = run / REPORT
    check_writable(page, "report")
    with working(LOADING):
        from ms_dnn.runs.report import gather_run
        from ms_dnn.runs.reports.page import run_html

        write_file(page, run_html(gather_run(run, device)))
    typer.echo(f"report: {page}")
