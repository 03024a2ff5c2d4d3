"""``ms-dnn audit``: MindSpore's own operators, layers, losses and optimizers against independent formulas."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ms_dnn.cli.options import AsJson, output_file, print_report
from ms_dnn.runtime.durable import write_file

if TYPE_CHECKING:
    from ms_dnn.audit.findings import ApiFinding


def audit(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Names, globs such as 'nn.*', or families; all without any.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    markdown: Annotated[
        Path | None, output_file("--markdown", "Write the table with every WRONG row explained.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Worker processes.")] = 2,
) -> None:
    """Judge MindSpore's public API: forward, gradients and update rules, in each dtype and mode.

    Exits with 0 when nothing is WRONG, 1 when something is, 2 when a name is not in the catalogue.
    """
    from rich.console import Console

    from ms_dnn.audit.catalogue import chosen
    from ms_dnn.audit.table import audit_markdown
    from ms_dnn.audit.workers import audit_entries

    entries = chosen(names or ())
    errors = Console(stderr=True)
    done: list[str] = []

    def tell(finding: "ApiFinding") -> None:
        done.append(finding.name)
        status.update(f"{len(done)} of {len(entries)} APIs, last {finding.name}")

    with errors.status("starting workers") as status:
        result = audit_entries(entries, jobs=jobs, progress=tell)
    if as_json:
        typer.echo(result.to_json())
    else:
        print_report(result.blocks())
    if markdown is not None:
        command = " ".join(["ms-dnn audit", *(f"'{name}'" for name in names or ()), f"--markdown {markdown}"])
        write_file(markdown, audit_markdown(result, command))
    raise typer.Exit(1 if result.faulty else 0)
