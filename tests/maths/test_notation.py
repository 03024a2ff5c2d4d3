"""Docstrings that open with a formula keep its letters: z is the weighted sum, Z is nothing."""

import ast
import re
from pathlib import Path

import pytest

import ms_dnn

ROOT = Path(ms_dnn.__file__).parent
FILES = sorted(path for wing in ("maths", "layers", "gradients") for path in (ROOT / wing).glob("*.py"))


def capitalised_arguments(source):
    """Yield the functions whose docstring opens with an argument's name in a capital that it does not have."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            names = {argument.arg for argument in node.args.args} | {"da", "dz", "dx", "a", "x", "y", "z"}
            opening = re.match(r"\w+", ast.get_docstring(node) or "")
            word = opening[0] if opening else ""
            is_word = word == "A" and re.match(r"A [a-z]+ ", ast.get_docstring(node))
            if word not in names and word[:1].lower() + word[1:] in names and not is_word:
                yield node.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_formula_is_not_capitalised(path):
    assert list(capitalised_arguments(path.read_text("utf-8"))) == []


def test_the_capital_that_a_linter_once_wrote_is_found():
    assert list(capitalised_arguments('def silu(z):\n    """Z σ(z), σ the sigmoid."""')) == ["silu"]
    assert list(capitalised_arguments('def silu(z):\n    """z σ(z), σ the sigmoid."""')) == []
    assert list(capitalised_arguments('def silu(a):\n    """A number a day."""')) == []


def test_the_linter_leaves_the_first_letter_alone():
    ignored = (ROOT.parent / "pyproject.toml").read_text("utf-8")
    assert '"D403"' in ignored
