"""The reference of the configuration as Markdown, as tables on the terminal, and one key in words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from ms_dnn.config.reference import Key, Section
from ms_dnn.presentation.document import Block, Column, Table, line

INTRODUCTION = """\
# Keys of a configuration

All keys, what may stand there, and their defaults; those without a default must be given. `ms-dnn config explain KEY`
shows one of them. Made by `ms-dnn config list --markdown`, and a test compares them.
"""


def as_markdown(sections: Iterable[Section]) -> str:
    """Return a heading and a table for each section."""
    parts = [INTRODUCTION]
    for path, variants in groupby(sections, lambda section: section.path):
        parts.append(f"## {path or 'The whole file'}\n")
        for section in variants:
            start = f"**{', '.join(section.variant)}**: " if section.variant else ""
            rows = [
                f"| `{key.name}` | {_cell(key.kind)} | {'' if key.default is None else f'`{key.default}`'} | "
                f"{_cell(key.says)} |"
                for key in section.keys
            ]
            parts.append(f"{start}{section.says}\n")
            parts.append("\n".join(["| key | kind | default | |", "|---|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def as_tables(sections: Iterable[Section]) -> list[Block]:
    """Return a table for each section."""
    blocks: list[Block] = []
    for section in sections:
        title = section.path or "the whole file"
        variant = f" ({', '.join(section.variant)})" if section.variant else ""
        rows = [(key.name, _plain(key.kind), _default(key)) for key in section.keys]
        heads = [Column(f"{title}{variant}"), Column("may be", fold=True), Column("default", fold=True)]
        blocks += [Table(heads, rows), line()]
    return [*blocks, line("ms-dnn config explain KEY says what a key means")]


def explanation(section: Section, key: Key) -> str:
    """Return a key in a few lines."""
    variant = f" (of {', '.join(section.variant)})" if section.variant else ""
    default = "it must be given" if key.default is None else f"default {key.default}"
    says = f"\n  {key.says}" if key.says else ""
    return f"{key.path}{variant}: {_plain(key.kind)}; {default}{says}"


def _default(key: Key) -> str:
    return "must be given" if key.default is None else key.default


def _plain(kind: str) -> str:
    return kind.replace("``", "")


def _cell(text: str) -> str:
    """Return text for a cell of a Markdown table, in which | ends the cell."""
    return text.replace("``", "`").replace("|", "\\|")
