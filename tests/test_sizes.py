"""No file is longer than 400 lines, no function of the package longer than 60."""

import ast
from pathlib import Path

import ms_dnn

FILES = sorted(Path(ms_dnn.__file__).parent.rglob("*.py"))
ROOT = Path(__file__).parent.parent
OTHERS = [path for folder in ("tests", "scripts", "docs") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (*FILES, *OTHERS)}
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    lengths = {
        (path, node.name): node.end_lineno - node.lineno + 1
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {place: length for place, length in lengths.items() if length > 60} == {}
