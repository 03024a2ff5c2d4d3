"""The mutants of a package: every place where one small edit of the syntax tree makes a fault, in a random order.

The order depends on the seed and, of each mutant, on the qualified name of its function, the kind of the edit and the
text of its line, and on nothing else: where code stayed the same, two commits get the same mutants, whatever file the
code has moved to. What could not change a result is left alone: docstrings and other strings, annotations, raised
errors, assertions, printing, logging and warnings, ``__repr__`` and ``__str__``, overloads, protocols, decorators, and
what is only for type checkers.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Edit = tuple[str, ast.expr, str]
"""Kind, the node that is replaced, and the source that replaces it."""

OPERATORS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.Mult: ast.Div(), ast.Div: ast.Mult(), ast.Pow: ast.Mult(),
    ast.FloorDiv: ast.Mult(), ast.Mod: ast.FloorDiv(),
}  # fmt: skip
TURNED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.Gt(), ast.Gt: ast.Lt(), ast.LtE: ast.GtE(), ast.GtE: ast.LtE(), ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(), ast.Is: ast.IsNot(), ast.IsNot: ast.Is(), ast.In: ast.NotIn(), ast.NotIn: ast.In(),
}  # fmt: skip
SYMMETRIC = {"maximum", "minimum", "max", "min", "add", "mul", "isclose", "allclose", "array_equal", "logical_and"}
"""Functions whose arguments may change places."""
TELLING = {"print", "warn", "warning", "info", "debug", "error", "exception", "log"}
UNSEEN = {"__repr__", "__str__"}


@dataclass(frozen=True)
class Mutant:
    """One fault: an edit of one expression.

    Attributes:
        key: what the order goes by; names the mutant.
        file: the file, relative to the checkout.
        function: qualified name of the function or class around it; "" in the body of a module.
        kind: what is done.
        line: number of the line.
        before: the line's text.
        replaced: the source of the expression.
        replacement: what it becomes.
        content: the whole file with the fault in it.
    """

    key: str
    file: str
    function: str
    kind: str
    line: int
    before: str
    replaced: str
    replacement: str
    content: str


def find_mutants(checkout: Path, files: Iterable[Path], seed: int) -> list[Mutant]:
    """Return all mutants of some files of a checkout, in the order of the seed."""
    found: list[Mutant] = []
    seen: Counter[tuple[str, str, str]] = Counter()
    for file in files:
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        for function, (kind, node, replacement) in edits_in(ast.parse(text)):
            before = lines[node.lineno - 1].strip()
            place = function, kind, before
            seen[place] += 1
            key = hashlib.sha256("\0".join(map(str, (seed, *place, seen[place]))).encode()).hexdigest()[:16]
            name, replaced = file.relative_to(checkout).as_posix(), ast.unparse(node)
            content = _replaced(lines, node, replacement)
            found.append(Mutant(key, name, function, kind, node.lineno, before, replaced, replacement, content))
    return sorted(found, key=lambda mutant: mutant.key)


def _replaced(lines: list[str], node: ast.expr, replacement: str) -> str:
    """Return the file's text with the node replaced; columns count bytes."""
    assert node.end_lineno is not None  # noqa: S101 - it was parsed
    first, last = lines[node.lineno - 1].encode(), lines[node.end_lineno - 1].encode()
    edited = first[: node.col_offset].decode() + replacement + last[node.end_col_offset :].decode()
    return "".join([*lines[: node.lineno - 1], edited, *lines[node.end_lineno :]])


def edits_in(tree: ast.AST, function: str = "") -> Iterator[tuple[str, Edit]]:
    """Yield (qualified name of the function, edit) of everything below a node."""
    for child in _children(tree):
        inside = function
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inside = f"{function}.{child.name}".removeprefix(".")
        if isinstance(child, ast.expr):
            yield from ((inside, edit) for edit in edits_of(child))
        if isinstance(child, ast.If) and child.orelse:
            yield inside, ("branches swapped", child.test, f"not ({ast.unparse(child.test)})")
        yield from edits_in(child, inside)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the children on which results depend."""
    skipped = {"annotation", "returns", "decorator_list", "bases", "keywords"}
    for name, value in ast.iter_fields(node):
        if name in skipped and isinstance(node, ast.stmt | ast.arg):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_unseen(child):
                yield child


def _is_unseen(node: ast.AST) -> bool:
    """Whether no result depends on the node."""
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.FunctionDef):
        return node.name in UNSEEN or any("overload" in ast.unparse(one) for one in node.decorator_list)
    if isinstance(node, ast.ClassDef):
        return any("Protocol" in ast.unparse(base) for base in node.bases)
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.Call) and _name_of(node.func) in TELLING


def _name_of(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


def edits_of(node: ast.expr) -> Iterator[Edit]:
    """Yield the faults that can be made of one expression; those inside it not."""
    if isinstance(node, ast.BinOp):
        yield from _of_operation(node)
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node)
    else:
        yield from _of_others(node)


def _of_operation(node: ast.BinOp) -> Iterator[Edit]:
    left, right = ast.unparse(node.left), ast.unparse(node.right)
    if type(node.op) not in OPERATORS or any(isinstance(side, ast.JoinedStr) or _is_text(side)
                                             for side in (node.left, node.right)):  # fmt: skip
        return
    swapped = ast.BinOp(node.left, OPERATORS[type(node.op)], node.right)
    yield "operator swapped", node, f"({ast.unparse(swapped)})"
    if isinstance(node.op, ast.Mult | ast.Div):
        yield "sign flipped", node, f"(-({ast.unparse(node)}))"
        yield "factor dropped", node, f"({left if isinstance(node.op, ast.Div) else right})"
    if isinstance(node.op, ast.Add | ast.Sub):
        yield "term dropped", node, f"({left})"


def _is_text(node: ast.expr) -> bool:
    """Whether the node is a text, whose sum is no arithmetic."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _of_call(node: ast.Call) -> Iterator[Edit]:
    name = _name_of(node.func)
    if name in ("transpose", "swapaxes") and isinstance(node.func, ast.Attribute):
        yield "transpose removed", node, f"({ast.unparse(node.func.value)})"
    first = node.args[:2]
    if len(first) == 2 and name not in SYMMETRIC and not any(isinstance(one, ast.Starred) for one in first):
        swapped: Any = ast.Call(node.func, [first[1], first[0], *node.args[2:]], node.keywords)
        yield "arguments swapped", node, ast.unparse(swapped)
    for keyword in node.keywords:
        if keyword.arg == "axis" and ast.unparse(keyword.value) in ("0", "1", "-1"):
            yield "axis changed", keyword.value, "1" if ast.unparse(keyword.value) == "0" else "0"


def _of_constant(node: ast.Constant) -> Iterator[Edit]:
    value = node.value
    if type(value) is int:
        yield "plus one", node, str(value + 1)
        yield "minus one", node, f"({value - 1})"
    elif type(value) is float:
        yield "constant changed", node, repr(value * 1.5 if value else 1.0)
    elif type(value) is bool:
        yield "constant changed", node, str(not value)


def _of_others(node: ast.expr) -> Iterator[Edit]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign flipped", node, f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "comparison turned", node, f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        turned = ast.Compare(node.left, [TURNED[type(node.ops[0])]], node.comparators)
        yield "comparison turned", node, f"({ast.unparse(turned)})"
    elif isinstance(node, ast.BoolOp):
        other = ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
        yield "and/or swapped", node, f"({ast.unparse(other)})"
    elif isinstance(node, ast.IfExp):
        yield "branches swapped", node, f"({ast.unparse(ast.IfExp(node.test, node.orelse, node.body))})"
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose removed", node, f"({ast.unparse(node.value)})"
