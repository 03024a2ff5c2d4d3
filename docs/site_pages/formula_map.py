"""The map: formula, chapter, and the lines of the package that compute it."""

from itertools import groupby

from ms_dnn.series.formulas import PACKAGE, Code, Formula, formulas
from site_pages.rst import heading

INTRODUCTION = """
Every formula of the series stands in one chapter, beside the lines that compute it. This map is read from the
chapters' sources when this page is built; a formula whose code has gone is an error of the build.
"""


def formula_page() -> str:
    """Return the page in RST."""
    parts = [heading("Formulas", "="), INTRODUCTION]
    for chapter, of_chapter in groupby(formulas(), key=lambda formula: formula.chapter):
        parts.append(heading(chapter.title, "-"))
        parts += [_entry(formula) for formula in of_chapter]
    return "\n".join(parts)


def _entry(formula: Formula) -> str:
    """Return the formula, its chapter and its code; no catalogue translates a block of code, so lines may move."""
    latex = "\n".join(f"   {line}" for line in formula.latex.splitlines())
    code = "\n".join(f"   {part.symbol}  {_file(part)}:{part.line}" for part in formula.code)
    chapter = f":ref:`§ {formula.chapter.number:02} <formula-{formula.name}>`"
    return f".. math::\n\n{latex}\n\n{chapter}\n\n.. code-block:: none\n\n{code}\n"


def _file(part: Code) -> str:
    return part.path.relative_to(PACKAGE.parent).as_posix()
