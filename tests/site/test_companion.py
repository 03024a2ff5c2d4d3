"""The post's page leads to every chapter by one click; the chapters fold their answers and give a task."""

import pytest
from bs4 import BeautifulSoup

from ms_dnn.series.catalogue import chapters
from ms_dnn.series.exercises.catalogue import find_exercise
from ms_dnn.series.post import post_map

THERE = {chapter.number: chapter.name for chapter in chapters()}


@pytest.fixture(params=["en", "zh-CN"])
def language(request):
    return request.param


def page(pytestconfig, language, path):
    return BeautifulSoup(
        (pytestconfig.getoption("--site") / language / f"{path}.html").read_text("utf-8"), "html.parser"
    )


def test_every_section_of_the_texts_links_to_its_chapters(pytestconfig, language):
    soup = page(pytestconfig, language, "reference/post")
    found = {
        heading.get_text().removesuffix("¶").removesuffix("#"): {link["href"] for link in heading.parent.find_all("a")}
        for heading in soup.find_all("h3")
    }
    for text in post_map().texts:
        for section in text.sections:
            links = found[section.title.in_language(language)]
            for number in set(section.chapters) & THERE.keys():
                assert f"../series/{THERE[number]}.html" in links


def test_the_first_page_leads_to_the_post(pytestconfig, language):
    soup = page(pytestconfig, language, "index")
    assert soup.find("a", href="reference/post.html")


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.name)
def test_answers_are_folded_and_a_task_is_given(pytestconfig, language, chapter):
    soup = page(pytestconfig, language, f"series/{chapter.name}")
    questions = soup.find(id="questions")
    answers = questions.find_all("details")
    asked = chapter.path.read_text("utf-8").count("check_answer(") - chapter.path.read_text("utf-8").count(
        "def check_answer("
    )
    assert len(answers) == asked
    assert all(not answer.has_attr("open") and answer.find("pre") and answer.find("p") for answer in answers)
    assert not [block for block in questions.find_all("pre") if not block.find_parent("details")]
    task = find_exercise(chapter.number)
    if task is not None:
        assert f"ms-dnn series exercise {chapter.number}" in soup.find(id="exercise").get_text()
        assert task.text.in_language(language)[:20] in soup.find(id="exercise").get_text()
