"""Draw the wings of the package and who imports whom: ``python scripts/draw_architecture.py architecture.svg``.

A wing is a package or module right below ``ms_dnn``. Its row is that of the layers contract in ``pyproject.toml``, its
line the first one of its docstring. Every import counts, also one that only types need. An arrow that a longer way
implies is left out; one that does not run downward is red.
"""

import argparse
import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grimp
from architecture.layout import Layout, lay_out
from architecture.svg import svg
from importlinter import api as import_linter

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "ms_dnn"
WIDEST = 4
"""Wings side by side; a layer with more takes more rows."""


@dataclass(frozen=True)
class Wing:
    """A package or module right below ``ms_dnn``, and the first line of its docstring."""

    name: str
    says: str


@dataclass(frozen=True)
class Architecture:
    """Rows of wings from top to bottom, the arrows that are drawn, and the imports that do not run downward."""

    rows: list[list[Wing]]
    arrows: list[tuple[str, str]]
    upward: list[tuple[str, str]]


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("picture", type=Path, help="the SVG to write")
    parser.parse_args().picture.write_text(draw(read_architecture()), encoding="utf-8")
    return 0


def draw(architecture: Architecture) -> str:
    """Return the picture as SVG, which takes its colours from the page that it stands in, if any."""
    says = {wing.name: wing.says for row in architecture.rows for wing in row}
    names = [[wing.name for wing in row] for row in architecture.rows]
    layout: Layout = lay_out(names, [*architecture.arrows, *architecture.upward], says)
    return svg(layout, says, set(architecture.upward))


def read_architecture() -> Architecture:
    """Return the wings that there are, in the rows of the contract."""
    wings = {wing.name: wing for wing in _wings()}
    imports = _imports(set(wings))
    layers = _layers(imports)
    row_of = {name: number for number, layer in enumerate(layers) for name in layer}
    down = {(a, b) for a, b in imports if row_of[a] < row_of[b]}
    rows = [[wings[name] for name in layer[i : i + WIDEST]] for layer in layers for i in range(0, len(layer), WIDEST)]
    return Architecture(rows, sorted(_without_implied(down)), sorted(imports - down))


def _wings() -> Iterator[Wing]:
    for path in sorted(PACKAGE.iterdir()):
        source = path / "__init__.py" if path.is_dir() else path
        if source.suffix == ".py" and source.is_file() and not path.name.startswith("__"):
            text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
            yield Wing(path.stem, text.partition("\n")[0].replace("``", ""))


def _imports(wings: set[str]) -> set[tuple[str, str]]:
    """Return the pairs (importer, imported) of different wings."""
    graph = grimp.build_graph(PACKAGE.name, cache_dir=None)
    pairs = {
        (_wing_of(module), _wing_of(imported))
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    }
    return {(a, b) for a, b in pairs if a != b and {a, b} <= wings}


def _wing_of(module: str) -> str:
    return f"{module}..".split(".")[1]


def _layers(imports: set[tuple[str, str]]) -> list[list[str]]:
    """Return the layers of the contract; a wing that it leaves out has one of its own, right above what it imports."""
    contracts = import_linter.read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    (written,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    names = [[name.strip(" ()").removeprefix("ms_dnn.") for name in layer.split("|")] for layer in written]
    wings = {wing.name for wing in _wings()}
    layers = [kept for layer in names if (kept := [name for name in layer if name in wings])]
    left = wings - {name for layer in layers for name in layer}
    while left:
        # The one that imports fewest of the others that are left: none, unless they import each other in a circle.
        name = min(sorted(left), key=lambda one: len({b for a, b in imports if a == one} & left))
        below = [number for number, layer in enumerate(layers) if any((name, other) in imports for other in layer)]
        layers.insert(min(below, default=len(layers)), [name])
        left.remove(name)
    return layers


def _without_implied(down: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the pairs that no way over other wings implies."""
    reached: dict[str, set[str]] = {}

    def below(name: str) -> set[str]:
        if name not in reached:
            direct = {b for a, b in down if a == name}
            reached[name] = direct.union(*(below(other) for other in direct))
        return reached[name]

    return {(a, b) for a, b in down if not any(b in below(other) for x, other in down if x == a)}


if __name__ == "__main__":
    sys.exit(main())
