"""Options that several commands share, and how they print."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ms_dnn.runtime.durable import check_new_folder, check_writable

if TYPE_CHECKING:
    from ms_dnn.presentation.document import Block

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the configuration, such as training.epochs=5."),
]
DeviceName = Annotated[
    Literal["auto", "Ascend", "GPU", "CPU"] | None,
    typer.Option("--device", help="Where to compute; else the configuration's.", show_default=False),
]
BackpropName = Annotated[
    Literal["handwritten", "framework"] | None,
    typer.Option("--backprop", help="Whose backward pass trains; else the configuration's.", show_default=False),
]
EngineName = Annotated[
    Literal["auto", "graph", "operator"] | None,
    typer.Option("--engine", help="What does the training steps; else the configuration's.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def _checked_run(path: Path) -> Path:
    from ms_dnn.training.run_folder import RunFolder

    RunFolder(path)  # says what is wrong with it before MindSpore is loaded
    return path


Run = Annotated[Path, typer.Argument(help="Folder of the run.", show_default=False, callback=_checked_run)]


def output_file(name: str, description: str) -> Any:
    """Return an option that names a file to write; whether it can be written is checked before any work."""

    def check(path: Path | None) -> Path | None:
        if path is not None:
            check_writable(path, name)
        return path

    return typer.Option(name, metavar="FILE", help=description, callback=check)


def print_report(blocks: "Sequence[Block]") -> None:
    """Print lines and tables on stdout."""
    from rich.console import Console

    from ms_dnn.presentation.document import print_blocks

    print_blocks(Console(), blocks)


def run_folder(path: Path | None, name: str) -> Path:
    """Return the folder of a new run or sweep, ``runs/NAME-DATE-TIME`` where none is given, if it can be made."""
    from ms_dnn.training.run_folder import default_folder

    chosen = path or default_folder(name)
    check_new_folder(chosen, "--run")
    return chosen
