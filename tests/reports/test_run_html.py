"""A run as one HTML file: what it says, that it needs nothing else, and that a browser shows it at 400 pixels."""

import re
from dataclasses import replace
from pathlib import Path

import browser
import numpy as np
import pytest
from pages import Page, measured
from sklearn.datasets import make_moons

from ms_dnn.config import load_config
from ms_dnn.presentation.charts import Curve, line_chart, scatter_chart
from ms_dnn.runs.reports.page import run_html
from ms_dnn.training.run_folder import RunFolder

CONFIGS = Path(__file__).parents[2] / "configs"
pytestmark = pytest.mark.usefixtures("unpictured")  # the page draws its own


class Silent:
    def on_start(self, plan, state): ...

    def on_chunk(self, state, samples_per_second): ...

    def on_report(self, row): ...

    def on_end(self, state): ...


def gathered(cpu, folder, config):
    from ms_dnn.runs.report import gather_run
    from ms_dnn.runs.training import start_run

    start_run(config, folder / "run", Silent())
    return gather_run(folder / "run")


@pytest.fixture(scope="module")
def moons(cpu, tmp_path_factory):
    folder = tmp_path_factory.mktemp("moons")
    x, y = make_moons(150, noise=0.2, random_state=0)
    np.savez(folder / "moons.npz", x=x, y=np.array(["left", "right"])[y])
    data = f"data={{set: npz, file: {folder / 'moons.npz'}, test: 0.2, validation: 0.1, scaling: standard}}"
    layers = "network.layers=[{units: 6, activation: tanh}, {units: 2, activation: identity}]"
    return gathered(cpu, folder, load_config(CONFIGS / "digits.yaml", [data, layers, "training.epochs=4"]))


@pytest.fixture(scope="module")
def regression(cpu, tmp_path_factory):
    overrides = ["training.epochs=3", "data.test=0"]
    return gathered(cpu, tmp_path_factory.mktemp("r"), load_config(CONFIGS / "regression.yaml", overrides))


def test_a_classification_is_told_completely(moons):
    text = run_html(moons)
    page = Page(text)
    assert page.all("section")[0]["data-ended-by"] == "max_iterations"
    assert f"Test accuracy {moons.scores.score:.2%}" in page.words
    assert "all 4 epochs are done." in page.words
    assert "105 training samples · 15 validation samples · 30 test samples" in page.words
    assert "2 inputs, 32 parameters in float32" in page.words
    assert "weight 6×2, bias 6" in page.words
    assert "initializer: xavier" in page.words
    assert "device name" in page.words
    headings = re.findall("<h2>(.*?)</h2>", text)
    assert headings == [
        *("Curves", "Result", "The layers", "The decision boundary", "Network", "Configuration", "Environment")
    ]
    cells = [int(count) for count in re.findall(r'<td class="(?:level\d|zero)">(\d+)</td>', text)]
    assert sum(cells) == 30 == moons.scores.confusion.sum()
    assert len(page.all("img")) == 2


def test_a_run_is_printed_with_its_network_and_its_scores(moons, regression):
    text = str(moons)
    assert text.splitlines()[1].startswith("ended after ")
    assert "samples: 105 train, 15 validation, 30 test; 2 inputs, 32 parameters" in text
    assert "weight 6×2, bias 6" in text
    assert f"test accuracy {moons.scores.score:.2%} on 30 samples" in text
    assert repr(moons).startswith("RunReport(digits, ")
    assert len(repr(moons)) < 120
    assert Page(moons._repr_html_()).loads_nothing()
    assert "validation R²" in str(regression)


def test_a_regression_shows_predictions_against_targets(regression):
    text = run_html(regression)
    assert "Validation R²" in text
    assert text.count('class="dot"') == len(regression.agreement.targets) == 66
    assert "Confusion" not in text


def test_a_run_that_has_not_ended_says_so(moons):
    unfinished = replace(moons, state=replace(moons.state, stop_reason=None), scores=None, rows=())
    page = Page(run_html(unfinished))
    assert "Not finished" in page.words
    assert "No report was written yet." in page.words
    assert "INCONCLUSIVE" in page.all("section")[0]["class"]


def test_foreign_text_is_never_markup_and_the_page_loads_nothing(moons):
    nasty = "<script>alert(1)</script>&\x1b[31m"
    report = replace(moons, notes=(nasty,), config_text=nasty, environment={"<b>": nasty})
    page = Page(run_html(report))
    assert page.loads_nothing()
    assert page.words.count("<script>alert(1)</script>") == 3
    assert run_html(report) == run_html(report)


def test_a_browser_shows_it_without_a_complaint_and_nothing_sticks_out_at_400_pixels(moons, tmp_path):
    text = run_html(moons)
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    assert browser.open_page(tmp_path / "report.html", tmp_path).console == []
    for width, one in measured(text, tmp_path).items():
        assert one["scrollWidth"] <= width
        assert one["empty"] == 0
        assert one["smallestText"] >= 12


def test_a_damaged_environment_is_one_sentence(moons):
    from ms_dnn.errors import RunError
    from ms_dnn.runs.report import gather_run

    path = RunFolder(Path(moons.folder)).path / "environment.json"
    content = path.read_text()
    try:
        path.write_text("[1]")
        with pytest.raises(RunError, match=r"environment\.json: damaged: restore it"):
            gather_run(path.parent)
    finally:
        path.write_text(content)


# Charts ----------------------------------------------------------------------------------------------------------


def points_of(figure):
    return [
        tuple(map(float, point.split(","))) for point in re.search(r'<polyline[^>]*points="([^"]*)"', figure)[1].split()
    ]


def test_a_line_is_straight_where_the_axis_is_logarithmic_and_the_values_fall_tenfold():
    figure = line_chart([Curve("c", [(n, 10.0**-n) for n in range(5)], 0)], "cost", "epoch")
    heights = [y for _, y in points_of(figure)]
    np.testing.assert_allclose(np.diff(heights), np.diff(heights)[0], atol=0.2)
    assert ">0.01</text>" in figure


@pytest.mark.parametrize("values", [[3.0], [2.0, 2.0], [0.0, 0.0], [1e-300, 1.0], [-5.0, 1e9], [1e-12, 1.1e-12]])
def test_every_point_lies_in_the_picture(values):
    figure = line_chart([Curve("c", list(enumerate(values)), 0)], "cost", "epoch")
    assert all(0 <= x <= 480 and 0 <= y <= 300 for x, y in points_of(figure))
    assert "nan" not in figure


def test_numbers_that_are_not_finite_are_left_out():
    assert line_chart([Curve("c", [(1, float("nan"))], 0)], "cost", "epoch") == ""
    figure = line_chart([Curve("c", [(1, 1.0), (2, float("inf")), (3, 2.0)], 0)], "cost", "epoch")
    assert len(points_of(figure)) == 2


def test_many_points_are_thinned_and_the_last_is_kept():
    figure = line_chart([Curve("c", [(n, float(n)) for n in range(10_001)], 0)], "cost", "epoch")
    points = points_of(figure)
    assert len(points) <= 2001
    assert points[-1][0] == max(x for x, _ in points)


def test_a_right_answer_lies_on_the_dashed_line():
    figure = scatter_chart([(1.0, 1.0), (2.0, 2.0), (3.0, 1.0)], "test", "right", "answer")
    (x0, y0), (x1, y1) = points_of(figure)
    dots = [(float(x), float(y)) for x, y in re.findall(r'class="dot" cx="([\d.]+)" cy="([\d.]+)"', figure)]
    off = [abs((y - y0) - (x - x0) * (y1 - y0) / (x1 - x0)) for x, y in dots]
    assert off[0] < 0.2
    assert off[1] < 0.2
    assert off[2] > 50
