"""``ms-dnn config``: every key of a configuration, one key, and the schema for editors."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ms_dnn.cli.options import output_file, print_report

if TYPE_CHECKING:
    from ms_dnn.config.reference import Key, Section

config = typer.Typer(help="Look up what a configuration can say.", no_args_is_help=True)


@config.command("list")
def list_keys(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown with what each key means.")] = False,
) -> None:
    """List every key with what may stand there and its default."""
    from ms_dnn.config.reference import reference

    if markdown:
        from ms_dnn.config.reference_text import as_markdown

        typer.echo(as_markdown(reference()), nl=False)
        return
    from ms_dnn.config.reference_text import as_tables

    print_report(as_tables(reference()))


@config.command()
def explain(
    key: Annotated[str, typer.Argument(help="A key by its dotted path, or by its end.", show_default=False)],
) -> None:
    """Explain one key: what may stand there, its default, what it means."""
    from ms_dnn.config.reference import reference
    from ms_dnn.config.reference_text import as_tables, explanation

    found = _found(key)
    for section, one in found:
        typer.echo(explanation(section, one))
    paths = {one.path for _, one in found}
    below = [section for section in reference() if section.path in paths]
    if below:
        print_report(as_tables(below))


@config.command()
def schema(
    output: Annotated[Path | None, output_file("--output", "Write it into a file.")] = None,
) -> None:
    """Print the JSON Schema of a configuration, by which an editor completes and checks it.

    An editor with a YAML language server takes it from the file's first line: # yaml-language-server: $schema=FILE
    """
    import json

    from ms_dnn.config import ExperimentConfig
    from ms_dnn.runtime.durable import write_file

    text = json.dumps(ExperimentConfig.model_json_schema(), indent=1, ensure_ascii=False) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_file(output, text)
        typer.echo(f"schema: {output}")


def _found(asked: str) -> "list[tuple[Section, Key]]":
    """Return the keys that are meant; the same path once for each variant of its section."""
    from ms_dnn.config.reference import reference
    from ms_dnn.errors import ConfigError
    from ms_dnn.presentation.notation import nearest_names

    words = [word for word in asked.split(".") if not word.isdecimal()]
    keys = [(section, key) for section in reference() for key in section.keys]
    exact = [(section, key) for section, key in keys if key.path.split(".") == words]
    found = exact or [(section, key) for section, key in keys if words and key.path.split(".")[-len(words) :] == words]
    if not found:
        paths = list(dict.fromkeys(key.path for _, key in keys))
        names = {path.rpartition(".")[2]: path for path in reversed(paths)}
        near = nearest_names(asked, paths, most=3) or [names[name] for name in nearest_names(asked, names, most=3)]
        cure = f"did you mean {', '.join(near)}?" if near else "ms-dnn config list shows all"
        raise ConfigError(f"KEY: got {asked!r}, which no section has: {cure}")
    return found
