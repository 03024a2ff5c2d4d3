"""``ms-dnn compare``: several runs side by side."""

from pathlib import Path
from typing import Annotated

import typer

from ms_dnn.cli.options import AsJson, DeviceName, output_file
from ms_dnn.runtime.durable import write_file
from ms_dnn.runtime.working import working


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders of two or more runs.", show_default=False)],
    test: Annotated[bool, typer.Option("--test", help="Evaluate each run on its test set, too.")] = False,
    html: Annotated[Path | None, output_file("--html", "Write one page with the curves of all runs.")] = None,
    plot: Annotated[Path | None, output_file("--plot", "Draw the curves of all runs (PNG).")] = None,
    device: DeviceName = None,
    as_json: AsJson = False,
) -> None:
    """Show runs side by side: the settings in which they differ, and their results.

    A run that cannot be read is told of, the others are shown, and the exit code is 2.
    """
    with working("reading the runs"):
        from ms_dnn.runs.comparison import compare_runs

        comparison = compare_runs(runs, test=test, device=device)
    if as_json:
        from ms_dnn.runs.reports.comparison_table import comparison_json

        typer.echo(comparison_json(comparison))
    else:
        from rich.console import Console

        from ms_dnn.presentation.document import print_blocks
        from ms_dnn.runs.reports.comparison_table import comparison_report

        console = Console()
        print_blocks(console, comparison_report(comparison, console.width))
    for problem in comparison.problems:
        typer.echo(f"ms-dnn: {problem}", err=True)
    if plot is not None:
        from ms_dnn.runs.reports.comparison_pictures import comparison_png

        write_file(plot, comparison_png(comparison))
    if html is not None:
        from ms_dnn.runs.reports.comparison_pictures import comparison_html

        write_file(html, comparison_html(comparison))
    raise typer.Exit(2 if comparison.problems else 0)
