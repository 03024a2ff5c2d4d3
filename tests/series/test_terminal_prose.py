"""The prose of the chapters in a terminal: formulas, both languages, questions without their answers."""

import json
import re
import signal
import subprocess
import sys

import pytest
from rich.cells import cell_len
from rich.console import Console

from ms_dnn.series.catalogue import chapters, find_chapter
from ms_dnn.series.notebook import cells_of, markdown, notebook_text
from ms_dnn.series.plain_formulas import plain_formula
from ms_dnn.series.prose import prose_of, rendered
from ms_dnn.series.reading import Reading

CHAPTER = find_chapter("9")


def shown(text, language="en", *, answers=False, name=CHAPTER.name):
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    with console.file:
        for part in rendered(text, name, language, answers=answers):
            console.print(part)
    return console.export_text()


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"\delta^{[l]} = \bigl(W^{[l+1]}\bigr)^T \delta^{[l+1]} \odot g'(z)", "δ[l] = (W[l+1])ᵀ δ[l+1] ⊙ g′(z)"),
        (r"\frac{\partial J}{\partial W} = \frac{1}{2N} \sum_n (w^* - 3)^2", "∂J/∂W = 1/(2N) Σₙ (w* − 3)²"),
        (r"a = \begin{cases} +1 & z > 0 \\ -1 & z \le 0 \end{cases}", "a = +1 (z > 0); −1 (z ≤ 0)"),
        (r"m = \begin{cases} 0 & \text{with odds } p \\ 1 & \text{else} \end{cases}", "m = 0 (with odds  p); 1 (else)"),
        (r"a &= b \\ c &= \sqrt{x + 1}", "a  = b\nc  = √(x + 1)"),
        (r"\hat{y} = \operatorname{sign}(z)", "ŷ = sign(z)"),
        (r"\unknown x^", "unknown x"),
    ],
)  # fmt: skip
def test_a_formula_is_plain(latex, plain):
    assert plain_formula(latex).rstrip() == plain


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.name)
def test_all_prose_is_shown_without_markup(chapter, language):
    for block in prose_of(chapter.path):
        text = shown(block.text, language, answers=True, name=chapter.name)
        assert text.strip()
        assert not re.search(r":\w+:`|``|\*\*|\\[a-z]+|^\.\. ", text, re.MULTILINE), text


@pytest.mark.parametrize(("language", "end"), [("en", "Output: a[L]."), ("zh-CN", "输出：a[L]。")])
def test_an_algorithm_in_a_box_is_shown(language, end):
    chapter = find_chapter("8")
    (block,) = (block.text for block in prose_of(chapter.path) if "admonition" in block.text)
    assert end in shown(block, language, name=chapter.name).replace("输出： ", "输出：")
    assert end.partition("a[L]")[0].strip() in markdown(block, chapter.name, language)


def test_chinese_prose_is_chinese():
    text = shown(prose_of(CHAPTER.path)[0].text, "zh-CN")
    assert "反向传播" in text
    assert "学到什么：" in text
    assert "How much" not in text


def test_chinese_lines_are_full_and_begin_with_no_punctuation():
    lines = shown("很长的一段话，" * 40 + "用 ``word`` 与 :math:`a - y` 。完", "zh-CN").splitlines()
    assert all(98 <= cell_len(line) <= 100 for line in lines[:-1])
    assert not any(line[0] in "，。" for line in lines)
    assert lines[-1].endswith("用 word 与 a − y。完")
    listed = shown("- " + "很长的一段话，" * 40, "zh-CN")
    assert "…" not in listed
    assert listed.count("话") == 40


def test_a_formula_is_translated_as_well(monkeypatch):
    monkeypatch.setattr("ms_dnn.series.prose.translated", lambda message, *_: message.replace("else", "其他"))
    assert "1 (其他)" in shown(".. math:: \\begin{cases} 1 & \\text{else} \\end{cases}\n", "zh-CN")


QUESTION = "Questions\n---------\n1. *Is it?* Yes.\n"


def test_a_question_is_shown_without_its_answer():
    assert "Is it?" in shown(QUESTION)
    assert "Yes" not in shown(QUESTION)
    assert "Yes" in shown(QUESTION, answers=True)


SCRIPT = '''r"""01 · A chapter
===============

What it is about.
"""

print("first")

# %%
# Heading
# -------
# Some prose.

from dataclasses import dataclass


@dataclass
class Pair:
    """Defined in a chapter."""

    a: int


print(Pair(2), __name__)

# %%
# Questions
# ---------
# 1. *Is it?* Yes.

print("answered")
'''


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setattr("ms_dnn.series.reading.record", lambda *_: None)
    monkeypatch.setattr("sys.modules", dict(sys.modules))
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    path = tmp_path / "01_chapter.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def in_order(text, *words):
    places = [text.index(word) for word in words]
    assert places == sorted(places)


def test_prose_stands_before_what_its_code_prints(script, capsys):
    Reading(script, "en", prose=True, answers=False).run()
    said = capsys.readouterr().out
    in_order(said, "What it is about", "first", "Heading", "Some prose", "Pair(a=2) __main__", "Is it?", "--answers")
    assert "answered" not in said
    assert "Yes" not in said


def test_answers_are_computed_when_asked_for(script, capsys):
    Reading(script, "en", prose=True, answers=True).run()
    in_order(capsys.readouterr().out, "Is it?", "Yes", "answered")


def test_without_prose_the_numbers_stand_alone(script, capsys):
    Reading(script, "en", prose=False, answers=False).run()
    assert capsys.readouterr().out == "first\nPair(a=2) __main__\nanswered\n"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.name)
def test_a_notebook_has_all_prose_and_code(chapter, language):
    notebook = json.loads(notebook_text(chapter.path, language))
    sources = [cell["source"] for cell in notebook["cells"]]
    code = "\n".join(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code")
    assert code.count("check_answer(") == chapter.path.read_text("utf-8").count("check_answer(")
    compile(code, chapter.name, "exec")
    text = "\n".join(cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    assert text.startswith(f"# {chapter.number:02} · ")
    assert text.count("<details>") == code.count("check_answer(")
    assert not re.search(r":math:|:term:|^\.\. ", text, re.MULTILINE)
    assert ("zh-CN" in sources[0]) == (language == "zh-CN")


def test_a_cell_knows_its_line(script):
    lines = script.read_text("utf-8").splitlines()
    assert [lines[line - 1] for _, code, line in cells_of(script) if code] == [
        'print("first")', "from dataclasses import dataclass", 'print("answered")'
    ]  # fmt: skip


def test_markdown_has_the_formulas_as_they_are():
    text = "Title\n-----\nFor :math:`\\sigma(z)`:\n\n.. math:: a &= b \\\\ c &= d\n\n- *one*\n- ``two``\n"
    assert markdown(text, "none", "en") == (
        "## Title\n\nFor $\\sigma(z)$:\n\n$$\n\\begin{aligned}\na &= b \\\\ c &= d\n\\end{aligned}\n$$"
        "\n\n- *one*\n- `two`"
    )


def test_a_reader_who_goes_away_ends_the_chapter_without_a_word(tmp_path):
    chapter = tmp_path / "01_long.py"
    chapter.write_text('"""Long\n====\n\nProse.\n"""\n\nfor number in range(100000):\n    print(number)\n')
    command = [sys.executable, "-m", "ms_dnn.series.reading", str(chapter)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == -signal.SIGPIPE  # as any program; 1 would be an error
