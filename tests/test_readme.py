"""Every code block of the two READMEs, run exactly as it is printed."""

import contextlib
import io
import itertools
import re
import runpy
import shlex
from pathlib import Path

import pytest

from ms_dnn.cli.main import main

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLING = ("./scripts/demo.sh", "./scripts/test.sh")
"""Commands that make an environment: tests/scripts/test_bootstrap.py tries them."""


def blocks(name):
    return BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))


def programs(name):
    found = blocks(name)
    return [
        (program, output)
        for (kind, program), (next_kind, output) in itertools.pairwise(found)
        if kind == "python" and next_kind == "text"
    ]


def commands(name):
    lines = [line for kind, text in blocks(name) if kind == "console" for line in text.splitlines()]
    return [shlex.split(line.removeprefix("$ "), comments=True) for line in lines if line.startswith("$ ")]


@pytest.mark.parametrize("name", READMES)
def test_every_block_is_one_that_is_run(name):
    kinds = [kind for kind, _ in blocks(name)]
    assert set(kinds) == {"python", "text", "console"}
    assert kinds.count("python") == kinds.count("text") == len(programs(name)) == 3
    assert all(words[0] in (*INSTALLING, "ms-dnn") for words in commands(name))


def test_both_readmes_run_the_same_programs_and_commands():
    english, chinese = READMES
    code = [[re.sub(r"\s*#.*", "", program) for program, _ in programs(name)] for name in READMES]
    assert code[0] == code[1]
    assert [output for _, output in programs(english)] == [output for _, output in programs(chinese)]
    assert commands(english) == commands(chinese)


@pytest.mark.parametrize("number", range(3))
def test_a_program_prints_what_stands_below_it(cpu, number, tmp_path):
    program, output = programs("README.md")[number]
    path = tmp_path / f"readme_{number}.py"  # in a file, for MindSpore's compiler reads the source
    path.write_text(program, encoding="utf-8")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(path), run_name="readme")
    assert printed.getvalue() == output


def test_the_commands_run_in_their_order(cpu, tmp_path, monkeypatch):
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    for words in commands("README.md"):
        if words[0] == "ms-dnn":
            with pytest.raises(SystemExit) as ended:
                main(words[1:])
            assert not ended.value.code, words
    assert {"report.html", "curves.png"} <= {path.name for path in Path("runs/iris").iterdir()}


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md", "configs/README.md", "tests/README.md"])
def test_links_lead_to_files_that_are_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    missing = [link for link in links if not ((ROOT / name).parent / link).exists()]
    assert links or name == "tests/README.md"
    assert not missing
