"""Runs side by side, from folders that no training made: what differs, what is comparable, what is damaged."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from ms_dnn.config import dump_config, load_config
from ms_dnn.errors import RunError
from ms_dnn.presentation.document import print_blocks
from ms_dnn.presentation.notation import short_keys
from ms_dnn.runs.comparison import compare_runs, differences, short_names
from ms_dnn.runs.reports.comparison_pictures import comparison_html, comparison_png
from ms_dnn.runs.reports.comparison_table import best_runs, comparison_json, comparison_report
from ms_dnn.training.checkpoints import Checkpoint, write_checkpoint

CONFIGS = Path(__file__).parents[2] / "configs"


def made_run(folder, *overrides, config="digits", losses=(0.5, 0.3, 0.4), best=2, stopped_by="early_stopping"):
    """A run folder with three reports, as training leaves it."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(dump_config(load_config(CONFIGS / f"{config}.yaml", list(overrides))))
    score = "validation_r2" if config == "regression" else "validation_accuracy"
    rows = [
        {"step": n, "epoch": n / 2, "cost": loss / 2, "learning_rate": 0.1, "seconds": n / 9, "validation_loss": loss}
        | {score: 1 - loss}
        for n, loss in enumerate(losses, start=1)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    state = {
        "step": len(losses),
        "total": 0.0,
        "seconds": 1.25,
        "best_value": min(losses, default=None),
        "best_step": best,
    }
    state |= {"reports_without_gain": 1, "stopped_by": stopped_by}
    write_checkpoint(folder, Checkpoint({"layers.0.weight": np.zeros((1, 1))}, state))
    return folder


def printed(comparison, width=100):
    console = Console(width=width, markup=False, highlight=False, no_color=True)
    with console.capture() as captured:
        print_blocks(console, comparison_report(comparison, width))
    return captured.get()


def test_only_what_differs_is_shown_and_the_row_is_that_of_the_weights(tmp_path):
    runs = [
        made_run(tmp_path / "one", "training.batch_size=16"),
        made_run(tmp_path / "two", losses=(0.5, 0.2, 0.1), best=0, stopped_by="max_iterations"),
    ]
    comparison = compare_runs(runs)
    assert comparison.differing == {"training.batch_size": (16, 32)}
    assert [run.row["validation_loss"] for run in comparison.runs] == [0.3, 0.1]
    assert (comparison.warnings, comparison.problems) == ((), ())
    assert {name: run.name for name, run in best_runs(comparison).items()} == {"val. loss": "two", "val. acc.": "two"}
    lines = printed(comparison).splitlines()
    assert lines[0].split() == ["run", "batch_size", "cost", "val.", "loss", "val.", "acc.", "steps", "time", "ended"]
    assert lines[2].split() == ["one", "16", "0.15", "0.3", "70.00%", "3", "1.2", "s", "no", "gain"]


@pytest.mark.parametrize("width", [72, 80, 100, 200])
def test_no_line_of_the_table_is_wider_than_the_terminal_and_no_difference_is_lost(tmp_path, width):
    overrides = ["training.batch_size=8", "learning_rate=0.5", "optimizer={name: momentum}", "precision=float64"]
    overrides += ["network.layers=[{units: 7, activation: tanh}, {units: 10, activation: identity}]"]
    runs = [made_run(tmp_path / "one", *overrides), made_run(tmp_path / "two")]
    comparison = compare_runs(runs)
    keys = {"training.batch_size", "learning_rate", "optimizer", "precision", "network.layers"}
    assert set(comparison.differing) == keys
    text = printed(comparison, width)
    table = text.partition("also different")[0]
    assert max(map(len, table.splitlines())) <= width
    assert all(key in text or key.rpartition(".")[2] in text for key in keys)
    assert "7-10" in text
    assert "512-256-10" in text


def test_a_section_that_one_run_lacks_differs_as_a_whole():
    found = dict(differences([{"a": {"b": 1, "c": [1]}, "d": None}, {"a": {"b": 2, "c": [1]}, "d": {"e": 1}}]))
    assert found == {"a.b": (1, 2), "d": (None, {"e": 1})}


plain = st.recursive(
    st.none() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inside: st.dictionaries(st.sampled_from("xyz"), inside, max_size=3) | st.lists(inside, max_size=2),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from("xyz"), plain, max_size=3), min_size=2, max_size=3))
def test_differences_are_all_that_differs(configs):
    found = dict(differences(configs))
    assert bool(found) == any(one != configs[0] for one in configs)
    for key, values in found.items():
        assert any(value != values[0] for value in values)
        for config, value in zip(configs, values, strict=True):
            for word in key.split(".") if key else []:
                config = config[int(word)] if isinstance(config, list) else config[word]
            assert config == value


@given(st.lists(st.lists(st.sampled_from(["a", "b", "0", "1"]), min_size=1, max_size=4).map(".".join), unique=True))
def test_short_keys_tell_all_keys_apart(keys):
    assert len(set(short_keys(keys))) == len(keys)


def test_names_are_as_short_as_they_tell_the_runs_apart(tmp_path):
    paths = [tmp_path / "x" / "run", tmp_path / "y" / "run"]
    assert short_names(paths) == ["x/run", "y/run"]
    assert short_names([tmp_path / "one", tmp_path / "two"]) == ["one", "two"]
    assert short_names([tmp_path / "one", tmp_path / "one"]) == ["one", "one"]


def test_other_data_and_another_loss_are_not_comparable(tmp_path):
    runs = [made_run(tmp_path / "one"), made_run(tmp_path / "two", config="regression")]
    comparison = compare_runs(runs)
    assert "different data (data.set)" in comparison.warnings[0]
    assert (
        "costs and losses are not comparable: they mean different things (data.target_scaling, loss)"
        in comparison.warnings[1]
    )
    assert best_runs(comparison) == {}
    assert comparison.score is None


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("penalty={l2: 0.1}", "costs are not comparable, losses are: what is added or weighed differs (penalty)"),
        (
            "training.label_smoothing=0.1",
            "costs are not comparable, losses are: what is added or weighed differs (training.label_smoothing)",
        ),
        (
            "data.target_scaling=none",
            "costs and losses are not comparable: they mean different things (data.target_scaling)",
        ),
    ],
)
def test_costs_of_another_meaning_are_not_comparable(tmp_path, override, sentence):
    config = "regression" if "target" in override else "digits"
    runs = [made_run(tmp_path / "one", config=config), made_run(tmp_path / "two", override, config=config)]
    assert compare_runs(runs).warnings == (sentence,)


def test_another_seed_is_a_warning_because_the_splits_differ(tmp_path):
    comparison = compare_runs([made_run(tmp_path / "one"), made_run(tmp_path / "two", "seed=9")])
    assert comparison.warnings == (
        "compare scores with care: other samples were held out, or another number of them (seed)",
    )


def test_damaged_runs_are_told_of_by_name_and_the_others_shown(tmp_path):
    good = made_run(tmp_path / "good")
    bad = {name: made_run(tmp_path / name) for name in ("weights", "metrics", "config", "unsaved")}
    next(bad["weights"].glob("*.safetensors")).write_bytes(b"no")
    (bad["metrics"] / "metrics.jsonl").write_text("{\n{}\n")
    (bad["config"] / "config.yaml").write_text("version: 1\n")
    (bad["unsaved"] / "checkpoint.json").unlink()
    comparison = compare_runs([good, *bad.values(), tmp_path / "nowhere"])
    assert [run.name for run in comparison.runs] == ["good"]
    assert len(comparison.problems) == 5
    for path, problem in zip([*bad.values(), tmp_path / "nowhere"], comparison.problems, strict=True):
        assert str(path) in problem
    with pytest.raises(RunError, match="none of the runs can be read"):
        compare_runs([tmp_path / "nowhere", tmp_path / "there"])
    with pytest.raises(RunError, match="got 1 run folder, expected at least 2"):
        compare_runs([good])


def test_json_holds_the_settings_and_the_metrics(tmp_path):
    runs = [made_run(tmp_path / "one", "learning_rate=0.5"), made_run(tmp_path / "two")]
    document = json.loads(comparison_json(compare_runs(runs)))
    assert document["runs"][0]["settings"] == {"learning_rate": 0.5}
    assert document["runs"][1]["settings"]["learning_rate"]["schedule"] == "cosine_decay"
    assert document["runs"][0]["metrics"]["validation_loss"] == 0.3


def test_curves_of_many_runs_as_a_picture_and_as_a_page(tmp_path):
    runs = [made_run(tmp_path / f"run{n}", f"seed={n}", losses=(1 / (n + 1), 0.01 * n + 0.1)) for n in range(9)]
    comparison = compare_runs(runs)
    with Image.open(io.BytesIO(comparison_png(comparison))) as picture:
        assert picture.width > 1000
        colours = {tuple(pixel) for pixel in np.asarray(picture.convert("RGB")).reshape(-1, 3)}
    assert {(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0x00, 0x9E, 0x73)} < colours
    page = comparison_html(comparison)
    styles = {f"curve route{n % 6} dash{n // 6}" for n in range(9)}
    assert all(f'<polyline class="{style}"' in page for style in styles)
    assert "compare scores with care" in page


def test_runs_without_a_report_are_shown(tmp_path):
    runs = [
        made_run(tmp_path / name, losses=(), best=0, stopped_by=None) if name == "empty" else made_run(tmp_path / name)
        for name in ("one", "empty")
    ]
    comparison = compare_runs(runs)
    assert "not finished" in printed(comparison)
    assert "<polyline" in comparison_html(comparison)
    assert comparison_png(comparison)


def test_to_compare_needs_no_mindspore(tmp_path):
    runs = [str(made_run(tmp_path / name)) for name in ("one", "two")]
    program = (
        "import sys\n"
        "from ms_dnn.cli.main import main\n"
        "try:\n"
        f"    main(['compare', *{runs!r}])\n"
        "except SystemExit as ended:\n"
        "    assert ended.code == 0\n"
        "assert 'mindspore' not in sys.modules\n"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
