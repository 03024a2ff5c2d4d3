"""From training to a report and a comparison, as a user types it."""

import json
from pathlib import Path

import pytest
from command import CONFIGS, here, refused


@pytest.fixture(scope="module")
def runs(cpu: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short runs on the digits, the second with event files."""
    folder = tmp_path_factory.mktemp("looking")
    small = ["--set=network.layers.0.units=16", "--set=network.layers.1.units=16", "--set=training.epochs=2"]
    for name, more in (("one", ()), ("two", ("--set=training.batch_size=64", "--set=reports.tensorboard=true"))):
        process = here("train", CONFIGS / "digits.yaml", *small, *more, "--run", folder / name)
        assert process.returncode == 0, process.stderr
        assert "pictures there, too: histograms.png, misclassified.png\n" in process.stdout
        assert (folder / name / "misclassified.png").is_file()
        assert (folder / name / "tensorboard").exists() == (name == "two")
    return folder


def test_report_writes_a_page_into_the_run_folder(runs: Path) -> None:
    process = here("report", runs / "one")
    assert process.returncode == 0, process.stderr
    assert process.stdout == f"report: {runs / 'one' / 'report.html'}\n"
    page = (runs / "one" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2
    assert "Test accuracy" in page


def test_compare_shows_the_test_score_and_writes_page_and_picture(runs: Path, tmp_path: Path) -> None:
    files = ["--html", tmp_path / "page.html", "--plot", tmp_path / "plot.png"]
    process = here("compare", runs / "one", runs / "two", "--test", *files)
    assert process.returncode == 0, process.stderr
    assert "batch_size" in process.stdout
    report = json.loads(here("compare", runs / "one", runs / "two", "--test", "--json").stdout)
    score = json.loads(here("evaluate", runs / "two", "--json").stdout)["accuracy"]
    assert report["runs"][1]["test"]["accuracy"] == score
    assert f"{score:.2%}" in process.stdout
    assert (tmp_path / "plot.png").is_file()
    assert "side by side" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_run_that_cannot_be_read_is_told_of_and_the_others_are_shown(runs: Path) -> None:
    process = here("compare", runs / "one", runs / "nowhere", runs / "two")
    assert process.returncode == 2
    assert process.stderr.count("\n") == 1
    assert f"{runs / 'nowhere'}: no such run folder" in process.stderr
    assert "one" in process.stdout
    assert "two" in process.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["report", "nowhere"], "nowhere: no such run folder"),
        (["compare", "nowhere"], "got 1 run folder, expected at least 2"),
        (["compare", "a", "b"], "none of the runs can be read"),
        (["compare", "a", "b", "--html", "no/file.html"], "--html: got 'no/file.html', but there is no folder 'no'"),
        (["train", CONFIGS / "digits.yaml", "--set=reports.histograms_every=0"], "reports.histograms_every"),
    ],
)
def test_wrong_input_is_one_sentence(arguments: list[object], sentence: str) -> None:
    assert sentence in refused(here(*arguments))
