"""Options that several commands share."""

from typing import Annotated, Literal

import typer

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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
