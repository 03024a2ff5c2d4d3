"""What a result says of itself, as lines and tables: on the terminal, as plain text, and in a notebook as HTML."""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ms_dnn.presentation.notation import html_text, plain
from ms_dnn.presentation.page import FRAGMENT_STYLE

Tone = Literal["", "best", "good", "bad", "unsure", "quiet", "strong"]
STYLES: dict[Tone, str] = {
    "": "", "best": "bold green", "good": "green", "bad": "bold red", "unsure": "yellow", "quiet": "dim",
    "strong": "bold",
}  # fmt: skip
Cell = str | tuple[str, Tone]
TEXT_WIDTH = 100
"""Columns of a result that is printed as text."""


@dataclass(frozen=True)
class Column:
    """The head of a column: its name, on which side the cells stand, and whether long ones may be broken."""

    name: str = ""
    align: Literal["left", "right", "center"] = "left"
    fold: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        columns: their heads.
        rows: a cell a column.
        narrow: what is shown instead where a terminal is too narrow for the table.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    narrow: Table | None = None

    def rich(self) -> RichTable:
        """Return the table for a terminal."""
        table = RichTable(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
        for column in self.columns:
            name = Text("\n".join(plain(line) for line in column.name.split("\n")))
            overflow: Literal["fold", "ellipsis"] = "fold" if column.fold else "ellipsis"
            table.add_column(name, justify=column.align, overflow=overflow, no_wrap=not column.fold)
        for row in self.rows:
            table.add_row(*(_text(cell) for cell in row))
        return table

    def html(self, style: str = "") -> str:
        """Return the table as markup; the first cell of a row below a name is the row's head."""
        styles = {"left": "", "right": "number", "center": "centred"}
        names = ["<br>".join(map(html_text, column.name.strip().split("\n"))) for column in self.columns]
        head = "".join(
            f'<th scope="col"{_class(styles[column.align])}>{name}</th>'
            for column, name in zip(self.columns, names, strict=True)
        )
        title = next((number for number, name in enumerate(names) if name), 0)
        rows = []
        for row in self.rows:
            cells = ""
            for number, (column, cell) in enumerate(zip(self.columns, row, strict=True)):
                text, tone = _parts(cell)
                opened, closed = ('th scope="row"', "th") if number == title else ("td", "td")
                cells += f"<{opened}{_class(styles[column.align], tone)}>{html_text(text)}</{closed}>"
            rows.append(f"<tr>{cells}</tr>")
        return f"<table{_class(style)}><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


@dataclass(frozen=True)
class TextLine:
    """A line of text, in parts of which each has its tone.

    Attributes:
        parts: in their order; control characters in them are dropped, brackets are no markup.
        whole: never broken at the terminal's edge, for what is to be copied.
    """

    parts: tuple[Cell, ...]
    whole: bool = False

    def html(self) -> str:
        """Return the line as markup."""
        first = _parts(self.parts[0])[0] if self.parts else ""
        style = "indented" if first.startswith(" ") else ""
        spans = (f"<span{_class(tone)}>{html_text(text)}</span>" for text, tone in map(_parts, self.parts))
        return f"<p{_class(style)}>{' '.join(spans)}</p>" if first else ""


Block = TextLine | Table


def line(text: str = "", tone: Tone = "", *, whole: bool = False) -> TextLine:
    """Return a line of one tone."""
    return TextLine(((text, tone),), whole)


def print_blocks(console: Console, blocks: Sequence[Block]) -> None:
    """Print lines and tables."""
    for block in blocks:
        if isinstance(block, TextLine):
            text = Text(" ").join(_text(part) for part in block.parts)
            console.print(text, highlight=False, soft_wrap=block.whole)
        else:
            console.print(_fitting(console, block))


def _fitting(console: Console, table: Table) -> RichTable:
    """Return the narrow table where the full one would break names that the narrow one does not, or is far too wide."""
    full = table.rich()
    if table.narrow is None:
        return full
    narrow, room = table.narrow.rich(), console.options.update(width=1000)
    wanted, least = (console.measure(one, options=room).maximum for one in (full, narrow))
    fits = wanted <= console.width or (least > console.width and console.width >= TEXT_WIDTH)
    return full if fits else narrow


def as_text(blocks: Sequence[Block]) -> str:
    """Return lines and tables as plain text of 100 columns, without the end of the last line."""
    text = io.StringIO()
    print_blocks(Console(file=text, width=TEXT_WIDTH, color_system=None), blocks)
    return "\n".join(row.rstrip() for row in text.getvalue().rstrip("\n").split("\n"))


def as_html(blocks: Sequence[Block]) -> str:
    """Return lines and tables as one HTML fragment with its own style, without a script."""
    body = "".join(block.html() for block in blocks)
    return f'<div class="ms-dnn"><style>{FRAGMENT_STYLE}</style>{body}</div>'


class Shown:
    """A result that shows its report: as text where it is printed, as HTML in a notebook."""

    @abstractmethod
    def blocks(self) -> Sequence[Block]:
        """Return what is to be said of the result."""

    def __str__(self) -> str:
        return as_text(self.blocks())

    def _repr_html_(self) -> str:
        return as_html(self.blocks())


def _parts(cell: Cell) -> tuple[str, Tone]:
    return (cell, "") if isinstance(cell, str) else cell


def _text(cell: Cell) -> Text:
    text, tone = _parts(cell)
    indent = len(text) - len(text.lstrip(" "))
    return Text(" " * indent + plain(text), style=STYLES[tone])


def _class(*names: str) -> str:
    found = " ".join(name for name in names if name)
    return f' class="{found}"' if found else ""
