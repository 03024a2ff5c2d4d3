"""A chapter as a Jupyter notebook, its prose in English or Chinese."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ms_dnn.series.chapter import LANGUAGE_VARIABLE
from ms_dnn.series.prose import BLOCK, QUESTIONS, Walker, inline_parts, parsed, prose_of, without_breaks
from ms_dnn.series.translation import translated

Output = dict[str, Any]
"""An output of a cell, as the format of notebooks has it."""
_MARKS = {"emphasis": "*", "strong": "**", "literal": "`", "math": "$"}


def notebook_text(path: Path, language: str, run: Callable[[str, int], list[Output]] | None = None) -> str:
    """Return the notebook of a chapter as JSON; the code of its answers is folded.

    Args:
        path: of the chapter.
        language: "en" or "zh-CN".
        run: runs a cell, given its code and its first line in the chapter, and returns its outputs; None for a notebook
            without outputs.
    """
    cells: list[dict[str, Any]] = []
    if language != "en":
        cells.append(_code(f'import os\n\nos.environ["{LANGUAGE_VARIABLE}"] = "{language}"'))
    answering = False
    for prose, code, line in cells_of(path):
        answering = answering or prose.startswith(f"{QUESTIONS}\n")
        if prose.strip():
            cells.append({"cell_type": "markdown", "metadata": {}, "source": markdown(prose, path.stem, language)})
        if code:
            cells.append(_code(code, folded=answering, outputs=run(code, line) if run is not None else []))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def cells_of(path: Path) -> Iterator[tuple[str, str, int]]:
    """Yield prose, the code that follows it, and the line where that begins, from the docstring to the end."""
    source = path.read_text(encoding="utf-8")
    docstring = ast.parse(source).body[0]
    proses = [block.text for block in prose_of(path)]
    ends = [sum(map(len, source.splitlines(keepends=True)[: docstring.end_lineno]))]
    ends += [match.end() for match in BLOCK.finditer(source)]
    starts = [*(match.start() for match in BLOCK.finditer(source)), len(source)]
    for prose, end, start in zip(proses, ends, starts, strict=True):
        code = source[end:start]
        first = len(code) - len(code.lstrip("\n"))
        yield prose, code.strip("\n"), source.count("\n", 0, end + first) + 1


def markdown(text: str, name: str, language: str) -> str:
    """Return a block of reStructuredText as Markdown, translated by the catalogue ``name``."""
    return "\n\n".join(_Writer(name, language).blocks(parsed(text)))


def _code(source: str, *, folded: bool = False, outputs: Sequence[Output] = ()) -> dict[str, Any]:
    metadata = {"jupyter": {"source_hidden": True, "outputs_hidden": True}} if folded else {}
    cell = {"cell_type": "code", "execution_count": None, "metadata": metadata}
    return {**cell, "outputs": list(outputs), "source": source}


class _Writer(Walker[str]):
    def _title(self, node: Any) -> Iterator[str]:
        level = 1 if re.match(r"\d\d · ", node.astext()) else 2
        yield f"{'#' * level} {self._words(node)}"

    def _paragraph(self, node: Any) -> Iterator[str]:
        yield self._words(node)

    _term = _paragraph

    def _math_block(self, node: Any) -> Iterator[str]:
        latex = translated(node.astext(), self.name, self.language)
        rows = f"\\begin{{aligned}}\n{latex}\n\\end{{aligned}}" if "\\\\" in latex and "cases" not in latex else latex
        yield f"$$\n{rows}\n$$"

    def _literal_block(self, node: Any) -> Iterator[str]:
        yield f"```\n{node.astext()}\n```"

    def _bullet_list(self, node: Any) -> Iterator[str]:
        yield "\n".join(self._item("- ", item) for item in node.children)

    def _enumerated_list(self, node: Any) -> Iterator[str]:
        first = node.get("start", 1)
        yield "\n".join(self._item(f"{number}. ", item) for number, item in enumerate(node.children, start=first))

    def _field_list(self, node: Any) -> Iterator[str]:
        colon = "：" if self.language == "zh-CN" else ": "
        for field in node.children:
            name, body = field.children
            yield f"**{self._words(name)}**{colon}" + "\n\n".join(self.blocks(body))

    def _table(self, node: Any) -> Iterator[str]:
        from docutils import nodes

        rows = [
            [" ".join(self._words(part) for part in entry.findall(nodes.paragraph)) for entry in row.children]
            for row in node.findall(nodes.row)
        ]
        lines = [f"| {' | '.join(row)} |" for row in rows]
        yield "\n".join([lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]])

    def _item(self, mark: str, node: Any) -> str:
        text = "\n\n".join(self.blocks(node))
        return mark + re.sub(r"\n(?=[^\n])", "\n" + " " * len(mark), text)

    def _words(self, node: Any) -> str:
        """Return the words of a title or paragraph; the answer to a question is folded."""
        question, rest = inline_parts(node, self.name, self.language)
        words = self._inline(rest)
        if not question:
            return words
        summary = "答案" if self.language == "zh-CN" else "Answer"
        return f"{self._inline(question)}\n\n<details><summary>{summary}</summary>\n\n{words}\n\n</details>"

    def _inline(self, parts: list[Any]) -> str:
        marked = ((_MARKS.get(part.tagname, ""), without_breaks(part.astext())) for part in parts)
        return "".join(f"{mark}{text}{mark}" for mark, text in marked).strip()
