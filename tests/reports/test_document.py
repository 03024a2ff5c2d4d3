"""Results as text and as HTML, and the notation that all reports share."""

import re
from collections import Counter

import browser
import made_judgements as made
import numpy as np
import pytest
from pages import Page
from rich.cells import cell_len
from test_sweep_reports import outcome

from ms_dnn.audit.findings import ApiFinding, Audit, Outcome
from ms_dnn.presentation.document import Column, Table, as_html, as_text, line
from ms_dnn.presentation.notation import first_line, nearest_name, nearest_names, short_keys, shortest_ends
from ms_dnn.runs.records import ComparedRun, Comparison, Scores

CONFUSION = np.array([[13, 2], [0, 15]])


def results():
    scores = Scores("test", 30, 0.25, "accuracy", 28 / 30, ("left", "right"), CONFUSION, {"f1": 0.93, "auc": 0.98})
    runs = tuple(ComparedRun(name, name, {}, (), {"cost": 0.5}, 10, 1.0, "max_iterations", None) for name in "ab")
    api = ApiFinding("nn.A", "f", "nn.A()", "", (Outcome("float32", "PyNative", "", "x0", "WRONG GRADIENT", "off"),))
    return {
        "judgement": made.failing(),
        "judgement of nasty names": made.nasty(),
        "scores": scores,
        "comparison": Comparison(runs, {"seed": (0, 1)}, None, ("not comparable",), ()),
        "audit": Audit({}, (api,)),
        "sweep": outcome(),
    }


@pytest.mark.parametrize("name", results())
def test_a_result_is_printed_as_its_report_in_100_columns_without_colour(name):
    text = str(results()[name])
    assert "\x1b" not in text
    assert max(map(cell_len, text.splitlines())) <= 100
    assert len(text.splitlines()) > 2


@pytest.mark.parametrize("name", results())
def test_a_repr_is_one_short_line(name):
    text = repr(results()[name])
    assert text.startswith(type(results()[name]).__name__ + "(")
    assert "\n" not in text
    assert len(text) <= 250


@pytest.mark.parametrize("name", results())
def test_a_notebook_gets_one_fragment_that_needs_nothing_else(name):
    fragment = results()[name]._repr_html_()
    page = Page(fragment)
    assert page.loads_nothing()
    assert page.elements[0] == ("div", {"class": "ms-dnn"})
    assert not re.search(r"<script|<html|url\(|\x1b", fragment)


def test_the_text_says_what_the_terminal_says():
    assert "✗ FAIL in 0.2 s" in str(made.failing()).splitlines()[-1]
    assert "true class" in str(results()["scores"])
    assert "test accuracy 93.33% on 30 samples, cost 0.25" in str(results()["scores"])
    assert repr(made.judgement()).startswith("Judgement(PASS, 6 tensors, 4 routes, ")
    assert "best: trial 2" in str(outcome())


def contrast(one, other):
    def light(colour):
        parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    return max(light(one), light(other)) / min(light(one), light(other))


def test_the_fragment_is_readable_in_light_and_dark():
    from ms_dnn.presentation.page import DARK, LIGHT

    for theme in (LIGHT, DARK):
        colours = dict(re.findall(r"--([\w-]+): (#\w{6});", theme))
        assert len(colours) == Counter(re.findall("#", theme))["#"]
        for name in ("ink", "quiet", "pass", "fail", "unsure"):
            assert contrast(colours[name], colours["card"]) >= 4.5, name
        for number in range(6):
            assert contrast(colours[f"route{number}"], colours["card"]) >= 2.9, number


def test_a_browser_shows_the_fragment_without_a_complaint(tmp_path):
    page = tmp_path / "notebook.html"
    page.write_text(f"<!doctype html><title>n</title>{made.failing()._repr_html_()}", encoding="utf-8")
    opened = browser.open_page(page, tmp_path)
    assert opened.console == []
    assert "handwritten" in opened.dom


def test_foreign_text_is_no_markup_in_lines_and_tables():
    blocks = [line(f"  {made.NASTY}"), Table([Column(made.NASTY)], [[made.NASTY], [("[bold]", "bad")]])]
    assert "<script" not in as_html(blocks)
    assert "[bold]" in as_text(blocks)
    assert Page(as_html(blocks)).words.count("<script>") == 3


def test_a_narrow_table_takes_the_place_of_one_that_breaks_names():
    wide, narrow = Table([Column("a" * 80, fold=True)], [["b"]]), Table([Column("c")], [["d"]])
    table = Table(wide.columns, wide.rows, narrow)
    assert "a" * 80 in as_text([table])
    assert "a" not in as_text([Table([Column("a" * 120, fold=True)], [["b"]], narrow)])


# Notation --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo", "one"),
        ("\n  \n---\n- Ascend Error Message:\n---\n  said  \nmore", "said"),
        ("-1 is no size", "-1 is no size"),
        ("", "ValueError"),
        ("----", "ValueError"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_the_first_line_of_an_error_that_says_something(text, expected):
    assert first_line(ValueError(text)) == expected


def test_the_nearest_name_whatever_its_case():
    assert nearest_name("Learnig_rate", ["learning_rate", "loss"]) == "learning_rate"
    assert nearest_name("xyzzy", ["learning_rate"]) is None
    assert nearest_names("nn.Rel", ["nn.ReLU", "nn.ReLU6", "ops.add"], 4, 0.5) == ["nn.ReLU", "nn.ReLU6"]


def test_ends_are_as_short_as_they_can_be_told_apart():
    assert shortest_ends([("a", "x", "run"), ("b", "y", "run"), ("c", "3")]) == [("x", "run"), ("y", "run"), ("3",)]
    assert shortest_ends([("a", "b"), ("b",)]) == [("a", "b"), ("b",)]
    assert short_keys(["layers.0.units", "layers.1.units", "penalty.l2"]) == ["layers.0.units", "layers.1.units", "l2"]


def test_long_cells_are_broken_where_they_may_be_and_nothing_is_cut_off():
    from ms_dnn.runs.reports.tables import predictions_table

    numbers = [float(number) for number in range(60)]
    text = as_text([predictions_table(["a" * 70], [numbers], None, (), ["b" * 90])])
    assert "…" not in text
    assert max(map(cell_len, text.splitlines())) <= 100
    assert "".join(text.split()).count("b") >= 90
