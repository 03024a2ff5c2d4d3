"""What a reader looks for has a place in a chapter, and a chapter opens with a question."""

import re
import sys
from pathlib import Path

import pytest

from ms_dnn.series.catalogue import chapters, find_chapter

sys.path.append(str(Path(__file__).resolve().parents[2] / "docs"))

from site_pages.contents import contents_page, line_of, rows

SOURCES = {chapter.number: chapter.path.read_text(encoding="utf-8") for chapter in chapters()}


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
