r"""Where each formula of the series stands: its chapter, and beside it the lines of the package that compute it.

A chapter gives a formula a name and shows the code right after it::

    # .. _formula-sigmoid-slope:
    #
    # .. math:: \frac{da}{dz} = a (1 - a)
    show_code(sigmoid_vjp)

This module finds those places in the sources; it runs and imports nothing of them.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ms_dnn
from ms_dnn.errors import SeriesError
from ms_dnn.series.catalogue import Chapter, chapters

PACKAGE = Path(__file__).parent.parent

_FORMULA = re.compile(
    r"^# \.\. _formula-(?P<name>[a-z0-9-]+):\n#\n# \.\. math::(?P<first>.*)\n(?P<more>(?:#\n|#    ? .*\n)*)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Code:
    """A function, method or class of the package and where its lines begin."""

    symbol: str
    path: Path
    line: int


@dataclass(frozen=True)
class Formula:
    """A formula in LaTeX, the chapter that explains it, and the code that computes it."""

    name: str
    latex: str
    chapter: Chapter
    code: tuple[Code, ...]


def formulas() -> list[Formula]:
    """Return the formulas of all chapters, in their order.

    Raises:
        SeriesError: when a formula has no code beside it, or names code that the package does not have.
    """
    return [formula for chapter in chapters() for formula in formulas_of(chapter)]


def formulas_of(chapter: Chapter) -> list[Formula]:
    """Return the formulas of one chapter; raises as :func:`formulas`."""
    source = chapter.path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    imported = _imports(tree)
    shown = sorted(_shown_code(tree))
    found = []
    for match in _FORMULA.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        after = [names for number, names in shown if number > line]
        if not after:
            raise SeriesError(f"{chapter.path.name}, line {line}: formula '{match['name']}' has no show_code after it")
        code = tuple(_locate(name, imported, chapter) for name in after[0])
        lines = [match["first"], *match["more"].splitlines()]
        latex = "\n".join(text.removeprefix("#").strip() for text in lines).strip()
        found.append(Formula(match["name"], latex, chapter, code))
    return found


def _imports(tree: ast.Module) -> dict[str, str]:
    """Return the full name of every name that the chapter imports."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
    return names


def _shown_code(tree: ast.Module) -> list[tuple[int, list[str]]]:
    """Return line and arguments of each call of show_code."""
    return [
        (node.lineno, [ast.unparse(argument) for argument in node.args])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "show_code"
    ]


def _locate(name: str, imported: dict[str, str], chapter: Chapter) -> Code:
    first, _, rest = name.partition(".")
    home = imported.get(first, first)
    public = home.removeprefix("ms_dnn.")
    if public in ms_dnn.__all__:
        home = f"{getattr(ms_dnn, public).__module__}.{public}"
    try:
        return locate_symbol(f"{home}.{rest}" if rest else home)
    except SeriesError as error:
        raise SeriesError(f"{chapter.path.name}: show_code({name}) names {error}") from error


def locate_symbol(symbol: str) -> Code:
    """Return where a function, class or method of the package is defined, by its full name.

    Raises:
        SeriesError: when the package does not define it.
    """
    module, inside = _module_of(symbol)
    line = None if module is None else _definitions(module).get(inside)
    if module is None or line is None:
        raise SeriesError(f"{symbol}, which the package does not define")
    return Code(symbol, module, line)


def _module_of(symbol: str) -> tuple[Path | None, str]:
    """Return the file of the module at the head of a dotted name, and what remains of the name."""
    parts = symbol.split(".")
    for count in range(len(parts) - 1, 0, -1):
        base = PACKAGE.parent.joinpath(*parts[:count])
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return path, ".".join(parts[count:])
    return None, symbol


@cache
def _definitions(path: Path) -> dict[str, int]:
    """Return the first line of every function, class and method of a file, by its name within the file."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = _first_line(node)
        if isinstance(node, ast.ClassDef):
            methods = [member for member in node.body if isinstance(member, ast.FunctionDef)]
            found |= {f"{node.name}.{method.name}": _first_line(method) for method in methods}
    return found


def _first_line(node: ast.FunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
