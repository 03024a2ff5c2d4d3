"""``ms-dnn explore``: a network as a page that computes by itself, formula by formula."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ms_dnn.cli.options import DeviceName, Overrides, output_file
from ms_dnn.runtime.working import LOADING, working


def explore(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|CONFIG]",
            help="Folder of a run, YAML file of an experiment, or a name such as digits; left out: a network of nine "
            "parameters that a pencil computes.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path, output_file("--output", "The page to write.")] = Path("explore.html"),
    overrides: Overrides = None,
    samples: Annotated[
        int | None,
        typer.Option("--samples", min=1, help="Of the training set, in the page; else as many as suit the network."),
    ] = None,
    language: Annotated[
        Literal["en", "zh-CN"], typer.Option("--language", help="To begin with; the page has both.")
    ] = "en",
    device: DeviceName = None,
    open_page: Annotated[
        bool | None,
        typer.Option(
            "--open/--no-open", help="Open it in a browser; else where there is a screen.", show_default=False
        ),
    ] = None,
) -> None:
    """Write one HTML page to explore a network: step through forward, loss, backward and update, change any number.

    The page needs no server and no internet. It has the network's weights and some samples, computes by itself, shows
    each formula with its numbers and the line of the package, and lets the reader plant faults in the gradient.
    """
    from ms_dnn.runtime.durable import write_file

    with working(LOADING):
        from ms_dnn.explore.routes import gradients_of
        from ms_dnn.explore.subject import subject_of
        from ms_dnn.explore.writing import explore_html

        subject = subject_of(source, list(overrides or []), device, samples)
        page = explore_html(subject, gradients_of(subject), language)
    write_file(output, page)
    typer.echo(f"explore: {output}")
    if open_page or (open_page is None and sys.stdout.isatty() and _has_screen()):
        _open(output)


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        typer.echo(f"note: got no browser that could be started: open {page} in one", err=True)
