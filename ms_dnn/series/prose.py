"""The prose of a chapter for a terminal: reStructuredText and its Chinese catalogue in, something for rich out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ms_dnn.series.plain_formulas import plain_formula
from ms_dnn.series.translation import translated

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.measure import Measurement
    from rich.text import Text

QUESTIONS = "Questions"
"""The heading, in the sources, of what every chapter ends with."""
BLOCK = re.compile(r"^# %%[^\n]*\n((?:#(?: [^\n]*)?\n)*)", re.MULTILINE)
"""A block of prose: a line ``# %%`` and the comment below it, which is its group."""
_ROLES = ("term", "doc", "ref", "download", "func", "class", "meth", "mod")
"""Roles of Sphinx, of which a terminal shows the words."""
_STYLES = {"emphasis": "italic", "strong": "bold", "literal": "cyan", "math": "green"}


_NEVER_FIRST = "，。、；：？！）》”’"
_UNBROKEN = re.compile(rf"[（《“‘]?(?:[\u2e80-\uffef]|[^\s\u2e80-\uffef]+)[{_NEVER_FIRST}]*\s*|\s+")
"""What stays on one line of Chinese text: a character or a word, with its punctuation."""


@dataclass(frozen=True)
class Prose:
    """A block of prose and the line of the file on which it begins."""

    line: int
    text: str


def prose_of(path: Path) -> list[Prose]:
    """Return the prose of a chapter: its docstring, then every comment below a ``# %%``."""
    source = path.read_text(encoding="utf-8")
    blocks = [Prose(1, ast.get_docstring(ast.parse(source)) or "")]
    for match in BLOCK.finditer(source):
        blocks.append(Prose(source.count("\n", 0, match.start()) + 1, uncommented(match[1])))
    return blocks


def uncommented(comment: str) -> str:
    """Return the text of a comment."""
    return re.sub(r"^# ?", "", comment, flags=re.MULTILINE)


def rendered(text: str, name: str, language: str, *, answers: bool) -> list[RenderableType]:
    """Return the paragraphs, headings, lists and formulas of a block, one after the other.

    Args:
        text: reStructuredText.
        name: of the chapter, whose catalogue translates it.
        language: "en" or "zh-CN".
        answers: whether what follows a question in the same item is shown.
    """
    return list(_Renderer(name, language, answers).blocks(parsed(text)))


def inline_parts(node: Any, name: str, language: str) -> tuple[list[Any], list[Any]]:
    """Return what a title or paragraph is made of, translated: a question, if it opens with one, and all else.

    A question is what is emphasised at the head of an item of a numbered list.
    """
    message = " ".join((node.rawsource or node.astext()).split())
    chinese = translated(message, name, language)
    inline = list(node.children if chinese == message else parsed(chinese).children[0].children)
    asks = (
        node.parent.tagname == "list_item"
        and node.parent.parent.tagname == "enumerated_list"
        and inline
        and inline[0].tagname == "emphasis"
    )
    return (inline[:1], inline[1:]) if asks else ([], inline)


def parsed(text: str) -> Any:
    """Return reStructuredText as docutils' tree; what it does not know is left out of it."""
    from docutils.utils import new_document

    parser, settings = _parser()
    document = new_document("", settings)
    parser.parse(text, document)
    return document


@cache
def _parser() -> tuple[Any, Any]:
    """Return docutils' parser, which knows the words of Sphinx's roles, and its settings."""
    from docutils import nodes
    from docutils.frontend import get_default_settings
    from docutils.parsers.rst import Parser, roles

    def words(_name: str, _raw: str, content: str, *_: Any) -> tuple[list[Any], list[Any]]:
        shown = re.sub(r"\s*<[^>]*>$", "", content)
        return [nodes.literal(shown, shown)], []

    for role in _ROLES:
        roles.register_local_role(role, words)
    settings = get_default_settings(Parser)
    settings.report_level = settings.halt_level = 5
    return Parser(), settings


def without_breaks(text: str) -> str:
    """Return the text on one line, without the blank that a role needs between itself and Chinese punctuation."""
    return re.sub(rf"^ (?=[{_NEVER_FIRST}])", "", re.sub(r"\s*\n\s*", " ", text))


class ChineseText:
    """A paragraph that is broken between any two characters of Chinese, and between words elsewhere."""

    def __init__(self, words: Text) -> None:
        self.words = words

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from rich.cells import cell_len

        breaks, used = [], 0
        for piece in _UNBROKEN.finditer(self.words.plain):
            needed = cell_len(piece[0].rstrip())
            if used and used + needed > options.max_width:
                breaks.append(piece.start())
                used = 0
            used += cell_len(piece[0])
        for line in self.words.divide(breaks):
            line.rstrip()
            yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement

        return Measurement(2, options.max_width)


Block = TypeVar("Block")
"""What a block of prose becomes: something for rich, or a text."""


class Walker(Generic[Block]):
    """Goes through docutils' tree of a chapter's prose; a node that has no method ``_TAGNAME`` is left out."""

    def __init__(self, name: str, language: str) -> None:
        self.name, self.language = name, language

    def blocks(self, parent: Any) -> Iterator[Block]:
        """Yield what is in a node, in its order."""
        for node in parent.children:
            method = getattr(self, f"_{node.tagname}", None)
            if method is not None:
                yield from method(node)

    _admonition = _block_quote = _definition_list = _definition_list_item = _definition = _note = _section = blocks


class _Renderer(Walker["RenderableType"]):
    def __init__(self, name: str, language: str, answers: bool) -> None:
        super().__init__(name, language)
        self.answers = answers

    def _title(self, node: Any) -> Iterator[RenderableType]:
        title = self._words(node)
        title.stylize("bold")
        yield title

    def _paragraph(self, node: Any) -> Iterator[RenderableType]:
        words = self._words(node)
        yield ChineseText(words) if self.language == "zh-CN" else words

    _term = _paragraph

    def _math_block(self, node: Any) -> Iterator[RenderableType]:
        from rich.padding import Padding
        from rich.text import Text

        yield Padding(Text(plain_formula(translated(node.astext(), self.name, self.language)), "green"), (0, 0, 0, 4))

    def _literal_block(self, node: Any) -> Iterator[RenderableType]:
        from rich.padding import Padding
        from rich.text import Text

        yield Padding(Text(node.astext(), "cyan"), (0, 0, 0, 4))

    def _bullet_list(self, node: Any) -> Iterator[RenderableType]:
        yield from (self._item("• ", item) for item in node.children)

    def _enumerated_list(self, node: Any) -> Iterator[RenderableType]:
        for number, item in enumerate(node.children, start=node.get("start", 1)):
            yield self._item(f"{number}. ", item)

    def _field_list(self, node: Any) -> Iterator[RenderableType]:
        for field in node.children:
            name, body = field.children
            yield self._item(f"{self._words(name).plain}{'：' if self.language == 'zh-CN' else ': '}", body)

    def _table(self, node: Any) -> Iterator[RenderableType]:
        from docutils import nodes
        from rich.table import Table

        table = Table(show_header=False)
        for row in node.findall(nodes.row):
            cells = ((self._words(part) for part in entry.findall(nodes.paragraph)) for entry in row.children)
            table.add_row(*(next(iter(cell), "") for cell in cells))
        yield table

    def _item(self, mark: str, node: Any) -> RenderableType:
        from rich.cells import cell_len
        from rich.console import Group
        from rich.table import Table

        row = Table.grid()
        row.add_column(width=cell_len(mark))
        row.add_column(overflow="fold")
        row.add_row(mark, Group(*self.blocks(node)))
        return row

    def _words(self, node: Any) -> Text:
        """Return the words of a title, paragraph or name of a field, translated, in their styles."""
        from rich.text import Text

        question, answer = inline_parts(node, self.name, self.language)
        words = Text()
        for part in [*question, *answer] if self.answers or not question else question:
            text = plain_formula(part.astext()) if part.tagname == "math" else part.astext()
            words.append(without_breaks(text), _STYLES.get(part.tagname, ""))
        return words
