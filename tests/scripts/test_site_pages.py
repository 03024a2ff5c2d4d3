"""The pages that are made from the code and the catalogues that translate them, without building the site."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from ms_dnn.series.chapter import in_every_language
from ms_dnn.series.formulas import formulas

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.append(str(CHECKOUT / "docs"))

from site_pages import formula_map  # noqa: E402
from site_pages.api import api_page  # noqa: E402
from site_pages.architecture import architecture_picture  # noqa: E402
from site_pages.chapters import speaking  # noqa: E402


def test_a_moved_line_leaves_the_words_of_the_formula_map_as_they_are(monkeypatch):
    def without_code():
        return re.sub(r"^\.\. code-block:: none\n\n(   .*\n)+", "", formula_map.formula_page(), flags=re.MULTILINE)

    before, words = formula_map.formula_page(), without_code()
    moved = [
        replace(formula, code=tuple(replace(code, line=code.line + 1) for code in formula.code))
        for formula in formulas()
    ]
    monkeypatch.setattr(formula_map, "formulas", lambda: moved)
    assert formula_map.formula_page() != before
    assert without_code() == words


def test_no_catalogue_holds_a_line_of_the_code():
    for path in (CHECKOUT / "docs" / "locale").rglob("*.po"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\.py(:|, line )\d|^#: ", text, re.MULTILINE), path


def test_a_figure_is_drawn_in_each_language(tmp_path):
    figure = Figure()
    axes = figure.subplots()
    axes.barh([in_every_language("cat", "猫"), "x"], [1, 2])
    axes.set_title(in_every_language("A title", "标题"))
    seen = {}
    for language in ("en", "zh-CN"):
        with speaking(figure, language):
            figure.savefig(tmp_path / f"{language}.png")
            seen[language] = {text.get_text() for text in figure.findobj(Text)}
    assert {"cat", "A title", "x"} <= seen["en"]
    assert {"猫", "标题", "x"} <= seen["zh-CN"]
    assert axes.get_title() == in_every_language("A title", "标题")


def test_the_api_page_lists_every_public_name():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ms_dnn.__all__", ["DNN", "new_name"])
        with pytest.raises(ValueError, match=r"without a group.*: new_name"):
            api_page("en")
    assert ".. autoclass:: ms_dnn.DNN\n" in api_page("zh-CN")


def test_the_wings_stand_apart_and_no_arrow_runs_through_one():
    from draw_architecture import lay_out, read_architecture

    architecture = read_architecture()
    says = {wing.name: wing.says for row in architecture.rows for wing in row}
    rows = [[wing.name for wing in row] for row in architecture.rows]
    layout = lay_out(rows, [*architecture.arrows, *architecture.upward], says)
    boxes = list(layout.boxes.values())
    assert {"cli", "errors"} <= layout.boxes.keys()
    for i, one in enumerate(boxes):
        assert one.x >= 0
        assert one.x + one.width <= layout.width
        for other in boxes[:i]:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert beside or one.y + one.height <= other.y or other.y + other.height <= one.y
    for (start, end), points in layout.arrows.items():
        ends = (layout.boxes[start], layout.boxes[end])
        for x, y in points:
            for box in boxes:
                inside = box.x < x < box.x + box.width and box.y <= y <= box.y + box.height
                assert not inside or box in ends, (start, end)


def test_the_picture_of_the_wings_takes_its_colours_from_the_page():
    picture = architecture_picture()
    assert "var(--color-foreground-primary, CanvasText)" in picture
    assert not re.search(r"<(rect|text)[^>]*(fill|color)=", picture)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_page_of_the_post_has_each_section_with_its_chapters_formulas_and_errata(language):
    from site_pages.post import post_page

    from ms_dnn.series.post import post_map

    page = post_page(language)
    for text in post_map().texts:
        assert f"## {text.title.in_language(language)}\n" in page
        for section in text.sections:
            after = page.partition(f"### {section.title.in_language(language)}\n")[2].partition("\n### ")[0]
            assert all(f"<formula-{name}>" in after for name in section.formulas)
            assert all(note.in_language(language) in after for note in section.watch)
    assert page.count("\n| `") == len(post_map().notation)
    if language == "zh-CN":
        assert not re.search(r"\\text\{[^}]*[a-z]{3}", page)
