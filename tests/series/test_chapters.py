"""The chapters as files: what they say of themselves, and how they answer the shell."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ms_dnn.errors import SeriesError
from ms_dnn.series.catalogue import chapters, find_chapter
from ms_dnn.series.chapter import begin, reason_in_chinese


def run(chapter, *arguments):
    command = [sys.executable, "-W", "error::UserWarning", str(chapter.path.resolve()), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_there_are_twenty_in_order():
    assert [chapter.number for chapter in chapters()] == list(range(20))
    assert all(chapter.title.startswith(f"{chapter.number:02} · ") for chapter in chapters())


@pytest.mark.parametrize("number", ["9", "09"])
def test_a_chapter_is_found_by_its_number(number):
    assert find_chapter(number).name == "09_backpropagation"


def test_a_chapter_that_is_not_there():
    with pytest.raises(SeriesError, match="got chapter 99, expected "):
        find_chapter("99")


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.name)
def test_every_label_is_in_both_languages(chapter):
    calls = [
        node
        for node in ast.walk(ast.parse(chapter.path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("label", "say")
    ]
    assert calls
    for call in calls:
        english, chinese = (written(argument) for argument in call.args)
        has_words = re.search(r"[A-Za-z]{3,}", english)
        assert not has_words or re.search("[一-鿿]", chinese), f"line {call.lineno}: {english}"


def written(words):
    """Return the text of a string, or of an f-string without what is put in."""
    parts = words.values if isinstance(words, ast.JoinedStr) else [words]
    return "".join(part.value for part in parts if isinstance(part, ast.Constant))


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.name)
def test_every_chapter_ends_with_answered_questions(chapter):
    source = chapter.path.read_text(encoding="utf-8")
    asked = source.partition("# Questions\n")[2]
    answers = [
        ast.literal_eval(node.args[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "check_answer"
    ]
    assert sorted(answers) in ([1, 2], [1, 2, 3])
    assert all(f"# {number}. *" in asked for number in answers)


def test_a_chapter_runs_from_the_shell_and_keeps_its_pictures(tmp_path):
    done = run(find_chapter("1"), "--device", "CPU", "--language", "zh-CN", "--figures", str(tmp_path / "pictures"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "设备：CPU，由用户指定" in done.stdout
    assert "✓ 第 3 题的答案" in done.stdout
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        f"01_perceptron-{number}.png" for number in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--language", "fr"], "language: got 'fr', expected en or zh-CN"),
        (["--figures", "/dev/null/pictures"], "--figures /dev/null/pictures: Not a directory"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(arguments, says, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["01_perceptron.py", *arguments])
    with pytest.raises(SystemExit) as exit_of_chapter:
        begin()
    assert exit_of_chapter.value.code == 2
    assert says in (said := capsys.readouterr().err)
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("requested", "name", "reason"),
    [
        ("CPU", "CPU", "由用户指定"),
        ("auto", "Ascend", "由 auto 选定：首选设备可用"),
        ("auto", "CPU", "由 auto 选定：Ascend、GPU 不可用"),
    ],
)
def test_a_chinese_reader_is_told_why_this_device(requested, name, reason):
    assert reason_in_chinese(requested, name) == reason


def test_a_device_that_does_not_exist_is_one_sentence():
    done = run(find_chapter("1"), "--device", "TPU")  # in a process: the style of the pictures is set by then
    assert done.returncode == 2
    assert "device: got 'TPU', expected auto, Ascend, GPU or CPU" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.name)
def test_a_chapter_imports_nothing_that_stays_in_the_checkout(chapter):
    beside = {path.stem for path in (Path(__file__).parents[2] / "scripts").iterdir()} - {"series"}
    modules = [
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(chapter.path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    ]
    assert {"ms_dnn", "numpy"} <= {module.partition(".")[0] for module in modules}
    assert not beside & {module.partition(".")[0] for module in modules}
