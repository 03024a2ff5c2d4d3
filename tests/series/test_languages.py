"""Words of both languages in one text: whichever way they went, each page has its own."""

import pytest

from ms_dnn.series import chapter
from ms_dnn.series.chapter import EVERY_LANGUAGE, in_every_language, in_language

STEP = in_every_language("step", "步")


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("no words of two languages", "no words of two languages", "no words of two languages"),
        (STEP, "step", "步"),
        (f"{STEP} 3, {STEP} 4\n", "step 3, step 4\n", "步 3, 步 4\n"),
        (in_every_language(f"every {STEP}", f"每{STEP}"), "every step", "每步"),
        (in_every_language(in_every_language(f"a {STEP}", "b"), f"c {STEP}"), "a step", "c 步"),
        (in_every_language("two\nlines", "两行"), "two\nlines", "两行"),
    ],
)
def test_each_language_has_its_words(text, english, chinese):
    assert in_language(text, "en") == english
    assert in_language(text, "zh-CN") == chinese


@pytest.mark.parametrize(("language", "words"), [("en", "step"), ("zh-CN", "步"), (EVERY_LANGUAGE, STEP)])
def test_a_label_speaks_the_language_of_the_run(monkeypatch, language, words):
    monkeypatch.setattr(chapter, "_language", language)
    assert chapter.label("step", "步") == words


def test_every_language_at_once_is_for_pages_alone(monkeypatch, capsys):
    monkeypatch.delenv(chapter.LANGUAGE_VARIABLE, raising=False)
    monkeypatch.setattr("sys.argv", ["01_perceptron.py", "--language", EVERY_LANGUAGE])
    with pytest.raises(SystemExit) as exit_of_chapter:
        chapter.begin()
    assert exit_of_chapter.value.code == 2
    assert "expected en or zh-CN" in capsys.readouterr().err
