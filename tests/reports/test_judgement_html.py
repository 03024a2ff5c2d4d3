"""The judgement as one HTML file: what it says, that it needs nothing else, and that a real browser can show it."""

import re
import shlex
from dataclasses import replace
from xml.etree import ElementTree

import browser
import made_judgements as made
import pytest
from pages import Page, measured

from ms_dnn.judge.judgement import PairResult
from ms_dnn.judge.report.figures import heat_map, remainder_pictures
from ms_dnn.judge.report.page import html_report, replay_command

JUDGEMENTS = {
    "pass": made.judgement,
    "fail": made.failing,
    "inconclusive": made.inconclusive,
    "nasty": made.nasty,
}


# What it says ----------------------------------------------------------------------------------------------------


def test_a_failure_says_what_why_where_and_who():
    page = Page(html_report(made.failing()))
    assert {"id": "verdict", "data-verdict": "FAIL"}.items() <= page.all("section")[0].items()
    assert "handwritten is alone against the others: handwritten and grad_operation differ." in page.words
    assert "layer 2 dW dW is 32 × too large, 32 is the batch: the 1/N is missing" in page.words
    assert "24 in layers.1.weight" in page.words
    assert "blamed: handwritten" in page.words


def test_a_reason_starts_with_a_capital_unless_with_a_name():
    assert "All routes agree on all 6 parameters." in html_report(made.judgement())
    assert "layers.0.weight sits on a kink." in html_report(made.inconclusive())


def test_the_smallest_detectable_error_of_each_tensor_and_of_the_least_sensitive():
    words = Page(html_report(made.judgement())).words
    assert words.count("≥ 5.0e-14") == 6
    assert "detected in each of the 6 tensors if it was off by 1.0e-12 of the largest or more; " in words


def test_kinks_and_warnings_are_told():
    words = Page(html_report(made.inconclusive())).words
    assert "What is in the way" in words
    assert "kink in layers.0.weight derivative 0.25 on one side, 1.75 on the other" in words
    assert words.index("every route says zero") < words.index("dropout is seeded")


def test_conditions_environment_and_replay():
    settings = {"target": "my.yaml", "inputs": [], "overrides": ["a=b c", "d=1"], "device": None, "seed": 3}
    assert shlex.split(replay_command(settings)) == [
        *("ms-dnn", "check", "my.yaml"),
        *("--set", "a=b c", "--set", "d=1", "--seed", "3"),
    ]
    words = Page(html_report(made.judgement(replay=settings))).words
    assert "ms-dnn check my.yaml --set 'a=b c' --set d=1 --seed 3" in words
    assert "SHA-256 " + "ab" * 32 in words
    assert "3.11.7" in words
    assert "was not recorded" in Page(html_report(made.judgement())).words


@pytest.mark.parametrize(("error", "level", "words"), [(0.0, 0, "exact"), (5e-15, 1, "−3.0"), (5e-9, 4, "✗ +3.0")])
def test_the_heat_map_shows_error_over_allowed(error, level, words):
    pair = PairResult("handwritten", "grad_operation", "elements", error, 5e-12, error < 5e-12, True, (0, 0))
    table = heat_map(made.judgement(tensors=(replace(made.tensor("w"), pairs=(pair,)),)))
    assert re.findall(r'<td class="level(\d) \w+"[^>]*>([^<]*)</td>', table) == [(str(level), words)]


def test_a_tensor_outside_in_one_element_is_never_coloured_as_allowed():
    pair = PairResult("handwritten", "grad_operation", "elements", 1e-13, 5e-12, False, True, (0, 0))
    assert 'class="level3 differ"' in heat_map(made.judgement(tensors=(replace(made.tensor("w"), pairs=(pair,)),)))


# The pictures ----------------------------------------------------------------------------------------------------


def curves_of(pictures):
    """For each picture {class: [(x, y), …]}."""
    found = []
    for picture in re.findall(r'<svg class="plot".*?</svg>', pictures, re.S):
        root = ElementTree.fromstring(picture)
        drawn = {}
        for line in root.iter("polyline"):
            points = [tuple(map(float, point.split(","))) for point in line.get("points").split()]
            drawn.setdefault(line.get("class"), points)
        found.append(drawn)
    return found


def test_a_wrong_gradient_levels_off_and_a_right_one_falls_along_the_square_law():
    wrong = curves_of(remainder_pictures(made.failing()))[0]
    judged, framework, law = wrong["curve route0"], wrong["curve route1"], wrong["law"]
    heights = [y for _, y in judged[3:]]
    assert max(heights) - min(heights) < 1
    (right, top), (left, bottom) = framework[0], framework[6]
    (law_right, law_top), (law_left, law_bottom) = law
    slope, law_slope = (bottom - top) / (right - left), (law_bottom - law_top) / (law_right - law_left)
    assert slope == pytest.approx(law_slope, rel=0.02)


def test_the_worst_tensor_comes_first_and_more_than_twelve_are_folded():
    tensors = [made.tensor(f"w{number}") for number in range(20)]
    tensors[7] = made.tensor("w7", error=0.5)
    pictures = remainder_pictures(made.judgement("FAIL", tensors))
    shown, folded = pictures.split("<details>")
    assert shown.count("<figure>") == 12
    assert folded.count("<figure>") == 8
    assert re.search(r"<figcaption>.*?<strong>(\w+)", pictures).group(1) == "w7"


def test_every_picture_is_told_in_words():
    for attributes in Page(html_report(made.failing())).all("svg"):
        assert attributes.get("aria-hidden") == "true" or "levels off at" in attributes["aria-label"]


def test_what_cannot_be_drawn_is_named():
    silent = replace(made.line(), steps=(), quotients=(), floor=())
    tensors = (made.tensor("drawn"), made.tensor("silent", lines=(silent,)))
    words = Page(html_report(made.judgement(tensors=tensors))).words
    assert "Without differences, and therefore not drawn: silent." in words
    assert remainder_pictures(made.judgement(tensors=tensors[1:])) == ""


# That it stands alone --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", JUDGEMENTS)
def test_the_page_is_well_formed_and_loads_nothing(name):
    page = Page(html_report(JUDGEMENTS[name]()))
    assert not page.all("script")
    assert not page.all("img")
    links = [value for _, attributes in page.elements for key, value in attributes.items() if key in ("src", "href")]
    assert links == ["data:,"]
    assert not re.search(r"url\(|@import", html_report(JUDGEMENTS[name]()))
    assert "default-src 'none'" in page.all("meta")[2]["content"]


@pytest.mark.parametrize("name", JUDGEMENTS)
def test_headings_are_in_order_and_tables_scroll_alone(name):
    page = Page(html_report(JUDGEMENTS[name]()))
    headings = [tag for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert headings[0] == "h1"
    assert set(headings[1:]) == {"h2"}
    before = [page.elements[number - 1][1] for number, (tag, _) in enumerate(page.elements) if tag == "table"]
    assert before
    assert all(attributes["class"] == "scroll" and attributes["aria-label"] for attributes in before)


def test_foreign_text_is_never_markup():
    text = html_report(made.nasty())
    text.encode("utf-8")
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "<script>alert(1)</script>" in Page(text).words


def test_the_same_judgement_gives_the_same_file():
    assert html_report(made.failing()) == html_report(made.failing())


def test_a_judgement_that_nobody_made_up(real_failure):
    page = Page(html_report(real_failure))
    assert page.all("section")[0]["data-verdict"] == "FAIL"
    assert "layer 2 dW" in page.words
    assert page.words.count("|D(h) − g·v|") >= 4


# In a browser ----------------------------------------------------------------------------------------------------


def test_a_browser_shows_the_page_without_a_complaint(tmp_path, real_failure):
    page = tmp_path / "report.html"
    page.write_text(html_report(real_failure), encoding="utf-8")
    opened = browser.open_page(page, tmp_path)
    assert opened.console == []
    assert 'data-verdict="FAIL"' in opened.dom
    assert opened.dom.count("<figure>") == 4


def test_a_browser_shows_every_picture_and_nothing_sticks_out_at_400_pixels(tmp_path):
    tensors = [made.tensor(f"backbone.encoder.{n}.attention.weight", routes=made.MANY_ROUTES) for n in range(14)]
    text = html_report(made.judgement(tensors=tensors, routes=made.MANY_ROUTES, findings=made.nasty().findings))
    found = measured(text, tmp_path)
    for width, one in found.items():
        assert one["scrollWidth"] <= width
        assert one["pictures"] > 14
        assert one["empty"] == 0
        assert one["smallestText"] >= 12


def test_the_console_of_the_browser_is_heard(tmp_path):
    page = tmp_path / "complains.html"
    page.write_text('<script>console.error("here")</script>', encoding="utf-8")
    assert any("here" in line for line in browser.open_page(page, tmp_path).console)


def test_a_missing_browser_is_a_failure_that_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "BROWSERS", browser.BROWSERS[:4])
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        browser.find_browser()
