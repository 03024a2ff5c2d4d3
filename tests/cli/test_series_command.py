"""``ms-dnn series``: the list, what is found, one chapter, an exercise, a notebook, and what is none of them."""

import re
import subprocess
import sys

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from ms_dnn.cli.main import app
from ms_dnn.series.catalogue import chapters
from ms_dnn.series.exercises.catalogue import find_exercise


@pytest.fixture(autouse=True)
def _place(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def replaced(monkeypatch):
    """Return what would have taken the place of the command."""
    arguments = []
    monkeypatch.setattr("os.execv", lambda _, command: arguments.append(command))
    return arguments


def series(*words):
    return CliRunner().invoke(app, ["series", *words])


def test_the_list_fits_one_screen_and_needs_no_mindspore():
    lines = [
        "import sys",
        "from ms_dnn.cli.main import main",
        "try: main(['series', '--language', 'zh-CN'])",
        "finally: assert 'mindspore' not in sys.modules",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(f"{chapter.number:02} ·" in done.stdout for chapter in chapters())
    assert "反向传播" in done.stdout
    assert len(done.stdout.splitlines()) < 24
    assert max(map(cell_len, done.stdout.splitlines())) <= 80


def test_the_list_shows_what_was_done():
    from ms_dnn.series.progress import record

    record("read", 9)
    record("solved", 9)
    rows = series().stdout.splitlines()
    assert rows[0].split() == ["chapter", "read", "exercise"]
    assert next(row for row in rows if row.startswith("09 ·")).count("✓") == 2
    assert next(row for row in rows if row.startswith("08 ·")).count("✓") == 0
    assert len(rows) < 24


@pytest.mark.parametrize(
    ("words", "chapter"),
    [
        (["1"], "01_"),
        (["感知机"], "01_"),
        (["backprop"], "09_"),
        (["gradient", "descent"], "04_"),
        (["09_back"], "09_"),
    ],
)
def test_a_chapter_takes_the_place_of_the_command(replaced, tmp_path, words, chapter):
    options = ["--device", "CPU", "--language", "zh-CN", "--figures", str(tmp_path), "--no-prose", "--answers"]
    assert series(*words, *options).exit_code == 0
    (command,) = replaced
    assert command[:3] == [sys.executable, "-m", "ms_dnn.series.reading"]
    assert f"scripts/series/{chapter}" in command[3]
    assert command[4:] == options


@pytest.mark.parametrize(
    ("word", "numbers"), [("sigmoid", ["2", "14"]), ("δ", ["9", "3"]), ("DNN基本结构", ["7", "8"])]
)
def test_several_chapters_are_listed_the_best_first(replaced, word, numbers):
    done = series(word)
    assert done.exit_code == 0
    assert not replaced
    assert re.findall(r"^ms-dnn series (\d+)", done.stdout, re.MULTILINE)[:2] == numbers
    assert len(done.stdout.splitlines()) < 24
    chinese = series(word, "--language", "zh-CN").stdout
    assert chinese.startswith("运行")
    assert "ms-dnn series 9 --language zh-CN" in chinese or "δ" not in word


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["99"], "series: got chapter 99, expected "),
        (["sigmod"], "series: no chapter has 'sigmod': the nearest terms are sigmoid"),
        (["--answers"], "--answers: no chapter was named"),
        (["1", "--hint"], "--hint: it is an option of an exercise"),
        (["sigmoid", "--answers"], "--answers: several chapters were found"),
        (["exercise"], "series exercise: none was named, expected a number from 1 to 17"),
        (["exercise", "nine"], "series exercise: got 'nine', expected a number from 1 to 17"),
        (["exercise", "9", "--no-prose"], "--no-prose: it is an option of a chapter"),
        (["exercise", "9", "--hint", "--solution"], "--hint, --solution: name one of them"),
        (["exercise", "9", "--file", "/dev/null/a.py"], "--file: got '/dev/null', "),
    ],
)
def test_wrong_words_are_one_sentence(words, says):
    error = series(*words).exception
    assert getattr(error, "exit_code", None) == 2
    assert str(error).startswith(says)


def test_an_exercise_is_given_judged_and_kept(tmp_path):
    given = series("exercise", "5")
    path = tmp_path / "exercises" / "05_layer.py"
    assert given.exit_code == 0
    assert path.read_text("utf-8") == find_exercise(5).stub.read_text("utf-8")
    assert "without a loop" in given.stdout
    assert series("exercise", "5").exit_code == 1
    path.write_text(find_exercise(5).solution.read_text("utf-8").replace(".T", ""), encoding="utf-8")
    wrong = series("exercise", "5", "--language", "zh-CN")
    assert wrong.exit_code == 1
    assert wrong.stdout == f"✗ 编程练习 05：\n  {find_exercise(5).faults['transpose'].zh}\n"
    path.write_text(series("exercise", "5", "--solution").stdout, encoding="utf-8")
    assert series("exercise", "5").stdout == "✓ exercise 05: right.\n"
    assert next(row for row in series().stdout.splitlines() if row.startswith("05 ·")).count("✓") == 1


def test_a_hint_is_shown_in_both_languages():
    assert series("exercise", "9", "--hint").stdout.strip() == find_exercise(9).hint.en
    assert series("exercise", "9", "--hint", "--language", "zh-CN").stdout.strip() == find_exercise(9).hint.zh


def test_a_notebook_is_written_and_opened_where_there_is_a_jupyter(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    done = series("9", "--notebook")
    assert "wrote 09_backpropagation.en.ipynb" in done.stdout
    assert "no Jupyter" in done.stdout
    opened = []
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(
        "subprocess.run", lambda command, **_: opened.append(command) or subprocess.CompletedProcess(command, 0)
    )
    assert series("9", "--notebook").exit_code == 0
    assert opened == [["/bin/jupyter-lab", "09_backpropagation.en.ipynb"]]
