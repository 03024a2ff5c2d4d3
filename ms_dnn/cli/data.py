"""``ms-dnn data``: look at the data set of an experiment, and write it as other files."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ms_dnn.cli.options import AsJson, Overrides, print_report

data = typer.Typer(help="Look at the data set of an experiment, or write it as other files.", no_args_is_help=True)
Config = Annotated[Path, typer.Argument(help="YAML file of the experiment.", show_default=False)]


@data.command()
def convert(
    config: Config,
    output: Annotated[Path, typer.Argument(help="New file (mindrecord) or folder (npy).", show_default=False)],
    to: Annotated[Literal["mindrecord", "npy"], typer.Option("--to", help="What to write.")] = "mindrecord",
    overrides: Overrides = None,
) -> None:
    """Write the data set, before it is split and scaled, so that it can be read without its source, or streamed."""
    from ms_dnn.config import load_config
    from ms_dnn.data.converting import convert_data
    from ms_dnn.experiment.source import source_of
    from ms_dnn.runtime.durable import check_new_folder

    check_new_folder(output.parent, "OUTPUT")
    notes = convert_data(source_of(load_config(config, list(overrides or []))), output, to)
    place = f"file: {output}" if to == "mindrecord" else f"folder: {output}"
    own_test = ", test: 0" if notes.test_samples else ""
    typer.echo(f"{notes.samples} samples of {notes.features} features, {notes.dtype}, written and read back")
    typer.echo(f"data: {{set: {to}, {place}{own_test}}}  (with stream: true, for sets larger than memory)")


@data.command()
def show(config: Config, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Show what the data set is: samples, features with their ranges, classes with their counts, missing values."""
    from ms_dnn.config import load_config
    from ms_dnn.data import load_data
    from ms_dnn.data.summary import summarize
    from ms_dnn.experiment.source import source_of

    summary = summarize(load_data(source_of(load_config(config, list(overrides or [])))))
    if as_json:
        import json

        typer.echo(json.dumps({"version": 1, "config": str(config), **summary}, ensure_ascii=False))
        return
    from ms_dnn.data.summary import data_report

    print_report(data_report(summary))
