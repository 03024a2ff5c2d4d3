"""Random faults: what is edited and what is left alone, the same in two commits, noticed or not by a made-up suite."""

import argparse
import ast
import json

import plant_random_faults
import pytest
from plant_random_faults import Results, examine_all, files_of
from random_faults.mutants import edits_in, find_mutants
from random_faults.suite import Suite

AREA = '''"""Areas."""


def area(width: float, height: float) -> float:
    """Return 1 * 2."""
    if width < 0:
        raise ValueError("no area of " + str(0 - 1))
    return width * height


def margin(width: float) -> float:
    return width + 0.5
'''
TESTS = """from ms_dnn.maths.area import area

def test_area():
    assert area(2.0, 3.0) == 6.0
    assert area(0.5, 2.0) == 1.0

def test_that_fails_anyway():
    assert False
"""

OTHER_TESTS = """from ms_dnn.maths import area

def test_margin():
    assert area.margin(1.0) > 1.0
"""


def edits(source):
    return {(kind, ast.unparse(node), replacement) for _, (kind, node, replacement) in edits_in(ast.parse(source))}


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("y = a + b", ("operator swapped", "a + b", "(a - b)")),
        ("y = a * b", ("factor dropped", "a * b", "(b)")),
        ("y = a * b", ("sign flipped", "a * b", "(-(a * b))")),
        ("y = -a", ("sign flipped", "-a", "(a)")),
        ("y = x[1]", ("minus one", "1", "(0)")),
        ("y = 0.1", ("constant changed", "0.1", "0.15000000000000002")),
        ("y = f(a, b, c)", ("arguments swapped", "f(a, b, c)", "f(b, a, c)")),
        ("y = a.sum(axis=0)", ("axis changed", "0", "1")),
        ("y = a < b", ("comparison turned", "a < b", "(a > b)")),
        ("y = ops.matmul(dz.T, x)", ("transpose removed", "dz.T", "(dz)")),
        ("y = a if c else b", ("branches swapped", "a if c else b", "(b if c else a)")),
        ("if c:\n    y = a\nelse:\n    y = b", ("branches swapped", "c", "not (c)")),
        ("def f(x: int = 1): ...", ("plus one", "1", "2")),
    ],
)
def test_kinds_of_faults(source, fault):
    assert fault in edits(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""1 + 2"""',
        "raise ValueError(1 + 2)",
        "assert a < b",
        "x: Annotated[int, 1 + 2]",
        "def f(x: A[1, 2]) -> B[1]: ...",
        "def __repr__(self): return f(1, 2)",
        "logger.info(a + b, c)",
        "y = f'{a + b}'",
        "y = 'a' + b",
        "@overload\ndef f(x=1): ...",
        "if TYPE_CHECKING:\n    y = 1",
        "class A(Protocol):\n    x = 1",
        "y = ops.maximum(a, b)",
    ],
)
def test_what_changes_no_result_is_left_alone(source):
    assert edits(source) == set()


@pytest.fixture
def checkout(tmp_path):
    for name, text in (
        ("ms_dnn/__init__.py", ""),
        ("ms_dnn/maths/__init__.py", ""),
        ("ms_dnn/maths/area.py", AREA),
        ("tests/maths/test_area.py", TESTS),
        (
            "tests/test_others.py",
            "from ms_dnn.maths import area\n\ndef test_margin():\n    assert area.margin(1) > 1\n",
        ),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def mutants_in(checkout, seed=0):
    return find_mutants(checkout, files_of(checkout, ["maths"]), seed)


def test_each_mutant_is_another_program_and_the_seed_orders_them(checkout):
    mutants = mutants_in(checkout)
    assert len({ast.dump(ast.parse(mutant.content)) for mutant in mutants} - {ast.dump(ast.parse(AREA))}) > 8
    assert [one.key for one in mutants] == sorted({one.key for one in mutants})
    assert [one.kind for one in mutants] != [one.kind for one in mutants_in(checkout, seed=1)]


def test_code_that_moved_to_another_file_gets_the_same_faults(checkout):
    before = {mutant.key: mutant for mutant in mutants_in(checkout)}
    (checkout / "ms_dnn/maths/deep").mkdir()
    moved = (checkout / "ms_dnn/maths/area.py").rename(checkout / "ms_dnn/maths/deep/areas.py")
    moved.write_text(f"import os\n\n{AREA}\n\ndef further(x):\n    return x * 2\n")
    after = {mutant.key: mutant for mutant in mutants_in(checkout)}
    assert before.keys() < after.keys()
    assert all(after[key].replacement == mutant.replacement for key, mutant in before.items())
    assert {after[key].function for key in after.keys() - before.keys()} == {"further"}


@pytest.mark.campaign
def test_the_suite_notices_faults_and_lets_others_pass(checkout):
    suite = Suite(checkout, workers=0)
    found = {}
    for mutant in mutants_in(checkout):
        if mutant.kind in ("operator swapped", "constant changed"):
            found[mutant.function, mutant.kind] = suite.examine(mutant)
    assert (checkout / "ms_dnn/maths/area.py").read_text() == AREA
    noticed = found["area", "operator swapped"]
    assert (noticed.noticed, noticed.stage, noticed.test) == (
        True, "tests of maths", "tests/maths/test_area.py::test_area",
    )  # fmt: skip
    noticed = found["margin", "operator swapped"]
    assert (noticed.stage, noticed.test) == ("tests that import maths.area", "tests/test_others.py::test_margin")
    survivor = found["margin", "constant changed"]
    assert (survivor.noticed, survivor.stage) == (False, "all tests")
    assert suite.failing == {"tests/maths/test_area.py::test_that_fails_anyway"}


def test_a_fault_that_never_ends_is_noticed(checkout):
    (checkout / "tests/maths/test_area.py").write_text(
        "import threading\n\ndef test_endless():\n    threading.Event().wait()\n"
    )
    verdict = Suite(checkout, workers=0, time_limit=2.0).examine(mutants_in(checkout)[0])
    assert (verdict.noticed, verdict.test) == (True, "exit code -1")


def test_results_are_kept_and_not_asked_again(checkout, tmp_path, capsys):
    asked = argparse.Namespace(
        output=tmp_path / "results.json", commit="a", seed=0, wings=["maths"], first_stage_only=True
    )
    suite = Suite(checkout, workers=0, first_stage_only=True)
    chosen = list(enumerate(mutants_in(checkout)[:1], start=1))
    first = examine_all(chosen, [suite], Results(asked))
    suite.examine = pytest.fail
    assert examine_all(chosen, [suite], Results(asked)) == first
    assert json.loads(asked.output.read_text())["faults"] == first
    plant_random_faults.summary(first)
    assert "of 1 faults noticed" in capsys.readouterr().out
    asked.seed = 1
    with pytest.raises(SystemExit, match="choose another file"):
        Results(asked)
