"""``ms-dnn data``: look at the data set of an experiment, and write it as other files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ms_dnn.cli.options import AsJson, Overrides, print_report
from ms_dnn.errors import ConfigError
from ms_dnn.runtime.working import working

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ms_dnn.data import Loaded
    from ms_dnn.presentation.document import Block

data = typer.Typer(help="Look at the data set of an experiment, or write it as other files.", no_args_is_help=True)
_SET_OF_DATA = "--set changes a configuration, and this is a data file: leave it out, or name a YAML file"
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
def show(
    source: Annotated[
        Path, typer.Argument(help="YAML file of an experiment, or a data file or folder.", show_default=False)
    ],
    target: Annotated[str | None, typer.Option("--target", help="Column or field to predict of a data file.")] = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show what a data set is: samples, features with their ranges, classes with their counts, missing values."""
    import json

    with working("reading the data"):
        text, report = _shown(source, target, list(overrides or []))
    if as_json:
        typer.echo(json.dumps(text, ensure_ascii=False))
    else:
        print_report(report)


def _shown(source: Path, target: str | None, overrides: list[str]) -> "tuple[dict[str, Any], Sequence[Block]]":
    """Return what a set is, as JSON-able values and as a report."""
    from ms_dnn.data.recognizing import is_table
    from ms_dnn.data.summary import data_report, summarize
    from ms_dnn.data.table_overview import table_overview, table_report
    from ms_dnn.data.validation import surprises
    from ms_dnn.presentation.document import line

    if overrides and is_table(source):
        raise ConfigError(_SET_OF_DATA)
    if target is None and is_table(source):
        overview = table_overview(source)
        return {"version": 1, **overview}, table_report(overview)
    loaded = _loaded(source, target, overrides)
    summary = summarize(loaded)
    notes = [line(f"note: {note}", "quiet", whole=True) for note in surprises(loaded.dataset)]
    return {"version": 1, "config": str(source), **summary}, [*data_report(summary), *notes]


def _loaded(path: Path, target: str | None, overrides: list[str]) -> "Loaded":
    """Return the set that a configuration, a data file or a folder holds."""
    from ms_dnn.config import load_config
    from ms_dnn.config.data_section import DataConfig
    from ms_dnn.data import load_data
    from ms_dnn.data.recognizing import recognize
    from ms_dnn.data.source import is_file, is_folder
    from ms_dnn.experiment.source import source_of, source_of_data

    if path.suffix.lower() in (".yaml", ".yml") or not (is_file(path) or is_folder(path)):
        if target is not None:
            raise ConfigError(
                "--target is for a data file, and a configuration names its own: use --set data.target=NAME"
            )
        return load_data(source_of(load_config(path, overrides)))
    if overrides:
        raise ConfigError(_SET_OF_DATA)
    return load_data(source_of_data(DataConfig.model_validate(recognize(path, target).data)))
