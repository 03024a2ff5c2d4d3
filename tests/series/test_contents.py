"""What a reader looks for has a place in a chapter, and the words of the chapters are the field's."""

import re
import sys
from pathlib import Path

import polib
import pytest

from ms_dnn.series.catalogue import chapters, find_chapter

sys.path.append(str(Path(__file__).resolve().parents[2] / "docs"))

from site_pages.contents import contents_page, line_of, rows

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {chapter.number: chapter.path.read_text(encoding="utf-8") for chapter in chapters()}
PAGES = [*ROOT.glob("README*.md"), *sorted((ROOT / "docs").glob("*.md"))]
CATALOGUES = sorted((ROOT / "docs" / "locale" / "zh_CN" / "LC_MESSAGES").rglob("*.po"))


def joined(source):
    """Return the source with the lines of a paragraph as one."""
    return re.sub(r"\s*\n#? *", " ", source)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["topic"][:40])
def test_what_is_looked_for_is_in_its_chapter(row):
    chapter = find_chapter(row["chapter"])
    line = line_of(row["phrase"], chapter)
    beginning = row["phrase"].split()[0]
    assert beginning in SOURCES[chapter.number].splitlines()[line - 1]


def test_what_is_not_there_is_an_error():
    with pytest.raises(ValueError, match=r"00_concepts\.py does not contain 'nowhere to be found'"):
        line_of("nowhere to be found", find_chapter("0"))


def test_the_page_leads_to_each_chapter_that_it_names():
    page = contents_page()
    assert all(row["topic"] in page for row in rows())
    assert ":doc:`/series/18_one_network_by_pencil`" in page


@pytest.mark.parametrize("number", SOURCES)
def test_a_chapter_opens_with_a_question(number):
    opening = SOURCES[number].split("\n\n")[1]
    assert "?" in opening
    assert ":Teaches:" not in opening


@pytest.mark.parametrize("number", SOURCES)
def test_no_formula_holds_words_of_one_language(number):
    assert re.findall(r"\\(?:text|mbox|mathrm)\{ ?[a-z]+ [^}]*\}|\\text\{[^}]*[A-Za-z]{2}", SOURCES[number]) == []


# What stands in the left columns of the table of terms, as words or parts of sentences that mean it.
NOT_ENGLISH = (
    r"\bbends?\b", r"boundary line", r"border line", r"training part", r"test part", r"validation part",
    r"\bby lot\b", r"\bdrawn order", r"\bremed(y|ies)\b", r"\bby heart\b", r"cannot learn so few", r"thrown about",
    r"\brate test\b", r"\bcut to a length\b", r"\bfillers?\b", r"\bListener\b", r"wish to stop", r"lent to every",
    r"\bMistakes\b", r"kept from training", r"without holes", r"comes? to rest", r"\bmuttered\b", r"last words",
    r"\bbefell\b", r"trains nobody", r"would catch", r"says nothing", r"imitations?", r"\bslopes of a direction",
    r"[Tt]o mend it", r"is no probability", r"broken numbers", r"\bdear\b", r"slip of the pen", r"Who compares",
    r"true answers?", r"answers? of (a|the) network", r"the network(s)? answers?",
)  # fmt: skip

# The right column of the Chinese table: rendered word by word, or not the term.
NOT_CHINESE = (
    "(?<!Cube )(?<!Vector )单元(?!格)", "作答", "弯曲", "训练部分", "测试部分", "验证部分", "对数几率", "真相",
    r"logit(?!s|_)", "折点", "尖点", "评判程序", "裁判", "局部最小", "局部极小(?!值)", "飞出去", "静止下来", "密钥",
    "回答求导", "一整架", "值得有一个字母", "没有人训练",
)  # fmt: skip


def prose(source):
    """Return the comments and the docstring of a chapter: no code."""
    opening = source.split('"""')[1]
    return joined("\n".join([opening, *(line for line in source.splitlines() if line.startswith("# "))]))


@pytest.mark.parametrize("number", SOURCES)
def test_english_words_are_the_terms(number):
    text = prose(SOURCES[number])
    assert {
        word: text[found.start() - 40 : found.end() + 40] for word in NOT_ENGLISH if (found := re.search(word, text))
    } == {}


@pytest.mark.parametrize(
    "path", [path for path in PAGES if not path.stem.endswith(".zh-CN")], ids=lambda path: path.name
)
def test_english_pages_have_the_terms(path):
    text = path.read_text(encoding="utf-8")
    assert [text[found.start() : found.end() + 40] for word in NOT_ENGLISH for found in re.finditer(word, text)] == []


@pytest.mark.parametrize("path", [path for path in PAGES if path.stem.endswith(".zh-CN")], ids=lambda path: path.name)
def test_chinese_pages_have_the_terms(path):
    text = path.read_text(encoding="utf-8")
    assert [text[found.start() : found.end() + 20] for word in NOT_CHINESE for found in re.finditer(word, text)] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_chinese_words_are_the_terms(path):
    found = [
        (word, entry.msgstr[:60])
        for entry in polib.pofile(str(path))
        for word in NOT_CHINESE
        if re.search(word, entry.msgstr)
    ]
    assert found == []
