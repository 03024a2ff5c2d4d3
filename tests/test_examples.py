"""The examples in the docstrings print what they say, and nothing that a reader calls by name lacks one."""

import doctest
from importlib import import_module
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
import pytest

import ms_dnn
from ms_dnn.maths import losses
from ms_dnn.training import optimizers

ROOT = Path(__file__).parent.parent
READERS_IMPORTS = {"ms": ms, "np": np, "ms_dnn": ms_dnn}
"""What every example begins with, as the page of the API says."""
IMPORTED_WHOLE = (losses, optimizers)
"""Modules whose examples begin with ``from … import *`` too."""

PUBLIC = [getattr(ms_dnn, name) for name in ms_dnn.__all__ if name != "__version__"]
NAMED = [*PUBLIC, *(loss.function for loss in losses.LOSSES.values()), *optimizers.OPTIMIZERS.values()]


def full_name(part: Any) -> str:
    return f"{part.__module__}.{part.__qualname__}"


def examples_of(module: Any) -> list[doctest.DocTest]:
    names = vars(module) if module in IMPORTED_WHOLE else {}
    found = doctest.DocTestFinder().find(module, globs={**names, **READERS_IMPORTS})
    return [test for test in found if test.examples]


def failures_of(test: doctest.DocTest) -> str:
    """Return what doctest prints on wrong output; empty where there is none."""
    printed: list[str] = []
    doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(test, out=printed.append)
    return "".join(printed)


MODULES = sorted({part.__module__ for part in NAMED})
EXAMPLES = {test.name: test for name in MODULES for test in examples_of(import_module(name))}


@pytest.mark.parametrize("name", [full_name(part) for part in NAMED])
def test_what_a_reader_calls_by_name_has_an_example(name: str) -> None:
    assert name in EXAMPLES, f"{name}: its docstring has no example"


@pytest.mark.parametrize("loss", [loss for loss in losses.LOSSES.values() if loss.gradient], ids=lambda loss: loss.name)
def test_the_example_of_a_loss_shows_its_derivative(loss: losses.Loss) -> None:
    shown = "".join(example.source for example in EXAMPLES[full_name(loss.function)].examples)
    assert f"{loss.gradient.__name__}(" in shown


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.usefixtures("cpu")
def test_an_example_prints_what_it_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # for configs/
    failures = failures_of(EXAMPLES[name])
    assert not failures, failures


@pytest.mark.usefixtures("cpu")
def test_a_wrong_digit_is_seen() -> None:
    test = next(test for test in examples_of(losses) if test.name.endswith(".squared_error"))
    test.examples[-1].want = test.examples[-1].want.replace("0.625", "0.626")
    assert "Expected:\n    [0.626]" in failures_of(test)
