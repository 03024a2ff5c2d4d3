"""``ms-dnn compare``: several runs side by side."""

from pathlib import Path
from typing import Annotated

import typer

from ms_dnn.cli.options import AsJson, DeviceName


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders of two or more runs.", show_default=False)],
    test: Annotated[bool, typer.Option("--test", help="Evaluate each run on its test set, too.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one page with the curves of all runs.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the curves of all runs (PNG).")
    ] = None,
    device: DeviceName = None,
    as_json: AsJson = False,
) -> None:
    """Show runs side by side: the settings in which they differ, and what came of them.

    A run that cannot be read is told of, the others are shown, and the exit code is 2.
    """
    from ms_dnn.errors import ConfigError
    from ms_dnn.runs.comparison import compare_runs

    for option, file in (("--html", html), ("--plot", plot)):
        if file is not None and not file.parent.is_dir():
            raise ConfigError(f"{option}: got '{file}', but there is no folder '{file.parent}': make it first")
    comparison = compare_runs(runs, test=test, device=device)
    if plot is not None:
        from ms_dnn.runs.reports.comparison_pictures import draw_comparison

        draw_comparison(comparison, plot)
    if html is not None:
        from ms_dnn.runs.reports.comparison_pictures import comparison_html
        from ms_dnn.runtime.durable import write_file

        write_file(html, comparison_html(comparison))
    if as_json:
        from ms_dnn.runs.reports.comparison_table import comparison_json

        typer.echo(comparison_json(comparison))
    else:
        from rich.console import Console

        from ms_dnn.runs.reports.comparison_table import print_comparison

        print_comparison(Console(markup=False, highlight=False), comparison)
    for problem in comparison.problems:
        typer.echo(f"ms-dnn: {problem}", err=True)
    raise typer.Exit(2 if comparison.problems else 0)
