"""``ms-dnn init``: a first configuration for a file or folder, or a copy of one that comes with the package."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from ms_dnn.cli.options import output_file
from ms_dnn.errors import ConfigError
from ms_dnn.runtime.durable import check_writable, write_file


def init(
    source: Annotated[
        str,
        typer.Argument(
            help="A table, an archive, a MindRecord, a folder of pictures or of idx files; or a name such as digits.",
            show_default=False,
        ),
    ],
    target: Annotated[
        str | None, typer.Option("--target", help="Tables: the column to predict; MindRecord: the field.")
    ] = None,
    output: Annotated[
        Path | None, output_file("--output", "The configuration to write; else NAME.yaml in this folder.")
    ] = None,
) -> None:
    """Write a commented configuration that trains as it is: for your data, or one that comes with the package."""
    from ms_dnn.config.bundled import bundled_config
    from ms_dnn.data.source import is_file, is_folder

    if not source:
        raise ConfigError("got '' for SOURCE, expected a file, a folder or a name such as digits: name one")
    path = Path(source)
    bundled = None if is_file(path) or is_folder(path) else bundled_config(source)
    if bundled is not None and target is not None:
        raise ConfigError(f"--target is for a file of yours, and {source} comes with the package: leave it out")
    if bundled is None:
        from ms_dnn.experiment.first_config import name_of

        source = name_of(path)
    written = output or Path(f"{source}.yaml")
    if written.exists():
        raise ConfigError(
            f"{written}: exists already, expected a new file: choose another with --output, or move it away"
        )
    check_writable(written, "--output")
    # The first line of a bundled one names the schema beside it.
    text = _first(path, target) if bundled is None else bundled.read_text("utf-8").partition("\n")[2]
    write_file(written, text)
    typer.echo(f"written: {written}")
    typer.echo(f"next: ms-dnn train {quote(str(written))}")


def _first(path: Path, target: str | None) -> str:
    """Return the text of a configuration for a file or folder, after saying what was found there."""
    from ms_dnn.experiment.first_config import first_config

    first = first_config(path, target)
    data = first.data
    sizes = ", ".join(f"{name} {len(split.targets):,}" for name, split in data.splits.items())
    kind = f"{data.dataset.n_classes} classes" if data.dataset.n_classes else "regression"
    typer.echo(f"{path}: {kind}, {data.metadata.inputs:,} inputs; {sizes}")
    for note in (*first.doubts, *data.notes):
        typer.echo(f"note: {note}")
    return first.text
