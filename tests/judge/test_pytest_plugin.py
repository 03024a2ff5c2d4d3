"""The fixture ``gradcheck`` in suites of users: what pytest is told, prints and writes."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import numpy as np
import pytest
from mindspore import ops

from ms_dnn.judge import pytest_plugin
from ms_dnn.judge.check import MODES, check_gradients
from ms_dnn.judge.report.page import html_report
from ms_dnn.runtime.device import PREFERENCE

ROOT = Path(__file__).parents[2]
SECTIONS = ("Your own Cell", "In your own tests")
"""Of docs/judging.md: each begins with the file that it speaks of."""
HEAD = """
import numpy as np
import pytest
from mindspore import ops

X = np.array([0.5, -2.0])


def wrong(x):
    return 3 * x
"""
FRAMES = ["*pytest_plugin.py*", "*judge?check.py*"]
"""Lines that a user must not see."""


@pytest.fixture(scope="module", autouse=True)
def imported(cpu):
    """All that a check imports, for each run below forgets what it imports itself."""
    html_report(check_gradients(ops.square, np.array([0.5]), precision="float16"))


@pytest.fixture
def suite(pytester):
    """Return a function that writes a test file and runs pytest on it, in this process."""

    def run(tests, *options):
        pytester.makepyfile(HEAD + tests)
        return pytester.runpytest("-p", "no:cacheprovider", "--strict-markers", *options)

    return run


VERDICTS = """
def test_right(gradcheck):
    assert gradcheck(ops.square, X).verdict.value == "PASS"


def test_wrong(gradcheck):
    gradcheck(ops.square, inputs=X, gradients=wrong)


def test_on_a_kink(gradcheck):
    gradcheck(ops.abs, np.zeros(2), modes=["pynative"])
    raise AssertionError("a test ends where it is skipped")
"""


def test_the_verdict_is_that_of_the_test(suite):
    result = suite(VERDICTS, "-rfs", "--junitxml=junit.xml")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            ">       gradcheck(ops.square, inputs=X, gradients=wrong)",
            "E       Failed: *",
            "E       square on (2), float64 on CPU",
            "E       ✗ input 0: 2 of 2 elements wrong",
            "E       ✗ FAIL in * s: *",
            "FAILED *::test_wrong - Failed: *",
            "SKIPPED * the gradients of abs on (2) are INCONCLUSIVE: *",
        ]
    )
    for frame in FRAMES:
        result.stdout.no_fnmatch_line(frame)
    cases = {case.get("name"): case for case in ElementTree.parse("junit.xml").iter("testcase")}
    assert len(cases["test_right"]) == 0
    assert "2 of 2 elements wrong" in cases["test_wrong"].find("failure").text
    assert "are INCONCLUSIVE: " in cases["test_on_a_kink"].find("skipped").get("message")


@pytest.mark.parametrize(
    ("marker", "call", "sentence"),
    [
        ("", "gradcheck(ops.square, np.array([1, 2]))", "there is no floating-point tensor among them"),
        ("", "gradcheck(ops.square, X, modes=['eager'])", "modes: got ['eager'], expected some of"),
        ("", "gradcheck(ops.square)", "missing 1 required positional argument: 'inputs'"),
        ("", "gradcheck(ops.square, X, routes='both')", "gradcheck: got an unexpected keyword argument 'routes'"),
        ("routes='both'", "gradcheck(ops.square, X)", "gradcheck: got an unexpected keyword argument 'routes'"),
        ("'float64'", "gradcheck(ops.square, X)", "marker gradcheck: got 'float64', expected options by name"),
    ],
)
def test_wrong_input_fails_with_one_sentence(suite, marker, call, sentence):
    result = suite(f"@pytest.mark.gradcheck({marker})\ndef test_it(gradcheck):\n    {call}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f">       {call}".replace("[", "[[]"), f"E *{sentence}*".replace("[", "[[]")])
    assert len([line for line in result.outlines if line.startswith("E ")]) == 1
    for frame in FRAMES:
        result.stdout.no_fnmatch_line(frame)


PRECEDENCE = """
def used(judgement):
    return judgement.conditions.dtype, judgement.routes[-2], judgement.conditions.device


def test_command_line(gradcheck):
    assert used(gradcheck(ops.square, X)) == ("float16", "grad_operation (float64)", "CPU")


@pytest.mark.gradcheck(precision="float32", seed=3)
class TestMarked:
    def test_class(self, gradcheck):
        judgement = gradcheck(ops.square, X)
        assert (judgement.conditions.dtype, judgement.conditions.seed) == ("float32", 3)

    @pytest.mark.gradcheck(precision="float64")
    def test_marker(self, gradcheck):
        judgement = gradcheck(ops.square, X)
        assert (judgement.conditions.dtype, judgement.conditions.seed) == ("float64", 3)
        assert judgement.routes == ("grad_operation", "central_differences")

    @pytest.mark.gradcheck(precision="float16", modes=["pynative"])
    def test_call(self, gradcheck):
        judgement = gradcheck(ops.square, X, precision="float64", modes=["compiled"])
        assert judgement.conditions.dtype == "float64"
        assert judgement.routes == ("grad_operation (compiled)", "central_differences")
"""


def test_a_call_overrides_a_marker_and_a_marker_the_command_line(suite):
    result = suite(PRECEDENCE, "--gradcheck-precision=float16", "--gradcheck-modes=pynative", "--gradcheck-device=CPU")
    result.assert_outcomes(passed=4)


def test_a_device_that_is_not_there_is_one_sentence(suite, monkeypatch):
    monkeypatch.setattr("ms_dnn.runtime.device._is_available", lambda name: name == "CPU")
    result = suite("def test_it(gradcheck):\n    raise AssertionError", "--gradcheck-device=Ascend")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["--gradcheck-device: device 'Ascend' was asked for, but MindSpore finds none*"])
    assert "Traceback" not in result.stdout.str()


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--gradcheck-precision=double", "got 'double', expected float64, float32, float16 or bfloat16"),
        ("--gradcheck-modes=pynative,eager", "got 'eager', expected pynative or compiled"),
        ("--gradcheck-device=TPU", "got 'TPU', expected auto, Ascend, GPU or CPU"),
        ("--gradcheck-html=file/reports", "got '*file/reports', but '*file' is no folder: choose another place"),
    ],
)
def test_a_wrong_option_ends_the_run_before_it_begins(suite, option, sentence):
    Path("file").touch()
    result = suite("raise AssertionError('collected')", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name = option.partition("=")[0]
    result.stderr.fnmatch_lines([f"ERROR: {name}: {sentence}"])
    assert len(result.stderr.str().splitlines()) == 1
    assert not result.outlines


def test_the_options_take_what_the_judge_does():
    from ms_dnn.cli.check import Precision

    precisions = get_args(get_args(get_args(Precision)[0])[0])
    assert {"precision": precisions, "modes": MODES, "device": ("auto", *PREFERENCE)} == pytest_plugin.CHOICES


SELECTED = """
@pytest.fixture
def through_another(gradcheck):
    return gradcheck


def test_uses_it(gradcheck):
    pass


def test_uses_it_through_another(through_another):
    pass


@pytest.mark.gradcheck
def test_is_marked():
    pass


def test_has_nothing_to_do_with_it():
    pass
"""


def test_the_marker_selects_what_uses_the_fixture(suite):
    suite(SELECTED, "-m", "gradcheck").assert_outcomes(passed=3, deselected=1)


PAGES = """
def test_two_points(gradcheck):
    gradcheck(ops.square, X)
    gradcheck(ops.square, X, gradients=wrong)


@pytest.mark.parametrize("name", ["a/b", "a b", "<é>" * 60])
def test_names(gradcheck, name):
    gradcheck(ops.square, X)
"""


def test_each_judgement_has_a_page_with_a_safe_name(suite, pytester):
    result = suite(PAGES, "--gradcheck-html=made/for it", "--gradcheck-modes=pynative")
    result.assert_outcomes(passed=3, failed=1)
    folder = pytester.path / "made" / "for it"
    result.stdout.fnmatch_lines([f"*- gradcheck: 5 HTML reports in {folder} -*"])
    pages = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    assert len(pages) == 5
    assert all(re.fullmatch(r"test_each[A-Za-z0-9._-]+\.html", name) and len(name) < 150 for name in pages)
    assert ["FAIL: gradients of square" in pages[name] for name in sorted(pages) if "points" in name] == [True, False]
    assert [name for name in pages if re.fullmatch(r".*points-[0-9a-f]{8}-2\.html", name)]


def test_workers_write_and_the_controller_counts(suite, pytester):
    tests = (
        "def test_a(gradcheck):\n    gradcheck(ops.square, X)\n\n\ndef test_b(gradcheck):\n    gradcheck(ops.sin, X)"
    )
    result = suite(tests, "-n2", "--gradcheck-html=pages", "--gradcheck-modes=pynative", "--junitxml=junit.xml")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"*- gradcheck: 2 HTML reports in {pytester.path}/pages -*"])
    assert len([*Path("pages").iterdir()]) == 2
    assert len([*ElementTree.parse("junit.xml").iter("testcase")]) == 2


def test_the_example_of_the_documentation_passes(pytester):
    page = (ROOT / "docs" / "judging.md").read_text("utf-8")
    first_block = r"$.*?^```.*?\n(.*?)^```$"
    layers, tests = (re.search(f"^## {title}{first_block}", page, re.MULTILINE | re.DOTALL)[1] for title in SECTIONS)
    pytester.mkpydir("mypackage").joinpath("layers.py").write_text(layers, "utf-8")
    pytester.makepyfile(tests)
    pytester.syspathinsert()
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=2)


UNTOUCHED = """
import os
import sys


def test_it():
    assert "ms_dnn.judge.pytest_plugin" in sys.modules
    assert not {"mindspore", "numpy", "ms_dnn.judge.judging"} & set(sys.modules)
    assert not {"GLOG_v", "MS_OM_PATH"} & set(os.environ)
"""


def test_a_suite_without_it_imports_no_mindspore_and_keeps_its_environment(pytester, monkeypatch):
    for name in ("GLOG_v", "MS_OM_PATH"):  # set by our own conftest.py
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(UNTOUCHED)
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    assert "gradcheck" not in result.stdout.str() + result.stderr.str()


OF_A_USER = """
import mindspore as ms
import pytest
from layers import Cube, Wrong

import ms_dnn

X = ms.Tensor([[0.5, -1.0], [2.0, 0.1]])


def test_installed():
    assert "site-packages" in ms_dnn.__file__


def test_cube(gradcheck):
    gradcheck(Cube(), X)


@pytest.mark.gradcheck(precision="float64", modes=("pynative",))
def test_wrong(gradcheck):
    gradcheck(Wrong(), inputs=X)


def test_kink(gradcheck):
    gradcheck(ms.ops.abs, ms.Tensor([0.0, 0.0]))
"""
LAYERS = """
from mindspore import nn


class Cube(nn.Cell):
    def construct(self, x):
        return x * x * x

    def bprop(self, x, out, dout):
        return (3 * x * x * dout,)


class Wrong(Cube):
    def bprop(self, x, out, dout):
        return (2 * x * x * dout,)
"""


def call(*command, cwd):
    """Return what a command prints; it sees no other checkout."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def environment_with_wheel(folder):
    """Return the Python of a new environment: with a wheel of this checkout, and what this environment has besides."""
    source = folder / "source"
    shutil.copytree(ROOT / "ms_dnn", source / "ms_dnn", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip, offline = (sys.executable, "-m", "pip"), ("--no-deps", "--no-index")
    built = call(*pip, "wheel", *offline, "--no-build-isolation", "./source", cwd=folder)
    assert built.returncode == 0, built.stderr
    call(sys.executable, "-m", "venv", "--without-pip", "venv", cwd=folder)
    (own,) = (folder / "venv").glob("lib/python*/site-packages")
    others = folder / "others"
    others.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(("ms_dnn", "__editable__")):
            (others / path.name).symlink_to(path)
    (own / "others.pth").write_text(str(others), encoding="utf-8")
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    installed = call(*pip, "--python", python, "install", *offline, wheel, cwd=folder)
    assert installed.returncode == 0, installed.stderr
    return python


@pytest.mark.campaign
def test_an_installed_wheel_brings_the_fixture(tmp_path):
    python, project = environment_with_wheel(tmp_path), tmp_path / "project"
    project.mkdir()
    (project / "test_layers.py").write_text(OF_A_USER, encoding="utf-8")
    (project / "layers.py").write_text(LAYERS, encoding="utf-8")
    result = call(python, "-m", "pytest", "--strict-markers", "-rfs", "-n2", "--gradcheck-html=pages", cwd=project)
    assert "1 failed, 2 passed, 1 skipped" in result.stdout, result.stdout + result.stderr
    assert "E       Failed: input 0 of Wrong is 0.666667 × what it should be" in result.stdout
    assert "the gradients of abs on (2) are INCONCLUSIVE" in result.stdout
    assert f"3 HTML reports in {project / 'pages'}" in result.stdout
    assert "warning" not in result.stdout
    assert not any(name in result.stdout for name in ("pytest_plugin.py", "check.py"))
