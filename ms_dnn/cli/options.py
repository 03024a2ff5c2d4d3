"""Options that several commands share."""

from typing import Annotated

import typer

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the configuration, such as training.epochs=5."),
]
DeviceName = Annotated[
    str | None,
    typer.Option("--device", metavar="auto|Ascend|GPU|CPU", help="Where to compute; else the configuration's."),
]
BackpropName = Annotated[
    str | None,
    typer.Option("--backprop", metavar="handwritten|framework", help="Whose backward pass trains."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
